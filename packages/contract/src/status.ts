import * as v from 'valibot';
import { ImageStatus } from './image.ts';

/**
 * What a node says back: a keyed set of absolute objects, sent as the NodeSpec is, in the other direction.
 * Only this flows up.
 */

/** Something that is not as it should be, by a stable name; gone when it is absent. */
export const Condition = v.strictObject({
  /** For example `ExternalIpNotLocal`, `VlanUnsupported`, `UnderlayMtuTooSmall`, `ForeignFirewallDrops`. */
  type: v.string(),
  message: v.string(),
  remedy: v.exactOptional(v.string()),
});
export type Condition = v.InferOutput<typeof Condition>;

/** What a node has for its VMs: `none` says why there is nothing. */
export const GuestRoom = v.variant('kind', [
  v.strictObject({ kind: v.literal('none'), reason: v.string() }),
  v.strictObject({
    kind: v.literal('limited'),
    cpus: v.number(),
    /** Without what the host keeps for itself. */
    memoryBytes: v.number(),
    /** Of the file system that holds the VMs' disks, in all. */
    diskBytes: v.number(),
  }),
]);
export type GuestRoom = v.InferOutput<typeof GuestRoom>;

/** What the controller must know of a node to check a request against it. */
export const NodeFacts = v.strictObject({
  kind: v.literal('facts'),
  agentVersion: v.string(),
  hostname: v.string(),
  kernel: v.string(),
  vxlanDisabled: v.boolean(),
  /** What VMs this node runs, for people: `namespace (image not booted)`. */
  runtime: v.string(),
  /** Address of the tunnel endpoint, on the underlay. */
  vtep: v.exactOptional(v.string()),
  /** MTU of the link that carries `vtep`, bytes. */
  underlayMtu: v.exactOptional(v.number()),
  /** The NIC that carries the IPv4 default route. */
  gatewayInterface: v.exactOptional(v.string()),
  /** Links, addresses and routes that are not kcore's. */
  links: v.array(
    v.strictObject({ name: v.string(), mtu: v.number(), kind: v.exactOptional(v.string()), up: v.boolean() }),
  ),
  /** `address/prefix`. */
  addresses: v.array(v.strictObject({ link: v.string(), address: v.string() })),
  /** Subnets, without default routes. */
  routes: v.array(v.strictObject({ link: v.exactOptional(v.string()), subnet: v.string() })),
  /** NICs that a bridge network must not take, with the reason. */
  protectedLinks: v.array(v.strictObject({ name: v.string(), reason: v.string() })),
  /** Ports on which the host itself listens on any or an external address. */
  listening: v.array(v.strictObject({ protocol: v.picklist(['tcp', 'udp']), port: v.number() })),
  capacity: v.strictObject({ cpus: v.number(), memoryBytes: v.number() }),
  /** What VMs may have of this node in all. Absent: as many as there are, since guests of its runtime cost next to nothing. */
  room: v.exactOptional(GuestRoom),
});
export type NodeFacts = v.InferOutput<typeof NodeFacts>;

export const NetworkStatus = v.strictObject({
  kind: v.literal('network'),
  name: v.string(),
  /** `ready`: as desired. `pending`: not yet reconciled. `error`: an operation failed; `message` has the kernel's words. */
  state: v.picklist(['ready', 'pending', 'error']),
  message: v.exactOptional(v.string()),
  bridge: v.exactOptional(v.string()),
  /** vxlan: the address that the tunnel really uses, as observed. */
  vtep: v.exactOptional(v.string()),
  conditions: v.array(Condition),
});
export type NetworkStatus = v.InferOutput<typeof NetworkStatus>;

export const VmStatus = v.strictObject({
  kind: v.literal('vm'),
  name: v.string(),
  state: v.picklist(['pending', 'starting', 'running', 'stopping', 'stopped', 'failed']),
  message: v.exactOptional(v.string()),
  pid: v.exactOptional(v.number()),
  /**
   * How far the guest itself is, of a VM that is running. `booting`: nothing was heard of it. `answering`: it answers at one of
   * its addresses. `ready`: its cloud-init said that it has finished.
   */
  guest: v.exactOptional(v.picklist(['booting', 'answering', 'ready'])),
  /** What is waited for at the moment, in bytes: `image ubuntu-24.04`. */
  progress: v.exactOptional(
    v.strictObject({ what: v.string(), bytes: v.number(), totalBytes: v.exactOptional(v.number()) }),
  ),
  /** How often it was started again after it went down by itself, in the life of the agent. */
  restarts: v.exactOptional(v.number()),
});
export type VmStatus = v.InferOutput<typeof VmStatus>;

