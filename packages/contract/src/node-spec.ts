import * as v from 'valibot';
import { DhcpSpec } from './dhcp-spec.ts';
import { NETWORK_TYPES, port } from './network.ts';
import { Vm } from './vm.ts';

/**
 * All that one node must be, at one revision: a keyed set of absolute objects.
 *
 * The wire carries whole objects and tombstones, never increments, so applying a change twice is harmless and a slow
 * node may be given only the newest state of each key.
 */

/** One network as this node has it. Forwards carry addresses here, not VM names: the controller resolved them. */
export const NodeNetwork = v.strictObject({
  kind: v.literal('network'),
  name: v.string(),
  uid: v.string(),
  type: v.picklist(NETWORK_TYPES),
  gatewayIp: v.exactOptional(v.string()),
  prefix: v.exactOptional(v.number()),
  externalIp: v.exactOptional(v.string()),
  vlanId: v.exactOptional(v.number()),
  uplink: v.exactOptional(v.string()),
  externalGateway: v.exactOptional(v.string()),
  outboundNat: v.boolean(),
  vni: v.exactOptional(v.number()),
  mtu: v.exactOptional(v.number()),
  dhcp: DhcpSpec,
  forwards: v.array(
    v.strictObject({ protocol: v.picklist(['tcp', 'udp']), port, address: v.string(), targetPort: port }),
  ),
});
export type NodeNetwork = v.InferOutput<typeof NodeNetwork>;

/** Another participant of a vxlan network that is on this node. */
export const PeerObject = v.strictObject({
  kind: v.literal('peer'),
  network: v.string(),
  node: v.string(),
  /** Underlay address of its tunnel endpoint. */
  vtep: v.string(),
});
export type PeerObject = v.InferOutput<typeof PeerObject>;

/** A NIC somewhere on a network that is on this node: NIC ↔ MAC ↔ address ↔ network. `vtep` is absent when it is on this node. */
export const BindingObject = v.strictObject({
  kind: v.literal('binding'),
  network: v.string(),
  vm: v.string(),
  nic: v.number(),
  mac: v.string(),
  address: v.exactOptional(v.string()),
  node: v.string(),
  vtep: v.exactOptional(v.string()),
  hostname: v.exactOptional(v.string()),
});
export type BindingObject = v.InferOutput<typeof BindingObject>;

/** A VM assigned to this node. */
export const VmObject = v.strictObject({ kind: v.literal('vm'), vm: Vm });
export type VmObject = v.InferOutput<typeof VmObject>;

/** The disks of a VM that was deleted and whose disks were not: they stay on the node until they are deleted or used by another VM. */
export const KeptDisksObject = v.strictObject({ kind: v.literal('kept-disks'), uid: v.string(), vm: v.string() });
export type KeptDisksObject = v.InferOutput<typeof KeptDisksObject>;

export const SpecObject = v.variant('kind', [NodeNetwork, PeerObject, BindingObject, VmObject, KeptDisksObject]);
export type SpecObject = v.InferOutput<typeof SpecObject>;

/** The key of an object in its NodeSpec. */
export function specKey(object: SpecObject): string {
  switch (object.kind) {
    case 'network':
      return `network/${object.name}`;
    case 'peer':
      return `peer/${object.network}/${object.node}`;
    case 'binding':
      return `binding/${object.network}/${object.vm}/${object.nic}`;
    case 'vm':
      return `vm/${object.vm.name}`;
    case 'kept-disks':
      return `kept-disks/${object.uid}`;
  }
}

export interface NodeSpec {
  /** Identity of the store the revision belongs to; revisions of different epochs cannot be compared. */
  readonly epoch: string;
  readonly revision: number;
  readonly objects: ReadonlyMap<string, SpecObject>;
}
