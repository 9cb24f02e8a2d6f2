import { attributes } from '../../codec/attributes.ts';
import type { Infer } from '../../codec/codec.ts';
import { integer } from '../../codec/integer.ts';
import { flag, s32, u32 } from '../../codec/scalar.ts';
import { struct } from '../../codec/struct.ts';
import {
  TCA_HTB_CEIL64,
  TCA_HTB_DIRECT_QLEN,
  TCA_HTB_INIT,
  TCA_HTB_OFFLOAD,
  TCA_HTB_PARMS,
  TCA_HTB_RATE64,
} from '../../uapi/pkt-sched.ts';
import { mapped } from '../mapped.ts';
import { number64 } from '../number64.ts';
import { bytesOf, ticksOf } from './clock.ts';
import { checkRate, costOf, type PacketCost, rateSpec, wide, wireRate } from './rate.ts';

/** `struct tc_htb_opt`: `buffer` and `ceilBuffer` are ticks. Source: include/uapi/linux/pkt_sched.h. */
const parameters = struct({
  rate: rateSpec,
  ceil: rateSpec,
  buffer: u32,
  ceilBuffer: u32,
  quantum: u32,
  level: u32,
  priority: u32,
});

/** `struct tc_htb_glob`. */
const globals = struct({ version: u32, rateToQuantum: u32, defaultClass: u32, debug: u32, directPackets: u32 });

const table = attributes(() => ({
  parameters: [TCA_HTB_PARMS, parameters],
  init: [TCA_HTB_INIT, globals],
  directQueueLength: [TCA_HTB_DIRECT_QLEN, u32],
  rate64: [TCA_HTB_RATE64, number64],
  ceil64: [TCA_HTB_CEIL64, number64],
  offload: [TCA_HTB_OFFLOAD, flag],
}));
type Wire = Infer<typeof table>;

/** The version of the interface that HTB has had since 2002; the kernel refuses all others. */
const VERSION = 3;

/** A hierarchy of token buckets: the qdisc. */
export interface Htb {
  /** Minor number of the class for what no filter sorts; 0, the default: it leaves without a limit. */
  readonly defaultClass?: number;
  /** A class without a quantum gets rate ÷ this; 10 by default. */
  readonly rateToQuantum?: number;
  /** Packets that left without a class; only told. */
  readonly directPackets?: number;
  readonly directQueueLength?: number;
  readonly offload?: true;
  readonly unknown?: NonNullable<Wire['unknown']>;
}

/** A class of it. */
export interface HtbClass extends PacketCost {
  /** Bytes per second that it is sure of. */
  readonly rate: number;
  /** Bytes per second with what it borrows; as much as `rate` by default, so that it borrows nothing. */
  readonly ceil?: number;
  /** Bytes that may leave at once at `rate`; 1600 by default as with tc(8). Told rounded by one tick, see `clock.ts`. */
  readonly burst?: number;
  /** Bytes that may leave at once at `ceil`; 1600 by default. */
  readonly ceilBurst?: number;
  /** Bytes it may send before the next class of its level; by default the kernel chooses. */
  readonly quantum?: number;
  /** 0 to 7: smaller borrows first. */
  readonly priority?: number;
  /** 0 of a leaf; only told. */
  readonly level?: number;
  readonly unknown?: NonNullable<Wire['unknown']>;
}

const DEFAULT_BURST = 1600;
/** The kernel takes larger ones for this. Source: TC_HTB_NUMPRIO of include/uapi/linux/pkt_sched.h. */
const MAX_PRIORITY = 7;

function qdiscToWire(htb: Htb): Wire {
  const { defaultClass = 0, rateToQuantum = 10, directPackets = 0, directQueueLength, offload, unknown } = htb;
  // A minor number: of more bits the kernel takes the lower ones.
  integer('defaultClass', defaultClass, 0, 0xffff);
  return {
    init: { version: VERSION, rateToQuantum, defaultClass, debug: 0, directPackets },
    ...(directQueueLength === undefined ? {} : { directQueueLength }),
    ...(offload === undefined ? {} : { offload }),
    ...(unknown === undefined ? {} : { unknown }),
  };
}

function qdiscToValue({ init = globals.fill({}), directQueueLength, offload, unknown }: Wire): Htb {
  const { defaultClass, rateToQuantum, directPackets } = init;
  return {
    defaultClass,
    rateToQuantum,
    directPackets,
    ...(directQueueLength === undefined ? {} : { directQueueLength }),
    ...(offload === undefined ? {} : { offload }),
    ...(unknown === undefined ? {} : { unknown }),
  };
}

function classToWire(htb: HtbClass): Wire {
  const { rate, ceil = rate, burst = DEFAULT_BURST, ceilBurst = DEFAULT_BURST, unknown } = htb;
  const { quantum = 0, priority = 0, level = 0 } = htb;
  integer('priority', priority, 0, MAX_PRIORITY);
  checkRate(rate, 'rate');
  checkRate(ceil, 'ceil');
  return {
    parameters: {
      rate: wireRate(rate, htb),
      ceil: wireRate(ceil, htb),
      buffer: ticksOf(burst, rate),
      ceilBuffer: ticksOf(ceilBurst, ceil),
      quantum,
      level,
      priority,
    },
    ...wide('rate64', rate),
    ...wide('ceil64', ceil),
    ...(unknown === undefined ? {} : { unknown }),
  };
}

function classToValue({ parameters: told, rate64, ceil64, unknown }: Wire): HtbClass {
  const { rate: spec, ceil: ceilSpec, buffer, ceilBuffer, quantum, level, priority } = told ?? parameters.fill({});
  const rate = rate64 ?? spec.rate;
  const ceil = ceil64 ?? ceilSpec.rate;
  return {
    rate,
    ceil,
    burst: bytesOf(buffer, rate),
    ceilBurst: bytesOf(ceilBuffer, ceil),
    quantum,
    priority,
    level,
    ...costOf(spec),
    ...(unknown === undefined ? {} : { unknown }),
  };
}

export const htb = mapped(table, qdiscToWire, qdiscToValue);
export const htbClass = mapped(table, classToWire, classToValue);

/** `struct tc_htb_xstats`. */
export const htbStatistics = struct({ lends: u32, borrows: u32, giants: u32, tokens: s32, ceilTokens: s32 });
