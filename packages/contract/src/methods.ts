import * as v from 'valibot';
import { CatalogueImage, Digest, DiskFormat, ImageName, ImageStatus } from './image.ts';
import { Network, NetworkSpec } from './network.ts';
import { SpecObject } from './node-spec.ts';
import {
  Condition,
  DhcpStatus,
  EventStatus,
  LeaseStatus,
  NetworkStatus,
  NodeFacts,
  StatusObject,
  VmStatus,
} from './status.ts';
import { Nic, NicSpec, Vm, VmSpec, VmState } from './vm.ts';

/**
 * The protocol, whole: what may be called on the controller, by whom, with what, for what.
 * Both ends check against this one table. The envelope is JSON-RPC 2.0 over one WebSocket, subprotocol `kcore.v1`.
 */

/** Longest message either side accepts, bytes. */
export const MAX_MESSAGE_BYTES = 8 * 1024 * 1024;
export const SUBPROTOCOL = 'kcore.v1';

/** Made by the caller before the first try and repeated in every retry; the controller answers a repeated one from its record. */
const requestId = v.pipe(
  v.string(),
  v.regex(/^[0-9A-Za-z_-]{16,64}$/, 'a request id has 16 to 64 letters, digits, - or _'),
);

/** A network on one node, as that node reports it. */
const NetworkOnNode = v.strictObject({
  node: v.string(),
  vtep: v.exactOptional(v.string()),
  externalIp: v.exactOptional(v.string()),
  /** `unknown`: the node is not connected, or has not reported this network yet. */
  state: v.picklist(['ready', 'pending', 'error', 'unknown']),
  message: v.exactOptional(v.string()),
  bridge: v.exactOptional(v.string()),
  conditions: v.array(Condition),
});
export const NetworkView = v.strictObject({ network: Network, nodes: v.array(NetworkOnNode) });
export type NetworkView = v.InferOutput<typeof NetworkView>;

export const VmView = v.strictObject({
  vm: Vm,
  status: v.exactOptional(VmStatus),
  /** Its node has not said yet that it has taken the newest state of the VM: `status` may be of before. */
  pending: v.exactOptional(v.literal(true)),
});
export type VmView = v.InferOutput<typeof VmView>;

export const NetworkDescription = v.strictObject({
  ...NetworkView.entries,
  /** Of the nodes that serve it, as they last said. */
  dhcp: v.array(v.strictObject({ node: v.string(), status: DhcpStatus })),
  vms: v.array(VmView),
  events: v.array(v.strictObject({ node: v.string(), event: EventStatus })),
});
export type NetworkDescription = v.InferOutput<typeof NetworkDescription>;

/** CPUs, memory and disk, as VMs declare them. */
const NodeShare = v.strictObject({ cpus: v.number(), memoryBytes: v.number(), diskBytes: v.number() });

export const NodeView = v.strictObject({
  name: v.string(),
  /** `ready`: its session is up. `unknown`: it is not; what runs there goes on running. */
  state: v.picklist(['ready', 'unknown']),
  facts: v.exactOptional(NodeFacts),
  /** The revision the node said it has reached. */
  reached: v.exactOptional(v.number()),
  conditions: v.array(Condition),
  /** What its VMs have of it: stopped ones and kept disks count for disk only. */
  used: NodeShare,
  /** What its VMs may have in all: its room, overcommitted. Absent: as much as they want, or nothing at all (`facts.room`). */
  allowed: v.exactOptional(NodeShare),
  registeredAt: v.string(),
});
export type NodeView = v.InferOutput<typeof NodeView>;

export const NodeDescription = v.strictObject({
  ...NodeView.entries,
  networks: v.array(NetworkStatus),
  vms: v.array(VmView),
  images: v.array(ImageStatus),
  events: v.array(EventStatus),
});
export type NodeDescription = v.InferOutput<typeof NodeDescription>;

/** A public key under a name, for `sshKeys` of a VM. */
export const SshKey = v.strictObject({ name: v.string(), publicKey: v.string(), createdAt: v.string() });
export type SshKey = v.InferOutput<typeof SshKey>;

