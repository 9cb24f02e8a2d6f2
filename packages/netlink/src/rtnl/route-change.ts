import type { Encoder, Infer } from '../codec/codec.ts';
import { named, ValueError } from '../codec/error.ts';
import { type Request, requestOf } from '../message/request.ts';
import {
  RT_SCOPE_HOST,
  RT_SCOPE_LINK,
  RT_SCOPE_NOWHERE,
  RT_SCOPE_UNIVERSE,
  RT_TABLE_MAIN,
  RT_TABLE_UNSPEC,
  RTM_DELROUTE,
  RTPROT_BOOT,
} from '../uapi/rtnetlink.ts';
import { AF_INET, AF_INET6 } from '../uapi/socket.ts';
import { gatewayOf, type NextHop, wireHop } from './next-hop-list.ts';
import { type Prefix, parsePrefix } from './prefix.ts';
import { refuse, refuseFlags } from './refuse.ts';
import { type RouteFlags, type routeAttributes, routeBody, type rtmsg } from './route-body.ts';
import { ignoredFlags, type ignoredOfAll, ignoredOfIpv4, ignoredOfIpv6 } from './route-ignored.ts';
import { type PlainRouteAttributes, type RouteType, routeTypes } from './route-value.ts';

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

/** @throws {ValueError} */
export function changeRequest(verb: string, type: number, flags: number, spec: RouteSpec): Request<void> {
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
