import { execFile } from 'node:child_process';
import { link, lstat, readdir, rename, rm, stat, symlink } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { roundBytes } from '@kcore/contract';
import { HEAD_BYTES, parseQcow2, unfitness } from '../images/qcow2.ts';
import type { DiskOrigin } from './disk-origins.ts';
import { guestFile } from './guest-files.ts';
import { readPlain } from './plain-file.ts';
import type { Account } from './qemu-process.ts';

const execute = promisify(execFile);
/** qemu-img only writes a header and a few tables. */
const TIMEOUT_MILLISECONDS = 60_000;
const SECTOR = 512;

export interface DiskMaker {
  readonly qemuImg: string;
  readonly account: Account;
  /** The guest's own; all that is made is in there. */
  readonly directory: string;
  /** Of the VM: what its disks are based on is named by it, so that a disk may be of another VM later. */
  readonly uid: string;
}

/**
 * Makes a disk, unless it is there: a qcow2 file of the guest's own on top of its origin, which many disks share and none
 * writes. The guest has a link of its own to the origin, so that an image which is deleted is gone with its last disk.
 * A kept disk becomes a second name of the file, whose first one is deleted when the VM's preparation is on record.
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
  const { directory } = maker;
  if (await hasDisk(directory, index)) return;
  if (origin?.kind === 'kept') {
    await adoptKept(maker, index, origin);
    return;
  }
  if (origin === undefined && sizeBytes === undefined)
    throw new Error(`disk ${index} has neither an image nor a size; give it one of them`);
  if (origin !== undefined) await refuseUnfit(origin, sizeBytes);
  const draft = `${guestFile.disk(index)}.new`;
  await rm(join(directory, draft), { force: true });
  const backing = origin === undefined ? [] : ['-b', await linkBase(maker, index, origin.path), '-F', origin.format];
  const size = sizeBytes === undefined ? [] : [String(wholeSectors(sizeBytes))];
  await run(maker, ['create', '-q', '-f', 'qcow2', ...backing, draft, ...size]).catch((error: unknown) => {
    const far = origin !== undefined && error instanceof Error && /: Permission denied/.test(error.message);
    throw far ? outOfReach(origin.path, error) : error;
  });
  await rename(join(directory, draft), join(directory, guestFile.disk(index)));
}

/**
 * Makes a disk as large as it is wanted, when it is smaller. It never shrinks: its end would be cut off. No guest may have it.
 */
export async function growDisk(maker: DiskMaker, index: number, sizeBytes: number): Promise<void> {
  const disk = guestFile.disk(index);
  const now = parseQcow2(await headOf(join(maker.directory, disk)))?.virtualSize;
  if (now === undefined || now >= sizeBytes) return;
  await run(maker, ['resize', '-q', '-f', 'qcow2', disk, String(wholeSectors(sizeBytes))]);
}

/** Deletes the first name of each kept disk that a VM has on record as its own, and what is left when none is. */
export async function forgetKept(directory: string, index: number): Promise<void> {
  await rm(join(directory, guestFile.disk(index)), { force: true });
  const left = await readdir(directory).catch(() => []);
  if (!left.some(isDisk)) await rm(directory, { recursive: true, force: true });
}

/** Whether a file of a guest's directory is worth keeping when the VM is deleted: a disk, or what one is based on. */
export function isDiskFile(name: string): boolean {
  return isDisk(name) || /^base-.*\.img$/.test(name);
}

export function isDisk(name: string): boolean {
  return /^disk-\d+\.qcow2$/.test(name);
}

async function adoptKept(
  { directory }: DiskMaker,
  index: number,
  kept: Extract<DiskOrigin, { kind: 'kept' }>,
): Promise<void> {
  for (const name of await readdir(kept.directory)) {
    if (isDisk(name) || !isDiskFile(name)) continue;
    await link(join(kept.directory, name), join(directory, name)).catch(unlessThere);
  }
  await link(join(kept.directory, guestFile.disk(kept.index)), join(directory, guestFile.disk(index)));
}

/** @throws {Error} when the image is larger than its disk, or would bring in other files of this host. */
async function refuseUnfit(
  { path, format }: Extract<DiskOrigin, { kind: 'image' }>,
  sizeBytes: number | undefined,
): Promise<void> {
  // The format is given and not probed: a raw image could begin with a header that names any file as its base.
  const head = await headOf(path);
  const why = unfitness(head, format);
  if (why !== undefined) throw new Error(`the image ${path} ${why}`);
  const own = format === 'qcow2' ? (parseQcow2(head)?.virtualSize ?? 0) : (await stat(path)).size;
  if (sizeBytes !== undefined && sizeBytes < own) {
    throw new Error(
      `a disk of ${roundBytes(sizeBytes)} (${sizeBytes} bytes) cannot hold the image ${path}, which is a disk of ${roundBytes(own)} (${own} bytes)`,
    );
  }
}

async function headOf(path: string): Promise<Uint8Array> {
  return (await readPlain(path, HEAD_BYTES)) ?? Buffer.alloc(0);
}

/** A second name of the same file; of one on another file system, a symbolic link, which QEMU's user must be able to follow. */
async function linkBase({ directory, uid }: DiskMaker, index: number, path: string): Promise<string> {
  const base = guestFile.base(uid, index);
  await rm(join(directory, base), { force: true });
  try {
    await link(path, join(directory, base));
  } catch (error) {
    if (!(error instanceof Error && 'code' in error && error.code === 'EXDEV')) throw error;
    await symlink(path, join(directory, base));
  }
  return base;
}

/** As the guest's user, who owns the directory, and whose own QEMU may have written what is read. */
async function run({ qemuImg, directory, account }: DiskMaker, words: readonly string[]): Promise<void> {
  try {
    const options = { cwd: directory, timeout: TIMEOUT_MILLISECONDS, env: {}, encoding: 'utf8' } as const;
    await execute(qemuImg, words, { ...options, ...account });
  } catch (cause) {
    const said = cause instanceof Error && 'stderr' in cause ? String(cause.stderr).trim() : '';
    throw new Error(`${qemuImg} failed: ${said === '' ? String(cause) : said}`, { cause });
  }
}

/** Of a file on another file system, the guest has a symbolic link, and its user goes the whole way. */
function outOfReach(path: string, cause: Error): Error {
  return new Error(
    `the user that guests run as cannot reach the image file ${path}; open the directories above it for it ('chmod a+x'), or bring it to the node with 'kctl node upload-image'`,
    { cause },
  );
}

function wholeSectors(bytes: number): number {
  return Math.ceil(bytes / SECTOR) * SECTOR;
}

function unlessThere(error: unknown): void {
  if (!(error instanceof Error && 'code' in error && error.code === 'EEXIST')) throw error;
}

export async function hasDisk(directory: string, index: number): Promise<boolean> {
  return lstat(join(directory, guestFile.disk(index))).then(
    () => true,
    () => false,
  );
}
