import { readdirSync, readFileSync, statSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import type { ProcessRef } from './state.ts';

/** The part of /proc/<pid>/stat after the command's name, which may itself hold blanks and brackets. Source: proc(5). */
function statFields(pid: number): readonly string[] | undefined {
  try {
    const text = readFileSync(`/proc/${pid}/stat`, 'latin1');
    return text.slice(text.lastIndexOf(')') + 2).split(' ');
  } catch {
    return undefined;
  }
}

/** What names this process for good; undefined when there is none, or only its zombie. */
export function processRef(pid: number): ProcessRef | undefined {
  const fields = statFields(pid);
  // Fields 3 (state) and 22 (starttime), counted from the third.
  if (fields === undefined || fields[0] === 'Z' || fields[0] === 'X') return undefined;
  return { pid, startTime: Number(fields[19]) };
}

export function isAlive(process: ProcessRef): boolean {
  return processRef(process.pid)?.startTime === process.startTime;
}

/** Never reaches another process that has got the pid since. */
export function signal(target: ProcessRef, name: NodeJS.Signals): void {
  if (!isAlive(target)) return;
  try {
    process.kill(target.pid, name);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error;
  }
}

/** Resolves with those still alive after that many milliseconds. */
async function waitForEnd(targets: readonly ProcessRef[], milliseconds: number): Promise<readonly ProcessRef[]> {
  const deadline = performance.now() + milliseconds;
  let left = targets.filter(isAlive);
  for (let pause = 5; left.length > 0 && performance.now() < deadline; pause = Math.min(pause * 2, 100)) {
    await sleep(pause);
    left = left.filter(isAlive);
  }
  return left;
}

/**
 * Ends processes: asks, then forces after `graceMs`. Resolves with those that even SIGKILL did not end within five
 * seconds, which are stuck in the kernel.
 */
export async function endProcesses(targets: readonly ProcessRef[], graceMs: number): Promise<readonly ProcessRef[]> {
  for (const target of targets) signal(target, 'SIGTERM');
  const stubborn = await waitForEnd(targets, graceMs);
  for (const target of stubborn) signal(target, 'SIGKILL');
  return waitForEnd(stubborn, 5_000);
}

/** All processes in any of these network namespaces, by the namespaces' inodes: sure even when nothing recorded them. */
export function processesIn(namespacePaths: readonly string[]): readonly ProcessRef[] {
  const wanted = new Set(namespacePaths.map(inodeOf).filter((inode) => inode !== undefined));
  if (wanted.size === 0) return [];
  const found: ProcessRef[] = [];
  for (const entry of readdirSync('/proc')) {
    if (!/^\d+$/.test(entry)) continue;
    const inode = inodeOf(`/proc/${entry}/ns/net`);
    const ref = inode !== undefined && wanted.has(inode) ? processRef(Number(entry)) : undefined;
    if (ref !== undefined && ref.pid !== process.pid) found.push(ref);
  }
  return found;
}

function inodeOf(path: string): number | undefined {
  try {
    return statSync(path).ino;
  } catch {
    return undefined;
  }
}
