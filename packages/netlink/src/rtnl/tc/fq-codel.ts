import { attributes } from '../../codec/attributes.ts';
import { u8, u32 } from '../../codec/scalar.ts';
import { struct } from '../../codec/struct.ts';
import {
  TCA_FQ_CODEL_CE_THRESHOLD,
  TCA_FQ_CODEL_CE_THRESHOLD_MASK,
  TCA_FQ_CODEL_CE_THRESHOLD_SELECTOR,
  TCA_FQ_CODEL_DROP_BATCH_SIZE,
  TCA_FQ_CODEL_ECN,
  TCA_FQ_CODEL_FLOWS,
  TCA_FQ_CODEL_INTERVAL,
  TCA_FQ_CODEL_LIMIT,
  TCA_FQ_CODEL_MEMORY_LIMIT,
  TCA_FQ_CODEL_QUANTUM,
  TCA_FQ_CODEL_TARGET,
} from '../../uapi/pkt-sched.ts';

/** Fair queues with controlled delay (RFC 8290): the leaf of choice below tbf and htb. Times are microseconds. */
export const fqCodel = attributes(() => ({
  target: [TCA_FQ_CODEL_TARGET, u32],
  /** Packets. */
  limit: [TCA_FQ_CODEL_LIMIT, u32],
  interval: [TCA_FQ_CODEL_INTERVAL, u32],
  /** 1: mark instead of drop. */
  ecn: [TCA_FQ_CODEL_ECN, u32],
  /** Number of queues; cannot be changed afterwards. */
  flows: [TCA_FQ_CODEL_FLOWS, u32],
  /** Bytes. */
  quantum: [TCA_FQ_CODEL_QUANTUM, u32],
  markThreshold: [TCA_FQ_CODEL_CE_THRESHOLD, u32],
  dropBatch: [TCA_FQ_CODEL_DROP_BATCH_SIZE, u32],
  /** Bytes. */
  memoryLimit: [TCA_FQ_CODEL_MEMORY_LIMIT, u32],
  markSelector: [TCA_FQ_CODEL_CE_THRESHOLD_SELECTOR, u8],
  markMask: [TCA_FQ_CODEL_CE_THRESHOLD_MASK, u8],
}));

/** `struct tc_fq_codel_xstats` of the qdisc. Source: include/uapi/linux/pkt_sched.h. */
export const fqCodelStatistics = struct({
  /** 0: of the qdisc; of a class the fields mean something else. */
  type: u32,
  /** Bytes. */
  maxPacket: u32,
  dropsOverLimit: u32,
  ecnMarks: u32,
  newFlows: u32,
  newFlowsNow: u32,
  oldFlowsNow: u32,
  thresholdMarks: u32,
  memoryUsed: u32,
  dropsOverMemory: u32,
});
