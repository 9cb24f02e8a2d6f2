import { contains, overlaps, parseIpv4, parseSubnet, type Subnet, subnetOf } from '@kcore/contract';
import type { HostFacts, HostLink } from '../model/host-facts.ts';
import type { NodeIdentity } from './desired.ts';

/** Source: RT_TABLE_MAIN. */
export const MAIN_TABLE = 254;

export function linkNamed(host: HostFacts, name: string): HostLink | undefined {
  return host.links.find((link) => link.name === name);
}

/** Whether a name is taken by a link that kcore did not make: such a link is never touched (R-54). */
export function isForeign(host: HostFacts, name: string): boolean {
  const link = linkNamed(host, name);
  return link !== undefined && !link.owned;
}

/** The NIC of the node's default route: of several, the one that the kernel prefers. */
export function gatewayInterface(host: HostFacts, node: NodeIdentity): string | undefined {
  if (node.gatewayInterface !== undefined) return node.gatewayInterface;
  const defaults = host.routes.filter((route) => isDefault(route.destination) && route.table === MAIN_TABLE);
  return defaults.toSorted((a, b) => a.metric - b.metric).find((route) => route.link !== undefined)?.link;
}

/** Next hop of the default route through a link, whatever its table and metric. */
export function gatewayThrough(host: HostFacts, link: string): string | undefined {
  return host.routes.find((route) => isDefault(route.destination) && route.link === link)?.via;
}

export function addressesOf(host: HostFacts, link: string): readonly string[] {
  return host.addresses.filter((entry) => entry.link === link).map((entry) => entry.address);
}

export function ownsAddress(host: HostFacts, address: string): boolean {
  return host.addresses.some((entry) => entry.address === address);
}

export function isDefault(destination: string): boolean {
  return destination.endsWith('/0');
}

/**
 * What of the host a subnet would hijack (R-09), in words: a true overlap with an address's subnet or with a route of
 * any table; default routes do not count.
 */
export function hostOverlap(host: HostFacts, subnet: Subnet): string | undefined {
  for (const { link, address, prefix } of host.addresses) {
    if (overlaps(subnet, subnetOf(parseIpv4(address), prefix))) return `address ${address}/${prefix} of ${link}`;
  }
  for (const { destination, link } of host.routes) {
    if (isDefault(destination) || !overlaps(subnet, parseSubnet(destination))) continue;
    return `route ${destination}${link === undefined ? '' : ` dev ${link}`}`;
  }
  return undefined;
}

/** The link by which the host reaches an address, by its main table. */
function linkTowards(host: HostFacts, address: string): string | undefined {
  const target = parseIpv4(address);
  const matching = host.routes
    .filter((route) => route.table === MAIN_TABLE && contains(parseSubnet(route.destination), target))
    .toSorted((a, b) => parseSubnet(b.destination).prefix - parseSubnet(a.destination).prefix || a.metric - b.metric);
  return matching[0]?.link;
}

/** Why a NIC may not become a port of a bridge: it would cut the node off (R-10). Absent: it may. */
export function protectionOf(host: HostFacts, node: NodeIdentity, nic: string): string | undefined {
  if (host.routes.some((route) => isDefault(route.destination) && route.link === nic)) {
    return `${nic} carries the node's default route`;
  }
  const own = host.addresses.find((entry) => entry.link === nic);
  if (own !== undefined) return `${nic} carries the node's address ${own.address}`;
  if (node.controllerAddress !== undefined && linkTowards(host, node.controllerAddress) === nic) {
    return `${nic} carries the session with the controller`;
  }
  return undefined;
}
