/**
 * Lease times are told in wall-clock time, because they must outlive the process; but the wall clock can be set while
 * leases run: at boot from 1970 to today, or back. A jump must neither end leases that clients hold nor stretch them.
 */

/** What NTP slews between two looks, and what two reads of two clocks can differ by, is no jump. */
const TOLERANCE_MILLISECONDS = 2000;

/** Compares the wall clock with one that only ever runs. Both in milliseconds. */
export class ClockJump {
  readonly #wall: () => number;
  readonly #monotonic: () => number;
  /** Wall less monotonic time when it was looked at last. */
  #offset: number;

  constructor(wall: () => number, monotonic: () => number) {
    this.#wall = wall;
    this.#monotonic = monotonic;
    this.#offset = wall() - monotonic();
  }

  /** How far the wall clock was set since the last look, whole milliseconds; 0 when it was not. */
  look(): number {
    const offset = this.#wall() - this.#monotonic();
    const jump = offset - this.#offset;
    if (Math.abs(jump) < TOLERANCE_MILLISECONDS) {
      // Slewing is followed, or it would add up to a jump over months.
      this.#offset = offset;
      return 0;
    }
    this.#offset = offset;
    return Math.round(jump);
  }
}
