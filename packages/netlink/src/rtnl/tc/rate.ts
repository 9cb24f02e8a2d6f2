import type { Codec, Infer } from '../../codec/codec.ts';
import { ValueError } from '../../codec/error.ts';
import { u8, u16, u32 } from '../../codec/scalar.ts';
import { struct } from '../../codec/struct.ts';
import { TC_LINKLAYER_ATM, TC_LINKLAYER_ETHERNET, TC_LINKLAYER_UNAWARE } from '../../uapi/pkt-sched.ts';
import { choice, packed } from '../mapped.ts';
import { ticksOf } from './clock.ts';

export const linkLayer = choice(u8, {
  unaware: TC_LINKLAYER_UNAWARE,
  ethernet: TC_LINKLAYER_ETHERNET,
  atm: TC_LINKLAYER_ATM,
});

/** `struct tc_ratespec`. Source: include/uapi/linux/pkt_sched.h. */
export const rateSpec = struct({
  cellLog: u8,
  linkLayer,
  overhead: u16,
  /** Signed, but only ever -1. */
  cellAlign: u16,
  minimumPacket: u16,
  /** Bytes per second; all bits set where it needs the attribute of 64 bits. */
  rate: u32,
});
export type RateSpec = Infer<typeof rateSpec>;

/** What a packet counts for besides its length. */
export interface PacketCost {
  /** Bytes that the line adds to each packet. */
  readonly overhead?: number;
  /** Bytes that the shortest packet counts for. */
  readonly minimumPacket?: number;
  /** `ethernet` by default; `atm` counts cells of 48 bytes as 53. */
  readonly linkLayer?: Infer<typeof linkLayer>;
}

const MAX_32 = 0xffff_ffff;

/** @throws {ValueError} No whole number of bytes per second. */
export function checkRate(rate: number, name: string): void {
  if (!Number.isSafeInteger(rate) || rate < 1)
    throw new ValueError(`${rate} is no rate in whole bytes per second`, name);
}

/** The link layer is always told: without it the kernel asks for a table of 256 transmission times. */
export function wireRate(rate: number | undefined, cost: PacketCost = {}): RateSpec {
  if (rate === undefined) return rateSpec.fill({});
  const { overhead = 0, minimumPacket = 0, linkLayer: layer = 'ethernet' } = cost;
  return { cellLog: 0, linkLayer: layer, overhead, cellAlign: 0, minimumPacket, rate: Math.min(rate, MAX_32) };
}

/** The attribute of 64 bits, for rates that 32 do not hold. */
export function wide<N extends string>(name: N, rate: number | undefined): { readonly [K in N]?: number } {
  if (rate === undefined || rate < MAX_32) return {};
  // A computed name widens to string.
  return { [name]: rate } as { readonly [K in N]?: number };
}

/** What of a rate is not the default. */
export function costOf(spec: RateSpec): PacketCost {
  const { overhead, minimumPacket, linkLayer: layer } = spec;
  return {
    ...(overhead === 0 ? {} : { overhead }),
    ...(minimumPacket === 0 ? {} : { minimumPacket }),
    ...(layer === 'ethernet' || layer === 'unaware' ? {} : { linkLayer: layer }),
  };
}

const CELLS = 256;

/** 256 transmission times in ticks, by packet length. Only the police action still asks for it. */
export const rateTable: Codec<readonly number[]> = packed({ ...u32, fixed: 4 });

/** The cell is the power of two by which 256 of them reach the longest packet. */
export function cellLogOf(longest: number): number {
  let log = 0;
  while (longest / 2 ** log >= CELLS) log += 1;
  return log;
}

/** Times of packets of (n + 1) cells. `minimumPacket` is what the shortest one counts for. */
export function timesOf(rate: number, cellLog: number, minimumPacket: number): readonly number[] {
  return Array.from({ length: CELLS }, (_, cell) => ticksOf(Math.max((cell + 1) * 2 ** cellLog, minimumPacket), rate));
}
