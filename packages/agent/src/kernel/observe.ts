import { type Route as KernelRoute, RT_TABLE_LOCAL, RTPROT_KERNEL } from '@kcore/netlink';
import type { ForeignBaseChain, HostFacts, KernelFeatures } from '../model/host-facts.ts';
import type { Observation } from '../model/kernel.ts';
import { hostState } from '../model/key.ts';
import type { Address, FdbEntry, Neighbour, Resource, Route, Rule } from '../model/resource.ts';
import { hostLink, type LinkNames, linkResource, nameOf } from './observe-link.ts';
import { isOwnedLink, isOwnedRoute, isOwnedRule } from './ownership.ts';
import type { Snapshot } from './snapshot.ts';

interface Nft {
  readonly resources: readonly Resource[];
  readonly foreignBaseChains: readonly ForeignBaseChain[];
}

/** What a snapshot means: kcore's objects, and what compile must know of the rest. */
export function observationOf(
  snapshot: Snapshot,
  nft: Nft,
  options: { readonly foreignLinks: ReadonlySet<string>; readonly features: KernelFeatures },
): Observation {
  const names: LinkNames = new Map(snapshot.links.map((link) => [link.index, nameOf(link)]));
  const owned: LinkNames = new Map(snapshot.links.filter(isOwnedLink).map((link) => [link.index, nameOf(link)]));
  const seen = snapshot.links.filter((link) => isOwnedLink(link) || options.foreignLinks.has(nameOf(link)));
  const state = hostState([
    ...seen.map((link) => linkResource(link, names)).filter((link) => link !== undefined),
    ...addressResources(snapshot, owned),
    ...neighbourResources(snapshot, owned),
    ...fdbResources(snapshot, owned),
    ...snapshot.routes
      .filter(isOwnedRoute)
      .map((route) => routeResource(route, names))
      .filter((route) => route !== undefined),
    ...snapshot.rules.filter(isOwnedRule).map(ruleResource),
    ...nft.resources,
  ]);
  return { state, facts: hostFacts(snapshot, nft, names, options.features) };
}

function addressResources(snapshot: Snapshot, owned: LinkNames): readonly Address[] {
  return snapshot.addresses.flatMap(({ index, address, prefix }) => {
    const link = owned.get(index);
    return link === undefined ? [] : [{ kind: 'address' as const, link, address, prefix }];
  });
}

/** Entries that the kernel learned come and go by themselves: only permanent ones are anybody's. */
function neighbourResources(snapshot: Snapshot, owned: LinkNames): readonly Neighbour[] {
  return snapshot.neighbours.flatMap(({ index, address, mac, state }) => {
    const link = owned.get(index);
    if (link === undefined || mac === undefined || state.permanent !== true) return [];
    return [{ kind: 'neighbour' as const, link, address, mac }];
  });
}

/** On a bridge `permanent` marks the bridge's and its ports' own addresses, which the kernel enters itself. */
function fdbResources(snapshot: Snapshot, owned: LinkNames): readonly FdbEntry[] {
  return snapshot.fdb.flatMap(({ index, where, state, mac, destination }): FdbEntry[] => {
    const link = owned.get(index);
    if (link === undefined) return [];
    if (where === 'self' && destination !== undefined && state === 'permanent') {
      return [{ kind: 'fdb', table: 'vxlan', link, mac, destination }];
    }
    return where === 'master' && state === 'static' ? [{ kind: 'fdb', table: 'bridge', link, mac }] : [];
  });
}

/** A route of a type kcore never makes is none of its objects, whatever its protocol says. */
function routeResource(route: KernelRoute, names: LinkNames): Route | undefined {
  const { table, destination, type, via, outgoing, metric } = route;
  if (type !== 'unicast' && type !== 'unreachable') return undefined;
  const link = outgoing === undefined ? undefined : names.get(outgoing);
  return {
    kind: 'route',
    table,
    destination,
    type,
    ...(via === undefined ? {} : { via }),
    ...(link === undefined || type === 'unreachable' ? {} : { link }),
    ...(metric === undefined || metric === 0 ? {} : { metric }),
  };
}

function ruleResource({ priority, table, from, incomingLink }: Snapshot['rules'][number]): Rule {
  return {
    kind: 'rule',
    priority,
    table,
    ...(from === undefined ? {} : { from }),
    ...(incomingLink === undefined ? {} : { incomingLink }),
  };
}

function hostFacts(snapshot: Snapshot, nft: Nft, names: LinkNames, features: KernelFeatures): HostFacts {
  const foreign = new Set(snapshot.links.filter((link) => !isOwnedLink(link)).map(({ index }) => index));
  return {
    links: snapshot.links.map((link) => hostLink(link, names)),
    addresses: snapshot.addresses.flatMap(({ index, address, prefix }) => {
      const link = names.get(index);
      return link === undefined || !foreign.has(index) ? [] : [{ link, address, prefix }];
    }),
    routes: snapshot.routes
      .filter((route) => !isOwnedRoute(route) && route.table !== RT_TABLE_LOCAL)
      // The subnet route that the kernel made for an address of kcore's bridge is kcore's as that address is.
      .filter(({ protocol, outgoing }) => protocol !== RTPROT_KERNEL || outgoing === undefined || foreign.has(outgoing))
      .map((route) => factOf(route, names)),
    foreignBaseChains: nft.foreignBaseChains,
    features,
    ipForward: snapshot.ipForward,
    ...(snapshot.bridgeCallsIptables === undefined ? {} : { bridgeCallsIptables: snapshot.bridgeCallsIptables }),
  };
}

function factOf(
  { table, destination, outgoing, via, metric }: KernelRoute,
  names: LinkNames,
): HostFacts['routes'][number] {
  const link = outgoing === undefined ? undefined : names.get(outgoing);
  return {
    table,
    destination,
    ...(link === undefined ? {} : { link }),
    ...(via === undefined ? {} : { via }),
    metric: metric ?? 0,
  };
}
