import { formatIpv4, type Ipv4Number } from '@kcore/contract';
import type { Clock } from '../../model/clock.ts';

/** Between two calls, so that a boot storm does not make everybody read leases after each. */
const INTERVAL_MILLISECONDS = 200;
/** Addresses told in one call: what listeners do with them holds up DHCP, so a flood of clients is told bit by bit. */
const MAX_TOLD = 500;

/** An address whose holder changed. */
export interface LeasePlace {
  readonly network: string;
  readonly address: string;
}

export type LeaseListener = (places: readonly LeasePlace[]) => void;

/** Tells listeners which addresses changed: at the end of the turn the first time, then gathered. Each only once. */
export class LeaseFeed {
  readonly #clock: Clock;
  readonly #listeners = new Set<LeaseListener>();
  readonly #stopped = new AbortController();
  readonly #changed = new Map<string, Set<Ipv4Number>>();
  #running = false;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  subscribe(listener: LeaseListener): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  changed(network: string, address: Ipv4Number): void {
    if (this.#listeners.size === 0 || this.#stopped.signal.aborted) return;
    const known = this.#changed.get(network);
    if (known === undefined) this.#changed.set(network, new Set([address]));
    else known.add(address);
    if (this.#running) return;
    this.#running = true;
    void this.#run();
  }

  stop(): void {
    this.#stopped.abort();
    this.#changed.clear();
  }

  async #run(): Promise<void> {
    // A lease changes in steps, and those of one turn are one change for whoever listens.
    await Promise.resolve();
    while (!this.#stopped.signal.aborted && this.#changed.size > 0) {
      const places = this.#take();
      for (const listener of this.#listeners) listener(places);
      await this.#clock.sleep(INTERVAL_MILLISECONDS, this.#stopped.signal).catch(() => {});
    }
    this.#running = false;
  }

  #take(): readonly LeasePlace[] {
    const places: LeasePlace[] = [];
    for (const [network, addresses] of this.#changed) {
      for (const address of addresses) {
        if (places.length >= MAX_TOLD) return places;
        addresses.delete(address);
        places.push({ network, address: formatIpv4(address) });
      }
      this.#changed.delete(network);
    }
    return places;
  }
}
