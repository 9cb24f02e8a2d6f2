import { realpath, stat } from 'node:fs/promises';
import { join } from 'node:path';
import type { DiskFormat, Vm } from '@kcore/contract';
import type { Progress } from '../images/download.ts';
import type { ImageStore } from '../images/image-store.ts';
import { guestFile } from './guest-files.ts';
import type { Account } from './qemu-process.ts';

type Disk = Vm['disks'][number];

/** What a disk begins as: an image that stays as it is, or a disk of a deleted VM, which it goes on with. */
export type DiskOrigin =
  | { readonly kind: 'image'; readonly path: string; readonly format: DiskFormat }
  | { readonly kind: 'kept'; readonly directory: string; readonly index: number };

export interface OriginPlaces {
  readonly images: ImageStore;
  /** Directory of the disks that outlived their VMs, one below it for each VM, by uid. */
  readonly kept: string;
  readonly account: Account;
}

/**
 * Brings what a disk begins as to this node. Undefined: it begins empty.
 * @throws {Error} in words for the VM's owner, with what to do.
 */
export async function diskOrigin(
  disk: Disk,
  places: OriginPlaces,
  onProgress: (progress: Progress) => void,
  signal: AbortSignal,
): Promise<DiskOrigin | undefined> {
  const { source, image } = disk;
  const { images, kept, account } = places;
  if (source === undefined) {
    if (image === undefined) return undefined;
    throw new Error(`the controller does not say where the image '${image}' is; apply the VM again`);
  }
  switch (source.kind) {
    case 'unknown':
      throw new Error(source.reason);
    case 'file':
      return { kind: 'image', path: await localFile(source.path, account), format: source.format };
    case 'stored': {
      const path = await images.stored(source.digest);
      if (path !== undefined) return { kind: 'image', path, format: source.format };
      const named = image ?? source.digest;
      throw new Error(`the image '${named}' is not on this node (any more); upload it with 'kctl node upload-image'`);
    }
    case 'url': {
      const { url, digest, format } = source;
      if (!url.startsWith('https://')) throw new Error(`the image ${url} is not fetched: only https is`);
      return { kind: 'image', path: await images.ensure({ url, digest, format }, onProgress, signal), format };
    }
    case 'kept': {
      const directory = join(kept, source.uid);
      await requireKept(directory, source.index);
      return { kind: 'kept', directory, index: source.index };
    }
  }
}

/** The file itself, by its own path, which QEMU's user may read. */
async function localFile(path: string, { uid, gid }: Account): Promise<string> {
  const found = await stat(path).catch(() => undefined);
  if (found?.isFile() !== true) throw new Error(`there is no image file ${path} on this node; copy it there`);
  const bit = found.uid === uid ? 0o400 : found.gid === gid ? 0o040 : 0o004;
  if ((found.mode & bit) === 0) {
    throw new Error(`the image file ${path} may not be read by the user that guests run as; 'chmod a+r' it`);
  }
  return await realpath(path);
}

async function requireKept(directory: string, index: number): Promise<void> {
  const found = await stat(join(directory, guestFile.disk(index))).catch(() => undefined);
  if (found === undefined) throw new Error(`the kept disk ${index} is not on this node; 'kctl get disks' lists them`);
  // A second name is that of the VM which has it.
  if (found.nlink > 1) throw new Error(`the kept disk ${index} is used by another VM already`);
}
