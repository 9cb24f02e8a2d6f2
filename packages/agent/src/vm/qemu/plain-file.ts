import { constants } from 'node:fs';
import { type FileHandle, open, rm } from 'node:fs/promises';

/**
 * Files in a guest's directory, which is its QEMU's user's: whoever got out of a guest may have put anything there in place of
 * one, such as a link to a file of root's. The agent follows none.
 */

/** @throws {Error} when it is anything but a plain file: a link could lead to any file of the host, a FIFO would block. */
export async function openPlain(path: string, flags: number): Promise<FileHandle> {
  const file = await open(path, flags | constants.O_NOFOLLOW | constants.O_NONBLOCK);
  if ((await file.stat()).isFile()) return file;
  await file.close();
  throw new Error(`${path} is not a plain file`);
}

/** A new, empty file in place of whatever has the name. */
export async function createPlain(path: string, mode: number, flags = constants.O_WRONLY): Promise<FileHandle> {
  await rm(path, { force: true });
  return open(path, flags | constants.O_CREAT | constants.O_EXCL, mode);
}

/** Up to so many bytes of a file's beginning; undefined when there is none. */
export async function readPlain(path: string, most: number): Promise<Buffer | undefined> {
  const file = await openPlain(path, constants.O_RDONLY).catch(absent);
  if (file === undefined) return undefined;
  try {
    const { bytesRead, buffer } = await file.read(Buffer.alloc(most), 0, most, 0);
    return buffer.subarray(0, bytesRead);
  } finally {
    await file.close();
  }
}

export function absent(error: unknown): undefined {
  if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return undefined;
  throw error;
}
