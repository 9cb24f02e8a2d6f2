import type { Infer } from '../../codec/codec.ts';
import { u64 } from '../../codec/scalar.ts';
import { struct } from '../../codec/struct.ts';

/**
 * `struct rtnl_link_stats64`: what the link counted since it was made. An older kernel's shorter struct reads as if
 * zeros followed. Source: include/uapi/linux/if_link.h.
 */
export const linkStatistics = struct({
  rxPackets: u64,
  txPackets: u64,
  rxBytes: u64,
  txBytes: u64,
  rxErrors: u64,
  txErrors: u64,
  /** Dropped for want of space, not by a rule. */
  rxDropped: u64,
  txDropped: u64,
  multicast: u64,
  collisions: u64,
  rxLengthErrors: u64,
  rxOverErrors: u64,
  rxCrcErrors: u64,
  rxFrameErrors: u64,
  rxFifoErrors: u64,
  rxMissedErrors: u64,
  txAbortedErrors: u64,
  txCarrierErrors: u64,
  txFifoErrors: u64,
  txHeartbeatErrors: u64,
  txWindowErrors: u64,
  rxCompressed: u64,
  txCompressed: u64,
  /** Nobody listened to the protocol. */
  rxNoHandler: u64,
  /** Addressed to another host. */
  rxOtherHostDropped: u64,
});
/** Counters of a link since it was made. */
export type LinkStatistics = Infer<typeof linkStatistics>;
