import { constants } from 'node:fs';
import { type FileHandle, rename } from 'node:fs/promises';
import { join } from 'node:path';
import type { Clock } from '../../model/clock.ts';
import { guestFile } from './guest-files.ts';
import { absent, createPlain, openPlain } from './plain-file.ts';

/** What is kept of a console: this much of the past, and as much again of what was said since. */
export const CONSOLE_LOG_BYTES = 4 * 1024 * 1024;
const CHUNK_BYTES = 64 * 1024;
/** How soon somebody who follows sees what was said, milliseconds. */
const FOLLOW_MILLISECONDS = 200;
const NEWLINE = 0x0a;

/**
 * What a guest's serial console said, in two files of bounded size.
 *
 * QEMU writes the log itself, so that nothing is missed while the agent is away, and it cannot change the file: when that is
 * full its end is copied beside it and it is cut to nothing, on which QEMU, which appends, goes on at its beginning. What the
 * guest says between the copy and the cut is lost. While the agent is away the file grows.
 *
 * Positions are bytes since the agent first looked, and stay true however often the files are turned. The files are the guest's
 * user's, who may put anything in their place: only plain files are read.
 */
export class ConsoleLog {
  readonly #directory: string;
  readonly #clock: Clock;
  readonly #limit: number;
  readonly #closed = new AbortController();
  /** Where the older file and the current one begin. */
  #older: number | undefined;
  #current = 0;
  #turn: Promise<unknown> = Promise.resolve();

  constructor(directory: string, clock: Clock, limit = CONSOLE_LOG_BYTES) {
    this.#directory = directory;
    this.#clock = clock;
    this.#limit = limit;
  }

  /** Where the current file begins: what is said from there on is of the guest's latest boot, unless it said much. */
  get begin(): number {
    return this.#current;
  }

  end(): Promise<number> {
    return this.#inTurn(async () => this.#current + (await sizeOf(this.#path(guestFile.consoleLog))));
  }

  /** Turns the files when the current one is full. */
  bound(): Promise<void> {
    return this.#inTurn(async () => {
      if ((await sizeOf(this.#path(guestFile.consoleLog))) > this.#limit) await this.#rotate();
    });
  }

  /** What follows is of another boot. */
  rotate(): Promise<void> {
    return this.#inTurn(() => this.#rotate());
  }

  /** The next bytes from a position on, and where they begin: later than was asked for, when what was there is gone. Empty at the end. */
  read(from: number): Promise<{ readonly at: number; readonly bytes: Uint8Array }> {
    return this.#inTurn(async () => {
      const at = Math.max(from, await this.#oldest());
      const older = at < this.#current;
      const path = this.#path(older ? guestFile.olderConsoleLog : guestFile.consoleLog);
      const offset = at - (older ? (this.#older ?? this.#current) : this.#current);
      const most = older ? Math.min(CHUNK_BYTES, this.#current - at) : CHUNK_BYTES;
      const bytes = await readAt(path, offset, most);
      // The older file is shorter than it was: go on with the current one.
      if (older && bytes.length === 0) return { at: this.#current, bytes };
      return { at, bytes };
    });
  }

  /** All that is kept, or its last lines, and then what comes, until the signal aborts or the guest is removed. */
  async *stream(
    { follow, tailLines }: { readonly follow: boolean; readonly tailLines?: number },
    signal: AbortSignal,
  ): AsyncIterable<Uint8Array> {
    const until = AbortSignal.any([signal, this.#closed.signal]);
    let at = tailLines === undefined ? await this.#inTurn(() => this.#oldest()) : await this.#tail(tailLines);
    while (!until.aborted) {
      const { at: found, bytes } = await this.read(at);
      const moved = found !== at;
      at = found + bytes.length;
      if (bytes.length > 0) yield bytes;
      else if (moved) continue;
      else if (!follow) return;
      else await this.#clock.sleep(FOLLOW_MILLISECONDS, until).catch(() => {});
    }
  }

  /** Ends all streams. */
  close(): void {
    this.#closed.abort();
  }

  /** Where the last `lines` lines begin. A last line that has no end counts as one. */
  async #tail(lines: number): Promise<number> {
    const oldest = await this.#inTurn(() => this.#oldest());
    const end = await this.end();
    if (lines === 0) return end;
    let left = lines;
    for (let high = end; high > oldest; ) {
      const low = Math.max(oldest, high - CHUNK_BYTES);
      const bytes = await this.#between(low, high);
      for (let index = bytes.length - 1; index >= 0; index -= 1) {
        if (bytes[index] !== NEWLINE || low + index + 1 === end) continue;
        left -= 1;
        if (left === 0) return low + index + 1;
      }
      high = low;
    }
    return oldest;
  }

  async #between(low: number, high: number): Promise<Uint8Array> {
    const parts: Uint8Array[] = [];
    for (let at = low; at < high; ) {
      const { at: found, bytes } = await this.read(at);
      if (bytes.length === 0) break;
      parts.push(bytes.subarray(0, high - found));
      at = found + bytes.length;
    }
    return Buffer.concat(parts);
  }

  async #oldest(): Promise<number> {
    this.#older ??= this.#current - (await sizeOf(this.#path(guestFile.olderConsoleLog)));
    return this.#older;
  }

  async #rotate(): Promise<void> {
    const path = this.#path(guestFile.consoleLog);
    const file = await openPlain(path, constants.O_RDWR).catch(absent);
    if (file === undefined) return;
    try {
      const { size } = await file.stat();
      if (size === 0) return;
      const from = Math.max(0, size - this.#limit);
      const draft = this.#path(`${guestFile.olderConsoleLog}.new`);
      const copied = await copyEnd(file, from, draft);
      await file.truncate(0);
      await rename(draft, this.#path(guestFile.olderConsoleLog));
      this.#older = this.#current + from;
      this.#current += from + copied;
    } finally {
      await file.close();
    }
  }

  #path(leaf: string): string {
    return join(this.#directory, leaf);
  }

  #inTurn<T>(work: () => Promise<T>): Promise<T> {
    const turn = this.#turn.then(work, work);
    this.#turn = turn.catch(() => {});
    return turn;
  }
}

/** Copies what is there from an offset on, also what is added meanwhile. Resolves with how much that was. */
async function copyEnd(file: FileHandle, from: number, path: string): Promise<number> {
  const copy = await createPlain(path, 0o600);
  try {
    const block = Buffer.alloc(CHUNK_BYTES);
    for (let at = from; ; ) {
      const { bytesRead } = await file.read(block, 0, block.length, at);
      if (bytesRead === 0) return at - from;
      await copy.writeFile(block.subarray(0, bytesRead));
      at += bytesRead;
    }
  } finally {
    await copy.close();
  }
}

async function readAt(path: string, offset: number, most: number): Promise<Uint8Array> {
  const file = await openPlain(path, constants.O_RDONLY).catch(absent);
  if (file === undefined) return Buffer.alloc(0);
  try {
    const { bytesRead, buffer } = await file.read(Buffer.alloc(most), 0, most, offset);
    return buffer.subarray(0, bytesRead);
  } finally {
    await file.close();
  }
}

async function sizeOf(path: string): Promise<number> {
  const file = await openPlain(path, constants.O_RDONLY).catch(absent);
  if (file === undefined) return 0;
  try {
    return (await file.stat()).size;
  } finally {
    await file.close();
  }
}
