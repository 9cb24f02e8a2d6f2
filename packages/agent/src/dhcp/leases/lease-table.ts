import type { Ipv4Number } from '@kcore/contract';
import { ExpiryQueue, type Queued } from './expiry-queue.ts';
import {
  clientOf,
  type Holding,
  INFINITE_EXPIRY,
  type Lease,
  type LeaseChange,
  type LeaseView,
  type Offer,
} from './lease.ts';

type Usable = (address: Ipv4Number) => boolean;

/** Takes a change back that could not be made durable; does nothing when something newer stands there. */
export type Undo = () => void;

/**
 * The place of an address in the table. It stays while what holds the address changes, so a renewal touches no map.
 * Its place in the queue is by an expiry that is not later than the holding's: a renewal leaves it there, and it is put
 * right when it comes to the top.
 */
interface Slot extends Queued {
  holding: Holding;
}

/** Promises beyond this many are looked through for those that are over, at most once a second. */
const MANY_OFFERS = 4096;
const SWEEP_MILLISECONDS = 1000;

/** The leases, offers and quarantines of one network, in memory. */
export class LeaseTable implements LeaseView {
  readonly #byClient = new Map<string, Slot>();
  readonly #byAddress = new Map<Ipv4Number, Slot>();
  readonly #queue = new ExpiryQueue<Slot>();
  readonly #changed: (address: Ipv4Number) => void;
  readonly #counts = { lease: 0, offer: 0, quarantine: 0 };
  #sweptAt = Number.NEGATIVE_INFINITY;
  /** Every address of the range below it is held or was not usable when it was looked at. */
  #cursor: Ipv4Number = 0;
  #rangeStart: Ipv4Number = 0;

  /** `changed` is told of each address whose holding came, went or was replaced. */
  constructor(changed: (address: Ipv4Number) => void = () => {}) {
    this.#changed = changed;
  }

  ofClient(client: string): Holding | undefined {
    return this.#byClient.get(client)?.holding;
  }

  at(address: Ipv4Number): Holding | undefined {
    return this.#byAddress.get(address)?.holding;
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
      const slot = this.#queue.peek();
      if (slot === undefined || slot.due > now) return undefined;
      const { holding } = slot;
      if (slot.due !== holding.expiresAt) {
        this.#queue.move(slot, holding.expiresAt);
        continue;
      }
      if (holding.address >= first && holding.address <= last && usable(holding.address)) return holding;
      // Its time is over and nobody can be given it: as good as gone.
      this.#free(holding);
    }
  }

  /** Promises that are over are forgotten when there are many: a flood of invented clients must not fill the memory. */
  offers(now: number): number {
    if (this.#counts.offer >= MANY_OFFERS && now >= this.#sweptAt + SWEEP_MILLISECONDS) {
      this.#sweptAt = now;
      for (const { holding } of this.#byAddress.values())
        if (holding.kind === 'offer' && holding.expiresAt <= now) this.#free(holding);
    }
    return this.#counts.offer;
  }

  quarantined(now: number): number {
    if (this.#counts.quarantine === 0) return 0;
    let count = 0;
    for (const { kind, expiresAt } of this.holdings()) if (kind === 'quarantine' && expiresAt > now) count += 1;
    return count;
  }

  /** To be called when what is usable changed: addresses that were skipped are looked at again. */
  rescan(): void {
    this.#cursor = this.#rangeStart;
  }

  offer(offer: Offer): void {
    this.#put({ kind: 'offer', ...offer });
  }

  /** Takes back what was only offered; a lease stays. */
  withdrawOffer(client: string): void {
    const holding = this.ofClient(client);
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
        const holding = this.at(change.address);
        if (holding === undefined) return () => {};
        this.#free(holding);
        return () => this.#restore(holding);
      }
    }
  }

  /** Moves every expiry: the clock that they were told in was set. What never ends still does not; none is before 1970. */
  shift(milliseconds: number): void {
    for (const slot of this.#byAddress.values()) {
      const { holding } = slot;
      if (holding.expiresAt === INFINITE_EXPIRY) continue;
      slot.holding = { ...holding, expiresAt: Math.max(0, holding.expiresAt + milliseconds) };
      this.#queue.move(slot, slot.holding.expiresAt);
      this.#changed(holding.address);
    }
  }

  /** All that stands in the way of an address, also what is over. */
  *holdings(): Iterable<Holding> {
    for (const { holding } of this.#byAddress.values()) yield holding;
  }

  /** Leases, also expired ones. */
  *leases(): Iterable<Lease> {
    for (const { holding } of this.#byAddress.values()) if (holding.kind === 'lease') yield holding;
  }

  /** What has to be in the store to know all this again. */
  *durable(network: string): Iterable<LeaseChange> {
    for (const holding of this.holdings()) {
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

  /** Frees what the client holds elsewhere, and what holds the address, then holds it. */
  #put(holding: Holding): Undo {
    const before = this.at(holding.address);
    const own = holding.kind === 'quarantine' ? undefined : this.ofClient(clientOf(holding));
    if (own !== undefined && own.address !== holding.address) this.#free(own);
    this.#set(holding);
    return () => {
      if (this.at(holding.address) !== holding) return;
      this.#free(holding);
      if (own !== undefined && own !== before) this.#restore(own);
      if (before !== undefined) this.#restore(before);
    };
  }

  /** Puts back what a change had replaced, unless the address or the client has something else by now. */
  #restore(holding: Holding): void {
    if (this.#byAddress.has(holding.address)) return;
    if (holding.kind !== 'quarantine' && this.#byClient.has(clientOf(holding))) return;
    this.#set(holding);
  }

  #set(holding: Holding): void {
    const known = this.#byAddress.get(holding.address);
    if (known === undefined) this.#add(holding);
    else this.#replace(known, holding);
    this.#changed(holding.address);
  }

  #add(holding: Holding): void {
    const slot: Slot = { holding, due: holding.expiresAt, index: -1 };
    this.#byAddress.set(holding.address, slot);
    if (holding.kind !== 'quarantine') this.#byClient.set(clientOf(holding), slot);
    this.#counts[holding.kind] += 1;
    this.#queue.push(slot, holding.expiresAt);
  }

  #replace(slot: Slot, holding: Holding): void {
    const before = slot.holding;
    const client = holding.kind === 'quarantine' ? undefined : clientOf(holding);
    const old = before.kind === 'quarantine' ? undefined : clientOf(before);
    if (old !== client) {
      if (old !== undefined) this.#byClient.delete(old);
      if (client !== undefined) this.#byClient.set(client, slot);
    }
    this.#counts[before.kind] -= 1;
    this.#counts[holding.kind] += 1;
    slot.holding = holding;
    if (holding.expiresAt < slot.due) this.#queue.move(slot, holding.expiresAt);
  }

  #free(holding: Holding): void {
    const slot = this.#byAddress.get(holding.address);
    if (slot?.holding !== holding) return;
    this.#byAddress.delete(holding.address);
    if (holding.kind !== 'quarantine') this.#byClient.delete(clientOf(holding));
    this.#counts[holding.kind] -= 1;
    this.#queue.remove(slot);
    if (holding.address < this.#cursor) this.#cursor = Math.max(this.#rangeStart, holding.address);
    this.#changed(holding.address);
  }
}
