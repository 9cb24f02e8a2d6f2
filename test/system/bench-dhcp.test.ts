import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, it } from 'vitest';

interface Report {
  readonly rows: readonly {
    readonly name: string;
    readonly results: readonly {
      readonly name: string;
      readonly samples: readonly { readonly value: number; readonly more: Readonly<Record<string, number>> }[];
    }[];
  }[];
}

// A row without rivals: nothing is downloaded by a test.
it('the DHCP benchmark runs, its clients get addresses, and every sum in every frame is right', {
  timeout: 120_000,
}, () => {
  const folder = mkdtempSync(join(tmpdir(), 'kcore-bench-'));
  try {
    const file = join(folder, 'report.json');
    const program = join(import.meta.dirname, '../../bench/dist/dhcp/main.js');
    execFileSync(process.execPath, [program, 'latency', '--reps', '1', '--scale', '0.1', '--json', file]);
    const { rows } = JSON.parse(readFileSync(file, 'utf8')) as Report;
    const [ours] = rows[0]?.results ?? [];
    expect(ours?.name).toBe('kcore');
    expect(ours?.samples[0]?.more['acks']).toBeGreaterThan(0);
    expect(ours?.samples[0]?.more['badChecksums']).toBe(0);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
});
