import { contains, type GuestRoom, type NodeFacts, parseIpv4, parseSubnet } from '@kcore/contract';
import type { HostFacts, HostLink } from '../model/host-facts.ts';

/** What is known of a node without looking at its network. */
export interface NodeDescriptionFacts {
  readonly agentVersion: string;
  readonly hostname: string;
  readonly kernel: string;
  readonly vxlanDisabled: boolean;
  readonly runtime: string;
  readonly capacity: NodeFacts['capacity'];
  readonly listening: NodeFacts['listening'];
  readonly room?: GuestRoom;
  /** Of the configuration: an address, or the name of the NIC that carries it. */
  readonly vtep?: string;
  readonly gatewayInterface?: string;
  /** IPv4 address of the controller, as far as known. */
  readonly controllerAddress?: string;
}

/** What the controller must know of this node, from what was observed and configured. */
export function nodeFacts(host: HostFacts, description: NodeDescriptionFacts): NodeFacts {
  const { vtep: _vtep, gatewayInterface: _gateway, controllerAddress: _controller, ...plain } = description;
  const gatewayInterface = gatewayInterfaceOf(host, description.gatewayInterface);
  const vtep = vtepOf(host, description.vtep, gatewayInterface);
  const vtepLink = vtep === undefined ? undefined : linkWithAddress(host, vtep);
  const foreign = host.links.filter((link) => !link.owned);
  return {
    kind: 'facts',
    ...plain,
    ...(vtep === undefined ? {} : { vtep }),
    ...(vtepLink === undefined ? {} : { underlayMtu: vtepLink.mtu }),
    ...(gatewayInterface === undefined ? {} : { gatewayInterface }),
    links: foreign.map(({ name, mtu, kind, up }) => ({ name, mtu, up, ...(kind === undefined ? {} : { kind }) })),
    addresses: host.addresses.map(({ link, address, prefix }) => ({ link, address: `${address}/${prefix}` })),
    routes: host.routes
      .filter(({ destination }) => destination !== '0.0.0.0/0')
      .map(({ link, destination }) => ({ subnet: destination, ...(link === undefined ? {} : { link }) })),
    protectedLinks: protectedLinks(host, vtep, description.controllerAddress),
  };
}

/** The NIC of the IPv4 default route with the least metric, unless the configuration names one. */
export function gatewayInterfaceOf(host: HostFacts, configured: string | undefined): string | undefined {
  if (configured !== undefined) return configured;
  const defaults = host.routes.filter(({ destination, link }) => destination === '0.0.0.0/0' && link !== undefined);
  return [...defaults].sort((a, b) => a.metric - b.metric)[0]?.link;
}

/**
 * The address of the tunnel endpoint: the configured one, the first of the configured NIC, or the first of the
 * default route's NIC.
 */
export function vtepOf(
  host: HostFacts,
  configured: string | undefined,
  gatewayInterface: string | undefined,
): string | undefined {
  const link = configured ?? gatewayInterface;
  const ofLink = host.addresses.find((address) => address.link === link)?.address;
  return ofLink ?? host.addresses.find(({ address }) => address === configured)?.address;
}

function linkWithAddress(host: HostFacts, wanted: string): HostLink | undefined {
  const carrier = host.addresses.find(({ address }) => address === wanted)?.link;
  return host.links.find(({ name }) => name === carrier);
}

function protectedLinks(
  host: HostFacts,
  vtep: string | undefined,
  controller: string | undefined,
): NodeFacts['protectedLinks'] {
  const found = new Map<string, string>();
  const protect = (name: string | undefined, reason: string): void => {
    if (name !== undefined && !found.has(name)) found.set(name, reason);
  };
  for (const { destination, link } of host.routes)
    if (destination === '0.0.0.0/0') protect(link, "carries the node's default route");
  if (vtep !== undefined) protect(linkWithAddress(host, vtep)?.name, `carries the tunnel endpoint ${vtep}`);
  if (controller !== undefined) protect(linkTowards(host, controller), 'carries the session with the controller');
  return [...found].map(([name, reason]) => ({ name, reason }));
}

/** The link that a packet to `target` leaves by: the longest prefix, then the least metric, as the kernel chooses. */
export function linkTowards(host: HostFacts, target: string): string | undefined {
  const number = parseIpv4(target);
  const connected = host.addresses.map(({ link, address, prefix }) => ({
    link,
    destination: `${address}/${prefix}`,
    metric: 0,
  }));
  const candidates = [...host.routes, ...connected]
    .map(({ link, destination, metric }) => ({ link, metric, subnet: parseSubnet(destination) }))
    .filter(({ subnet }) => contains(subnet, number));
  return candidates.sort((a, b) => b.subnet.prefix - a.subnet.prefix || a.metric - b.metric)[0]?.link;
}
