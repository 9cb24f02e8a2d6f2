import { type ChildProcess, execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { setTimeout as sleep } from 'node:timers/promises';
import { promisify } from 'node:util';

const execute = promisify(execFile);

/** A shell script in a network namespace, ended at the first line that fails. What it printed. */
export async function inNamespace(namespace: string, script: string): Promise<string> {
  const { stdout } = await execute('ip', ['netns', 'exec', namespace, 'sh', '-ec', script]);
  return stdout;
}

export async function onHost(program: string, ...args: string[]): Promise<string> {
  const { stdout } = await execute(program, args);
  return stdout;
}

/** Milliseconds; only a program whose children live on takes them. */
const AFTER_EXIT = 2000;

/** A program that runs, with all the lines it prints. */
export class Running {
  readonly child: ChildProcess;
  readonly lines: string[] = [];
  readonly #waiting = new Set<() => void>();
  /** Settles when it has ended and all it printed was read. */
  readonly #closed: Promise<unknown>;

  constructor(namespace: string, command: readonly string[], environment: NodeJS.ProcessEnv = {}) {
    this.child = spawn('ip', ['netns', 'exec', namespace, ...command], {
      stdio: ['pipe', 'pipe', 'pipe'],
      env: { ...process.env, ...environment },
    });
    for (const stream of [this.child.stdout, this.child.stderr]) {
      if (stream === null) continue;
      createInterface({ input: stream }).on('line', (line) => {
        this.lines.push(line);
        for (const look of this.#waiting) look();
      });
    }
    this.#closed = new Promise((resolve) => this.child.once('close', resolve));
    this.child.once('exit', () => {
      for (const look of this.#waiting) look();
    });
    // A program that was killed while it was written to.
    this.child.stdin?.on('error', () => {});
  }

  get pid(): number {
    return this.child.pid ?? 0;
  }

  get ended(): boolean {
    return this.child.exitCode !== null || this.child.signalCode !== null;
  }

  /** The first line, from the given one on, that the expression matches; undefined when time or the program ends first. */
  async line(pattern: RegExp, milliseconds: number, from = 0): Promise<RegExpExecArray | undefined> {
    const find = (): RegExpExecArray | undefined => {
      for (const line of this.lines.slice(from)) {
        const found = pattern.exec(line);
        if (found !== null) return found;
      }
      return undefined;
    };
    const over = new AbortController();
    let look = (): void => {};
    const seen = new Promise<void>((resolve) => {
      look = () => {
        if (find() !== undefined || this.ended) resolve();
      };
      this.#waiting.add(look);
      look();
    });
    await Promise.race([seen, sleep(milliseconds, undefined, over).catch(() => {})]);
    over.abort();
    this.#waiting.delete(look);
    // The last lines may come after the exit. Whoever it has started may keep the streams open.
    if (find() === undefined && this.ended) await Promise.race([this.#closed, sleep(AFTER_EXIT)]);
    return find();
  }

  /** Ends it and waits for that; the status, or null when the signal ended it. */
  async end(signal: NodeJS.Signals = 'SIGKILL'): Promise<number | null> {
    if (!this.ended) {
      const ended = once(this.child, 'exit');
      this.child.kill(signal);
      await ended;
    }
    return this.child.exitCode;
  }
}
