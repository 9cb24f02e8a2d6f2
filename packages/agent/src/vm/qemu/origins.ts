import { stat } from 'node:fs/promises';
import type { Vm } from '@kcore/contract';
import type { ImageStore } from '../images/image-store.ts';
import type { DiskOrigin } from './disks.ts';

type Disk = Vm['disks'][number];

/** Brings what a disk begins as to this node: a file of it, or one that is fetched and verified. */
export function diskOrigins(images: ImageStore): (disk: Disk, signal: AbortSignal) => Promise<DiskOrigin | undefined> {
  return async ({ image, sha256, format = 'qcow2' }, signal) => {
    if (image === undefined) return undefined;
    if (image.startsWith('/')) return { path: await localFile(image), format };
    if (!image.startsWith('https://') || sha256 === undefined) {
      throw new Error(
        `the image '${image}' is neither an https URL with its sha256 nor a path of a file on this node; give it as one of them`,
      );
    }
    return { path: await images.ensure({ url: image, sha256 }, () => {}, signal), format };
  };
}

async function localFile(path: string): Promise<string> {
  const found = await stat(path).catch(() => undefined);
  if (found?.isFile() !== true) throw new Error(`there is no image file ${path} on this node; copy it there`);
  return path;
}
