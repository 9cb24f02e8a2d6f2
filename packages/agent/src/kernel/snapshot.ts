import {
  type Address,
  AF_INET,
  addresses,
  type DumpRequest,
  type FdbEntry,
  fdb,
  type Link,
  links,
  type Neighbour,
  neighbours,
  type Route,
  type Rule,
  readNetSysctl,
  routes,
  rules,
  SystemError,
} from '@kcore/netlink';
import type { Sockets } from './sockets.ts';

/** What rtnetlink tells of a host, in the kernel's own words: a handful of dumps, however many links there are. */
export interface Snapshot {
  readonly links: readonly Link[];
  readonly addresses: readonly Address[];
  readonly neighbours: readonly Neighbour[];
  readonly fdb: readonly FdbEntry[];
  readonly routes: readonly Route[];
  readonly rules: readonly Rule[];
  readonly ipForward: boolean;
  readonly bridgeCallsIptables?: boolean;
}

/** Lists are read one after the other and may disagree when something changes in between: then a notification follows. */
export async function takeSnapshot(sockets: Sockets): Promise<Snapshot> {
  const { routeDumps, netns } = sockets;
  const dump = async <T>(request: DumpRequest<T>): Promise<readonly T[]> => (await routeDumps.dump(request)).items;
  const [ipForward, bridgeCalls, linkList, addressList, neighbourList, fdbList, routeList, ruleList] =
    await Promise.all([
      readNetSysctl(['ipv4', 'ip_forward'], netns),
      optionalSysctl(['bridge', 'bridge-nf-call-iptables'], netns),
      dump(links.list()),
      dump(addresses.list({ family: AF_INET })),
      dump(neighbours.list({ family: AF_INET })),
      dump(fdb.list()),
      dump(routes.list({ family: AF_INET })),
      dump(rules.list({ family: AF_INET })),
    ]);
  return {
    links: linkList,
    addresses: addressList,
    neighbours: neighbourList,
    fdb: fdbList,
    routes: routeList,
    rules: ruleList,
    ipForward: ipForward !== 0,
    ...(bridgeCalls === undefined ? {} : { bridgeCallsIptables: bridgeCalls !== 0 }),
  };
}

/** Absent where the module behind it is not loaded. */
async function optionalSysctl(path: readonly string[], netns: Sockets['netns']): Promise<number | undefined> {
  try {
    return await readNetSysctl(path, netns);
  } catch (error) {
    if (error instanceof SystemError && error.code === 'ENOENT') return undefined;
    throw error;
  }
}
