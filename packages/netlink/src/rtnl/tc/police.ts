import { attributes } from '../../codec/attributes.ts';
import type { Infer } from '../../codec/codec.ts';
import { s32, u32 } from '../../codec/scalar.ts';
import { struct } from '../../codec/struct.ts';
import {
  TCA_POLICE_AVRATE,
  TCA_POLICE_PEAKRATE,
  TCA_POLICE_PEAKRATE64,
  TCA_POLICE_PKTBURST64,
  TCA_POLICE_PKTRATE64,
  TCA_POLICE_RATE,
  TCA_POLICE_RATE64,
  TCA_POLICE_RESULT,
  TCA_POLICE_TBF,
  TCA_POLICE_TM,
} from '../../uapi/pkt-cls.ts';
import { mapped } from '../mapped.ts';
import { number64 } from '../number64.ts';
import { bytesOf, ticksOf } from './clock.ts';
import {
  cellLogOf,
  checkRate,
  costOf,
  type PacketCost,
  type RateSpec,
  rateSpec,
  rateTable,
  timesOf,
  wide,
  wireRate,
} from './rate.ts';
import { type ActionState, actionTimes, type Verdict, verdict } from './verdict.ts';

/** `struct tc_police`: `burst` is ticks. Source: include/uapi/linux/pkt_cls.h. */
const parameters = struct({
  index: u32,
  exceed: verdict,
  limit: u32,
  burst: u32,
  mtu: u32,
  rate: rateSpec,
  peakRate: rateSpec,
  references: s32,
  bindings: s32,
  capabilities: u32,
});

const table = attributes(() => ({
  parameters: [TCA_POLICE_TBF, parameters],
  rateTable: [TCA_POLICE_RATE, rateTable],
  peakRateTable: [TCA_POLICE_PEAKRATE, rateTable],
  /** Bytes per second, where an estimator measures them. */
  averageRate: [TCA_POLICE_AVRATE, u32],
  conform: [TCA_POLICE_RESULT, verdict],
  times: [TCA_POLICE_TM, actionTimes],
  rate64: [TCA_POLICE_RATE64, number64],
  peakRate64: [TCA_POLICE_PEAKRATE64, number64],
  packetRate: [TCA_POLICE_PKTRATE64, number64],
  /** Ticks, as the burst in bytes is. */
  packetBurst: [TCA_POLICE_PKTBURST64, number64],
}));
type Wire = Infer<typeof table>;

/** A rate that is held by dropping, where nothing can wait: on the way in. By bytes, or by packets. */
export interface Police extends ActionState, PacketCost {
  /** Bytes per second. */
  readonly rate?: number;
  /** Bytes that may come at once. The kernel tells it rounded by one tick, see `clock.ts`. */
  readonly burst?: number;
  readonly peakRate?: number;
  /** Longest packet in bytes; longer ones exceed. 2047 by default for the table of the rate, and no limit. */
  readonly mtu?: number;
  /** What becomes of packets beyond the rate; `drop` by default. */
  readonly exceed?: Verdict;
  /** What becomes of the others; the kernel's default, `ok`, when it is not given. */
  readonly conform?: Verdict;
  readonly averageRate?: number;
  /** Packets per second, in the place of `rate`; kernels since 5.13. It needs `packetBurst`. */
  readonly packetRate?: number;
  readonly packetBurst?: number;
  readonly unknown?: NonNullable<Wire['unknown']>;
}

const DEFAULT_LONGEST = 2047;

/** This action alone still asks for the table of transmission times, and for the size of its cells. */
function tabled(
  rate: number | undefined,
  police: Police,
): { readonly spec: RateSpec; readonly times?: readonly number[] } {
  const spec = wireRate(rate, police);
  if (rate === undefined) return { spec };
  const { mtu = 0, minimumPacket = 0 } = police;
  const cellLog = cellLogOf(mtu === 0 ? DEFAULT_LONGEST : mtu);
  return { spec: { ...spec, cellLog, cellAlign: 0xffff }, times: timesOf(rate, cellLog, minimumPacket) };
}

function toWire(police: Police): Wire {
  const {
    rate,
    burst = 0,
    peakRate,
    mtu = 0,
    exceed = 'drop',
    index = 0,
    references = 0,
    bindings = 0,
    ...more
  } = police;
  const { overhead: _o, minimumPacket: _m, linkLayer: _l, packetBurst, ...rest } = more;
  if (rate !== undefined) checkRate(rate, 'rate');
  if (peakRate !== undefined) checkRate(peakRate, 'peakRate');
  const committed = tabled(rate, police);
  const peak = tabled(peakRate, police);
  return {
    parameters: {
      index,
      exceed,
      limit: 0,
      burst: rate === undefined ? 0 : ticksOf(burst, rate),
      mtu,
      rate: committed.spec,
      peakRate: peak.spec,
      references,
      bindings,
      capabilities: 0,
    },
    ...(committed.times === undefined ? {} : { rateTable: committed.times }),
    ...(peak.times === undefined ? {} : { peakRateTable: peak.times }),
    ...wide('rate64', rate),
    ...wide('peakRate64', peakRate),
    ...(packetBurst === undefined ? {} : { packetBurst: ticksOf(packetBurst, rest.packetRate ?? 1) }),
    ...rest,
  };
}

function toValue(wire: Wire): Police {
  const {
    parameters: told = parameters.fill({}),
    rateTable: _r,
    peakRateTable: _p,
    rate64,
    peakRate64,
    packetBurst,
    ...rest
  } = wire;
  const rate = rate64 ?? told.rate.rate;
  const peakRate = peakRate64 ?? told.peakRate.rate;
  return {
    ...(rate === 0 ? {} : { rate, burst: bytesOf(told.burst, rate) }),
    ...(peakRate === 0 ? {} : { peakRate }),
    ...(told.mtu === 0 ? {} : { mtu: told.mtu }),
    exceed: told.exceed,
    ...(told.index === 0 ? {} : { index: told.index }),
    ...(told.references === 0 ? {} : { references: told.references }),
    ...(told.bindings === 0 ? {} : { bindings: told.bindings }),
    ...costOf(told.rate),
    ...rest,
    ...(packetBurst === undefined ? {} : { packetBurst: bytesOf(packetBurst, rest.packetRate ?? 1) }),
  };
}

export const police = mapped(table, toWire, toValue);
