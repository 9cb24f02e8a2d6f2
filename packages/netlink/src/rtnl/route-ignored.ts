import { type Ignored, ignored, TOLD } from './refuse.ts';

/*
 * What the kernel takes in a message about a route, answers with success, and does not do (seen in Linux 6.18). One line
 * each; `route-change.ts` and `next-hop-list.ts` refuse them.
 */

const OF_LOOKUPS = 'it is of lookups (routes.get); a rule chooses routes by it (rules.create)';
const OF_MPLS = 'it is of routes of MPLS, which are not made here; leave it out';
/** Of IPv4 the kernel would note it, and tell what no hardware does. */
const BY_DRIVER = 'a driver of the kernel says it; leave it out';

/** Of routes of any family. */
export const ignoredOfAll = {
  incoming: OF_LOOKUPS,
  mark: OF_LOOKUPS,
  uid: OF_LOOKUPS,
  ipProtocol: OF_LOOKUPS,
  sourcePort: OF_LOOKUPS,
  destinationPort: OF_LOOKUPS,
  cacheInfo: 'it is told; give expires',
  newDestination: OF_MPLS,
  ttlPropagate: OF_MPLS,
} as const satisfies Ignored;

export const ignoredOfIpv4: ReadonlyMap<string, string> = ignored(ignoredOfAll, {
  source: 'routes of IPv4 do not depend on it; make a rule with from (rules.create), or give preferredSource',
  expires: 'routes of IPv4 do not expire; delete it when its time has come',
  preference: 'routes of IPv4 have none; give metric',
});

const NO_REALMS = 'routes of IPv6 have none; leave it out';
export const ignoredOfIpv6: ReadonlyMap<string, string> = ignored(ignoredOfAll, { realms: NO_REALMS });

/** Flags of a route and of each hop of a multipath route. */
export const ignoredFlags: ReadonlyMap<string, string> = ignored({
  dead: TOLD,
  pervasive: TOLD,
  offload: BY_DRIVER,
  linkDown: TOLD,
  unresolved: TOLD,
  trap: BY_DRIVER,
  notify: TOLD,
  cloned: TOLD,
  prefix: TOLD,
  lookupTable: OF_LOOKUPS,
  fibMatch: OF_LOOKUPS,
  hardwareOffload: TOLD,
  hardwareTrap: TOLD,
  hardwareOffloadFailed: TOLD,
  rest: TOLD,
});

export const ignoredOfIpv4Hop: ReadonlyMap<string, string> = ignored({
  newDestination: OF_MPLS,
  ttlPropagate: OF_MPLS,
});
export const ignoredOfIpv6Hop: ReadonlyMap<string, string> = ignored({
  newDestination: OF_MPLS,
  ttlPropagate: OF_MPLS,
  realms: NO_REALMS,
});
