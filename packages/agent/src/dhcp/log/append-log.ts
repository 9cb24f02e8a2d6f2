import type { LogDisk, LogFile } from './log-disk.ts';
import { FILE_HEADER, FIRST_GROUP, groupSize, MAX_GROUP, readLog, writeGroup } from './log-format.ts';

export interface AppendLogOptions {
  readonly disk: LogDisk;
  readonly path: string;
  /** All records that make up the present state; asked when the log is written anew, and read in parts meanwhile. */
  readonly snapshot: () => Iterable<Uint8Array>;
  /** Milliseconds of a clock that never goes back. */
  readonly monotonic: () => number;
  readonly onFailure: (error: Error) => void;
  readonly onRecovery: () => void;
  /** The last group was torn when the log was opened: what was written last, and not acknowledged, was dropped. */
  readonly onTorn: () => void;
}

/** Zeros written ahead at a time, bytes, so that a sync need not write metadata; and how little is left when they are. */
const RESERVE = 1 << 19;
const RESERVE_BELOW = 1 << 18;
/** The log is written anew when what was appended is more than this, and more than four times the state. */
const COMPACT_BYTES = 16 << 20;
const COMPACT_FACTOR = 4;
/** After a failure, how long until writing is tried again. */
const RETRY_MILLISECONDS = 1000;
/** Records that wait for a sync; more are refused. */
const MAX_WAITING = 16_384;

interface Waiting {
  readonly payloads: readonly Uint8Array[];
  readonly resolve: () => void;
  readonly reject: (error: Error) => void;
}

/**
 * Records that are durable when `append` resolves. While one group is synced the next one gathers, so a sync is shared
 * by all who wait for it.
 *
 * After a failed write or sync nothing is known of what the medium holds (the kernel marks pages clean although they
 * were not written), so the file is not touched again: the whole state is written to a new one first.
 */
export class AppendLog implements AsyncDisposable {
  readonly #options: AppendLogOptions;
  #file: LogFile | undefined;
  #position = 0;
  /** Bytes of the file, reserved space included. */
  #size = 0;
  #reserving: Promise<void> | undefined;
  /** Groups are put together in here. */
  #room = new Uint8Array(4096);
  #group = FIRST_GROUP - 1;
  #stateBytes = 0;
  #compactAt = COMPACT_BYTES;
  #failed = false;
  #retryAt = Number.NEGATIVE_INFINITY;
  #waiting: Waiting[] = [];
  #waitingRecords = 0;
  #running: Promise<void> | undefined;
  #closed = false;

  private constructor(options: AppendLogOptions) {
    this.#options = options;
  }

  /**
   * Opens the log, or makes it. `load` gets what it holds before `snapshot` is asked for the first time.
   * @throws {LeaseLogCorruptError} The file is damaged where it was acknowledged.
   */
  static async open(options: AppendLogOptions, load: (payloads: readonly Uint8Array[]) => void): Promise<AppendLog> {
    const log = new AppendLog(options);
    const bytes = await options.disk.read(options.path);
    if (bytes === undefined) {
      load([]);
      await log.#rewrite();
      return log;
    }
    const contents = readLog(bytes, options.path);
    load(contents.payloads.filter((payload) => payload.length > 0));
    if (contents.torn) options.onTorn();
    if (contents.torn || contents.end > COMPACT_BYTES) {
      await log.#tryRewrite();
      return log;
    }
    log.#file = await options.disk.open(options.path);
    log.#position = contents.end;
    log.#size = bytes.length;
    log.#group = contents.lastGroup;
    await log.#confirm(bytes.subarray(contents.lastGroupStart, contents.end));
    return log;
  }

  /** Resolves when the records are on the medium; rejects when that failed, and then they do not count. */
  append(payloads: readonly Uint8Array[]): Promise<void> {
    if (payloads.length === 0) return Promise.resolve();
    if (this.#closed) return Promise.reject(new Error('the lease log is closed'));
    if (this.#waitingRecords + payloads.length > MAX_WAITING) {
      return Promise.reject(new Error(`more than ${MAX_WAITING} leases wait to be written`));
    }
    return new Promise((resolve, reject) => {
      this.#waiting.push({ payloads, resolve, reject });
      this.#waitingRecords += payloads.length;
      this.#running ??= this.#run();
    });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#closed = true;
    await this.#running;
    await this.#reserving;
    await this.#file?.close();
    this.#file = undefined;
  }

  async #run(): Promise<void> {
    // Whoever appends in this turn of the event loop shares the first sync.
    await new Promise<void>((resolve) => setImmediate(resolve));
    while (this.#waiting.length > 0) {
      const group = this.#waiting;
      this.#waiting = [];
      this.#waitingRecords = 0;
      const error = await this.#writeOut(group.flatMap(({ payloads }) => payloads));
      for (const { resolve, reject } of group) error === undefined ? resolve() : reject(error);
      const appended = this.#position - this.#stateBytes;
      if (error === undefined && appended > Math.max(this.#compactAt, COMPACT_FACTOR * this.#stateBytes)) {
        await this.#compact();
      }
    }
    // In the same turn as the check above, or an append in between would wait for ever.
    this.#running = undefined;
  }

  async #writeOut(payloads: readonly Uint8Array[]): Promise<Error | undefined> {
    try {
      if (this.#file === undefined) {
        if (this.#options.monotonic() < this.#retryAt) return new Error('the lease log cannot be written to');
        await this.#rewrite();
      }
      await this.#writeGroup(payloads);
      if (this.#failed) {
        this.#failed = false;
        this.#options.onRecovery();
      }
      return undefined;
    } catch (cause) {
      return this.#fail(cause);
    }
  }

  async #fail(cause: unknown): Promise<Error> {
    const error = cause instanceof Error ? cause : new Error(String(cause));
    await this.#reserving;
    await this.#file?.close().catch(() => {});
    this.#file = undefined;
    this.#retryAt = this.#options.monotonic() + RETRY_MILLISECONDS;
    if (!this.#failed) {
      this.#failed = true;
      this.#options.onFailure(error);
    }
    return error;
  }