/** Disks that were kept when their VM was deleted. `name` is what `disks[].kept` of a VM takes. */
export const KeptDisks = v.strictObject({
  name: v.string(),
  uid: v.string(),
  vm: v.string(),
  node: v.string(),
  /** Of each disk, bytes, where it was said. */
  disks: v.array(v.strictObject({ sizeBytes: v.exactOptional(v.number()) })),
  keptAt: v.string(),
});
export type KeptDisks = v.InferOutput<typeof KeptDisks>;

/** An image on one node. */
const ImageOnNode = v.strictObject({ node: v.string(), image: ImageStatus });

/** Chosen by the caller, different from those of its other open streams: what follows in `stream.data` belongs to it. */
const stream = v.pipe(v.number(), v.integer(), v.minValue(1));

const LeasePlace = v.strictObject({ network: v.string(), node: v.string(), address: v.string() });

const outcome = v.picklist(['created', 'configured', 'unchanged']);

/** One method: who may call it, and its two schemas. One with a `stream` in its parameters opens a byte stream (`rpc/byte-stream.ts`). */
interface Method {
  readonly caller: 'admin' | 'node' | 'controller';
  readonly params: v.GenericSchema;
  readonly result: v.GenericSchema;
}

export const methods = {
  /** Creating an existing name with equal fields and a new target node adds that node. */
  'network.create': {
    caller: 'admin',
    params: v.strictObject({ requestId, name: v.string(), spec: NetworkSpec, targetNodes: v.array(v.string()) }),
    result: v.strictObject({ network: Network, nodes: v.array(v.string()), picked: v.boolean() }),
  },
  /** `dryRun` changes nothing and says what would happen. */
  'network.apply': {
    caller: 'admin',
    params: v.strictObject({ requestId, name: v.string(), spec: NetworkSpec, dryRun: v.exactOptional(v.boolean()) }),
    result: v.strictObject({ outcome, network: Network, nodes: v.array(v.string()), changes: v.array(v.string()) }),
  },
  'network.list': {
    caller: 'admin',
    params: v.strictObject({ node: v.exactOptional(v.string()) }),
    result: v.strictObject({ networks: v.array(NetworkView) }),
  },
  'network.get': { caller: 'admin', params: v.strictObject({ name: v.string() }), result: NetworkDescription },
  /** */
  'network.delete': {
    caller: 'admin',
    params: v.strictObject({ requestId, name: v.string(), targetNodes: v.array(v.string()), allNodes: v.boolean() }),
    result: v.strictObject({ name: v.string(), nodes: v.array(v.string()), remaining: v.array(v.string()) }),
  },
  'vm.create': {
    caller: 'admin',
    params: v.strictObject({ requestId, name: v.string(), spec: VmSpec }),
    result: v.strictObject({ vm: Vm }),
  },
  'vm.apply': {
    caller: 'admin',
    params: v.strictObject({ requestId, name: v.string(), spec: VmSpec, dryRun: v.exactOptional(v.boolean()) }),
    result: v.strictObject({ outcome, vm: Vm, changes: v.array(v.string()) }),
  },
  /** Starts or stops a VM; its addresses and disks stay. */
  'vm.setState': {
    caller: 'admin',
    params: v.strictObject({ requestId, name: v.string(), state: VmState }),
    result: v.strictObject({ outcome, vm: Vm, changes: v.array(v.string()) }),
  },
  'vm.list': {
    caller: 'admin',
    params: v.strictObject({ network: v.exactOptional(v.string()), node: v.exactOptional(v.string()) }),
    result: v.strictObject({ vms: v.array(VmView) }),
  },
  'vm.get': { caller: 'admin', params: v.strictObject({ name: v.string() }), result: VmView },
  /** `keepDisks`: its disks stay on its node, and are listed by `disk.list`. */
  'vm.delete': {
    caller: 'admin',
    params: v.strictObject({ requestId, name: v.string(), keepDisks: v.exactOptional(v.boolean()) }),
    result: v.strictObject({ name: v.string(), node: v.string(), kept: v.exactOptional(KeptDisks) }),
  },
  /** A NIC more, also of a running VM. The network must be on the VM's node. */
  'vm.attachNic': {
    caller: 'admin',
    params: v.strictObject({ requestId, name: v.string(), nic: NicSpec }),
    result: v.strictObject({ vm: Vm, nic: Nic }),
  },
  /** A NIC less, by its index; its address is free again. */
  'vm.detachNic': {
    caller: 'admin',
    params: v.strictObject({ requestId, name: v.string(), index: v.number() }),
    result: v.strictObject({ vm: Vm, nic: Nic }),
  },
  /**
   * The serial console, both ways; one at a time, and a new one takes the place of the old, whose stream fails (Aborted).
   * Answered when it is open. The node's direction ends when the guest goes down.
   */
  'vm.console': {
    caller: 'admin',
    params: v.strictObject({ name: v.string(), stream }),
    result: v.strictObject({ node: v.string() }),
  },
  /** What the serial console said, oldest first; `tailLines` from the end, `follow` until the caller is gone. */
  'vm.logs': {
    caller: 'admin',
    params: v.strictObject({
      name: v.string(),
      stream,
      follow: v.exactOptional(v.boolean()),
      tailLines: v.exactOptional(v.pipe(v.number(), v.integer(), v.minValue(0))),
    }),
    result: v.strictObject({ node: v.string() }),
  },
  'sshKey.create': {
    caller: 'admin',
    params: v.strictObject({ requestId, name: v.string(), publicKey: v.string() }),
    result: v.strictObject({ sshKey: SshKey }),
  },
  'sshKey.list': {
    caller: 'admin',
    params: v.strictObject({}),
    result: v.strictObject({ sshKeys: v.array(SshKey) }),
  },
  /** VMs that have it keep it. */
  'sshKey.delete': {
    caller: 'admin',
    params: v.strictObject({ requestId, name: v.string() }),
    result: v.strictObject({ name: v.string() }),
  },
  /** The catalogue, and what the connected nodes hold. */
  'image.list': {
    caller: 'admin',
    params: v.strictObject({ node: v.exactOptional(v.string()) }),
    result: v.strictObject({
      catalogue: v.array(CatalogueImage),
      /** Why the operator's file is not what is shown: it cannot be read, and what was read before counts still. */
      problem: v.exactOptional(v.string()),
      nodes: v.array(ImageOnNode),
    }),
  },
  /**
   * Writes a file to a node's images: its bytes come on the stream, and the result when they are on the node's disk and are
   * what `sha256` says, where it is given. A name that another image of the node has is refused.
   */
  'image.upload': {
    caller: 'admin',
    params: v.strictObject({
      node: v.string(),
      stream,
      name: ImageName,
      format: DiskFormat,
      sizeBytes: v.pipe(v.number(), v.integer(), v.minValue(1)),
      sha256: v.exactOptional(v.string()),
    }),
    result: v.strictObject({ node: v.string(), image: ImageStatus }),
  },
  /** From the nodes that hold it, or one of them; disks made of it stay as they are. `image` is a name or a digest. */
  'image.delete': {
    caller: 'admin',
    params: v.strictObject({ image: v.string(), node: v.exactOptional(v.string()) }),
    result: v.strictObject({
      digests: v.array(Digest),
      /** From where it was deleted. */
      nodes: v.array(v.string()),
      /** Nodes that are not connected and said that they have it: it is still there. */
      away: v.array(v.string()),
    }),
  },
  'disk.list': {
    caller: 'admin',
    params: v.strictObject({}),
    result: v.strictObject({ disks: v.array(KeptDisks) }),
  },
  'disk.delete': {
    caller: 'admin',
    params: v.strictObject({ requestId, name: v.string() }),
    result: v.strictObject({ name: v.string(), node: v.string() }),
  },
  'node.list': { caller: 'admin', params: v.strictObject({}), result: v.strictObject({ nodes: v.array(NodeView) }) },
  'node.get': { caller: 'admin', params: v.strictObject({ name: v.string() }), result: NodeDescription },
  /** The node leaves the cluster: refused while VMs are assigned to it. Its certificate is no longer let in. */
  'node.delete': {
    caller: 'admin',
    params: v.strictObject({ requestId, name: v.string() }),
    result: v.strictObject({ name: v.string() }),
  },
  'lease.list': {
    caller: 'admin',
    params: v.strictObject({
      network: v.exactOptional(v.string()),
      node: v.exactOptional(v.string()),
      /** Also what is expired or was released. */
      all: v.exactOptional(v.boolean()),
      /** `next` of the answer before: what comes after it. */
      after: v.exactOptional(LeasePlace),
    }),
    /** By network, node and address; as many as a message holds. */
    result: v.strictObject({
      leases: v.array(v.strictObject({ node: v.string(), vm: v.exactOptional(v.string()), lease: LeaseStatus })),
      next: v.exactOptional(LeasePlace),
    }),
  },

  /**
   * First call of an agent. The node it speaks for is the one of its certificate; `node` must agree.
   * `epoch` and `revision` name the NodeSpec it holds; the controller answers with `spec.change` notifications:
   * a delta from there when it can, a snapshot when it cannot.
   */
  'session.open': {
    caller: 'node',
    params: v.strictObject({
      node: v.string(),
      protocols: v.array(v.number()),
      epoch: v.exactOptional(v.string()),
      revision: v.exactOptional(v.number()),
      facts: NodeFacts,
    }),
    result: v.strictObject({ protocol: v.number(), epoch: v.string(), revision: v.number() }),
  },
  /** What changed in the node's status since its last report; `snapshot` replaces all of it. */
  'session.report': {
    caller: 'node',
    params: v.strictObject({ snapshot: v.boolean(), set: v.array(StatusObject), delete: v.array(v.string()) }),
    result: v.strictObject({}),
  },

  /** Served by agents, for the controller: what `vm.console`, `vm.logs`, `image.upload` and `image.delete` come to on the node. */
  'guest.console': {
    caller: 'controller',
    params: v.strictObject({ name: v.string(), stream }),
    result: v.strictObject({}),
  },
  'guest.logs': {
    caller: 'controller',
    params: v.strictObject({
      name: v.string(),
      stream,
      follow: v.boolean(),
      tailLines: v.exactOptional(v.number()),
    }),
    result: v.strictObject({}),
  },
  'image.receive': {
    caller: 'controller',
    params: v.strictObject({
      stream,
      name: ImageName,
      format: DiskFormat,
      sizeBytes: v.number(),
      sha256: v.exactOptional(v.string()),
    }),
    result: v.strictObject({ image: ImageStatus }),
  },
  'image.remove': {
    caller: 'controller',
    params: v.strictObject({ digest: Digest }),
    result: v.strictObject({}),
  },
} as const satisfies Record<string, Method>;

