import type { Encoder, Infer } from '../codec/codec.ts';
import { named, ValueError } from '../codec/error.ts';
import { type RawMessage, readBody } from '../message/message.ts';
import { type DumpRequest, dumpBy, queryOf, type Request, requestOf } from '../message/request.ts';
import { NLM_F_APPEND, NLM_F_CREATE, NLM_F_DUMP_FILTERED, NLM_F_EXCL, NLM_F_REPLACE } from '../uapi/netlink.ts';
import {
  RT_SCOPE_HOST,
  RT_SCOPE_LINK,
  RT_SCOPE_NOWHERE,
  RT_SCOPE_UNIVERSE,
  RT_TABLE_MAIN,
  RT_TABLE_UNSPEC,
  RTM_DELROUTE,
  RTM_GETROUTE,
  RTM_NEWROUTE,
  RTPROT_BOOT,
} from '../uapi/rtnetlink.ts';
import { AF_INET, AF_INET6 } from '../uapi/socket.ts';
import { itemsOf, ROUTE_FAMILIES } from './family.ts';
import { gatewayOf, type NextHop, wireHop } from './next-hop-list.ts';
import { type Prefix, parsePrefix } from './prefix.ts';
import { refuse, refuseFlags } from './refuse.ts';
import { type RouteFlags, type routeAttributes, routeBody, rtmsg } from './route-body.ts';
import { ignoredFlags, type ignoredOfAll, ignoredOfIpv4, ignoredOfIpv6 } from './route-ignored.ts';
import { type PlainRouteAttributes, type Route, type RouteType, routeOf, routeTypes } from './route-value.ts';

type Settable = Omit<PlainRouteAttributes, 'unknown' | 'flowLabel' | keyof typeof ignoredOfAll>;

/** What is not given is the kernel's and iproute2's default: unicast, the main table, RTPROT_BOOT, a scope by type. */
export type RouteSpec = Settable & {
  readonly destination: string;
  /** Routes of IPv6 may depend on the source as well. */
  readonly source?: string;
  readonly type?: RouteType;
  readonly table?: number;
  readonly protocol?: number;
  /** Of IPv4. */
  readonly scope?: number;
  /** Of IPv4. */
  readonly tos?: number;
  /** `onLink`; the others are only told. */
  readonly flags?: RouteFlags;
  /** The gateway. One of the other family goes by RTA_VIA. */
  readonly via?: string;
  readonly preferredSource?: string;
  readonly multipath?: readonly NextHop[];
  /** Of IPv6: seconds until the kernel removes it. */
  readonly expires?: number;
};

/** The hot path of a bulk: nothing is allocated. @throws {ValueError} What the kernel would take and not do. */
function check(spec: RouteSpec, family: number, deleting: boolean): void {
  refuse(family === AF_INET ? ignoredOfIpv4 : ignoredOfIpv6, spec);
  // The kernel tells this one of all routes of IPv6.
  if (family === AF_INET6 && (spec.scope ?? RT_SCOPE_UNIVERSE) !== RT_SCOPE_UNIVERSE) {
    throw new ValueError('routes of IPv6 have none; leave it out', 'scope');
  }
  if (spec.flags !== undefined && !deleting) refuseFlags(ignoredFlags, spec.flags, 'flags');
}

function defaultScope({ type = 'unicast', via, nextHopId, multipath }: RouteSpec): number {
  if (type === 'local' || type === 'nat') return RT_SCOPE_HOST;
  if (type === 'broadcast' || type === 'multicast' || type === 'anycast') return RT_SCOPE_LINK;
  const direct = type === 'unicast' && via === undefined && nextHopId === undefined && multipath === undefined;
  return direct ? RT_SCOPE_LINK : RT_SCOPE_UNIVERSE;
}

/** A change in its parts, which are checked before anything is sent. */
interface Change {
  readonly verb: string;
  readonly spec: RouteSpec;
  readonly to: Prefix;
  readonly from: Prefix | undefined;
  /** The attributes of gateway and multipath. */
  readonly hops: object | undefined;
  readonly deleting: boolean;
}

const NO_FLAGS: RouteFlags = Object.freeze({});

