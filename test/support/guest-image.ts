import { copyFile, link } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { mustRun } from './command.ts';
import type { TestLab } from './lab.ts';

const BUILDER = join(import.meta.dirname, '..', '..', 'scripts', 'guest-image.mjs');

/**
 * The path of a disk image for guests, in the lab's own directory: the user that guests run as cannot reach the cache in a home
 * directory, and a link on one file system is all that a node needs. Built first where it is not there.
 */
export async function guestImage(lab: TestLab, kind: 'tiny' | 'debian'): Promise<string> {
  const path = (await mustRun([process.execPath, BUILDER, ...(kind === 'debian' ? ['--debian'] : [])])).trim();
  const own = join(lab.directory, basename(path));
  await link(path, own).catch(() => copyFile(path, own));
  return own;
}
