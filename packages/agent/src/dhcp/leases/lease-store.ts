import { join } from 'node:path';
import type { Ipv4Number } from '@kcore/contract';
import { AppendLog } from '../log/append-log.ts';
import { decodeChange, encodeChange } from '../log/lease-record.ts';
import type { LogDisk } from '../log/log-disk.ts';
import { LeaseLogCorruptError } from '../log/log-format.ts';
import { ClockJump } from './clock-jump.ts';
import type { Lease, LeaseChange } from './lease.ts';
import { LeaseTable, type Undo } from './lease-table.ts';

export const LEASE_LOG = 'leases.log';

export interface LeaseStoreOptions {
  /** Where the log is; made when it is missing. Belongs to one server at a time. */
  readonly directory: string;
  readonly disk: LogDisk;
  /** Milliseconds since 1970. */
  readonly now: () => number;
  readonly monotonic: () => number;
  readonly onFailure: (error: Error) => void;
  readonly onRecovery: () => void;
  readonly onTorn: () => void;
  /** The wall clock was set by so many milliseconds; all leases were moved with it. */
  readonly onClockJump?: (milliseconds: number) => void;
}

/** How long an expired lease is remembered, so that a client that comes back gets its old address. */
const REMEMBERED_MILLISECONDS = 30 * 24 * 3600 * 1000;

/** Records written together after a clock jump: less than the log lets wait. */
const SHIFT_PART = 4096;

/** Told of each address of a network whose holding came, went or was replaced. */
export type HoldingListener = (network: string, address: Ipv4Number) => void;

/** Leases of all networks: in memory for answers, in one log for durability. */
export class LeaseStore implements AsyncDisposable {
  readonly #tables = new Map<string, LeaseTable>();
  readonly #options: LeaseStoreOptions;
  readonly #clock: ClockJump;
  #log: AppendLog | undefined;
  #listener: HoldingListener = () => {};

  private constructor(options: LeaseStoreOptions) {
    this.#options = options;
    this.#clock = new ClockJump(options.now, options.monotonic);
  }

  /** @throws {LeaseLogCorruptError} and errors of the file system. */
  static async open(options: LeaseStoreOptions): Promise<LeaseStore> {
    const store = new LeaseStore(options);
    const path = join(options.directory, LEASE_LOG);
    store.#log = await AppendLog.open(
      {
        disk: options.disk,
        path,
        snapshot: () => store.#snapshot(),
        monotonic: options.monotonic,
        onFailure: options.onFailure,
        onRecovery: options.onRecovery,
        onTorn: options.onTorn,
      },
      (payloads) => store.#load(payloads, path),
    );
    return store;
  }

  table(network: string): LeaseTable {
    const known = this.#tables.get(network);
    if (known !== undefined) return known;
    const table = new LeaseTable((address) => this.#listener(network, address));
    this.#tables.set(network, table);
    return table;
  }

  /** Leases of a network or of all, also expired ones. */
  *leases(network?: string): Iterable<Lease> {
    for (const [name, table] of this.#tables) {
      if (network === undefined || name === network) yield* table.leases();
    }
  }

  /** Whose tables there are: of networks that are served, and of those that were. */
  networks(): Iterable<string> {
    return this.#tables.keys();
  }

  /** One listener; absent listeners cost nothing. */
  listen(listener: HoldingListener): void {
    this.#listener = listener;
  }

  /**
   * Moves all leases when the wall clock was set. Called by `begin`, so it is done before anything is decided; whoever
   * compares leases with the time elsewhere calls it first.
   */
  followClock(): void {
    const jump = this.#clock.look();
    if (jump === 0) return;
    for (const table of this.#tables.values()) table.shift(jump);
    this.#options.onClockJump?.(jump);
    // Until it is written, a restart would read the old times: no worse than without it.
    void this.#writeAll().catch(() => {});
  }

  begin(): LeaseTransaction {
    this.followClock();
    const log = this.#log;
    if (log === undefined) throw new Error('the lease store is closed');
    return new LeaseTransaction(
      (change) => this.#apply(change),
      (payloads) => log.append(payloads),
    );
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#log?.[Symbol.asyncDispose]();
    this.#log = undefined;
  }

  #apply(change: LeaseChange): Undo {
    return this.table(change.change === 'lease' ? change.lease.network : change.network).apply(change);
  }

  #load(payloads: readonly Uint8Array[], path: string): void {
    for (const payload of payloads) {
      try {
        this.#apply(decodeChange(payload));
      } catch (cause) {
        throw new LeaseLogCorruptError(`lease log ${path} holds a record of another program or version`, { cause });
      }
    }
  }

  async #writeAll(): Promise<void> {
    const payloads = [...this.#snapshot()];
    for (let from = 0; from < payloads.length; from += SHIFT_PART)
      await this.#log?.append(payloads.slice(from, from + SHIFT_PART));
  }

  /** Read in parts while clients are served: a change that comes meanwhile is in the log after the snapshot. */
  *#snapshot(): Iterable<Uint8Array> {
    const oldest = this.#options.now() - REMEMBERED_MILLISECONDS;
    for (const [network, table] of this.#tables) {
      for (const change of table.durable(network)) {
        const expiresAt =
          change.change === 'lease' ? change.lease.expiresAt : 'expiresAt' in change ? change.expiresAt : 0;
        if (expiresAt >= oldest) yield encodeChange(change);
      }
    }
  }
}

/** Changes that become durable together. In memory each holds from `add` on, so that the next answer counts with it. */
export class LeaseTransaction {
  readonly #apply: (change: LeaseChange) => Undo;
  readonly #append: (payloads: readonly Uint8Array[]) => Promise<void>;
  readonly #payloads: Uint8Array[] = [];
  readonly #undos: Undo[] = [];

  constructor(apply: (change: LeaseChange) => Undo, append: (payloads: readonly Uint8Array[]) => Promise<void>) {
    this.#apply = apply;
    this.#append = append;
  }

  add(change: LeaseChange): void {
    this.#undos.push(this.#apply(change));
    this.#payloads.push(encodeChange(change));
  }

  get size(): number {
    return this.#payloads.length;
  }

  /** Resolves when all is on the medium. When it rejects, nobody may be told, and the changes are taken back. */
  async commit(): Promise<void> {
    try {
      await this.#append(this.#payloads);
    } catch (error) {
      for (const undo of this.#undos.toReversed()) undo();
      throw error;
    }
  }
}
