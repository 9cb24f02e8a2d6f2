import { statfs } from 'node:fs/promises';
import { KcoreError, roundBytes } from '@kcore/contract';

/** Bytes that an unprivileged writer may still put on the file system of a path. */
export async function freeBytes(path: string): Promise<number> {
  const { bavail, bsize } = await statfs(path);
  return bavail * bsize;
}

/** @throws {KcoreError} ResourceExhausted, with both figures. */
export async function requireRoom(path: string, bytes: number, what: string): Promise<void> {
  const free = await freeBytes(path);
  if (bytes > free) throw noRoom(path, `${what} needs ${roundBytes(bytes)} and ${roundBytes(free)} are free`);
}

/** Turns ENOSPC and its kin into words; anything else is passed on as it is. */
export function roomError(error: unknown, path: string, what: string): unknown {
  const code = error instanceof Error && 'code' in error ? error.code : undefined;
  return code === 'ENOSPC' || code === 'EDQUOT' ? noRoom(path, `the disk is full while ${what} is written`) : error;
}

function noRoom(path: string, problem: string): KcoreError {
  return new KcoreError('ResourceExhausted', `no room in ${path}: ${problem}; make room there`);
}
