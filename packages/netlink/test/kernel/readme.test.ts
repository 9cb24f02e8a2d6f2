import { execFileSync, spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { NETNS_DIRECTORY } from '../../src/netns.ts';
import { examples, printsInOrder } from '../examples.ts';

/**
 * Every example of the README is compiled as a stranger's program would be, against the built package, and run by plain Node in a
 * network namespace of its own; namespaces that it names are in a mount namespace of its own, too.
 */

// Inside the package, so that its name leads to it.
const folder = path.join(import.meta.dirname, '..');
const scratch = mkdtempSync(path.join(folder, '.readme-'));
const tsc = path.join(folder, '..', '..', '..', 'node_modules', '.bin', 'tsc');
const all = examples();
const here = all.filter(({ fullKernel }) => !fullKernel);

const compilerOptions = {
  target: 'es2023',
  lib: ['es2023', 'esnext.disposable'],
  module: 'nodenext',
  types: ['node'],
  strict: true,
  exactOptionalPropertyTypes: true,
};

const fileOf = (index: number): string => path.join(scratch, `example-${index}`);

beforeAll(() => {
  for (const [index, { source }] of all.entries()) writeFileSync(`${fileOf(index)}.ts`, source);
  writeFileSync(path.join(scratch, 'tsconfig.json'), JSON.stringify({ compilerOptions, include: ['*.ts'] }));
  const { status, stdout } = spawnSync(tsc, ['-p', scratch], { encoding: 'utf8' });
  if (status !== 0) throw new Error(`the examples of the README do not compile:\n${stdout}`);
  mkdirSync(NETNS_DIRECTORY, { recursive: true });
}, 60_000);

afterAll(() => rmSync(scratch, { recursive: true, force: true }));

function run(file: string): string {
  const steps = `mount -t tmpfs tmpfs ${NETNS_DIRECTORY} && ip link set lo up && exec "$0" "$1"`;
  const command = ['--net', '--mount', '--kill-child', 'sh', '-c', steps, process.execPath, file];
  // An example that waits for ever would hold up the whole run: nothing else ends a child that is waited for like this.
  return execFileSync('unshare', ['--fork', ...command], { encoding: 'utf8', timeout: 50_000, killSignal: 'SIGKILL' });
}

describe('examples of the README', () => {
  it('are there for every family, short, and say what they print', () => {
    expect(all.length).toBeGreaterThan(15);
    const [, ...others] = all;
    expect(others.filter(({ prints }) => prints.length === 0).map(({ title }) => title)).toEqual([]);
    const lines = (source: string): number =>
      source.split('\n').filter((line) => line.trim() !== '' && !/^import|^\s*(?:\/\/|[\])}]+;?$)/.test(line)).length;
    expect(all.filter(({ source }) => lines(source) > 10).map(({ title }) => title)).toEqual([]);
  });

  it.each(here)('$title', ({ source, prints }) => {
    const printed = run(`${fileOf(all.findIndex((example) => example.source === source))}.js`);
    if (!printsInOrder(printed, prints)) expect(printed).toBe(prints.join('\n'));
  });

  it('the first one prints what the text below it says', () => {
    const printed = run(`${fileOf(0)}.js`);
    expect(printed).toMatch(/create fdb 02:00:00:00:00:01 dst 192\.0\.2\.2 self of link #\d+: EEXIST/);
    expect(printed).toMatch(/status: 'ok'[\s\S]*status: 'failed'[\s\S]*destination: '192\.0\.2\.2'/);
  });
});
