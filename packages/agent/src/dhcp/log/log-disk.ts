import { constants, type FileHandle, mkdir, open, readFile, rename, rm } from 'node:fs/promises';
import { dirname } from 'node:path';

/** One file open for writing. Errors are those of node:fs, with `code`. */
export interface LogFile {
  /** Writes all of the bytes, or rejects. */
  write(bytes: Uint8Array, position: number): Promise<void>;
  /**
   * The same; these bytes are on the medium when it resolves, others need not be. One at a time. An error that concerns
   * them is told here, whatever `sync` is told at the same time.
   */
  writeThrough(bytes: Uint8Array, position: number): Promise<void>;
  /** Resolves when everything written is on the medium. */
  sync(): Promise<void>;
  close(): Promise<void>;
}

/** What the lease log needs of a file system; tests give it one that fails, or that loses what was not synced. */
export interface LogDisk {
  /** Undefined when there is no such file. */
  read(path: string): Promise<Uint8Array | undefined>;
  open(path: string): Promise<LogFile>;
  /** An empty file, also when there is one already. */
  create(path: string): Promise<LogFile>;
  /** Durable when it resolves. */
  rename(from: string, to: string): Promise<void>;
  remove(path: string): Promise<void>;
}

async function writeAll(handle: FileHandle, bytes: Uint8Array, position: number): Promise<void> {
  let written = 0;
  while (written < bytes.length) {
    const { bytesWritten } = await handle.write(bytes, written, bytes.length - written, position + written);
    written += bytesWritten;
  }
}

/**
 * The same file twice: what is written through a descriptor with O_DSYNC is synced by the write itself, which takes one
 * trip to the thread pool where a write and an fdatasync take two. Each opening is told of failed writes by itself.
 * Source: Documentation/filesystems/vfs.rst of the kernel, "Handling errors during writeback".
 */
async function openFile(path: string, flags: 'r+' | 'w'): Promise<LogFile> {
  const handle = await open(path, flags, 0o600);
  try {
    const synced = await open(path, constants.O_WRONLY | constants.O_DSYNC);
    return {
      write: (bytes, position) => writeAll(handle, bytes, position),
      writeThrough: (bytes, position) => writeAll(synced, bytes, position),
      sync: () => handle.datasync(),
      close: async () => {
        await Promise.all([handle.close(), synced.close()]);
      },
    };
  } catch (error) {
    await handle.close();
    throw error;
  }
}

async function syncDirectory(path: string): Promise<void> {
  const handle = await open(path, 'r');
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
}

function isMissing(error: unknown): boolean {
  return error instanceof Error && 'code' in error && error.code === 'ENOENT';
}

/** The real file system. */
export const nodeDisk: LogDisk = {
  read: async (path) => {
    try {
      return await readFile(path);
    } catch (error) {
      if (isMissing(error)) return undefined;
      // An error of reading, unlike one of opening, does not say what was read.
      throw new Error(`${path}: ${error instanceof Error ? error.message : error}`, { cause: error });
    }
  },
  open: (path) => openFile(path, 'r+'),
  create: async (path) => {
    await mkdir(dirname(path), { recursive: true, mode: 0o700 });
    return openFile(path, 'w');
  },
  rename: async (from, to) => {
    await rename(from, to);
    await syncDirectory(dirname(to));
  },
  remove: (path) => rm(path, { force: true }),
};
