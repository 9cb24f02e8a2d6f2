import { type Address, addresses } from '../rtnl/address.ts';
import type { Link } from '../rtnl/link/link.ts';
import { links } from '../rtnl/link/requests.ts';
import { type Neighbour, neighbours } from '../rtnl/neighbour.ts';
import { nexthops } from '../rtnl/nexthop.ts';
import type { Nexthop } from '../rtnl/nexthop-value.ts';
import { routes } from '../rtnl/route.ts';
import type { RouteEvent } from '../rtnl/route-message.ts';
import type { Route } from '../rtnl/route-value.ts';
import { type Rule, rules } from '../rtnl/rule.ts';
import {
  RTNLGRP_IPV4_IFADDR,
  RTNLGRP_IPV4_MROUTE,
  RTNLGRP_IPV4_ROUTE,
  RTNLGRP_IPV4_RULE,
  RTNLGRP_IPV6_IFADDR,
  RTNLGRP_IPV6_MROUTE,
  RTNLGRP_IPV6_ROUTE,
  RTNLGRP_IPV6_RULE,
  RTNLGRP_LINK,
  RTNLGRP_MPLS_ROUTE,
  RTNLGRP_NEIGH,
  RTNLGRP_NEXTHOP,
} from '../uapi/rtnetlink.ts';
import { AF_BRIDGE, AF_INET6 } from '../uapi/socket.ts';
import { fdbSource } from './fdb-source.ts';
import { mdbSource } from './mdb-source.ts';
import { linkIn, noticeOf, noticeOn, routeSource } from './route-source.ts';
import { canonical, type Notice } from './source.ts';

/** Why a notification came, and what there is in lists only. */
const LINK_NOISE: ReadonlySet<string> = new Set(['event', 'unknown']);
const AGES: ReadonlySet<string> = new Set(['cacheInfo', 'probes', 'expires', 'unknown']);

/** Of `bridge link set` the bridge alone tells, in a message that has little of the link but its settings as a port. */
function linkNotice(event: RouteEvent): Notice<Link> | undefined {
  if (event.kind !== 'link') return undefined;
  const { index, family, port } = event.link;
  if (family !== AF_BRIDGE) return noticeOf(event, event.link);
  if (event.event === 'delete' || port === undefined) return undefined;
  return { type: 'amend', key: String(index), amended: (link) => (link.port === undefined ? link : { ...link, port }) };
}

/** Members at any depth that run or count by themselves. */
const RUNNING: ReadonlySet<string> = new Set([
  'statistics',
  'statistics32',
  'icmpStatistics',
  'kindStatistics',
  'carrierChanges',
  'carrierUpCount',
  'carrierDownCount',
  'cacheInfo',
  'fdbLearned',
  'multicastGroups',
  'multicastHosts',
  'helloTimer',
  'holdTimer',
  'forwardDelayTimer',
  'messageAgeTimer',
  'collectionTimer',
  'topologyChangeTimer',
  'topologyChangeNotificationTimer',
  'otherTimer',
  'otherTimer6',
]);

function still(value: object): object {
  if (Array.isArray(value) || value instanceof Uint8Array) return value;
  const kept = Object.entries(value).filter(([name]) => !RUNNING.has(name));
  return Object.fromEntries(
    kept.map(([name, member]) => [name, typeof member === 'object' && member !== null ? still(member) : member]),
  );
}

/**
 * What an address is found by in the kernel: of IPv6 alone, whose prefix or peer may change; of IPv4 with its prefix and
 * the network of its peer. Source: inet6_addr_modify of net/ipv6/addrconf.c, __inet_insert_ifa of net/ipv4/devinet.c.
 */
function addressKey({ family, index, address, prefix, peer = '' }: Address): string {
  return family === AF_INET6 ? `${index} ${address}` : `${index} ${address}/${prefix} ${peer}`;
}

/**
 * A neighbour whose hardware address is known. That one is looked for, was not found, or needs none (NUD_INCOMPLETE,
 * FAILED, NOARP) is told now and then only; that a packet made a known one wait for an answer (NUD_DELAY) never.
 * Source: __neigh_event_send and neigh_timer_handler of net/core/neighbour.c.
 */
function notifiedNeighbour(neighbour: Neighbour): Neighbour | undefined {
  const { reachable, stale, delay, probe, permanent } = neighbour.state;
  if (delay === true) return { ...neighbour, state: { stale: true } };
  return [reachable, stale, probe, permanent].includes(true) ? neighbour : undefined;
}