  async #writeGroup(payloads: readonly Uint8Array[]): Promise<void> {
    const file = this.#file;
    if (file === undefined) throw new Error('the lease log is not open');
    for (let from = 0; from < payloads.length; from += MAX_GROUP) {
      const part = payloads.slice(from, from + MAX_GROUP);
      const length = groupSize(part);
      if (length > this.#room.length) this.#room = new Uint8Array(2 * length);
      writeGroup(this.#room, 0, this.#group + 1, part);
      await this.#makeRoom(file, this.#position + length);
      await file.writeThrough(this.#room.subarray(0, length), this.#position);
      this.#group += 1;
      this.#position += length;
    }
  }

  /**
   * Space is reserved while groups are written to what is left of the last; only one that does not fit waits for it.
   * Not with `writeThrough`: the kernel tells an error once to each opening of a file, so the one of a group could be
   * told here, where it does not matter, and the group be taken for written.
   */
  async #makeRoom(file: LogFile, end: number): Promise<void> {
    if (end > this.#size) await this.#reserving;
    // On a full disk there may still be room for the records themselves.
    this.#size = Math.max(this.#size, end);
    if (this.#size - end > RESERVE_BELOW || this.#reserving !== undefined) return;
    const from = this.#size;
    this.#reserving = file
      .write(new Uint8Array(RESERVE), from)
      .then(() => file.sync())
      .then(() => {
        this.#size = from + RESERVE;
      })
      .catch(() => {})
      .finally(() => {
        this.#reserving = undefined;
      });
  }

  /**
   * Writes the last group again. A server that was killed, or was told of an error, may have left it in memory only,
   * where it was read from; with the groups that follow on the medium, a power cut would leave a hole before them.
   */
  async #confirm(lastGroup: Uint8Array): Promise<void> {
    try {
      await this.#file?.write(lastGroup, this.#position - lastGroup.length);
      await this.#file?.sync();
    } catch (error) {
      await this.#fail(error);
    }
  }

  async #tryRewrite(): Promise<void> {
    try {
      await this.#rewrite();
    } catch (error) {
      await this.#fail(error);
    }
  }

  /** The file in use stays as it is when this fails. */
  async #compact(): Promise<void> {
    try {
      await this.#rewrite();
      this.#compactAt = COMPACT_BYTES;
    } catch {
      this.#compactAt *= 2;
    }
  }

  async #rewrite(): Promise<void> {
    const { disk, path, snapshot } = this.#options;
    const next = `${path}.new`;
    const file = await disk.create(next);
    try {
      const { position, group } = await writeSnapshot(file, snapshot());
      const reserved = await file.write(new Uint8Array(RESERVE), position).then(
        () => RESERVE,
        () => 0,
      );
      await file.sync();
      await this.#reserving;
      // From here on the old file may be the unlinked one, so it must not be appended to whatever becomes of the rename.
      const old = this.#file;
      this.#file = undefined;
      await old?.close().catch(() => {});
      await disk.rename(next, path);
      this.#file = file;
      this.#position = position;
      this.#stateBytes = position;
      this.#size = position + reserved;
      this.#group = group;
    } catch (error) {
      await file.close().catch(() => {});
      await disk.remove(next).catch(() => {});
      throw error;
    }
  }
}

/** Records written at a time, so that the event loop goes on serving meanwhile. */
const SNAPSHOT_PART = 1000;

function* parts(payloads: Iterable<Uint8Array>): Generator<readonly Uint8Array[]> {
  let part: Uint8Array[] = [];
  for (const payload of payloads) {
    part.push(payload);
    if (part.length < SNAPSHOT_PART) continue;
    yield part;
    part = [];
  }
  if (part.length > 0) yield part;
  // An empty group after the snapshot: only the last group of a file may be torn, and the snapshot never is.
  yield [new Uint8Array(0)];
}

/**
 * What changes while it is written is in it as it was or as it is by now; in the second case its record follows, or
 * nobody is told of it.
 */
async function writeSnapshot(
  file: LogFile,
  payloads: Iterable<Uint8Array>,
): Promise<{ readonly position: number; readonly group: number }> {
  await file.write(FILE_HEADER, 0);
  let position = FILE_HEADER.length;
  let group = FIRST_GROUP - 1;
  for (const part of parts(payloads)) {
    const bytes = new Uint8Array(groupSize(part));
    group += 1;
    writeGroup(bytes, 0, group, part);
    await file.write(bytes, position);
    position += bytes.length;
  }
  return { position, group };
}
