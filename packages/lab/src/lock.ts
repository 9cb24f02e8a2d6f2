import { open, readFile, rm } from 'node:fs/promises';
import { KcoreError } from '@kcore/contract';
import { isAlive, processRef } from './process.ts';
import type { LabPaths } from './state-directory.ts';

/**
 * Runs something while no other command changes this lab. The lock names its holder, so that one left by a command that
 * was killed is taken over.
 * @throws {KcoreError} Aborted while another command holds it.
 */
export async function withLabLock<T>(paths: LabPaths, lab: string, work: () => Promise<T>): Promise<T> {
  await acquire(paths.lock, lab);
  try {
    return await work();
  } finally {
    await rm(paths.lock, { force: true });
  }
}

async function acquire(path: string, lab: string): Promise<void> {
  for (let attempt = 0; attempt < 3; attempt++) {
    try {
      const file = await open(path, 'wx', 0o600);
      await file.writeFile(JSON.stringify(processRef(process.pid)));
      await file.close();
      return;
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
      if (await isHeld(path)) break;
      await rm(path, { force: true });
    }
  }
  throw new KcoreError('Aborted', `another command is changing lab '${lab}'`, { remedy: 'try again when it is done' });
}

async function isHeld(path: string): Promise<boolean> {
  try {
    return isAlive(JSON.parse(await readFile(path, 'utf8')));
  } catch {
    // Gone meanwhile, or its writer died before it wrote its name.
    return false;
  }
}
