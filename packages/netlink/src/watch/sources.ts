import { type Address, addresses } from '../rtnl/address.ts';
import { fdb } from '../rtnl/fdb.ts';
import type { FdbEntry } from '../rtnl/fdb-entry.ts';
import type { Link } from '../rtnl/link/link.ts';
import { links } from '../rtnl/link/requests.ts';
import { type Neighbour, neighbours } from '../rtnl/neighbour.ts';
import { routes } from '../rtnl/route.ts';
import { decodeRouteMessage, type RouteEvent } from '../rtnl/route-message.ts';
import type { Route } from '../rtnl/route-value.ts';
import { type Rule, rules } from '../rtnl/rule.ts';
import { NETLINK_ROUTE } from '../uapi/netlink.ts';
import {
  RTNLGRP_IPV4_IFADDR,
  RTNLGRP_IPV4_ROUTE,
  RTNLGRP_IPV4_RULE,
  RTNLGRP_IPV6_IFADDR,
  RTNLGRP_IPV6_ROUTE,
  RTNLGRP_IPV6_RULE,
  RTNLGRP_LINK,
  RTNLGRP_NEIGH,
} from '../uapi/rtnetlink.ts';
import { AF_BRIDGE } from '../uapi/socket.ts';
import { canonical, type Notice, type WatchSource } from './source.ts';

/** What ages or counts by itself, is in lists only or in notifications only. */
const LINK_NOISE: ReadonlySet<string> = new Set(['statistics', 'unknown', 'event', 'carrierChanges']);
const AGES: ReadonlySet<string> = new Set(['cacheInfo', 'probes', 'expires', 'unknown']);

function sourceOf<T extends object>(
  groups: readonly number[],
  noise: ReadonlySet<string>,
  source: Pick<WatchSource<T>, 'list' | 'key'> & {
    readonly notice: (event: RouteEvent) => Notice<T> | undefined;
  },
): WatchSource<T> {
  return {
    protocol: NETLINK_ROUTE,
    groups,
    list: source.list,
    key: source.key,
    read(message) {
      const event = decodeRouteMessage(message);
      return event === undefined ? undefined : source.notice(event);
    },
    same: (a, b) => canonical(a, noise) === canonical(b, noise),
  };
}

/** Whether the event is that of a link's end. A bridge says RTM_DELLINK, too, of a port that only leaves it. */
function deletedLink(event: RouteEvent): number | undefined {
  const ends = event.kind === 'link' && event.event === 'delete' && event.link.family !== AF_BRIDGE;
  return ends ? event.link.index : undefined;
}

function noticeOf<T>(event: RouteEvent, item: T): Notice<T> {
  return { type: event.event === 'new' ? 'set' : 'delete', item };
}

/** Objects of a link, which go with it; not each of them is notified then. */
function noticeOn<T extends { readonly index: number }>(event: RouteEvent, item: T | undefined): Notice<T> | undefined {
  if (item !== undefined) return noticeOf(event, item);
  const deleted = deletedLink(event);
  return deleted === undefined ? undefined : { type: 'deleteIf', gone: ({ index }) => index === deleted };
}

/**
 * A multicast or zero MAC has an entry for each of its destinations, an ordinary one has only one, which may change.
 * Source: vxlan_fdb_update_existing of drivers/net/vxlan/vxlan_core.c.
 */
function fdbKey(entry: FdbEntry): string {
  const { index, where, vlan, sourceVni, mac, destination, vni, port, outgoing } = entry;
  const key = [index, where, mac, vlan, sourceVni];
  const many = mac === '00:00:00:00:00:00' || (Number.parseInt(mac.slice(0, 2), 16) & 1) === 1;
  return (many ? [...key, destination, vni, port, outgoing] : key).join(' ');
}

/** The kernel flushes IPv4 routes of a link or address without a word, so anything that may touch them makes for a new list. */
function routeNotice(event: RouteEvent): Notice<Route> | undefined {
  return event.kind === 'route' || event.kind === 'address' || event.kind === 'link' ? { type: 'relist' } : undefined;
}

/** Kinds of objects that `watch` knows. Routes and rules are listed anew after each change; the others are not. */
export const sources = {
  links: sourceOf<Link>([RTNLGRP_LINK], LINK_NOISE, {
    list: () => links.list(),
    key: ({ index }) => String(index),
    notice: (event) =>
      event.kind === 'link' && event.link.family !== AF_BRIDGE ? noticeOf(event, event.link) : undefined,
  }),
  addresses: sourceOf<Address>([RTNLGRP_LINK, RTNLGRP_IPV4_IFADDR, RTNLGRP_IPV6_IFADDR], AGES, {
    list: () => addresses.list(),
    key: ({ index, address, prefix }) => `${index} ${address}/${prefix}`,
    notice: (event) => noticeOn(event, event.kind === 'address' ? event.address : undefined),
  }),
  neighbours: sourceOf<Neighbour>([RTNLGRP_LINK, RTNLGRP_NEIGH], AGES, {
    list: () => neighbours.list(),
    key: ({ index, address }) => `${index} ${address}`,
    notice: (event) => noticeOn(event, event.kind === 'neighbour' ? event.neighbour : undefined),
  }),
  fdb: sourceOf<FdbEntry>([RTNLGRP_LINK, RTNLGRP_NEIGH], AGES, {
    list: () => fdb.list(),
    key: fdbKey,
    notice: (event) => noticeOn(event, event.kind === 'fdb' ? event.fdb : undefined),
  }),
  routes: sourceOf<Route>(
    [RTNLGRP_LINK, RTNLGRP_IPV4_IFADDR, RTNLGRP_IPV6_IFADDR, RTNLGRP_IPV4_ROUTE, RTNLGRP_IPV6_ROUTE],
    AGES,
    { list: () => routes.list(), key: (route) => canonical(route, AGES), notice: routeNotice },
  ),
  rules: sourceOf<Rule>([RTNLGRP_IPV4_RULE, RTNLGRP_IPV6_RULE], AGES, {
    list: () => rules.list(),
    key: (rule) => canonical(rule),
    notice: ({ kind }) => (kind === 'rule' ? { type: 'relist' } : undefined),
  }),
} as const;
