import type { Infer } from '../codec/codec.ts';
import {
  RTN_ANYCAST,
  RTN_BLACKHOLE,
  RTN_BROADCAST,
  RTN_LOCAL,
  RTN_MULTICAST,
  RTN_NAT,
  RTN_PROHIBIT,
  RTN_THROW,
  RTN_UNICAST,
  RTN_UNREACHABLE,
  RTN_XRESOLVE,
} from '../uapi/rtnetlink.ts';
import { AF_MPLS } from '../uapi/socket.ts';
import { hopOf, type NextHop, viaOf } from './next-hop-list.ts';
import { formatPrefix } from './prefix.ts';
import type { RouteFlags, routeAttributes, routeBody } from './route-body.ts';

export const routeTypes = {
  unicast: RTN_UNICAST,
  local: RTN_LOCAL,
  broadcast: RTN_BROADCAST,
  anycast: RTN_ANYCAST,
  multicast: RTN_MULTICAST,
  blackhole: RTN_BLACKHOLE,
  unreachable: RTN_UNREACHABLE,
  prohibit: RTN_PROHIBIT,
  throw: RTN_THROW,
  nat: RTN_NAT,
  resolveExternally: RTN_XRESOLVE,
} as const;
/** What becomes of packets that match the route (RTN_*). */
export type RouteType = keyof typeof routeTypes;

type Attributes = Infer<typeof routeAttributes>;

/** Attributes that are the same value on the wire and here. */
export type PlainRouteAttributes = Omit<
  Attributes,
  'destination' | 'source' | 'table' | 'via' | 'viaOtherFamily' | 'multipath' | 'expires' | 'preferredSource'
>;

/** An entry of a routing table. */
export type Route = PlainRouteAttributes & {
  readonly family: number;
  /** `10.0.0.0/24`; a default route is `0.0.0.0/0` or `::/0`. Of AF_MPLS it is the label, as in `100`. */
  readonly destination: string;
  readonly source?: string;
  /** Absent for a type this table does not know. */
  readonly type?: RouteType;
  readonly table: number;
  /** RTPROT_*: who made it. */
  readonly protocol: number;
  /** RT_SCOPE_*. */
  readonly scope: number;
  /** Absent for 0. */
  readonly tos?: number;
  readonly flags: RouteFlags;
  /** The gateway, of the route's family or of another one. */
  readonly via?: string;
  /** A gateway of a family that has no text here. */
  readonly viaOtherFamily?: Uint8Array;
  readonly preferredSource?: string;
  /** Several ways, each with its weight. */
  readonly multipath?: readonly NextHop[];
};

const typeNames = new Map(Object.entries(routeTypes).map(([name, number]) => [number as number, name as RouteType]));

type Writable<T> = { -readonly [K in keyof T]: T[K] };
type Building = Writable<Partial<Route>> & Pick<Attributes, 'viaOtherFamily' | 'multipath' | 'via'>;

/** The object that the table made becomes the route itself: a table of many need not copy each. */
export function routeOf({ header, attributes: read }: Infer<typeof routeBody>): Route {
  // What has another shape in a route is replaced member by member below.
  const route = read as Omit<Building, 'multipath' | 'viaOtherFamily'> &
    Record<'multipath' | 'viaOtherFamily', unknown>;
  const { source, multipath } = read;
  const { family, sourceLength } = header;
  if (read.viaOtherFamily !== undefined) {
    const { via, viaOtherFamily } = viaOf(read);
    delete (route as Partial<Building>).viaOtherFamily;
    if (via !== undefined) route.via = via;
    if (viaOtherFamily !== undefined) route.viaOtherFamily = viaOtherFamily;
  }
  if (multipath !== undefined) route.multipath = multipath.map(hopOf);
  route.family = family;
  route.destination = destinationOf(header, read.destination);
  if (sourceLength !== 0) route.source = formatPrefix({ family, address: source, length: sourceLength });
  const type = typeNames.get(header.type);
  if (type !== undefined) route.type = type;
  route.table ??= header.table;
  route.protocol = header.protocol;
  route.scope = header.scope;
  if (header.tos !== 0) route.tos = header.tos;
  route.flags = header.flags;
  // All of its members were just given.
  return route as Route;
}

function destinationOf(header: Infer<typeof routeBody>['header'], address: string | undefined): string {
  const { family, destinationLength: length } = header;
  return family === AF_MPLS ? labelOf(address) : formatPrefix({ family, address, length });
}

/** A label stack entry, which the table reads as an IPv4 address: 20 bits of label in front. RFC 3032 §2.1. */
function labelOf(address = '0.0.0.0'): string {
  const [first = 0, second = 0, third = 0] = address.split('.').map(Number);
  return String((first << 12) | (second << 4) | (third >> 4));
}
