import type { Ipv4Number } from '@kcore/contract';
import { ExpiryQueue } from './expiry-queue.ts';
import type { Holding, Lease, LeaseChange, LeaseView, Offer } from './lease.ts';

type Usable = (address: Ipv4Number) => boolean;

/** Takes a change back that could not be made durable; does nothing when something newer stands there. */
export type Undo = () => void;

/** The leases, offers and quarantines of one network, in memory. */
export class LeaseTable implements LeaseView {
  readonly #byMac = new Map<string, Holding>();
  readonly #byAddress = new Map<Ipv4Number, Holding>();
  readonly #queue = new ExpiryQueue();
  /** Every address of the range below it is held or was not usable when it was looked at. */
  #cursor: Ipv4Number = 0;
  #rangeStart: Ipv4Number = 0;

  ofClient(mac: string): Holding | undefined {
    return this.#byMac.get(mac);
  }

  at(address: Ipv4Number): Holding | undefined {
    return this.#byAddress.get(address);
  }

  fresh(first: Ipv4Number, last: Ipv4Number, usable: Usable): Ipv4Number | undefined {
    if (first !== this.#rangeStart) {
      this.#rangeStart = first;
      this.#cursor = first;
    }
    while (this.#cursor <= last && (this.#byAddress.has(this.#cursor) || !usable(this.#cursor))) this.#cursor += 1;
    return this.#cursor <= last ? this.#cursor : undefined;
  }

  oldestExpired(first: Ipv4Number, last: Ipv4Number, usable: Usable, now: number): Holding | undefined {
    for (;;) {
      const oldest = this.#queue.peek();
      if (oldest === undefined) return undefined;
      if (!this.#isCurrent(oldest)) {
        this.#queue.pop();
        continue;
      }
      if (oldest.expiresAt > now) return undefined;
      if (oldest.address >= first && oldest.address <= last && usable(oldest.address)) return oldest;
      // Its time is over and nobody can be given it: as good as gone.
      this.#queue.pop();
      this.#free(oldest);
    }
  }

  /** To be called when what is usable changed: addresses that were skipped are looked at again. */
  rescan(): void {
    this.#cursor = this.#rangeStart;
  }

  offer(offer: Offer): void {
    this.#put({ kind: 'offer', ...offer });
  }

  /** Takes back what was only offered; a lease stays. */
  withdrawOffer(mac: string): void {
    const holding = this.#byMac.get(mac);
    if (holding?.kind === 'offer') this.#free(holding);
  }

  apply(change: LeaseChange): Undo {
    switch (change.change) {
      case 'lease':
        return this.#put({ kind: 'lease', ...change.lease });
      case 'quarantine':
        return this.#put({
          kind: 'quarantine',
          mac: change.mac,
          address: change.address,
          expiresAt: change.expiresAt,
        });
      case 'forget': {
        const holding = this.#byAddress.get(change.address);
        if (holding === undefined) return () => {};
        this.#free(holding);
        return () => this.#restore(holding);
      }
    }
  }

  /** Leases, also expired ones. */
  *leases(): Iterable<Lease> {
    for (const holding of this.#byAddress.values()) if (holding.kind === 'lease') yield holding;
  }

  /** What has to be in the store to know all this again. */
  *durable(network: string): Iterable<LeaseChange> {
    for (const holding of this.#byAddress.values()) {
      if (holding.kind === 'lease') yield { change: 'lease', lease: holding };
      if (holding.kind === 'quarantine') {
        const { mac, address, expiresAt } = holding;
        yield { change: 'quarantine', network, mac, address, expiresAt };
      }
    }
  }

  get size(): number {
    return this.#byAddress.size;
  }

  #isCurrent(holding: Holding): boolean {
    return this.#byAddress.get(holding.address) === holding;
  }

  #put(holding: Holding): Undo {
    const before = this.#byAddress.get(holding.address);
    const own = holding.kind === 'quarantine' ? undefined : this.#byMac.get(holding.mac);
    if (before !== undefined) this.#drop(before);
    if (own !== undefined && own !== before) this.#free(own);
    this.#restore(holding);
    if (this.#queue.size > 2 * this.#byAddress.size + 64) this.#queue.rebuild(this.#byAddress.values());
    return () => {
      if (!this.#isCurrent(holding)) return;
      this.#free(holding);
      if (own !== undefined && own !== before) this.#restore(own);
      if (before !== undefined) this.#restore(before);
    };
  }

  #restore(holding: Holding): void {
    if (this.#byAddress.has(holding.address)) return;
    if (holding.kind !== 'quarantine') {
      if (this.#byMac.has(holding.mac)) return;
      this.#byMac.set(holding.mac, holding);
    }
    this.#byAddress.set(holding.address, holding);
    this.#queue.push(holding);
  }

  #drop(holding: Holding): void {
    if (this.#isCurrent(holding)) this.#byAddress.delete(holding.address);
    if (this.#byMac.get(holding.mac) === holding) this.#byMac.delete(holding.mac);
  }

  /** Apart from `#drop`, because a renewal must not send the next search for a fresh address back to the range's start. */
  #free(holding: Holding): void {
    this.#drop(holding);
    if (holding.address < this.#cursor) this.#cursor = Math.max(this.#rangeStart, holding.address);
  }
}
