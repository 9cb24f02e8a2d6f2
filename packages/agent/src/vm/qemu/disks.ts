import { execFile } from 'node:child_process';
import { chown, link, rename, rm, stat, symlink } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import * as v from 'valibot';
import { guestFile } from './guest-files.ts';
import type { Account } from './qemu-process.ts';

const execute = promisify(execFile);
/** qemu-img only writes a header and a few tables. */
const TIMEOUT_MILLISECONDS = 60_000;

const ImageInfo = v.object({ 'virtual-size': v.number(), 'backing-filename': v.exactOptional(v.string()) });

/** What a disk begins as: an image that stays as it is. */
export interface DiskOrigin {
  readonly path: string;
  readonly format: 'qcow2' | 'raw';
}

export interface DiskMaker {
  readonly qemuImg: string;
  readonly account: Account;
  /** The guest's own; all that is made is in there. */
  readonly directory: string;
}

/**
 * Makes a disk, unless it is there: a qcow2 file of the guest's own on top of its origin, which many disks share and none
 * writes. The guest has a link of its own to the origin, so that an image which is deleted is gone with its last disk.
 *
 * @param origin absent: the disk is empty.
 * @param sizeBytes at least this many; fewer than the origin has are refused, since its end would be cut off.
 * @throws {Error} in words for the VM's owner.
 */
export async function makeDisk(
  maker: DiskMaker,
  index: number,
  origin: DiskOrigin | undefined,
  sizeBytes: number | undefined,
): Promise<void> {
  const { directory, account } = maker;
  const disk = join(directory, guestFile.disk(index));
  if (await exists(disk)) return;
  if (origin !== undefined) await refuseUnfit(maker, origin, sizeBytes);
  const draft = `${guestFile.disk(index)}.new`;
  await rm(join(directory, draft), { force: true });
  const backing = origin === undefined ? [] : ['-b', await linkBase(maker, index, origin), '-F', origin.format];
  const size = sizeBytes === undefined ? [] : [String(sizeBytes)];
  await run(maker, ['create', '-q', '-f', 'qcow2', ...backing, draft, ...size]);
  await chown(join(directory, draft), account.uid, account.gid);
  await rename(join(directory, draft), disk);
}

/** @throws {Error} when the image is larger than its disk, or has a base of its own, which could be any file of this host. */
async function refuseUnfit(
  maker: DiskMaker,
  { path, format }: DiskOrigin,
  sizeBytes: number | undefined,
): Promise<void> {
  // The format is given and not probed: a raw image could begin with a header that names any file as its base.
  const json = await run(maker, ['info', '--output=json', '-f', format, path]);
  const { 'virtual-size': own, 'backing-filename': base } = v.parse(ImageInfo, JSON.parse(json));
  if (base !== undefined) {
    throw new Error(`the image ${path} is an overlay of ${base}: flatten it with 'qemu-img convert' first`);
  }
  if (sizeBytes !== undefined && sizeBytes < own) {
    throw new Error(`a disk of ${sizeBytes} bytes cannot hold the image ${path}, which is a disk of ${own} bytes`);
  }
}

/** A second name of the same file; of one on another file system, a symbolic link, which QEMU's user must be able to follow. */
async function linkBase({ directory }: DiskMaker, index: number, { path }: DiskOrigin): Promise<string> {
  const base = guestFile.base(index);
  await rm(join(directory, base), { force: true });
  try {
    await link(path, join(directory, base));
  } catch (error) {
    if (!(error instanceof Error && 'code' in error && error.code === 'EXDEV')) throw error;
    await symlink(path, join(directory, base));
  }
  return base;
}

async function run({ qemuImg, directory }: DiskMaker, words: readonly string[]): Promise<string> {
  try {
    const options = { cwd: directory, timeout: TIMEOUT_MILLISECONDS, env: {}, encoding: 'utf8' } as const;
    return (await execute(qemuImg, words, options)).stdout;
  } catch (cause) {
    const said = cause instanceof Error && 'stderr' in cause ? String(cause.stderr).trim() : '';
    throw new Error(`${qemuImg} failed: ${said === '' ? String(cause) : said}`, { cause });
  }
}

async function exists(path: string): Promise<boolean> {
  return stat(path).then(
    () => true,
    () => false,
  );
}
