import { nested } from '../../codec/nested.ts';
import { bytes, s32, u8, u32 } from '../../codec/scalar.ts';
import { select } from '../../codec/select.ts';
import { pad, struct } from '../../codec/struct.ts';
import { cstring } from '../../codec/text.ts';
import {
  TCA_CHAIN,
  TCA_EGRESS_BLOCK,
  TCA_EXT_WARN_MSG,
  TCA_HW_OFFLOAD,
  TCA_INGRESS_BLOCK,
  TCA_KIND,
  TCA_RATE,
  TCA_STAB,
  TCA_STATS,
  TCA_STATS2,
  TCA_XSTATS,
} from '../../uapi/rtnetlink.ts';
import { fqCodelStatistics } from './fq-codel.ts';
import { htbStatistics } from './htb.ts';
import { trafficStatistics } from './statistics.ts';

/** `struct tcmsg`. Source: include/uapi/linux/rtnetlink.h. */
export const tcmsg = struct({
  family: u8,
  padding: pad(3),
  index: s32,
  handle: u32,
  parent: u32,
  /** Of a qdisc its references, of a class the handle of the qdisc below it, of a filter priority and protocol. */
  info: u32,
});

/** What qdiscs, classes and filters have alike, except TCA_OPTIONS, which depends on the kind. */
export const tcCommon = {
  kind: [TCA_KIND, cstring],
  statistics: [TCA_STATS2, nested(trafficStatistics)],
  /** The same in the form before 2005; left out of values. */
  oldStatistics: [TCA_STATS, bytes],
  /** What the kind counts for itself. */
  details: [TCA_XSTATS, select('kind', { fq_codel: fqCodelStatistics, htb: htbStatistics }, { flagged: false })],
  /** `struct tc_estimator`: how often rates are measured. */
  estimator: [TCA_RATE, bytes],
  /** `struct tc_sizespec` and its table, for lines whose packets are longer than they look. */
  sizeTable: [TCA_STAB, bytes],
  chain: [TCA_CHAIN, u32],
  hardwareOffload: [TCA_HW_OFFLOAD, u8],
  ingressBlock: [TCA_INGRESS_BLOCK, u32],
  egressBlock: [TCA_EGRESS_BLOCK, u32],
  /** What the kernel has to say about a request that it took nevertheless. */
  warning: [TCA_EXT_WARN_MSG, cstring],
} as const;
