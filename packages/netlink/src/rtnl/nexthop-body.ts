import { ip } from '../codec/address.ts';
import { attributes } from '../codec/attributes.ts';
import { bits } from '../codec/bits.ts';
import { body } from '../codec/body.ts';
import type { Codec } from '../codec/codec.ts';
import { MalformedError } from '../codec/error.ts';
import { nested } from '../codec/nested.ts';
import { repeated } from '../codec/repeated.ts';
import { bytes, flag, u8, u16, u32, u64 } from '../codec/scalar.ts';
import { pad, struct } from '../codec/struct.ts';
import { NLA_F_NESTED } from '../uapi/netlink.ts';
import {
  NEXTHOP_GRP_TYPE_MPATH,
  NEXTHOP_GRP_TYPE_RES,
  NHA_BLACKHOLE,
  NHA_ENCAP,
  NHA_ENCAP_TYPE,
  NHA_FDB,
  NHA_GATEWAY,
  NHA_GROUP,
  NHA_GROUP_STATS,
  NHA_GROUP_STATS_ENTRY,
  NHA_GROUP_STATS_ENTRY_ID,
  NHA_GROUP_STATS_ENTRY_PACKETS,
  NHA_GROUP_STATS_ENTRY_PACKETS_HW,
  NHA_GROUP_TYPE,
  NHA_GROUPS,
  NHA_HW_STATS_ENABLE,
  NHA_HW_STATS_USED,
  NHA_ID,
  NHA_MASTER,
  NHA_OIF,
  NHA_OP_FLAG_DUMP_HW_STATS,
  NHA_OP_FLAG_DUMP_STATS,
  NHA_OP_FLAG_RESP_GRP_RESVD_0,
  NHA_OP_FLAGS,
  NHA_RES_BUCKET,
  NHA_RES_BUCKET_IDLE_TIME,
  NHA_RES_BUCKET_INDEX,
  NHA_RES_BUCKET_NH_ID,
  NHA_RES_GROUP,
  NHA_RES_GROUP_BUCKETS,
  NHA_RES_GROUP_IDLE_TIMER,
  NHA_RES_GROUP_UNBALANCED_TIME,
  NHA_RES_GROUP_UNBALANCED_TIMER,
} from '../uapi/nexthop.ts';
import { choice, packed } from './mapped.ts';
import { nextHopFlagBits } from './next-hop-list.ts';
import { number64 } from './number64.ts';

/** `struct nhmsg`. Source: include/uapi/linux/nexthop.h. */
export const nhmsg = struct({
  family: u8,
  /** RT_SCOPE_*; only told. */
  scope: u8,
  protocol: u8,
  reserved: pad(1),
  flags: bits(u32, nextHopFlagBits),
});

/** `struct nexthop_grp`: the weight less one in two bytes that are not side by side. */
const member = struct({ id: u32, weightLow: u8, weightHigh: u8, reserved: pad(2) });

/** What nla_put_uint writes: four bytes, or eight for what does not fit. */
const count: Codec<bigint> = {
  measure: (value) => (value > 0xffff_ffffn ? 8 : 4),
  write: (value, out) => (value > 0xffff_ffffn ? u64.write(value, out) : u32.write(Number(value), out)),
  read(input, start, end) {
    if (end - start >= 8) return u64.read(input, start, end);
    if (end - start < 4) throw new MalformedError(`uint at offset ${start}: ${end - start} bytes instead of 4 or 8`);
    return BigInt(u32.read(input, start, end));
  },
};

const memberStatistics = attributes(() => ({
  id: [NHA_GROUP_STATS_ENTRY_ID, u32],
  packets: [NHA_GROUP_STATS_ENTRY_PACKETS, count],
  hardwarePackets: [NHA_GROUP_STATS_ENTRY_PACKETS_HW, count],
}));

/** Times in hundredths of a second. */
const resilientGroup = attributes(() => ({
  /** Cannot be changed afterwards. */
  buckets: [NHA_RES_GROUP_BUCKETS, u16],
  /** How long a bucket must be idle before it may move to another member. */
  idleTimer: [NHA_RES_GROUP_IDLE_TIMER, u32],
  /** After so long out of balance buckets move in any case; 0: never. */
  unbalancedTimer: [NHA_RES_GROUP_UNBALANCED_TIMER, u32],
  /** How long it has been out of balance; only told. */
  unbalancedTime: [NHA_RES_GROUP_UNBALANCED_TIME, number64],
}));

const bucket = attributes(() => ({
  index: [NHA_RES_BUCKET_INDEX, u16],
  /** Hundredths of a second. */
  idleTime: [NHA_RES_BUCKET_IDLE_TIME, number64],
  nextHopId: [NHA_RES_BUCKET_NH_ID, u32],
}));

export const nexthopAttributes = attributes(() => ({
  id: [NHA_ID, u32],
  group: [NHA_GROUP, packed(member)],
  groupType: [NHA_GROUP_TYPE, choice(u16, { multipath: NEXTHOP_GRP_TYPE_MPATH, resilient: NEXTHOP_GRP_TYPE_RES })],
  blackhole: [NHA_BLACKHOLE, flag],
  outgoing: [NHA_OIF, u32],
  via: [NHA_GATEWAY, ip],
  /** LWTUNNEL_ENCAP_*. */
  encapType: [NHA_ENCAP_TYPE, u16],
  /** The attributes of the encapsulation, as they are on the wire. */
  encap: [NHA_ENCAP, { ...bytes, typeFlags: NLA_F_NESTED }],
  /** In a dump request: groups only. */
  groups: [NHA_GROUPS, flag],
  /** In a dump request: those whose link is in this bridge or VRF. */
  master: [NHA_MASTER, u32],
  /** For FDB entries of vxlan devices: a VTEP and no way of a route. */
  fdb: [NHA_FDB, flag],
  resilient: [NHA_RES_GROUP, nested(resilientGroup)],
  bucket: [NHA_RES_BUCKET, nested(bucket)],
  operationFlags: [
    NHA_OP_FLAGS,
    bits(u32, {
      statistics: NHA_OP_FLAG_DUMP_STATS,
      hardwareStatistics: NHA_OP_FLAG_DUMP_HW_STATS,
      wideWeights: NHA_OP_FLAG_RESP_GRP_RESVD_0,
    }),
  ],
  statistics: [
    NHA_GROUP_STATS,
    nested(attributes(() => ({ members: [NHA_GROUP_STATS_ENTRY, repeated(nested(memberStatistics))] }))),
  ],
  hardwareStatisticsEnabled: [NHA_HW_STATS_ENABLE, u32],
  hardwareStatisticsUsed: [NHA_HW_STATS_USED, u32],
}));

/** RTM_*NEXTHOP and RTM_*NEXTHOPBUCKET. */
export const nexthopBody = body(nhmsg, nexthopAttributes);
