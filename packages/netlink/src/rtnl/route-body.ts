import { ip } from '../codec/address.ts';
import { attributes } from '../codec/attributes.ts';
import { bits } from '../codec/bits.ts';
import { body } from '../codec/body.ts';
import type { Infer } from '../codec/codec.ts';
import { nested } from '../codec/nested.ts';
import { be16, be32, s32, u8, u32 } from '../codec/scalar.ts';
import { struct } from '../codec/struct.ts';
import {
  RTA_CACHEINFO,
  RTA_DPORT,
  RTA_DST,
  RTA_EXPIRES,
  RTA_FLOWLABEL,
  RTA_IIF,
  RTA_IP_PROTO,
  RTA_MARK,
  RTA_METRICS,
  RTA_MULTIPATH,
  RTA_NH_ID,
  RTA_OIF,
  RTA_PREF,
  RTA_PREFSRC,
  RTA_PRIORITY,
  RTA_SPORT,
  RTA_SRC,
  RTA_TABLE,
  RTA_UID,
  RTM_F_CLONED,
  RTM_F_FIB_MATCH,
  RTM_F_LOOKUP_TABLE,
  RTM_F_NOTIFY,
  RTM_F_OFFLOAD,
  RTM_F_OFFLOAD_FAILED,
  RTM_F_PREFIX,
  RTM_F_TRAP,
} from '../uapi/rtnetlink.ts';
import { choice } from './mapped.ts';
import { hopAttributes, hopList, nextHopFlagBits } from './next-hop-list.ts';
import { routeMetrics } from './route-metrics.ts';

const routeFlags = bits(u32, {
  ...nextHopFlagBits,
  notify: RTM_F_NOTIFY,
  /** An exception that the kernel keeps beside a route: a redirect, a path MTU. */
  cloned: RTM_F_CLONED,
  /** Of an address's prefix. */
  prefix: RTM_F_PREFIX,
  /** Of a lookup: tell the table too. */
  lookupTable: RTM_F_LOOKUP_TABLE,
  /** Of a lookup: the entry of the table that matched, and not what the packet would get. */
  fibMatch: RTM_F_FIB_MATCH,
  hardwareOffload: RTM_F_OFFLOAD,
  hardwareTrap: RTM_F_TRAP,
  hardwareOffloadFailed: RTM_F_OFFLOAD_FAILED,
});
/** `rtm_flags` by name, of routes and of single next hops (RTNH_F_*, RTM_F_*). */
export type RouteFlags = Infer<typeof routeFlags>;

/** `struct rtmsg`. Source: include/uapi/linux/rtnetlink.h. */
export const rtmsg = struct({
  family: u8,
  destinationLength: u8,
  sourceLength: u8,
  tos: u8,
  /** Tables above 255 are told by RTA_TABLE, and this is 252 then. */
  table: u8,
  protocol: u8,
  scope: u8,
  type: u8,
  flags: routeFlags,
});

/** `struct rta_cacheinfo`: times in hundredths of a second. */
const cacheInfo = struct({
  clients: u32,
  lastUsed: u32,
  /** Until it goes; 0 for one that stays. */
  expires: s32,
  /** An errno that packets get. */
  error: u32,
  id: u32,
  timestamp: u32,
  timestampAge: u32,
});

export const routeAttributes = attributes(() => ({
  destination: [RTA_DST, ip],
  source: [RTA_SRC, ip],
  /** Index of the link that packets leave by. */
  outgoing: [RTA_OIF, u32],
  /** Of a lookup: the link that a forwarded packet comes from. */
  incoming: [RTA_IIF, u32],
  /** Smaller is better. */
  metric: [RTA_PRIORITY, u32],
  preferredSource: [RTA_PREFSRC, ip],
  metrics: [RTA_METRICS, nested(routeMetrics)],
  table: [RTA_TABLE, u32],
  /** A nexthop object in the place of gateway, link and multipath. */
  nextHopId: [RTA_NH_ID, u32],
  multipath: [RTA_MULTIPATH, hopList],
  ...hopAttributes,
  /** IPv6 router preference. RFC 4191 §2.1. */
  preference: [RTA_PREF, choice(u8, { medium: 0, high: 1, low: 3 })],
  /** Of IPv6: seconds until the kernel removes it. It is told in `cacheInfo`. */
  expires: [RTA_EXPIRES, u32],
  cacheInfo: [RTA_CACHEINFO, cacheInfo],
  /** What a lookup asks for besides addresses. */
  mark: [RTA_MARK, u32],
  uid: [RTA_UID, u32],
  ipProtocol: [RTA_IP_PROTO, u8],
  sourcePort: [RTA_SPORT, be16],
  destinationPort: [RTA_DPORT, be16],
  flowLabel: [RTA_FLOWLABEL, be32],
}));

/** RTM_*ROUTE. */
export const routeBody = body(rtmsg, routeAttributes);