/** Proxy entries are not listed: they would hide the neighbour of the same address. */
function neighbourNotice(event: RouteEvent): Notice<Neighbour> | undefined {
  if (event.kind === 'neighbour' && event.neighbour.flags.proxy === true) return undefined;
  return noticeOn(event, event.kind === 'neighbour' ? event.neighbour : undefined);
}

/** What may touch a route: the kernel flushes those of IPv4 that fall with a link, an address or a nexthop without a word. */
const ROUTE_CAUSES: ReadonlySet<RouteEvent['kind']> = new Set(['route', 'address', 'link', 'nexthop']);

function routeNotice(event: RouteEvent): Notice<Route> | undefined {
  return ROUTE_CAUSES.has(event.kind) ? { type: 'relist' } : undefined;
}

/** That the link a rule names came, went or was renamed is told by the link alone. */
function ruleNotice(event: RouteEvent): Notice<Rule> | undefined {
  if (event.kind === 'rule') return { type: 'relist' };
  if (linkIn(event) === undefined) return undefined;
  return { type: 'relistIf', stale: ({ incomingLink, outgoingLink }) => (incomingLink ?? outgoingLink) !== undefined };
}

/** The kernel flushes those of a link that goes down or away without a word, and groups lose them as members. */
function nexthopNotice(event: RouteEvent): Notice<Nexthop> | undefined {
  if (event.kind === 'nexthop') return { type: 'relist' };
  const index = linkIn(event)?.link.index;
  return index === undefined ? undefined : { type: 'relistIf', stale: ({ outgoing }) => outgoing === index };
}

/** Without the time that a resilient group has been out of balance. */
function stillNexthop({ resilient, ...rest }: Nexthop): object {
  if (resilient === undefined) return rest;
  const { unbalancedTime: _running, ...settings } = resilient;
  return { ...rest, resilient: settings };
}

/**
 * Kinds of objects that `watch` knows. Each has what the kernel has, as far as it tells: `neighbours` are those whose
 * hardware address is known, and `fdb` those of bridges and vxlan devices. Routes, rules and nexthops are listed anew
 * after each change; the others are not.
 */
export const sources = {
  links: routeSource<Link>({
    groups: [RTNLGRP_LINK],
    list: () => links.list(),
    key: ({ index }) => String(index),
    notice: linkNotice,
    noise: LINK_NOISE,
    still,
  }),
  addresses: routeSource<Address>({
    groups: [RTNLGRP_LINK, RTNLGRP_IPV4_IFADDR, RTNLGRP_IPV6_IFADDR],
    list: () => addresses.list(),
    key: addressKey,
    notice: (event) => noticeOn(event, event.kind === 'address' ? event.address : undefined),
    noise: AGES,
  }),
  neighbours: routeSource<Neighbour>({
    groups: [RTNLGRP_LINK, RTNLGRP_NEIGH],
    list: () => neighbours.list(),
    key: ({ index, address }) => `${index} ${address}`,
    notice: neighbourNotice,
    notified: notifiedNeighbour,
    noise: AGES,
  }),
  fdb: fdbSource,
  mdb: mdbSource,
  routes: routeSource<Route>({
    groups: [
      RTNLGRP_LINK,
      RTNLGRP_IPV4_IFADDR,
      RTNLGRP_IPV6_IFADDR,
      RTNLGRP_IPV4_ROUTE,
      RTNLGRP_IPV6_ROUTE,
      RTNLGRP_IPV4_MROUTE,
      RTNLGRP_IPV6_MROUTE,
      RTNLGRP_MPLS_ROUTE,
      RTNLGRP_NEXTHOP,
    ],
    list: () => routes.list(),
    key: (route) => canonical(route, AGES),
    notice: routeNotice,
    noise: AGES,
  }),
  nexthops: routeSource<Nexthop>({
    groups: [RTNLGRP_LINK, RTNLGRP_NEXTHOP],
    list: () => nexthops.list(),
    key: ({ id }) => String(id),
    notice: nexthopNotice,
    still: stillNexthop,
  }),
  rules: routeSource<Rule>({
    groups: [RTNLGRP_LINK, RTNLGRP_IPV4_RULE, RTNLGRP_IPV6_RULE],
    list: () => rules.list(),
    key: (rule) => canonical(rule),
    notice: ruleNotice,
    noise: AGES,
  }),
} as const;
