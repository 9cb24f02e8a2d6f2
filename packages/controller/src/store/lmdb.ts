import { randomUUID } from 'node:crypto';
import { join } from 'node:path';
import { KcoreError } from '@kcore/contract';
import { open, type RootDatabase } from 'lmdb';
import { CommitFeed } from './commit-feed.ts';
import { type Base, Overlay } from './overlay.ts';
import {
  type Change,
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

/**
 * The store on disk.
 *
 * `overlappingSync` is off: a transaction is acknowledged when it is synced, and nobody sees it before. Transactions
 * that arrive while one sync is under way share the next one, so many at once cost as much as a few. Their bodies run
 * one after the other inside one LMDB transaction, each over what the ones before it wrote.
 *
 * Layout: `d/<key>` rows, `l/<revision>` change log, `m/…` epoch and revision.
 */

/** Layout of a row; a newer one would be read and written anew by the code that knows both. */
const ROW_VERSION = 1;
/** Bodies that share one sync. Keeps the time that the event loop is held by one batch short. */
const BATCH = 256;

interface StoredRow {
  readonly v: number;
  readonly r: number;
  readonly d: unknown;
}

interface Waiting {
  readonly body: (tx: Transaction) => unknown;
  readonly resolve: (committed: Committed<unknown>) => void;
  readonly reject: (error: unknown) => void;
}

type Ran = { readonly result: unknown; readonly revision: number } | { readonly error: unknown };

export class LmdbStore implements Store {
  readonly epoch: string;
  readonly #db: RootDatabase;
  readonly #base: Base;
  readonly #options: StoreOptions;
  readonly #feed = new CommitFeed();
  readonly #queue: Waiting[] = [];
  #revision: number;
  #flushing: Promise<void> | undefined;

  private constructor(db: RootDatabase, options: StoreOptions, epoch: string, revision: number) {
    this.#db = db;
    this.#options = options;
    this.epoch = epoch;
    this.#revision = revision;
    this.#base = { get: (key) => readRow(db, key), range: (prefix) => readRange(db, prefix) };
  }

  /** `directory` exists. @throws {KcoreError} FailedPrecondition when the files there are not a store this can read. */
  static async open(directory: string, options: StoreOptions): Promise<LmdbStore> {
    const path = join(directory, 'store');
    try {
      const db = open({ path, encoding: 'json', overlappingSync: false, compression: false });
      const epoch: unknown = db.get('m/epoch');
      const revision: unknown = db.get('m/revision');
      if (typeof epoch === 'string' && typeof revision === 'number') return new LmdbStore(db, options, epoch, revision);
      const fresh = randomUUID();
      await db.transaction(() => {
        db.put('m/epoch', fresh);
        db.put('m/revision', 0);
      });
      return new LmdbStore(db, options, fresh, 0);
    } catch (error) {
      const why = error instanceof Error ? error.message : String(error);
      throw new KcoreError('FailedPrecondition', `cannot open the store ${path}: ${why}`, {}, error);
    }
  }

  get revision(): number {
    return this.#revision;
  }

  get<T>(key: string): Row<T> | undefined {
    return this.#base.get(key) as Row<T> | undefined;
  }

  range<T>(prefix: string): Iterable<Row<T>> {
    return this.#base.range(prefix) as Iterable<Row<T>>;
  }

  async transact<T>(body: (tx: Transaction) => T, options: TransactOptions = {}): Promise<Committed<T>> {
    if (options.dryRun === true) {
      return { result: body(new Overlay(this.#base, this.#revision + 1)), revision: this.#revision };
    }
    const done = new Promise<Committed<unknown>>((resolve, reject) => this.#queue.push({ body, resolve, reject }));
    this.#flushing ??= this.#flush();
    return (await done) as Committed<T>;
  }

  changesSince(revision: number): readonly Commit[] {
    const commits: Commit[] = [];
    for (const { key, value } of this.#db.getRange({ start: logKey(revision + 1), end: 'l0' })) {
      commits.push({ revision: Number(String(key).slice(2)), changes: value as readonly Change[] });
    }
    const complete = commits.length === this.#revision - revision && revision <= this.#revision;
    if (!complete) throw new Compacted(revision);
    return commits;
  }

  watch(revision: number, signal: AbortSignal): AsyncIterable<readonly Commit[]> {
    return this.#feed.watch(revision, (from) => this.changesSince(from), signal);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#feed.close();
    await this.#flushing;
    await this.#db.close();
  }

  async #flush(): Promise<void> {
    // Callers of one turn of the event loop meet in the first batch already.
    await Promise.resolve();
    while (this.#queue.length > 0) await this.#commit(this.#queue.splice(0, BATCH));
    this.#flushing = undefined;
  }

  async #commit(batch: readonly Waiting[]): Promise<void> {
    let ran: readonly Ran[] = [];
    let revision = this.#revision;
    try {
      await this.#db.transaction(() => {
        ran = batch.map(({ body }) => {
          const outcome = this.#run(body, revision);
          if ('revision' in outcome) revision = outcome.revision;
          return outcome;
        });
        if (revision > this.#revision) this.#db.put('m/revision', revision);
      });
    } catch (error) {
      this.#readRevision();
      for (const { reject } of batch) reject(diskError(error));
      return;
    }
    const written = revision > this.#revision;
    this.#revision = revision;
    batch.forEach(({ resolve, reject }, index) => {
      const outcome = ran[index];
      if (outcome === undefined) reject(diskError(new Error('the transaction did not run')));
      else if ('error' in outcome) reject(outcome.error);
      else resolve(outcome);
    });
    if (written) this.#feed.announce();
  }

  /** A commit that failed may still be there: the next one must not write its revision again. */
  #readRevision(): void {
    const stored: unknown = this.#db.get('m/revision');
    if (typeof stored !== 'number' || stored <= this.#revision) return;
    this.#revision = stored;
    this.#feed.announce();
  }

  #run(body: (tx: Transaction) => unknown, before: number): Ran {
    const overlay = new Overlay(this.#base, before + 1);
    let result: unknown;
    try {
      result = body(overlay);
    } catch (error) {
      return { error };
    }
    const changes = overlay.changes();
    if (changes.length === 0) return { result, revision: before };
    for (const { key, after } of changes) {
      if (after === undefined) this.#db.remove(`d/${key}`);
      else this.#db.put(`d/${key}`, { v: ROW_VERSION, r: overlay.revision, d: after } satisfies StoredRow);
    }
    this.#db.put(
      logKey(overlay.revision),
      changes.filter(({ key }) => this.#options.observed(key)),
    );
    this.#db.remove(logKey(overlay.revision - (this.#options.keep ?? DEFAULT_KEEP)));
    return { result, revision: overlay.revision };
  }
}

function readRow(db: RootDatabase, key: string): Row<unknown> | undefined {
  const stored = db.get(`d/${key}`) as StoredRow | undefined;
  return stored === undefined ? undefined : { key, value: stored.d, revision: stored.r };
}

function* readRange(db: RootDatabase, prefix: string): Iterable<Row<unknown>> {
  const start = `d/${prefix}`;
  // U+FFFF sorts after every character that our keys have.
  for (const { key, value } of db.getRange({ start, end: `${start}\uffff` })) {
    const stored = value as StoredRow;
    yield { key: String(key).slice(2), value: stored.d, revision: stored.r };
  }
}

/** Sixteen digits, so that text order is that of the numbers. */
function logKey(revision: number): string {
  return `l/${String(Math.max(0, revision)).padStart(16, '0')}`;
}

function diskError(error: unknown): KcoreError {
  const why = error instanceof Error ? error.message : String(error);
  const details = { outcome: 'unknown', remedy: "look at the disk of the controller's data directory" };
  return new KcoreError('Unavailable', `the store could not be written: ${why}`, details, error);
}