export const LEASE_STATES = ['offered', 'active', 'expired', 'released', 'declined'] as const;

/** What stands in the way of an address. An address has one at a time; a MAC without a binding can have several. */
export const LeaseStatus = v.strictObject({
  kind: v.literal('lease'),
  network: v.string(),
  mac: v.string(),
  address: v.string(),
  /**
   * `offered`: promised for half a minute. `active`. `expired` and `released`: kept for its client until somebody needs
   * the address. `declined`: `mac` found somebody else using the address, so nobody is given it until then.
   */
  state: v.picklist(LEASE_STATES),
  /** Whether the address is the client's by a decision, or of the range. Absent for what is no lease. */
  origin: v.exactOptional(v.picklist(['binding', 'dynamic'])),
  hostname: v.exactOptional(v.string()),
  /** Hexadecimal. */
  clientId: v.exactOptional(v.string()),
  /** RFC 3339. Absent: never. */
  expiresAt: v.exactOptional(v.string()),
});
export type LeaseStatus = v.InferOutput<typeof LeaseStatus>;

const count = v.pipe(v.number(), v.integer(), v.minValue(0));

/** What the DHCP server of a network on a node has done since it began to serve it, and how full its range is. */
export const DhcpStatus = v.strictObject({
  kind: v.literal('dhcp'),
  network: v.string(),
  messages: v.strictObject({
    discover: count,
    offer: count,
    request: count,
    ack: count,
    nak: count,
    decline: count,
    release: count,
    inform: count,
  }),
  /** What was not answered, by reason. */
  dropped: v.record(v.string(), count),
  /** Replies that the kernel did not take. */
  unsent: count,
  /** Addresses looked for by ARP before they were offered. */
  probes: count,
  /** Addresses: of the range, and of the network by state. `range` is 0 where only bindings are served. */
  addresses: v.strictObject({ range: count, active: count, offered: count, declined: count }),
});
export type DhcpStatus = v.InferOutput<typeof DhcpStatus>;

/** A ring of the latest events; the key is the sequence number within the agent's life. */
export const EventStatus = v.strictObject({
  kind: v.literal('event'),
  sequence: v.number(),
  /** RFC 3339. */
  at: v.string(),
  /** For example `DriftRepaired`, `PoolExhausted`, `OperationFailed`. */
  type: v.string(),
  object: v.exactOptional(v.string()),
  message: v.string(),
});
export type EventStatus = v.InferOutput<typeof EventStatus>;

/** Which revision the node has reached: everything up to it is applied, or has a condition that says why not. */
export const ReachedStatus = v.strictObject({
  kind: v.literal('reached'),
  epoch: v.string(),
  revision: v.number(),
  conditions: v.array(Condition),
});
export type ReachedStatus = v.InferOutput<typeof ReachedStatus>;

export const StatusObject = v.variant('kind', [
  NodeFacts,
  NetworkStatus,
  VmStatus,
  ImageStatus,
  LeaseStatus,
  DhcpStatus,
  EventStatus,
  ReachedStatus,
]);
export type StatusObject = v.InferOutput<typeof StatusObject>;

/** The key of whatever stands in the way of an address. */
export function leaseKey({ network, address }: { readonly network: string; readonly address: string }): string {
  return `lease/${network}/${address}`;
}

export function statusKey(object: StatusObject): string {
  switch (object.kind) {
    case 'facts':
    case 'reached':
      return object.kind;
    case 'network':
    case 'vm':
      return `${object.kind}/${object.name}`;
    case 'image':
      return `image/${object.digest}`;
    case 'lease':
      return leaseKey(object);
    case 'dhcp':
      return `dhcp/${object.network}`;
    case 'event':
      return `event/${object.sequence}`;
  }
}
