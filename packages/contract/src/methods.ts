import * as v from 'valibot';
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
import { Vm, VmSpec, VmState } from './vm.ts';

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

export const VmView = v.strictObject({ vm: Vm, status: v.exactOptional(VmStatus) });
export type VmView = v.InferOutput<typeof VmView>;

export const NetworkDescription = v.strictObject({
  ...NetworkView.entries,
  /** Of the nodes that serve it, as they last said. */
  dhcp: v.array(v.strictObject({ node: v.string(), status: DhcpStatus })),
  vms: v.array(VmView),
  events: v.array(v.strictObject({ node: v.string(), event: EventStatus })),
});
export type NetworkDescription = v.InferOutput<typeof NetworkDescription>;

export const NodeView = v.strictObject({
  name: v.string(),
  /** `ready`: its session is up. `unknown`: it is not; what runs there goes on running. */
  state: v.picklist(['ready', 'unknown']),
  facts: v.exactOptional(NodeFacts),
  /** The revision the node said it has reached. */
  reached: v.exactOptional(v.number()),
  conditions: v.array(Condition),
  registeredAt: v.string(),
});
export type NodeView = v.InferOutput<typeof NodeView>;

export const NodeDescription = v.strictObject({
  ...NodeView.entries,
  networks: v.array(NetworkStatus),
  vms: v.array(VmView),
  events: v.array(EventStatus),
});
export type NodeDescription = v.InferOutput<typeof NodeDescription>;

const LeasePlace = v.strictObject({ network: v.string(), node: v.string(), address: v.string() });

const outcome = v.picklist(['created', 'configured', 'unchanged']);

/** One method: who may call it, and its two schemas. */
interface Method {
  readonly caller: 'admin' | 'node';
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
  'vm.delete': {
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
} as const satisfies Record<string, Method>;

export type MethodName = keyof typeof methods;
export type Params<M extends MethodName> = v.InferOutput<(typeof methods)[M]['params']>;
export type Result<M extends MethodName> = v.InferOutput<(typeof methods)[M]['result']>;

/** Sent by the controller to an agent, without an answer; the agent's `reached` status is the acknowledgement. */
export const notifications = {
  'spec.change': v.strictObject({
    epoch: v.string(),
    revision: v.number(),
    /** true: forget all objects first. A large snapshot comes in parts; `more` says that another follows. */
    snapshot: v.boolean(),
    more: v.exactOptional(v.boolean()),
    set: v.array(SpecObject),
    delete: v.array(v.string()),
  }),
} as const;

export type NotificationName = keyof typeof notifications;
export type Notification<N extends NotificationName> = v.InferOutput<(typeof notifications)[N]>;
