import { execFileSync } from 'node:child_process';
import { createNetns, deleteNetns, netnsPath } from '../../src/netns.ts';

/** A network namespace of a test, with the tools that are its witnesses. */
export interface TestNamespace extends AsyncDisposable {
  readonly name: string;
  readonly path: string;
  /** Runs a program in the namespace and returns its standard output. */
  run(program: string, ...args: readonly string[]): string;
  /** Runs a program that answers with JSON. */
  json<T>(program: string, ...args: readonly string[]): T;
}

/** Makes `kct-<pid>-<suffix>`; disposing of it removes it. */
export async function testNamespace(suffix: string): Promise<TestNamespace> {
  const name = `kct-${process.pid}-${suffix}`;
  await createNetns(name);
  const run = (program: string, ...args: readonly string[]): string =>
    execFileSync('ip', ['netns', 'exec', name, program, ...args], { encoding: 'utf8' });
  return {
    name,
    path: netnsPath(name),
    run,
    json: <T>(program: string, ...args: readonly string[]) => JSON.parse(run(program, ...args) || '[]') as T,
    [Symbol.asyncDispose]: () => deleteNetns(name),
  };
}
