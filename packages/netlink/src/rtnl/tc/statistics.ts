import { attributes } from '../../codec/attributes.ts';
import type { Infer } from '../../codec/codec.ts';
import { bytes, u32, u64 } from '../../codec/scalar.ts';
import { struct } from '../../codec/struct.ts';
import {
  TCA_STATS_APP,
  TCA_STATS_BASIC,
  TCA_STATS_BASIC_HW,
  TCA_STATS_PKT64,
  TCA_STATS_QUEUE,
  TCA_STATS_RATE_EST,
  TCA_STATS_RATE_EST64,
} from '../../uapi/gen-stats.ts';

const basic = struct({ bytes: u64, packets: u32 });

/** TCA_STATS2 and TCA_ACT_STATS. Source: include/uapi/linux/gen_stats.h. */
export const trafficStatistics = attributes(() => ({
  basic: [TCA_STATS_BASIC, basic],
  /** By network cards that do the work themselves. */
  hardware: [TCA_STATS_BASIC_HW, basic],
  /** Packets, where 32 bits do not hold them. */
  packets64: [TCA_STATS_PKT64, u64],
  /** `length` in packets, `backlog` in bytes. */
  queue: [TCA_STATS_QUEUE, struct({ length: u32, backlog: u32, drops: u32, requeues: u32, overLimits: u32 })],
  /** Bytes and packets per second. */
  rate: [TCA_STATS_RATE_EST, struct({ bytes: u32, packets: u32 })],
  rate64: [TCA_STATS_RATE_EST64, struct({ bytes: u64, packets: u64 })],
  /** The kind's own, which `details` of the qdisc tells typed. */
  application: [TCA_STATS_APP, bytes],
}));
/** Counters of a qdisc, class or action. */
export type TrafficStatistics = Infer<typeof trafficStatistics>;
