import { type Condition, type NodeNetwork, vlanName } from '@kcore/contract';
import type { HostFacts, HostLink } from '../model/host-facts.ts';
import { conditions } from './conditions.ts';
import type { NodeIdentity } from './desired.ts';
import { gatewayInterface, linkNamed } from './host.ts';

/** Where the traffic of a network leaves the host. */
export interface Uplink {
  /** The NIC, or the VLAN sub-interface of it. */
  readonly name: string;
  readonly nic: HostLink;
  readonly mtu: number;
  /** The sub-interface kcore makes. Absent: `name` is a link of others, possibly a VLAN sub-interface made by hand. */
  readonly vlan?: { readonly id: number; readonly altName?: string };
}

export type UplinkChoice = { readonly uplink: Uplink } | { readonly condition: Condition };

/** The NIC is the network's `uplink`, else the node's gateway interface; with a VLAN, the sub-interface of it. */
export function chooseUplink(network: NodeNetwork, host: HostFacts, node: NodeIdentity): UplinkChoice {
  const name = network.uplink ?? gatewayInterface(host, node);
  const nic = name === undefined ? undefined : linkNamed(host, name);
  if (name === undefined || nic === undefined) return { condition: conditions.uplinkMissing(name) };
  if (nic.owned) return { condition: conditions.uplinkInUse(name, 'kcore itself') };
  if (network.vlanId === undefined) return { uplink: { name, nic, mtu: nic.mtu } };
  const composed = vlanName(name, network.vlanId);
  const existing = linkNamed(host, composed.name);
  if (existing === undefined || existing.owned) {
    const altName = composed.altName === undefined ? {} : { altName: composed.altName };
    return { uplink: { name: composed.name, nic, mtu: nic.mtu, vlan: { id: network.vlanId, ...altName } } };
  }
  // An administrator's own sub-interface is used as it is, and never deleted.
  if (existing.kind === 'vlan') return { uplink: { name: composed.name, nic: existing, mtu: existing.mtu } };
  return { condition: conditions.linkNameTaken(composed.name) };
}
