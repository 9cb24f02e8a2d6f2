import { parseArgs } from 'node:util';
import { measure, type RowResult } from './measure.ts';
import { readmeBlock } from './readme.ts';
import { machine, type Report, replaceBlock, writeReport } from './report.ts';
import type { Row } from './row.ts';
import { textTable } from './table.ts';
import { Workplace } from './workplace.ts';

export interface BenchOptions {
  /** Rows by name; all without. */
  readonly rows: readonly string[];
  readonly repetitions: number;
  readonly scale: number;
  readonly json?: string;
  /** Markdown file whose generated block is replaced. */
  readonly readme?: string;
}

/** Makes a row: finds and builds its rivals. */
export type RowFactory = (workplace: Workplace, scale: number) => Promise<Row>;

export const USAGE = `[ROW ...] [--reps N] [--scale FRACTION] [--json FILE] [--readme FILE] [--list]`;

export function readOptions(args: readonly string[]): BenchOptions & { readonly list: boolean } {
  const { values, positionals } = parseArgs({
    args: [...args],
    allowPositionals: true,
    options: {
      reps: { type: 'string', default: '5' },
      scale: { type: 'string', default: '1' },
      json: { type: 'string' },
      readme: { type: 'string' },
      list: { type: 'boolean', default: false },
    },
  });
  const repetitions = Number(values.reps);
  const scale = Number(values.scale);
  if (!Number.isInteger(repetitions) || repetitions < 1) throw new RangeError(`--reps ${values.reps} is no count`);
  if (!(scale > 0 && scale <= 1)) throw new RangeError(`--scale ${values.scale} is not between 0 and 1`);
  const { json, readme, list } = values;
  return {
    rows: positionals,
    repetitions,
    scale,
    list,
    ...(json === undefined ? {} : { json }),
    ...(readme === undefined ? {} : { readme }),
  };
}

/** Runs the rows that are asked for, prints a table each, and writes the report. */
export async function runBench(
  factories: Readonly<Record<string, RowFactory>>,
  options: BenchOptions,
): Promise<Report> {
  const strange = options.rows.filter((name) => factories[name] === undefined);
  if (strange.length > 0)
    throw new RangeError(`no row ${strange.join(', ')}; there are ${Object.keys(factories).join(', ')}`);
  const names = options.rows.length === 0 ? Object.keys(factories) : options.rows;
  const { repetitions, scale } = options;
  await using workplace = await Workplace.open();
  const rows: RowResult[] = [];
  for (const name of names) {
    const row = await factories[name]?.(workplace, scale);
    if (row === undefined) continue;
    const result = await measure(row, repetitions, progress);
    progress('');
    process.stdout.write(`${textTable(result)}\n\n`);
    rows.push(result);
  }
  const report: Report = { date: new Date().toISOString(), machine: machine(), repetitions, scale, rows };
  if (options.json !== undefined) await writeReport(options.json, report);
  if (options.readme !== undefined) await replaceBlock(options.readme, readmeBlock(report));
  return report;
}

/** One line that is written over; only for a person who watches. */
function progress(text: string): void {
  if (process.stderr.isTTY) process.stderr.write(`\r\x1b[K${text}`);
}