export type MethodName = keyof typeof methods;
export type Params<M extends MethodName> = v.InferOutput<(typeof methods)[M]['params']>;
export type Result<M extends MethodName> = v.InferOutput<(typeof methods)[M]['result']>;

/** The methods that open a byte stream. */
export type StreamMethodName = {
  [M in MethodName]: Params<M> extends { readonly stream: number } ? M : never;
}[MethodName];

export function opensStream(method: MethodName): method is StreamMethodName {
  return 'stream' in methods[method].params.entries;
}

/** Sent without an answer. */
export const notifications = {
  /** By the controller to an agent; the agent's `reached` status is the acknowledgement. */
  'spec.change': v.strictObject({
    epoch: v.string(),
    revision: v.number(),
    /** true: forget all objects first. A large snapshot comes in parts; `more` says that another follows. */
    snapshot: v.boolean(),
    more: v.exactOptional(v.boolean()),
    set: v.array(SpecObject),
    delete: v.array(v.string()),
  }),
  /** Both ways, on a stream that a call opened: the next bytes, base64. */
  'stream.data': v.strictObject({ stream, bytes: v.string() }),
  /** By the one that reads: so many bytes more may be sent. */
  'stream.credit': v.strictObject({ stream, bytes: v.pipe(v.number(), v.integer(), v.minValue(1)) }),
  /** By the one that writes: no more bytes follow. `error`: by either, and both directions are over at once. */
  'stream.end': v.strictObject({
    stream,
    error: v.exactOptional(
      v.strictObject({
        code: v.string(),
        message: v.string(),
        details: v.exactOptional(v.record(v.string(), v.unknown())),
      }),
    ),
  }),
} as const;

export type NotificationName = keyof typeof notifications;
export type Notification<N extends NotificationName> = v.InferOutput<(typeof notifications)[N]>;
