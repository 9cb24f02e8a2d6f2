import { join } from 'node:path';
import { AppendLog } from '../log/append-log.ts';
import { decodeChange, encodeChange } from '../log/lease-record.ts';
import type { LogDisk } from '../log/log-disk.ts';
import { LeaseLogCorruptError } from '../log/log-format.ts';
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
}

/** How long an expired lease is remembered, so that a client that comes back gets its old address. */
const REMEMBERED_MILLISECONDS = 30 * 24 * 3600 * 1000;

/** Leases of all networks: in memory for answers, in one log for durability. */
export class LeaseStore implements AsyncDisposable {
  readonly #tables = new Map<string, LeaseTable>();
  readonly #options: LeaseStoreOptions;
  #log: AppendLog | undefined;

  private constructor(options: LeaseStoreOptions) {
    this.#options = options;
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
    const table = new LeaseTable();
    this.#tables.set(network, table);
    return table;
  }

  /** Leases of a network or of all, also expired ones. */
  *leases(network?: string): Iterable<Lease> {
    for (const [name, table] of this.#tables) {
      if (network === undefined || name === network) yield* table.leases();
    }
  }

  begin(): LeaseTransaction {
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

  #snapshot(): readonly Uint8Array[] {
    const oldest = this.#options.now() - REMEMBERED_MILLISECONDS;
    const payloads: Uint8Array[] = [];
    for (const [network, table] of this.#tables) {
      for (const change of table.durable(network)) {
        const expiresAt =
          change.change === 'lease' ? change.lease.expiresAt : 'expiresAt' in change ? change.expiresAt : 0;
        if (expiresAt >= oldest) payloads.push(encodeChange(change));
      }
    }
    return payloads;
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
