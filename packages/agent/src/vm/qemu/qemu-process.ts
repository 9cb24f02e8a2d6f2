import { spawn } from 'node:child_process';
import { constants } from 'node:fs';
import { readdir, readFile } from 'node:fs/promises';
import { createPlain } from './plain-file.ts';

/** Between looks whether a killed process is gone, milliseconds. */
const KILL_MILLISECONDS = 20;
/** A second: whoever is to take note of its end may be slow to. */
const REAPED_LOOKS = 50;

/** The user QEMU runs as. */
export interface Account {
  readonly uid: number;
  readonly gid: number;
}

interface Detached {
  readonly account: Account;
  readonly directory: string;
  /** File that takes all the program says, from its beginning. */
  readonly log: string;
  /** Called when it ends while this agent lives. */
  readonly onExit: () => void;
}

/**
 * Starts a program that outlives the agent: a session of its own, no terminal, no pipe to the agent.
 * libuv drops the supplementary groups with the user, before it executes the program.
 *
 * @throws {Error} naming the program, when it cannot be executed.
 */
export async function startDetached(program: string, words: readonly string[], options: Detached): Promise<number> {
  const { account, directory, onExit } = options;
  // It appends, so that the file may be cut under it.
  const log = await createPlain(options.log, 0o600, constants.O_WRONLY | constants.O_APPEND);
  try {
    const child = spawn(program, words, {
      ...account,
      cwd: directory,
      detached: true,
      env: {},
      stdio: ['ignore', log.fd, log.fd],
    });
    await new Promise<void>((resolve, reject) => {
      child.once('spawn', resolve);
      child.once('error', (cause) => reject(new Error(`${program} cannot be executed: ${cause.message}`, { cause })));
    });
    child.once('exit', onExit);
    child.unref();
    return child.pid ?? 0;
  } finally {
    await log.close();
  }
}

/**
 * The processes that run guests, by the guest's UUID.
 *
 * A process is known by its command line, which a guest cannot change, and not by a number written down somewhere:
 * numbers are used again, and an agent may be killed between starting a process and writing its number.
 */
export async function guestProcesses(): Promise<ReadonlyMap<string, number>> {
  const found = new Map<string, number>();
  for (const entry of await readdir('/proc')) {
    if (!/^\d+$/.test(entry)) continue;
    const words = await commandLine(entry);
    const at = words.indexOf('-uuid');
    const uuid = at < 0 ? undefined : words[at + 1];
    if (uuid !== undefined && words.includes('-nodefaults')) found.set(uuid, Number(entry));
  }
  return found;
}

/** Kills a guest's process, if that is still the one of this number, and resolves when it is gone. */
export async function killGuest(
  { pid, uuid }: { readonly pid: number; readonly uuid: string },
  sleep: (milliseconds: number) => Promise<void>,
): Promise<void> {
  const begun = await beginOf(pid);
  while ((await commandLine(String(pid))).includes(uuid)) {
    try {
      process.kill(pid, 'SIGKILL');
    } catch (error) {
      if (!(error instanceof Error && 'code' in error && error.code === 'ESRCH')) throw error;
    }
    await sleep(KILL_MILLISECONDS);
  }
  // The kernel takes its memory first, and its command line with it; its disks and TAPs are open for a while longer.
  for (let looks = 0; looks < REAPED_LOOKS && begun !== undefined && (await beginOf(pid)) === begun; looks++)
    await sleep(KILL_MILLISECONDS);
}

/** When a process began, in ticks since the host did, which no later process of its number shares. Source: proc(5), stat. */
async function beginOf(pid: number): Promise<string | undefined> {
  const text = await readFile(`/proc/${pid}/stat`, 'utf8').catch(() => '');
  // Its name is in parentheses and may have any character; the 22nd field is the 20th after it.
  return text.slice(text.lastIndexOf(')') + 2).split(' ')[19];
}

/** Empty for one that is gone, and for a zombie: proc(5). */
async function commandLine(pid: string): Promise<readonly string[]> {
  const text = await readFile(`/proc/${pid}/cmdline`, 'utf8').catch(() => '');
  return text.split('\0');
}
