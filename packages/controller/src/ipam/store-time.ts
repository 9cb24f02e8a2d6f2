import type { Clock } from '../clock.ts';
import { keys } from '../store/rows.ts';
import type { Store, Transaction } from '../store/store.ts';

/**
 * A clock for "how long ago was this freed" that no jump of the wall clock can shorten.
 *
 * It goes on with the monotonic clock while the process runs and from the last stamp in the store when it starts. The
 * time between is not counted, which can only make a quarantine longer.
 */
export class StoreTime {
  readonly #clock: Clock;
  readonly #startedAt: number;
  readonly #base: number;

  private constructor(clock: Clock, base: number) {
    this.#clock = clock;
    this.#startedAt = clock.monotonic();
    this.#base = base;
  }

  static start(store: Store, clock: Clock): StoreTime {
    return new StoreTime(clock, store.get<number>(keys.storeTime)?.value ?? 0);
  }

  /** Milliseconds; not below any stamp ever written. */
  now(tx: Transaction): number {
    const elapsed = Math.floor(this.#clock.monotonic() - this.#startedAt);
    return Math.max(this.#base + elapsed, tx.get<number>(keys.storeTime)?.value ?? 0);
  }

  /** `now`, written down. */
  stamp(tx: Transaction): number {
    const now = this.now(tx);
    tx.put(keys.storeTime, now);
    return now;
  }
}
