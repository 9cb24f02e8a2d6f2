import type { BindingObject, Condition, InterfaceName, NodeNetwork, PeerObject, Subnet } from '@kcore/contract';
import type { External } from './external.ts';
import type { Uplink } from './uplink.ts';

/** A network of this node with everything decided that its resources are made from. */
export interface ResolvedNetwork {
  readonly spec: NodeNetwork;
  readonly bridge: InterfaceName;
  /** Set for nat and vxlan. */
  readonly segment?: { readonly gateway: string; readonly subnet: Subnet };
  /** Of the bridge, the ports and the guests, bytes. */
  readonly mtu: number;
  /** Whether its traffic is routed and translated: nat always, vxlan unless outbound NAT is off, bridge never. */
  readonly nat: boolean;
  readonly uplink?: Uplink;
  readonly external?: External;
  readonly vtep?: string;
  readonly peers: readonly PeerObject[];
  readonly bindings: readonly BindingObject[];
  readonly conditions: readonly Condition[];
  readonly blocked: boolean;
}

/** What is known of a network before it is decided whether it can be. */
export type NetworkDraft = Omit<ResolvedNetwork, 'conditions' | 'blocked' | 'external'>;
