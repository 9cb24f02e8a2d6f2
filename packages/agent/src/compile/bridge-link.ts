import { localBridgeMac, vxlanBridgeMac } from '@kcore/contract';
import { ALIAS_PREFIX, type BridgeLink } from '../model/resource.ts';
import type { NodeIdentity } from './desired.ts';
import type { ResolvedNetwork } from './resolved-network.ts';

/**
 * The bridge of a network. Its MAC is always said: one that is not follows the ports and becomes 00:… when the
 * last one leaves. IPv6 addresses and multicast snooping are off, because the bridge would otherwise send MLD, IGMP and
 * router solicitations of its own to all ports, from the gateway's MAC.
 */
export function bridgeLink(network: ResolvedNetwork, node: NodeIdentity): BridgeLink {
  const { spec, bridge, mtu, nat } = network;
  return {
    kind: 'link',
    type: 'bridge',
    name: bridge.name,
    owned: true,
    alias: `${ALIAS_PREFIX}${spec.name}`,
    ...(bridge.altName === undefined ? {} : { altNames: [bridge.altName] }),
    mac: spec.vni === undefined ? localBridgeMac(node.name, spec.name) : vxlanBridgeMac(spec.vni),
    mtu,
    up: true,
    master: null,
    stp: false,
    multicastSnooping: false,
    ipv6LinkLocal: false,
    forwarding: nat,
  };
}
