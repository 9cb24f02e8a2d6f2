import { type FileHandle, mkdir, open, readFile, rename, rm } from 'node:fs/promises';
import { dirname } from 'node:path';

/** One file open for writing. Errors are those of node:fs, with `code`. */
export interface LogFile {
  /** Writes all of the bytes, or rejects. */
  write(bytes: Uint8Array, position: number): Promise<void>;
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

function logFile(handle: FileHandle): LogFile {
  return {
    write: (bytes, position) => writeAll(handle, bytes, position),
    sync: () => handle.datasync(),
    close: () => handle.close(),
  };
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
      throw error;
    }
  },
  open: async (path) => logFile(await open(path, 'r+')),
  create: async (path) => {
    await mkdir(dirname(path), { recursive: true, mode: 0o700 });
    return logFile(await open(path, 'w', 0o600));
  },
  rename: async (from, to) => {
    await rename(from, to);
    await syncDirectory(dirname(to));
  },
  remove: (path) => rm(path, { force: true }),
};
