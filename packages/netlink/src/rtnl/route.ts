import { ip } from '../codec/address.ts';
import { attributes } from '../codec/attributes.ts';
import { bits } from '../codec/bits.ts';
import { body } from '../codec/body.ts';
import type { Infer } from '../codec/codec.ts';
import { nested } from '../codec/nested.ts';
import { bytes, u8, u32 } from '../codec/scalar.ts';
import { struct } from '../codec/struct.ts';
import { type DumpRequest, dumpOf, type Request, requestOf } from '../message/request.ts';
import { NLM_F_CREATE, NLM_F_EXCL, NLM_F_REPLACE } from '../uapi/netlink.ts';
import {
  RT_SCOPE_LINK,
  RT_SCOPE_NOWHERE,
  RT_SCOPE_UNIVERSE,
  RT_TABLE_COMPAT,
  RT_TABLE_MAIN,
  RTA_DST,
  RTA_GATEWAY,
  RTA_IIF,
  RTA_METRICS,
  RTA_MULTIPATH,
  RTA_NH_ID,
  RTA_OIF,
  RTA_PREFSRC,
  RTA_PRIORITY,
  RTA_SRC,
  RTA_TABLE,
  RTAX_ADVMSS,
  RTAX_MTU,
  RTM_DELROUTE,
  RTM_F_CLONED,
  RTM_GETROUTE,
  RTM_NEWROUTE,
  RTN_ANYCAST,
  RTN_BLACKHOLE,
  RTN_BROADCAST,
  RTN_LOCAL,
  RTN_MULTICAST,
  RTN_PROHIBIT,
  RTN_THROW,
  RTN_UNICAST,
  RTN_UNREACHABLE,
  RTNH_F_DEAD,
  RTNH_F_LINKDOWN,
  RTNH_F_ONLINK,
  RTPROT_BOOT,
} from '../uapi/rtnetlink.ts';
import { formatPrefix, parsePrefix } from './prefix.ts';

const routeFlags = bits(u32, {
  dead: RTNH_F_DEAD,
  onLink: RTNH_F_ONLINK,
  linkDown: RTNH_F_LINKDOWN,
  cloned: RTM_F_CLONED,
});

/** `struct rtmsg`. Source: include/uapi/linux/rtnetlink.h. */
const rtmsg = struct({
  family: u8,
  destinationLength: u8,
  sourceLength: u8,
  tos: u8,
  /** Tables above 255 are told by RTA_TABLE, and this is RT_TABLE_COMPAT. */
  table: u8,
  protocol: u8,
  scope: u8,
  type: u8,
  flags: routeFlags,
});

const routeAttributes = attributes({
  destination: [RTA_DST, ip],
  source: [RTA_SRC, ip],
  /** Index of the link that packets leave by. */
  outgoing: [RTA_OIF, u32],
  incoming: [RTA_IIF, u32],
  via: [RTA_GATEWAY, ip],
  /** Smaller is better. */
  metric: [RTA_PRIORITY, u32],
  preferredSource: [RTA_PREFSRC, ip],
  metrics: [RTA_METRICS, nested(attributes({ mtu: [RTAX_MTU, u32], advertisedMss: [RTAX_ADVMSS, u32] }))],
  table: [RTA_TABLE, u32],
  nextHopId: [RTA_NH_ID, u32],
  /** Several next hops, as `struct rtnexthop`; kept as bytes. */
  multipath: [RTA_MULTIPATH, bytes],
});
export const routeBody = body(rtmsg, routeAttributes);

const routeTypes = {
  unicast: RTN_UNICAST,
  local: RTN_LOCAL,
  broadcast: RTN_BROADCAST,
  anycast: RTN_ANYCAST,
  multicast: RTN_MULTICAST,
  blackhole: RTN_BLACKHOLE,
  unreachable: RTN_UNREACHABLE,
  prohibit: RTN_PROHIBIT,
  throw: RTN_THROW,
} as const;
export type RouteType = keyof typeof routeTypes;

/** An entry of a routing table. */
export type Route = Omit<Infer<typeof routeAttributes>, 'destination' | 'source' | 'table'> & {
  readonly family: number;
  /** `10.0.0.0/24`; a default route is `0.0.0.0/0` or `::/0`. */
  readonly destination: string;
  readonly source?: string;
  /** Absent for a type this table does not know. */
  readonly type?: RouteType;
  readonly table: number;
  /** RTPROT_*: who made it. */
  readonly protocol: number;
  /** RT_SCOPE_*. */
  readonly scope: number;
  readonly flags: Infer<typeof routeFlags>;
};

