/**
 * Bursts go over the wire as the time that they take at their rate, counted in ticks of 64 ns. PSCHED_SHIFT is a
 * constant of the kernel (include/net/pkt_sched.h); the second number of /proc/net/psched, 0x40, says the same.
 */
const NANOSECONDS_PER_TICK = 64;
const NANOSECONDS_PER_SECOND = 1e9;

/** Rounded up, so that the kernel grants no less than what was asked for. `rate` is bytes per second. */
export function ticksOf(bytes: number, rate: number): number {
  return Math.ceil((bytes * NANOSECONDS_PER_SECOND) / rate / NANOSECONDS_PER_TICK);
}

/** Exact to the bytes that pass in one tick: 8 at 1 Gbit/s, 80 at 10 Gbit/s. */
export function bytesOf(ticks: number, rate: number): number {
  return Math.floor((ticks * NANOSECONDS_PER_TICK * rate) / NANOSECONDS_PER_SECOND);
}

/** A rate in bits per second, as the trade counts, in the bytes per second of the kernel: `bitsPerSecond(100e6)`. */
export function bitsPerSecond(bits: number): number {
  return Math.floor(bits / 8);
}