function headerOf({ spec, to, from, deleting }: Change): Infer<typeof rtmsg> {
  const { type, table = RT_TABLE_MAIN, protocol, scope, tos = 0, flags = NO_FLAGS } = spec;
  return {
    family: to.family,
    destinationLength: to.length,
    sourceLength: from?.length ?? 0,
    tos,
    // Eight bits; a larger number goes by RTA_TABLE, which counts then.
    table: table > 255 ? RT_TABLE_UNSPEC : table,
    protocol: protocol ?? (deleting ? 0 : RTPROT_BOOT),
    scope: scope ?? (deleting ? RT_SCOPE_NOWHERE : defaultScope(spec)),
    type: deleting && type === undefined ? 0 : routeTypes[type ?? 'unicast'],
    flags,
  };
}

/** Members of a spec that are no attributes, or not as they are. */
const APART: ReadonlySet<string> = new Set([
  'destination',
  'source',
  'table',
  'via',
  'multipath',
  'type',
  'protocol',
  'scope',
  'tos',
  'flags',
]);

// The hot path of a bulk: rest patterns and spreads for each route take four times as long as to encode it.
function bodyOf(change: Change): Infer<typeof routeBody> {
  const { spec, to, from, hops } = change;
  const { table = RT_TABLE_MAIN } = spec;
  const attributes: Record<string, unknown> = {};
  if (to.length > 0) attributes['destination'] = to.address;
  if (from !== undefined) attributes['source'] = from.address;
  if (hops !== undefined) Object.assign(attributes, hops);
  for (const name in spec) {
    if (!APART.has(name)) attributes[name] = spec[name as keyof RouteSpec];
  }
  if (table > 255) attributes['table'] = table;
  return { header: headerOf(change), attributes: attributes as Infer<typeof routeAttributes> };
}

function hopAt(at: number, hop: NextHop, family: number): ReturnType<typeof wireHop> {
  try {
    return wireHop(hop, family);
  } catch (error) {
    throw named(`multipath.${at}`, error);
  }
}

function hopsOf({ via, multipath }: RouteSpec, family: number): object | undefined {
  if (via === undefined && multipath === undefined) return undefined;
  return {
    ...(via === undefined ? {} : gatewayOf(via, family)),
    ...(multipath === undefined ? {} : { multipath: multipath.map((hop, at) => hopAt(at, hop, family)) }),
  };
}

function change(verb: string, type: number, flags: number, spec: RouteSpec): Request<void> {
  const to = parsePrefix(spec.destination);
  const from = spec.source === undefined ? undefined : parsePrefix(spec.source);
  const deleting = type === RTM_DELROUTE;
  check(spec, to.family, deleting);
  const value = { verb, spec, to, from, hops: hopsOf(spec, to.family), deleting };
  return requestOf({ operation: operationOf, type, flags, codec: changeCodec, value });
}

/** The body is only made when the request is encoded: it lives no longer than that. */
const changeCodec: Encoder<Change> = {
  measure: (value) => routeBody.measure(bodyOf(value)),
  write: (value, out) => routeBody.write(bodyOf(value), out),
};

function operationOf({ verb, spec: { destination, table = RT_TABLE_MAIN } }: Change): string {
  return `${verb} route ${destination} of table ${table}`;
}

/** EEXIST when there is one of that destination, TOS, metric and table. */
function create(spec: RouteSpec): Request<void> {
  return change('create', RTM_NEWROUTE, NLM_F_CREATE | NLM_F_EXCL, spec);
}

/**
 * Puts it in the place of the first one of that destination, TOS, metric and table; makes it when there is none. Of a
 * multipath route of IPv6 all ways are replaced.
 */
function replace(spec: RouteSpec): Request<void> {
  return change('replace', RTM_NEWROUTE, NLM_F_CREATE | NLM_F_REPLACE, spec);
}

/** Like `replace`; ENOENT when there is none. */
function changeRoute(spec: RouteSpec): Request<void> {
  return change('change', RTM_NEWROUTE, NLM_F_REPLACE, spec);
}

/** Behind the others of that destination and metric. Of IPv6 it becomes one more way of a multipath route. */
function append(spec: RouteSpec): Request<void> {
  return change('append', RTM_NEWROUTE, NLM_F_CREATE | NLM_F_APPEND, spec);
}

/** In front of the others of that destination and metric, which stay. IPv4 only has this order. */
function prepend(spec: RouteSpec): Request<void> {
  return change('prepend', RTM_NEWROUTE, NLM_F_CREATE, spec);
}

/**
 * Deletes the first route that agrees in all that is given. ESRCH when there is none. Of IPv6 the kernel looks at
 * destination, source, table, metric, protocol, gateway, link and nexthop only, of IPv4 at realms only where there is a
 * gateway or a link as well.
 */
function deleteRoute(spec: RouteSpec): Request<void> {
  return change('delete', RTM_DELROUTE, 0, spec);
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
