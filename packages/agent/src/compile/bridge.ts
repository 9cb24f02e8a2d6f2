import type { Resource } from '../model/resource.ts';
import { bridgeLink } from './bridge-link.ts';
import type { NodeIdentity } from './desired.ts';
import type { ResolvedNetwork } from './resolved-network.ts';
import { uplinkLinks } from './uplink-links.ts';

/** A bridge network: the NIC or VLAN sub-interface is a port; no address, no NAT, no DHCP. */
export function bridgeResources(network: ResolvedNetwork, node: NodeIdentity): readonly Resource[] {
  const { uplink, bridge } = network;
  return [bridgeLink(network, node), ...(uplink === undefined ? [] : uplinkLinks(uplink, { portOf: bridge.name }))];
}
