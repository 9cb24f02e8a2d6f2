import { linkSync, mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

/** Who holds a data directory: a process id alone may have been given to another process since. */
interface Holder {
  readonly pid: number;
  /** Clock ticks after boot at which it started: field 22 of /proc/<pid>/stat. Source: proc_pid_stat(5). */
  readonly startTime: string;
  readonly bootId: string;
}

/** How often a lock of a dead process may be found before we give up: each time somebody else was quicker. */
const TRIES = 5;

/**
 * Makes this process the only agent on a data directory, until disposed. A lock that a killed agent left is taken over.
 *
 * @throws {Error} naming the process that has it.
 */
export function lockDirectory(directory: string): Disposable {
  mkdirSync(directory, { recursive: true, mode: 0o700 });
  const path = join(directory, 'lock');
  const own: Holder = { pid: process.pid, startTime: startTimeOf(process.pid) ?? '', bootId: bootId() };
  const temporary = `${path}.${process.pid}`;
  writeFileSync(temporary, JSON.stringify(own));
  try {
    for (let attempt = 0; attempt < TRIES; attempt += 1) {
      if (linked(temporary, path)) return { [Symbol.dispose]: () => rmSync(path, { force: true }) };
      const holder = readHolder(path);
      if (holder !== undefined && isAlive(holder))
        throw new Error(
          `another agent (process ${holder.pid}) uses ${directory}; stop it, or give this one a dataDir of its own`,
        );
      // Renaming is atomic: of two agents that find a dead one's lock, one moves it away, and both try again.
      moveAway(path, `${temporary}.stale`);
    }
    throw new Error(`the lock in ${directory} changes too quickly; are several agents starting on it?`);
  } finally {
    rmSync(temporary, { force: true });
    rmSync(`${temporary}.stale`, { force: true });
  }
}

/** The identity of this boot of the machine. Source: random(4). */
export function bootId(): string {
  return readFileSync('/proc/sys/kernel/random/boot_id', 'utf8').trim();
}

function linked(from: string, to: string): boolean {
  try {
    linkSync(from, to);
    return true;
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'EEXIST') return false;
    throw error;
  }
}

function moveAway(from: string, to: string): void {
  try {
    renameSync(from, to);
  } catch (error) {
    if (!(error instanceof Error && 'code' in error && error.code === 'ENOENT')) throw error;
  }
}

/** Absent when the file is gone or holds something else: nobody's. */
function readHolder(path: string): Holder | undefined {
  try {
    const value: unknown = JSON.parse(readFileSync(path, 'utf8'));
    return isHolder(value) ? value : undefined;
  } catch {
    return undefined;
  }
}

function isHolder(value: unknown): value is Holder {
  return (
    typeof value === 'object' &&
    value !== null &&
    'pid' in value &&
    typeof value.pid === 'number' &&
    'startTime' in value &&
    'bootId' in value
  );
}

function isAlive(holder: Holder): boolean {
  return holder.bootId === bootId() && startTimeOf(holder.pid) === holder.startTime;
}

/**
 * Absent when there is no such process, or only a zombie: a killed agent that nobody has reaped yet holds nothing.
 * The command's name, field 2, may hold spaces and parentheses: fields are counted from the last parenthesis.
 */
function startTimeOf(pid: number): string | undefined {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
    const [state = '', ...fields] = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
    return 'ZXx'.includes(state) ? undefined : fields[18];
  } catch {
    return undefined;
  }
}
