import type { Resource } from '../model/resource.ts';
import { bridgeLink } from './bridge-link.ts';
import type { NodeIdentity } from './desired.ts';
import type { ResolvedNetwork } from './resolved-network.ts';
import { uplinkLinks } from './uplink-links.ts';

/** A nat network: a bridge with the gateway address, and the uplink made ready to route over. */
export function natResources(network: ResolvedNetwork, node: NodeIdentity): readonly Resource[] {
  const resources: Resource[] = [bridgeLink(network, node), ...gatewayAddress(network)];
  const { uplink, external } = network;
  if (uplink === undefined) return resources;
  resources.push(...uplinkLinks(uplink, { routed: true }));
  if (external?.onUplink !== undefined) {
    const { address, onUplink } = external;
    resources.push({ kind: 'address', link: uplink.name, address, prefix: onUplink.prefix });
  }
  return resources;
}

export function gatewayAddress({ segment, bridge }: ResolvedNetwork): readonly Resource[] {
  if (segment === undefined) return [];
  return [{ kind: 'address', link: bridge.name, address: segment.gateway, prefix: segment.subnet.prefix }];
}