/** What is not given is the kernel's and iproute2's default: unicast, the main table, RTPROT_BOOT, a scope by type. */
export type RouteSpec = Omit<
  Infer<typeof routeAttributes>,
  'destination' | 'source' | 'table' | 'unknown' | 'incoming'
> & {
  readonly destination: string;
  readonly type?: RouteType;
  readonly table?: number;
  readonly protocol?: number;
  readonly scope?: number;
  readonly flags?: Infer<typeof routeFlags>;
};

const typeNames = new Map(Object.entries(routeTypes).map(([name, number]) => [number as number, name as RouteType]));

export function routeOf({ header, attributes: read }: Infer<typeof routeBody>): Route {
  const { destination, source, table, ...rest } = read;
  const { family, destinationLength, sourceLength } = header;
  const type = typeNames.get(header.type);
  return {
    ...rest,
    family,
    destination: formatPrefix({ family, address: destination, length: destinationLength }),
    ...(sourceLength === 0 ? {} : { source: formatPrefix({ family, address: source, length: sourceLength }) }),
    ...(type === undefined ? {} : { type }),
    table: table ?? header.table,
    protocol: header.protocol,
    scope: header.scope,
    flags: header.flags,
  };
}

function defaultScope({ type = 'unicast', via, nextHopId, multipath }: RouteSpec): number {
  const direct = type === 'unicast' && via === undefined && nextHopId === undefined && multipath === undefined;
  return direct ? RT_SCOPE_LINK : RT_SCOPE_UNIVERSE;
}

function change(verb: string, type: number, flags: number, spec: RouteSpec): Request<void> {
  const { destination, type: routeType, table = RT_TABLE_MAIN, protocol, scope, flags: routeFlagsSet, ...rest } = spec;
  const prefix = parsePrefix(destination);
  const deleting = type === RTM_DELROUTE;
  const kind = routeTypes[routeType ?? 'unicast'];
  return requestOf({
    operation: `${verb} route ${destination} of table ${table}`,
    type,
    flags,
    codec: routeBody,
    value: {
      header: rtmsg.fill({
        family: prefix.family,
        destinationLength: prefix.length,
        table: table > 255 ? RT_TABLE_COMPAT : table,
        protocol: protocol ?? (deleting ? 0 : RTPROT_BOOT),
        scope: scope ?? (deleting ? RT_SCOPE_NOWHERE : defaultScope(spec)),
        type: deleting && routeType === undefined ? 0 : kind,
        flags: routeFlagsSet ?? {},
      }),
      attributes: { ...(prefix.length === 0 ? {} : { destination: prefix.address }), ...rest, table },
    },
  });
}

/** EEXIST when there is one of that destination, metric and table. */
function create(spec: RouteSpec): Request<void> {
  return change('create', RTM_NEWROUTE, NLM_F_CREATE | NLM_F_EXCL, spec);
}

function replace(spec: RouteSpec): Request<void> {
  return change('replace', RTM_NEWROUTE, NLM_F_CREATE | NLM_F_REPLACE, spec);
}

/** Deletes the first route that agrees in all that is given. ESRCH when there is none. */
function deleteRoute(spec: RouteSpec): Request<void> {
  return change('delete', RTM_DELROUTE, 0, spec);
}

export interface RouteFilter {
  readonly family?: number;
  readonly table?: number;
  readonly protocol?: number;
  readonly outgoing?: number;
}

/**
 * Routes of all tables, or those that agree with the filter. The table is compared here: the kernel answers ENOENT,
 * and not an empty list, when it is asked for a table without routes.
 */
function list(filter: RouteFilter = {}): DumpRequest<Route> {
  const { family, table, protocol, outgoing } = filter;
  return dumpOf({
    operation: 'list routes',
    type: RTM_GETROUTE,
    codec: routeBody,
    value: {
      header: rtmsg.fill({
        ...(family === undefined ? {} : { family }),
        ...(protocol === undefined ? {} : { protocol }),
      }),
      attributes: outgoing === undefined ? {} : { outgoing },
    },
    itemCodec: routeBody,
    item(read) {
      const route = routeOf(read);
      const wanted =
        (family === undefined || route.family === family) &&
        (table === undefined || route.table === table) &&
        (protocol === undefined || route.protocol === protocol) &&
        (outgoing === undefined || route.outgoing === outgoing) &&
        route.flags.cloned !== true;
      return wanted ? route : undefined;
    },
  });
}

/** Requests about routing tables. */
export const routes = { create, replace, delete: deleteRoute, list } as const;
