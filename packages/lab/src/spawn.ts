import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { closeSync, constants, openSync } from 'node:fs';
import { KcoreError } from '@kcore/contract';
import { processRef } from './process.ts';
import type { ProcessRef } from './state.ts';

export interface Placement {
  /** Path of a network namespace. Only that is entered: the file systems stay the host's. */
  readonly netns: string;
  /** Full path of util-linux' nsenter, which becomes the program: the pid stays the same. */
  readonly nsenter: string;
}

export interface Spawned {
  readonly ref: ProcessRef;
  readonly child: ChildProcess;
}

/**
 * Starts a program that outlives its starter: in a session of its own, its output appended to a log file.
 * @throws {KcoreError} Internal when the program cannot be executed.
 */
export async function spawnDetached(command: readonly string[], log: string, placement: Placement): Promise<Spawned> {
  const out = openSync(log, constants.O_WRONLY | constants.O_CREAT | constants.O_APPEND, 0o600);
  try {
    const child = spawn(placement.nsenter, [`--net=${placement.netns}`, '--', ...command], {
      cwd: '/',
      detached: true,
      stdio: ['ignore', out, out],
    });
    await once(child, 'spawn');
    const ref = child.pid === undefined ? undefined : processRef(child.pid);
    if (ref === undefined) throw new Error('it ended at once');
    child.unref();
    return { ref, child };
  } catch (error) {
    throw new KcoreError('Internal', `cannot start ${command[1] ?? command[0]}: ${String(error)}`, { log }, error);
  } finally {
    closeSync(out);
  }
}

/** A node program with a small heap: a lab has many, and none holds much. */
export function nodeCommand(script: string, heapMiB: number, ...parameters: readonly string[]): readonly string[] {
  return [process.execPath, `--max-old-space-size=${heapMiB}`, script, ...parameters];
}
