import { mkdir, open, readdir, rm, stat } from 'node:fs/promises';
import path from 'node:path';
import { runTask } from './native/task.ts';

/** Where iproute2 keeps named network namespaces too: what is made here shows in `ip netns`. */
export const NETNS_DIRECTORY = '/run/netns';

/** The path of a named namespace, as sockets take it. @throws {RangeError} A name that is no file name. */
export function netnsPath(name: string): string {
  if (!/^[^/\0]{1,200}$/.test(name) || name === '.' || name === '..') {
    throw new RangeError(`${JSON.stringify(name)} is not a namespace's name`);
  }
  return path.join(NETNS_DIRECTORY, name);
}

/**
 * Makes a network namespace: a thread of its own unshares and mounts what it got. The caller's namespace, and that of
 * every other thread, stays as it is. Its loopback device is down, as the kernel makes it.
 * @throws {SystemError} EPERM. @throws {Error} EEXIST: there is one by that name.
 */
export async function createNetns(name: string): Promise<string> {
  const target = netnsPath(name);
  await mkdir(NETNS_DIRECTORY, { recursive: true, mode: 0o755 });
  await runTask({ kind: 'shareMount', operation: `share the mounts of ${NETNS_DIRECTORY}`, name: NETNS_DIRECTORY });
  const file = await open(target, 'wx', 0o444);
  await file.close();
  try {
    await runTask({ kind: 'makeNetns', operation: `create network namespace ${name}`, name: target });
  } catch (error) {
    await rm(target, { force: true });
    throw error;
  }
  return target;
}

/** Takes the name away; the namespace itself lives on while a process or socket is in it. Of the absent: nothing. */
export async function deleteNetns(name: string): Promise<void> {
  const target = netnsPath(name);
  if (!(await exists(target))) return;
  try {
    await runTask({ kind: 'unmount', operation: `delete network namespace ${name}`, name: target });
  } catch (error) {
    // Not mounted: what an interrupted create leaves is a plain file.
    if ((error as NodeJS.ErrnoException).code !== 'EINVAL') throw error;
  }
  await rm(target, { force: true });
}

/** Names of all namespaces, sorted. */
export async function listNetns(): Promise<readonly string[]> {
  try {
    return (await readdir(NETNS_DIRECTORY)).sort();
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return [];
    throw error;
  }
}

async function exists(target: string): Promise<boolean> {
  try {
    await stat(target);
    return true;
  } catch {
    return false;
  }
}
