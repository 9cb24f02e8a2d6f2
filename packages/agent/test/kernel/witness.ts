import { execFile } from 'node:child_process';
import { promisify } from 'node:util';

const run = promisify(execFile);

/** A namespace of one test, made by iproute2 so that nothing under test makes its own ground. */
export interface TestNamespace extends AsyncDisposable {
  readonly name: string;
  readonly path: string;
}

export async function testNamespace(label: string): Promise<TestNamespace> {
  const name = `kct-${process.pid}-${label}-${process.hrtime.bigint() % 1_000_000n}`;
  await run('ip', ['netns', 'add', name]);
  return {
    name,
    path: `/run/netns/${name}`,
    async [Symbol.asyncDispose]() {
      await run('ip', ['netns', 'delete', name]);
    },
  };
}

export async function inNamespace({ name }: TestNamespace, ...command: readonly string[]): Promise<string> {
  const { stdout } = await run('ip', ['netns', 'exec', name, ...command], { maxBuffer: 64 << 20 });
  return stdout;
}

/** What iproute2 or nft says with `-j`. */
export async function witness(
  namespace: TestNamespace,
  ...command: readonly string[]
): Promise<readonly Readonly<Record<string, unknown>>[]> {
  const text = await inNamespace(namespace, ...command);
  return text.trim() === '' ? [] : JSON.parse(text);
}
