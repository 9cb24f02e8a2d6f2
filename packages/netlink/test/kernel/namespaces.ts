import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { createNetns, deleteNetns } from '../../src/netns.ts';

const run = promisify(execFile);

/** Namespaces of one test, by names that say whose they are; deleted at the end of `await using`. */
export class Namespaces implements AsyncDisposable {
  readonly #names: string[] = [];

  /** Resolves with its name; its path is `/run/netns/<name>`. */
  async create(label: string): Promise<{ readonly name: string; readonly path: string }> {
    const name = `kct-${process.pid}-${label}-${process.hrtime.bigint() % 1_000_000n}`;
    const path = await createNetns(name);
    this.#names.push(name);
    return { name, path };
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const name of this.#names) await deleteNetns(name);
  }
}

/** iproute2 as the witness: `ip -n NAME …`. */
export async function ip(netns: string, ...args: readonly string[]): Promise<string> {
  const { stdout } = await run('ip', ['-n', netns, ...args], { maxBuffer: 64 << 20 });
  return stdout;
}

export async function ipJson(netns: string, ...args: readonly string[]): Promise<readonly Record<string, unknown>[]> {
  const text = await ip(netns, '-d', '-j', ...args);
  return text.trim() === '' ? [] : (JSON.parse(text) as Record<string, unknown>[]);
}

export async function bridgeJson(
  netns: string,
  ...args: readonly string[]
): Promise<readonly Record<string, unknown>[]> {
  const { stdout } = await run('bridge', ['-n', netns, '-j', ...args], { maxBuffer: 64 << 20 });
  return stdout.trim() === '' ? [] : (JSON.parse(stdout) as Record<string, unknown>[]);
}

/** 1 by default; the release runs more. */
export function scale(): number {
  return Number(process.env['KCORE_TEST_SCALE'] ?? '1');
}
