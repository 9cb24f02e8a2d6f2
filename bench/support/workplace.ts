import type { ChildProcess } from 'node:child_process';
import { execFile } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { promisify } from 'node:util';
import { createNetns, deleteNetns } from '@kcore/netlink';
import { compileClock, type Ran, type Running, type RunOptions, startClocked } from './clock.ts';
import { pathOf } from './tools.ts';

const run = promisify(execFile);

/**
 * Where a bench works: namespaces `kct-<pid>-…`, a temporary folder and the programs it started. All are gone when it
 * is disposed, and on SIGINT and SIGTERM.
 */
export class Workplace implements AsyncDisposable {
  readonly folder = mkdtempSync(path.join(tmpdir(), 'kcore-bench-'));
  readonly #clock: string;
  readonly #netns = new Set<string>();
  readonly #children = new Set<ChildProcess>();
  readonly #interrupted = (signal: NodeJS.Signals): void => {
    void this[Symbol.asyncDispose]().finally(() => process.exit(signal === 'SIGINT' ? 130 : 143));
  };
  readonly #making = new Set<Promise<string>>();
  #count = 0;
  #closed = false;

  private constructor(clock: string) {
    this.#clock = clock;
    process.once('SIGINT', this.#interrupted);
    process.once('SIGTERM', this.#interrupted);
  }

  /** @throws when the clock cannot be built: gcc is missing. */
  static async open(): Promise<Workplace> {
    return new Workplace(pathOf(await compileClock()));
  }

  /** An empty namespace; its path. */
  async createNetns(label: string): Promise<string> {
    const name = `kct-${process.pid}-${label}-${this.#count}`;
    this.#count += 1;
    // Interrupted: what runs on until the process ends must make nothing that is then left behind.
    if (this.#closed) throw new Error('the bench was interrupted');
    this.#netns.add(name);
    const made = createNetns(name);
    this.#making.add(made);
    return made.finally(() => this.#making.delete(made));
  }

  /**
   * Deletes its links one after the other first, because the kernel takes a namespace down in the background, where it
   * would be in the next contestant's figure.
   */
  async deleteNetns(netns: string): Promise<void> {
    const name = path.basename(netns);
    const { stdout } = await run('ip', ['-n', name, '-br', 'link', 'show']);
    for (const line of stdout.split('\n')) {
      const link = /^[^\s@]+/.exec(line)?.[0];
      // A veth's peer is gone with it; the kernel's own fallback devices cannot be deleted.
      if (link !== undefined && link !== 'lo')
        await run('ip', ['-n', name, 'link', 'delete', link]).catch(() => undefined);
    }
    await deleteNetns(name);
    this.#netns.delete(name);
  }

  /** Runs `use` in a fresh namespace that the commands `prepare` were executed in by `ip -batch`. */
  async inNetns<T>(label: string, prepare: readonly string[], use: (netns: string) => Promise<T>): Promise<T> {
    const netns = await this.createNetns(label);
    try {
      if (prepare.length > 0) {
        await this.run(['ip', '-batch', '-'], { netns, input: prepare.map((line) => `${line}\n`).join('') });
      }
      return await use(netns);
    } finally {
      await this.deleteNetns(netns);
    }
  }

  start(command: readonly string[], options?: RunOptions): Running {
    const running = startClocked(this.#clock, command, options);
    this.#children.add(running.child);
    running.child.once('close', () => this.#children.delete(running.child));
    return running;
  }

  /** Runs a program to its end. @throws unless its exit status is 0. */
  run(command: readonly string[], options?: RunOptions): Promise<Ran> {
    return this.start(command, options).ended;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    process.off('SIGINT', this.#interrupted);
    process.off('SIGTERM', this.#interrupted);
    this.#closed = true;
    await Promise.allSettled(this.#making);
    for (const child of this.#children) child.kill('SIGKILL');
    for (const name of this.#netns) await deleteNetns(name);
    rmSync(this.folder, { recursive: true, force: true });
  }
}

/** The last line of a program that timed itself: a JSON object with `ms` and whatever else it counted. */
export function selfTimed({ stdout }: Ran): Readonly<Record<string, number>> & { readonly ms: number } {
  const line = stdout.trimEnd().split('\n').at(-1) ?? '';
  return JSON.parse(line) as Readonly<Record<string, number>> & { readonly ms: number };
}
