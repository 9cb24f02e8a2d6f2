import { type DhcpSpec, dhcpOptionHex, dhcpRange } from '@kcore/contract';
import type { DhcpBinding, DhcpNetwork } from '../model/dhcp-network.ts';
import type { NodeIdentity } from './desired.ts';
import type { ResolvedNetwork } from './resolved-network.ts';

const LEASE_SECONDS = 12 * 60 * 60;
/** Used when the node has no resolvers that its guests could reach. */
const PUBLIC_RESOLVERS = ['1.1.1.1', '8.8.8.8'] as const;

/** What the DHCP server serves on a network: always for nat, for vxlan when asked, never for bridge. */
export function dhcpNetwork(network: ResolvedNetwork, node: NodeIdentity): DhcpNetwork | undefined {
  const { spec, segment, bridge, mtu } = network;
  const isNat = spec.type === 'nat';
  if (segment === undefined || !(isNat || (spec.type === 'vxlan' && spec.dhcp.enabled === true))) return undefined;
  const resolvers = node.resolvers?.length ? node.resolvers : PUBLIC_RESOLVERS;
  const { leaseSeconds = LEASE_SECONDS, dns = resolvers, options = [], reservations = [] } = spec.dhcp;
  return {
    network: spec.name,
    link: bridge.name,
    serverAddress: segment.gateway,
    prefix: segment.subnet.prefix,
    ...(isNat ? { range: dhcpRange(segment.gateway, segment.subnet.prefix, spec.dhcp) } : {}),
    leaseSeconds,
    router: segment.gateway,
    dns,
    mtu,
    ...toldAsGiven(spec.dhcp),
    options: options.map((option) => ({ code: option.code, hex: dhcpOptionHex(option) })),
    bindings: localBindings(network, node),
    // On an overlay another node might answer a reservation too; the controller's bindings say whose each is.
    reservations: isNat ? reservations : [],
    bindingsOnly: !isNat,
  };
}

/** Settings that are served as a person wrote them. */
function toldAsGiven(dhcp: DhcpSpec): Partial<DhcpNetwork> {
  const { domain, search, ntp, routes, rapidCommit, probe, captivePortal, ipv6OnlySeconds, autoConfigure, boot } = dhcp;
  const settings = {
    domain,
    search,
    ntp,
    routes,
    rapidCommit,
    probe,
    captivePortal,
    ipv6OnlySeconds,
    autoConfigure,
    boot,
  };
  return Object.fromEntries(Object.entries(settings).filter(([, value]) => value !== undefined));
}

function localBindings({ bindings }: ResolvedNetwork, node: NodeIdentity): readonly DhcpBinding[] {
  return bindings.flatMap(({ node: at, mac, address, hostname }) => {
    if (at !== node.name || address === undefined) return [];
    return [{ mac, address, ...(hostname === undefined ? {} : { hostname }) }];
  });
}
