import { attributes } from '../../codec/attributes.ts';
import type { Infer } from '../../codec/codec.ts';
import { u32 } from '../../codec/scalar.ts';
import { struct } from '../../codec/struct.ts';
import { TCA_TBF_BURST, TCA_TBF_PARMS, TCA_TBF_PBURST, TCA_TBF_PRATE64, TCA_TBF_RATE64 } from '../../uapi/pkt-sched.ts';
import { mapped } from '../mapped.ts';
import { number64 } from '../number64.ts';
import { bytesOf, ticksOf } from './clock.ts';
import { checkRate, costOf, type PacketCost, rateSpec, wide, wireRate } from './rate.ts';

/** `struct tc_tbf_qopt`: `buffer` and `mtu` are ticks. Source: include/uapi/linux/pkt_sched.h. */
const parameters = struct({ rate: rateSpec, peakRate: rateSpec, limit: u32, buffer: u32, mtu: u32 });

const table = attributes(() => ({
  parameters: [TCA_TBF_PARMS, parameters],
  rate64: [TCA_TBF_RATE64, number64],
  peakRate64: [TCA_TBF_PRATE64, number64],
  /** Bytes. The kernel takes them and tells ticks only. */
  burst: [TCA_TBF_BURST, u32],
  peakBurst: [TCA_TBF_PBURST, u32],
}));
type Wire = Infer<typeof table>;

/** A token bucket: one rate for all that leaves. */
export interface Tbf extends PacketCost {
  /** Bytes per second. */
  readonly rate: number;
  /**
   * Bytes that may leave at once: at least the longest packet, and (rate × 10 ms) for rates to be reached by a kernel
   * whose timers are coarse. The kernel tells it rounded by one tick, see `clock.ts`.
   */
  readonly burst: number;
  /** Bytes that may wait; what is beyond is dropped. `tbfLimit` makes it of a latency. */
  readonly limit: number;
  /** Bytes per second that even a burst does not exceed. It needs `peakBurst`. */
  readonly peakRate?: number;
  /** Bytes that may leave at once at the peak rate: at least the longest packet. */
  readonly peakBurst?: number;
  readonly unknown?: NonNullable<Wire['unknown']>;
}

/** The limit by which a packet waits no longer than `seconds`. */
export function tbfLimit(tbf: { readonly rate: number; readonly burst: number }, seconds: number): number {
  return Math.floor(tbf.rate * seconds) + tbf.burst;
}

function toWire(tbf: Tbf): Wire {
  const { rate, burst, limit, peakRate, peakBurst = 0, unknown } = tbf;
  checkRate(rate, 'rate');
  if (peakRate !== undefined) checkRate(peakRate, 'peakRate');
  return {
    parameters: {
      rate: wireRate(rate, tbf),
      peakRate: wireRate(peakRate, tbf),
      limit,
      buffer: ticksOf(burst, rate),
      mtu: peakRate === undefined ? 0 : ticksOf(peakBurst, peakRate),
    },
    burst,
    ...wide('rate64', rate),
    ...wide('peakRate64', peakRate),
    ...(peakRate === undefined ? {} : { peakBurst }),
    ...(unknown === undefined ? {} : { unknown }),
  };
}

/** The kernel counts the overhead of one packet in when it makes ticks of a burst. */
function burstTold(ticks: number, rate: number, overhead: number): number {
  return Math.max(bytesOf(ticks, rate) - overhead, 0);
}

function toValue({ parameters: told, rate64, peakRate64, burst, peakBurst, unknown }: Wire): Tbf {
  const { rate: spec, peakRate: peak, limit, buffer, mtu } = told ?? parameters.fill({});
  const rate = rate64 ?? spec.rate;
  const peakRate = peakRate64 ?? peak.rate;
  return {
    rate,
    burst: burst ?? burstTold(buffer, rate, spec.overhead),
    limit,
    ...(peakRate === 0 ? {} : { peakRate, peakBurst: peakBurst ?? burstTold(mtu, peakRate, peak.overhead) }),
    ...costOf(spec),
    ...(unknown === undefined ? {} : { unknown }),
  };
}

export const tbf = mapped(table, toWire, toValue);
