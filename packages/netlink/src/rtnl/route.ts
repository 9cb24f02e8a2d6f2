import { type RawMessage, readBody } from '../message/message.ts';
import { type DumpRequest, dumpBy, queryOf, type Request } from '../message/request.ts';
import { NLM_F_APPEND, NLM_F_CREATE, NLM_F_DUMP_FILTERED, NLM_F_EXCL, NLM_F_REPLACE } from '../uapi/netlink.ts';
import { RTM_DELROUTE, RTM_GETROUTE, RTM_NEWROUTE } from '../uapi/rtnetlink.ts';
import { AF_INET } from '../uapi/socket.ts';
import { itemsOf, ROUTE_FAMILIES } from './family.ts';
import { parsePrefix } from './prefix.ts';
import { routeBody, rtmsg } from './route-body.ts';
import { changeRequest, type RouteSpec } from './route-change.ts';
import { type Route, type RouteType, routeOf, routeTypes } from './route-value.ts';

/** EEXIST when there is one of that destination, TOS, metric and table. */
function create(spec: RouteSpec): Request<void> {
  return changeRequest('create', RTM_NEWROUTE, NLM_F_CREATE | NLM_F_EXCL, spec);
}

/**
 * Puts it in the place of the first one of that destination, TOS, metric and table; makes it when there is none. Of a
 * multipath route of IPv6 all ways are replaced.
 */
function replace(spec: RouteSpec): Request<void> {
  return changeRequest('replace', RTM_NEWROUTE, NLM_F_CREATE | NLM_F_REPLACE, spec);
}

/** Like `replace`; ENOENT when there is none. */
function changeRoute(spec: RouteSpec): Request<void> {
  return changeRequest('change', RTM_NEWROUTE, NLM_F_REPLACE, spec);
}

/** Behind the others of that destination and metric. Of IPv6 it becomes one more way of a multipath route. */
function append(spec: RouteSpec): Request<void> {
  return changeRequest('append', RTM_NEWROUTE, NLM_F_CREATE | NLM_F_APPEND, spec);
}

/** In front of the others of that destination and metric, which stay. IPv4 only has this order. */
function prepend(spec: RouteSpec): Request<void> {
  return changeRequest('prepend', RTM_NEWROUTE, NLM_F_CREATE, spec);
}

/**
 * Deletes the first route that agrees in all that is given. ESRCH when there is none. Of IPv6 the kernel looks at
 * destination, source, table, metric, protocol, gateway, link and nexthop only, of IPv4 at realms only where there is a
 * gateway or a link as well.
 */
function deleteRoute(spec: RouteSpec): Request<void> {
  return changeRequest('delete', RTM_DELROUTE, 0, spec);
}

/** A packet that a route is looked up for. */
export interface RouteLookup {
  readonly source?: string;
  /** Index of the link that it comes from, if it is forwarded. */
  readonly incoming?: number;
  /** Index of the link that it must leave by; of a VRF, its table is looked at. */
  readonly outgoing?: number;
  readonly mark?: number;
  readonly uid?: number;
  readonly tos?: number;
  /** IPPROTO_*, and ports, for rules and multipath hashes that look at them. */
  readonly ipProtocol?: number;
  readonly sourcePort?: number;
  readonly destinationPort?: number;
  /** Tells the entry of the table that matched and not what the packet gets. */
  readonly fibMatch?: boolean;
}

/**
 * The route that a packet to `address` takes, its table included. ENETUNREACH when there is none; EHOSTUNREACH,
 * EACCES or EINVAL for a route that says so (unreachable, prohibit, blackhole).
 */
function get(address: string, lookup: RouteLookup = {}): Request<Route> {
  const { source, tos, fibMatch, ...rest } = lookup;
  const { family, length } = parsePrefix(`${address}/${address.includes(':') ? 128 : 32}`);
  return queryOf({
    operation: `get route to ${address}`,
    type: RTM_GETROUTE,
    codec: routeBody,
    value: {
      header: rtmsg.fill({
        family,
        destinationLength: length,
        sourceLength: source === undefined ? 0 : length,
        ...(tos === undefined ? {} : { tos }),
        // IPv6 tells the table in any case, and refuses to be asked for it.
        flags: { ...(family === AF_INET ? { lookupTable: true } : {}), ...(fibMatch === true ? { fibMatch } : {}) },
      }),
      attributes: { destination: address, ...(source === undefined ? {} : { source }), ...rest },
    },
    reply: (messages) => lookedUp(address, messages),
  });
}

function lookedUp(address: string, messages: readonly RawMessage[]): Route {
  const message = messages.find(({ type }) => type === RTM_NEWROUTE);
  if (message === undefined) throw new RangeError(`the kernel told no route to ${address}`);
  return routeOf(readBody(routeBody, message));
}

/** Which routes are listed. */
export interface RouteFilter {
  readonly family?: number;
  readonly table?: number;
  readonly protocol?: number;
  readonly outgoing?: number;
  readonly type?: RouteType;
  /** Exceptions that the kernel keeps beside the routes (redirects, path MTUs) instead of the routes. */
  readonly cloned?: boolean;
}

/**
 * Routes of IP, MPLS and multicast (RTNL_FAMILY_IPMR), of all tables; none of Phonet and MCTP nor jobs of the CAN
 * gateway, which share the message. Or those that agree with the filter, which the kernel applies and this once more.
 * ENODEV when there is no such outgoing link. With a table, all families are asked for: of one family, the kernel
 * answers ENOENT and not an empty list for a table that has no route.
 */
function list(filter: RouteFilter = {}): DumpRequest<Route> {
  const { family, table, protocol, outgoing, type, cloned = false } = filter;
  return dumpBy({
    operation: 'list routes',
    type: RTM_GETROUTE,
    codec: routeBody,
    value: {
      header: rtmsg.fill({
        ...(family === undefined || table !== undefined ? {} : { family }),
        ...(protocol === undefined ? {} : { protocol }),
        ...(type === undefined ? {} : { type: routeTypes[type] }),
        ...(cloned ? { flags: { cloned } } : {}),
      }),
      attributes: {
        ...(table === undefined ? {} : { table }),
        ...(outgoing === undefined ? {} : { outgoing }),
      },
    },
    decode: itemsOf(ROUTE_FAMILIES, routeBody, (read, message) => {
      const route = routeOf(read);
      const wanted =
        (family === undefined || route.family === family) &&
        (table === undefined || route.table === table) &&
        (protocol === undefined || route.protocol === protocol) &&
        (type === undefined || route.type === type) &&
        (outgoing === undefined || leavesBy(route, outgoing, message)) &&
        (route.flags.cloned === true) === cloned;
      return wanted ? route : undefined;
    }),
  });
}

/** Of a nexthop object the kernel need not tell the link (net.ipv4.nexthop_compat_mode): then its own filter is believed. */
function leavesBy(route: Route, outgoing: number, message: RawMessage): boolean {
  if (route.outgoing === outgoing) return true;
  if (route.multipath?.some((hop) => hop.outgoing === outgoing) === true) return true;
  const told = route.outgoing !== undefined || route.multipath !== undefined;
  return !told && route.nextHopId !== undefined && (message.flags & NLM_F_DUMP_FILTERED) !== 0;
}

/** Requests about routing tables. */
export const routes = {
  create,
  replace,
  change: changeRoute,
  append,
  prepend,
  delete: deleteRoute,
  get,
  list,
} as const;
