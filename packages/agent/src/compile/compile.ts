import type { Condition, NodeSpec } from '@kcore/contract';
import type { HostFacts } from '../model/host-facts.ts';
import { keyOf } from '../model/key.ts';
import type { Resource } from '../model/resource.ts';
import { bridgeResources } from './bridge.ts';
import { conditions } from './conditions.ts';
import type { Attachments, Desired, NetworkOutcome, NodeIdentity } from './desired.ts';
import { dhcpNetwork } from './dhcp.ts';
import { compileForwards } from './forwards.ts';
import { natResources } from './nat.ts';
import { nftBridge } from './nft-bridge.ts';
import { nftIp, type Owned } from './nft-ip.ts';
import { policyRouting } from './policy-routing.ts';
import { compilePorts } from './ports.ts';
import { resolveNetworks } from './resolve.ts';
import type { ResolvedNetwork } from './resolved-network.ts';
import { compareText, indexSpec } from './spec-index.ts';
import { mergeForeign } from './uplink-links.ts';
import { vxlanResources } from './vxlan.ts';

/**
 * All that a host must be, for what the controller said of it. Pure: the same arguments give the same state, and what
 * cannot be is left out with a condition that says why.
 */
export function compile(spec: NodeSpec, host: HostFacts, node: NodeIdentity, attachments: Attachments): Desired {
  const index = indexSpec(spec);
  const networks = resolveNetworks(index, host, node);
  const running = networks.filter((network) => !network.blocked);
  const forwards = compileForwards(running);
  const ports = compilePorts(index.vms, running, host, attachments);
  const routing = policyRouting(running, host, node);
  const owned: Owned[] = [
    ...running.flatMap((network) =>
      [...linksOf(network, node), ...(routing.get(network.spec.name) ?? [])].map((resource) => ({
        network: network.spec.name,
        resource,
      })),
    ),
    ...ports.ports.map(({ network, link }) => ({ network: network.spec.name, resource: link })),
    ...ports.idle.map((resource) => ({ resource })),
    ...nftIp(running, forwards, host),
    ...(host.features.nftBridge ? nftBridge(running, ports.ports) : []),
  ];
  return {
    ...collect(owned),
    networks: new Map(
      networks
        .toSorted((a, b) => compareText(a.spec.name, b.spec.name))
        .map((network) => [network.spec.name, outcome(network, [forwards.conditions, ports.conditions])]),
    ),
    dhcp: running.flatMap((network) => dhcpNetwork(network, node) ?? []),
    conditions: !host.features.nftBridge && ports.ports.length > 0 ? [conditions.nftBridgeUnsupported()] : [],
  };
}

function linksOf(network: ResolvedNetwork, node: NodeIdentity): readonly Resource[] {
  switch (network.spec.type) {
    case 'nat':
      return natResources(network, node);
    case 'bridge':
      return bridgeResources(network, node);
    case 'vxlan':
      return vxlanResources(network, node);
  }
}

function outcome(
  { spec, bridge, uplink, vtep, conditions: own, blocked }: ResolvedNetwork,
  others: readonly ReadonlyMap<string, readonly Condition[]>[],
): NetworkOutcome {
  return {
    bridge: bridge.name,
    ...(uplink === undefined ? {} : { uplink: uplink.name }),
    ...(vtep === undefined ? {} : { vtep }),
    conditions: [...own, ...others.flatMap((each) => each.get(spec.name) ?? [])],
    blocked,
  };
}

/** One resource a key: what several networks share is made once, and belongs to the first of them. */
function collect(owned: readonly Owned[]): Pick<Desired, 'state' | 'foreignLinks' | 'owners'> {
  const state = new Map<string, Resource>();
  const owners = new Map<string, string>();
  const foreignLinks = new Set<string>();
  for (const { network, resource } of owned) {
    const key = keyOf(resource);
    const earlier = state.get(key);
    state.set(key, earlier === undefined ? resource : merge(earlier, resource));
    if (network !== undefined && !owners.has(key)) owners.set(key, network);
    if (resource.kind === 'link' && !resource.owned) foreignLinks.add(resource.name);
  }
  return { state, foreignLinks, owners };
}

function merge(a: Resource, b: Resource): Resource {
  const bothForeign = a.kind === 'link' && a.type === 'foreign' && b.kind === 'link' && b.type === 'foreign';
  return bothForeign ? mergeForeign(a, b) : b;
}
