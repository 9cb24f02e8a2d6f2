/**
 * Where the cluster's objects are kept. LMDB is the embedded one; an etcd cluster is to stand behind the same interface.
 *
 * Keys are text in byte order, with `/` between their parts. Values are JSON. Every committed transaction that writes
 * has a revision of its own, one above the one before it.
 */
export interface Store extends AsyncDisposable {
  /** Identity of this store, made once. Revisions of different stores cannot be compared. */
  readonly epoch: string;
  /** That of the last committed write; 0 for a store never written to. */
  readonly revision: number;
  get<T>(key: string): Row<T> | undefined;
  /** Rows whose key begins with `prefix`, in order of their keys. */
  range<T>(prefix: string): Iterable<Row<T>>;
  /**
   * Reads and writes as if alone. `body` is synchronous and may run more than once, so it has no effects but those on
   * `tx`. When it throws, nothing of it is written and the error is passed on. Resolves when the write is on disk.
   * @throws {KcoreError} Unavailable with `outcome: 'unknown'` when the disk failed.
   */
  transact<T>(body: (tx: Transaction) => T, options?: TransactOptions): Promise<Committed<T>>;
  /**
   * What was committed after `revision`, oldest first.
   * @throws {Compacted} when the log no longer reaches that far back, or never went that far.
   */
  changesSince(revision: number): readonly Commit[];
  /** Yields all commits after `revision`, as they happen. @throws {Compacted} as `changesSince`. */
  watch(revision: number, signal: AbortSignal): AsyncIterable<readonly Commit[]>;
}

export interface Row<T> {
  readonly key: string;
  readonly value: T;
  /** Of the transaction that wrote it last. */
  readonly revision: number;
}

export interface Transaction {
  /** The revision that this transaction gets when it writes. */
  readonly revision: number;
  /** Sees what the transaction itself wrote. */
  get<T>(key: string): Row<T> | undefined;
  range<T>(prefix: string): Iterable<Row<T>>;
  put(key: string, value: unknown): void;
  /** Deleting the absent succeeds. */
  delete(key: string): void;
}

export interface TransactOptions {
  /** Runs `body` and forgets what it wrote. */
  readonly dryRun?: boolean;
}

export interface Committed<T> {
  readonly result: T;
  /** Of the write; of the store when nothing was written. */
  readonly revision: number;
}

/** One changed row; `before` and `after` are absent where there was or is none. */
export interface Change {
  readonly key: string;
  readonly before?: unknown;
  readonly after?: unknown;
}

/** One transaction, as far as it concerns rows that are observed. */
export interface Commit {
  readonly revision: number;
  readonly changes: readonly Change[];
}

export interface StoreOptions {
  /** Which rows go into the change log. The rest is read by key only. */
  readonly observed: (key: string) => boolean;
  /** Commits that the change log keeps. */
  readonly keep?: number;
}

export const DEFAULT_KEEP = 10_000;

/** The change log does not hold what was asked for: look at the whole state instead. */
export class Compacted extends Error {
  override readonly name = 'Compacted';
  constructor(revision: number) {
    super(`the change log does not reach back to revision ${revision}`);
  }
}
