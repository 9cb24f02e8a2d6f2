import { CommitFeed } from './commit-feed.ts';
import { compareKeys, Overlay } from './overlay.ts';
import {
  type Commit,
  type Committed,
  Compacted,
  DEFAULT_KEEP,
  type Row,
  type Store,
  type StoreOptions,
  type Transaction,
  type TransactOptions,
} from './store.ts';

/** A store that is gone with its process: for tests, and for those who embed the controller in them. */
export class MemoryStore implements Store {
  readonly epoch: string;
  readonly #options: StoreOptions;
  readonly #rows = new Map<string, Row<unknown>>();
  readonly #log: Commit[] = [];
  readonly #feed = new CommitFeed();
  #sorted: string[] | undefined;
  #revision = 0;

  constructor(epoch: string, options: StoreOptions) {
    this.epoch = epoch;
    this.#options = options;
  }

  get revision(): number {
    return this.#revision;
  }

  get<T>(key: string): Row<T> | undefined {
    return structuredClone(this.#rows.get(key)) as Row<T> | undefined;
  }

  *range<T>(prefix: string): Iterable<Row<T>> {
    this.#sorted ??= [...this.#rows.keys()].sort(compareKeys);
    for (const key of this.#sorted.slice(lowerBound(this.#sorted, prefix))) {
      if (!key.startsWith(prefix)) return;
      const row = this.get<T>(key);
      if (row !== undefined) yield row;
    }
  }

  async transact<T>(body: (tx: Transaction) => T, options: TransactOptions = {}): Promise<Committed<T>> {
    const overlay = new Overlay(this, this.#revision + 1);
    const result = body(overlay);
    const changes = options.dryRun === true ? [] : structuredClone(overlay.changes());
    if (changes.length > 0) {
      this.#revision = overlay.revision;
      for (const { key, after } of changes) {
        if (after === undefined) this.#rows.delete(key);
        else this.#rows.set(key, { key, value: after, revision: overlay.revision });
      }
      this.#sorted = undefined;
      this.#log.push({
        revision: overlay.revision,
        changes: changes.filter(({ key }) => this.#options.observed(key)),
      });
      this.#log.splice(0, Math.max(0, this.#log.length - (this.#options.keep ?? DEFAULT_KEEP)));
      this.#feed.announce();
    }
    return { result, revision: this.#revision };
  }

  changesSince(revision: number): readonly Commit[] {
    if (revision > this.#revision || revision < this.#revision - this.#log.length) throw new Compacted(revision);
    return this.#log.slice(revision - this.#revision + this.#log.length);
  }

  watch(revision: number, signal: AbortSignal): AsyncIterable<readonly Commit[]> {
    return this.#feed.watch(revision, (from) => this.changesSince(from), signal);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#feed.close();
  }
}

/** Index of the first key that is not below `prefix`. */
function lowerBound(sorted: readonly string[], prefix: string): number {
  let low = 0;
  let high = sorted.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if (compareKeys(sorted[middle] ?? '', prefix) < 0) low = middle + 1;
    else high = middle;
  }
  return low;
}
