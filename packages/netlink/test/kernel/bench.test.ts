import { execFile } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { promisify } from 'node:util';
import { expect, it } from 'vitest';
import { listNetns } from '../../src/netns.ts';

/** That the bench still runs is a test's business; its figures are not. It runs from `bench/dist`, as it is used. */

interface Report {
  readonly rows: readonly {
    readonly name: string;
    readonly results: readonly {
      readonly name: string;
      readonly skipped?: string;
      readonly value?: { readonly median: number };
      readonly comparison?: { readonly median: number };
    }[];
  }[];
}

const run = promisify(execFile);
const main = path.join(import.meta.dirname, '..', '..', '..', '..', 'bench', 'dist', 'netlink', 'main.js');

it('runs every row of the bench in small, against the rivals that are installed, and leaves nothing behind', async () => {
  const folder = mkdtempSync(path.join(tmpdir(), 'kct-bench-'));
  try {
    const json = path.join(folder, 'report.json');
    const bench = run(process.execPath, [main, '--reps', '1', '--scale', '0.002', '--json', json]);
    const { stdout } = await bench;
    const listed = await run(process.execPath, [main, '--list']);
    const { rows } = JSON.parse(readFileSync(json, 'utf8')) as Report;
    expect(rows.map(({ name }) => name)).toEqual(listed.stdout.trimEnd().split('\n'));
    for (const { name, results } of rows) {
      const [ours, ...others] = results;
      expect(ours?.value?.median, name).toBeGreaterThanOrEqual(0);
      // A rival that is there must work: only what is not installed may be skipped.
      for (const other of others) {
        if (other.skipped === undefined)
          expect(other.value?.median, `${name}: ${other.name}`).toBeGreaterThanOrEqual(0);
        else expect(other.skipped, `${name}: ${other.name}`).toMatch(/apt-get install/);
      }
      expect(stdout).toContain(ours?.name);
    }
    expect((await listNetns()).filter((name) => name.startsWith(`kct-${bench.child.pid}-`))).toEqual([]);
  } finally {
    rmSync(folder, { recursive: true });
  }
}, 240_000);
