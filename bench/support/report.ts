import { readFileSync } from 'node:fs';
import { readFile, writeFile } from 'node:fs/promises';
import { availableParallelism, cpus, release } from 'node:os';
import type { RowResult } from './measure.ts';

/** What a figure depends on besides the program. */
export interface Machine {
  readonly cpu: string;
  readonly cores: number;
  readonly kernel: string;
  readonly node: string;
  readonly system: string;
}

export interface Report {
  /** ISO 8601. */
  readonly date: string;
  readonly machine: Machine;
  readonly repetitions: number;
  /** 1 is the full size; smaller proves only that the bench runs. */
  readonly scale: number;
  readonly rows: readonly RowResult[];
}

function system(): string {
  try {
    return /^PRETTY_NAME="?([^"\n]*)/m.exec(readFileSync('/etc/os-release', 'utf8'))?.[1] ?? 'Linux';
  } catch {
    return 'Linux';
  }
}

export function machine(): Machine {
  return {
    cpu: cpus()[0]?.model ?? 'unknown',
    cores: availableParallelism(),
    kernel: release(),
    node: process.version,
    system: system(),
  };
}

export async function writeReport(file: string, report: Report): Promise<void> {
  await writeFile(file, `${JSON.stringify(report, undefined, 2)}\n`);
}

/** Replaces what stands between `<!-- bench:begin -->` and `<!-- bench:end -->`. @throws when the file has no such block. */
export async function replaceBlock(file: string, markdown: string): Promise<void> {
  const text = await readFile(file, 'utf8');
  const block = /(<!-- bench:begin -->\n)[\s\S]*?(<!-- bench:end -->)/;
  if (!block.test(text)) throw new RangeError(`${file} has no <!-- bench:begin --> and <!-- bench:end -->`);
  await writeFile(
    file,
    text.replace(block, (_, begin: string, end: string) => `${begin}${markdown}\n${end}`),
  );
}
