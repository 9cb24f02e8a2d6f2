import { execFile } from 'node:child_process';
import { chown, rename, rm, stat } from 'node:fs/promises';
import { promisify } from 'node:util';
import * as v from 'valibot';
import type { Account } from './qemu-process.ts';

const execute = promisify(execFile);
/** qemu-img only writes a header and a few tables. */
const TIMEOUT_MILLISECONDS = 60_000;

const ImageInfo = v.object({
  format: v.string(),
  'virtual-size': v.number(),
  'backing-filename': v.exactOptional(v.string()),
});

/** What a disk begins as: an image that stays as it is, or nothing. */
export interface DiskOrigin {
  readonly path: string;
  readonly format: 'qcow2' | 'raw';
}

/**
 * Makes a disk, unless it is there. It is a qcow2 file of its own on top of its origin, which many disks share and none writes.
 *
 * @param sizeBytes at least this many; a smaller one than the origin's is refused, since it would cut off its end.
 * @throws {Error} in words for the VM's owner.
 */
export async function makeDisk(
  qemuImg: string,
  disk: string,
  origin: DiskOrigin | undefined,
  sizeBytes: number | undefined,
  { uid, gid }: Account,
): Promise<void> {
  if (await exists(disk)) return;
  const backing = origin === undefined ? [] : ['-b', origin.path, '-F', origin.format];
  const size = origin === undefined ? sizeBytes : await grownSize(qemuImg, origin, sizeBytes);
  const draft = `${disk}.new`;
  await rm(draft, { force: true });
  await run(qemuImg, ['create', '-q', '-f', 'qcow2', ...backing, draft, ...(size === undefined ? [] : [String(size)])]);
  await chown(draft, uid, gid);
  await rename(draft, disk);
}

/** @throws {Error} when the image is of another format than was said, or has a base of its own, which could be any file of this host. */
async function grownSize(
  qemuImg: string,
  { path, format }: DiskOrigin,
  sizeBytes: number | undefined,
): Promise<number | undefined> {
  const info = await imageInfo(qemuImg, path, format);
  if (info['backing-filename'] !== undefined) {
    throw new Error(
      `the image ${path} is an overlay of ${info['backing-filename']}: flatten it with 'qemu-img convert' first`,
    );
  }
  const { 'virtual-size': own } = info;
  if (sizeBytes !== undefined && sizeBytes < own) {
    throw new Error(`a disk of ${sizeBytes} bytes cannot hold the image ${path}, which is a disk of ${own} bytes`);
  }
  return sizeBytes;
}

async function imageInfo(qemuImg: string, path: string, format: string): Promise<v.InferOutput<typeof ImageInfo>> {
  // The format is given and not probed: a raw image could begin with a header that names any file as its base.
  const json = await run(qemuImg, ['info', '--output=json', '-f', format, path]);
  return v.parse(ImageInfo, JSON.parse(json));
}

async function run(program: string, words: readonly string[]): Promise<string> {
  try {
    return (await execute(program, words, { timeout: TIMEOUT_MILLISECONDS, env: {}, encoding: 'utf8' })).stdout;
  } catch (cause) {
    const said = cause instanceof Error && 'stderr' in cause ? String(cause.stderr).trim() : '';
    throw new Error(`${program} failed: ${said === '' ? String(cause) : said}`, { cause });
  }
}

async function exists(path: string): Promise<boolean> {
  return stat(path).then(
    () => true,
    () => false,
  );
}
