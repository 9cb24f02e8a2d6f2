import type { Clock } from '../../model/clock.ts';

/** Between two calls, so that a boot storm does not make everybody read all leases after each. */
const INTERVAL_MILLISECONDS = 200;

/** Tells subscribers that leases changed: at once the first time, then gathered. */
export class LeaseFeed {
  readonly #clock: Clock;
  readonly #callbacks = new Set<() => void>();
  readonly #stopped = new AbortController();
  #pausing = false;
  #again = false;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  subscribe(callback: () => void): () => void {
    this.#callbacks.add(callback);
    return () => this.#callbacks.delete(callback);
  }

  changed(): void {
    if (this.#stopped.signal.aborted || this.#callbacks.size === 0) return;
    if (this.#pausing) {
      this.#again = true;
      return;
    }
    this.#pausing = true;
    for (const callback of this.#callbacks) callback();
    void this.#pause();
  }

  stop(): void {
    this.#stopped.abort();
  }

  async #pause(): Promise<void> {
    await this.#clock.sleep(INTERVAL_MILLISECONDS, this.#stopped.signal).catch(() => {});
    this.#pausing = false;
    if (!this.#again) return;
    this.#again = false;
    this.changed();
  }
}
