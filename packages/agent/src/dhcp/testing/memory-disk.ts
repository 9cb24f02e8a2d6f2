import type { LogDisk, LogFile } from '../log/log-disk.ts';

/** One thing that was done to the disk. `file` numbers the file itself, which keeps it when it is renamed. */
export type DiskOperation =
  | { readonly op: 'create'; readonly file: number; readonly path: string }
  | { readonly op: 'write'; readonly file: number; readonly bytes: Uint8Array; readonly position: number }
  /** `only`: the write it is part of, by its place in the journal; without it, all of the file. */
  | { readonly op: 'sync'; readonly file: number; readonly only?: number }
  /** What was to be synced is clean in memory and not on the medium: a later sync does not write it either. */
  | { readonly op: 'failed sync'; readonly file: number; readonly only?: number }
  | { readonly op: 'rename'; readonly from: string; readonly to: string };

/** Asked before each operation; what it throws is the operation's error. */
export type Fault = (operation: DiskOperation) => void;

class MemoryFile {
  readonly number: number;
  #bytes = new Uint8Array(0);
  #length = 0;

  constructor(number: number, content: Uint8Array = new Uint8Array(0)) {
    this.number = number;
    this.write(content, 0);
  }

  get content(): Uint8Array {
    return this.#bytes.subarray(0, this.#length);
  }

  write(bytes: Uint8Array, position: number): void {
    const end = position + bytes.length;
    if (end > this.#bytes.length) {
      const grown = new Uint8Array(2 * end);
      grown.set(this.content);
      this.#bytes = grown;
    }
    this.#bytes.set(bytes, position);
    this.#length = Math.max(this.#length, end);
  }
}

/** Files in memory, with a journal of what was done, so that a power cut can be replayed at any point. */
export class MemoryDisk implements LogDisk {
  readonly journal: DiskOperation[] = [];
  fault: Fault = () => {};
  /** Asked when a rename was carried out: what it throws is the rename's error, as when the directory cannot be synced. */
  lateFault: () => void = () => {};
  readonly #files = new Map<string, MemoryFile>();
  #count = 0;

  /** The disk as it is after these operations, of which those that `survives` denies never reached the medium. */
  static after(operations: readonly DiskOperation[], survives: (index: number, piece: number) => boolean): MemoryDisk {
    const disk = new MemoryDisk();
    const byNumber = new Map<number, MemoryFile>();
    operations.forEach((operation, index) => {
      switch (operation.op) {
        case 'create': {
          const file = new MemoryFile(operation.file);
          byNumber.set(operation.file, file);
          disk.#files.set(operation.path, file);
          return;
        }
        case 'rename':
          disk.#move(operation.from, operation.to);
          return;
        case 'write': {
          const synced = isSynced(operations, index, operation.file);
          for (let from = 0, piece = 0; from < operation.bytes.length; from += PIECE, piece++) {
            if (!synced && !survives(index, piece)) continue;
            byNumber
              .get(operation.file)
              ?.write(operation.bytes.subarray(from, from + PIECE), operation.position + from);
          }
        }
      }
    });
    return disk;
  }

  content(path: string): Uint8Array | undefined {
    return this.#files.get(path)?.content;
  }

  set(path: string, content: Uint8Array): void {
    this.#files.set(path, new MemoryFile(this.#count++, content));
  }

  async read(path: string): Promise<Uint8Array | undefined> {
    return this.content(path)?.slice();
  }

  async open(path: string): Promise<LogFile> {
    const file = this.#files.get(path);
    if (file === undefined) throw Object.assign(new Error(`ENOENT: ${path}`), { code: 'ENOENT' });
    return this.#handle(file);
  }

  async create(path: string): Promise<LogFile> {
    const file = new MemoryFile(this.#count++);
    this.#note({ op: 'create', file: file.number, path });
    this.#files.set(path, file);
    return this.#handle(file);
  }

  async rename(from: string, to: string): Promise<void> {
    this.#note({ op: 'rename', from, to });
    this.#move(from, to);
    this.lateFault();
  }

  async remove(path: string): Promise<void> {
    this.#files.delete(path);
  }

  #move(from: string, to: string): void {
    const file = this.#files.get(from);
    if (file === undefined) throw new Error(`ENOENT: ${from}`);
    this.#files.delete(from);
    this.#files.set(to, file);
  }

  #handle(file: MemoryFile): LogFile {
    return {
      write: async (bytes, position) => {
        this.#note({ op: 'write', file: file.number, bytes: bytes.slice(), position });
        file.write(bytes, position);
      },
      writeThrough: async (bytes, position) => {
        this.#note({ op: 'write', file: file.number, bytes: bytes.slice(), position });
        const only = this.journal.length - 1;
        file.write(bytes, position);
        this.#sync({ file: file.number, only });
      },
      sync: async () => this.#sync({ file: file.number }),
      close: async () => {},
    };
  }

  #sync(what: { readonly file: number; readonly only?: number }): void {
    try {
      this.#note({ op: 'sync', ...what });
    } catch (error) {
      this.journal.push({ op: 'failed sync', ...what });
      throw error;
    }
  }

  #note(operation: DiskOperation): void {
    this.fault(operation);
    this.journal.push(operation);
  }
}

/** By the first sync after the write; when that failed, never. */
function isSynced(operations: readonly DiskOperation[], write: number, file: number): boolean {
  const first = operations
    .slice(write)
    .find(
      (later) =>
        (later.op === 'sync' || later.op === 'failed sync') &&
        later.file === file &&
        (later.only === undefined || later.only === write),
    );
  return first?.op === 'sync';
}

/** What a disk writes at once: within it a write is whole or not there. */
const PIECE = 512;
