import type { Condition, Nic } from '@kcore/contract';
import type { DhcpNetwork } from '../model/dhcp-network.ts';
import type { HostState } from '../model/key.ts';
import type { NicAttachment } from '../model/runtime.ts';

/** Who this node is, from its configuration and from what it found at start. */
export interface NodeIdentity {
  readonly name: string;
  /** Address of the tunnel endpoint, on the underlay. */
  readonly vtep?: string;
  readonly vxlanDisabled: boolean;
  /** Overrides the NIC of the default route. */
  readonly gatewayInterface?: string;
  /** Far end of the session with the controller: the NIC that leads there is never taken from the host. */
  readonly controllerAddress?: string;
  /** The node's own non-loopback resolvers, for DHCP. */
  readonly resolvers?: readonly string[];
}

/** What became of one network on this node. */
export interface NetworkOutcome {
  readonly bridge: string;
  /** The link its traffic leaves by: a NIC or a VLAN sub-interface. */
  readonly uplink?: string;
  readonly vtep?: string;
  readonly conditions: readonly Condition[];
  /** true: nothing of it is part of `state`, for the reason that the conditions give. */
  readonly blocked: boolean;
}

/** All that this host must be. */
export interface Desired {
  readonly state: HostState;
  /** Names of links of others on which `state` sets something. */
  readonly foreignLinks: ReadonlySet<string>;
  readonly networks: ReadonlyMap<string, NetworkOutcome>;
  readonly dhcp: readonly DhcpNetwork[];
  /** Of the node, not of one network. */
  readonly conditions: readonly Condition[];
  /** Key of a resource → the network it is part of, so that a failed operation is shown on that network. */
  readonly owners: ReadonlyMap<string, string>;
}

/** A NIC with what it is plugged into. */
export interface AttachedNic extends Omit<Nic, 'antiSpoofing'> {
  readonly attachment: NicAttachment;
}

/**
 * By VM name. A VM without an entry has no ports yet. A NIC that is attached and is not (any more) one of the VM's on a
 * network that runs has a port which leads nowhere, because the guest holds the other end.
 */
export type Attachments = ReadonlyMap<string, readonly AttachedNic[]>;
