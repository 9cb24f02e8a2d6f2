import type { Result, RowResult } from './measure.ts';
import type { Report } from './report.ts';
import { figure, markdownTable } from './table.ts';

/** The part of a README that the bench writes: how we compare, and on what machine. */
export function readmeBlock(report: Report): string {
  const { machine, date, repetitions } = report;
  const lines = report.rows.flatMap((row) => rowLines(row));
  const where = `${machine.cores} cores of ${machine.cpu}, Linux ${machine.kernel}, Node ${machine.node}`;
  return [
    `Measured side by side on ${date.slice(0, 10)} (${where}), medians of ${repetitions} interleaved runs; in brackets the`,
    'range over the runs. `bench/README.md` of the repository says what exactly is timed, and how to run it again.',
    '',
    markdownTable(['work', '@kcore/netlink', 'the other', 'how many times as long it takes'], lines),
  ].join('\n');
}

function rowLines(row: RowResult): readonly (readonly string[])[] {
  const [ours, ...others] = row.results;
  const own = ours?.value === undefined ? '' : `${figure(ours.value.median)} ${row.unit}`;
  if (row.compare === 'alone') return [[row.title, own, '', '']];
  return others
    .filter((other) => other.value !== undefined)
    .map((other, index) => [
      index === 0 ? row.title : '',
      index === 0 ? own : '',
      otherText(row, other),
      ratio(row, other),
    ]);
}

function otherText(row: RowResult, { name, value }: Result): string {
  return `${name}: ${figure(value?.median ?? Number.NaN)} ${row.unit}`;
}

function ratio({ compare, unit }: RowResult, { comparison }: Result): string {
  if (comparison === undefined) return '';
  const { median, min, max } = comparison;
  if (compare === 'difference') return `${median < 0 ? '' : '+'}${figure(median)} ${unit} here`;
  return `**${figure(median)} ×** (${figure(min)}–${figure(max)})`;
}
