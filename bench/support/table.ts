import type { Result, RowResult, Spread } from './measure.ts';

/** Three digits that count: 0.0712, 1.23, 123, 12300. */
export function figure(value: number): string {
  if (!Number.isFinite(value)) return '–';
  const digits = value === 0 ? 0 : Math.max(0, 2 - Math.floor(Math.log10(Math.abs(value))));
  return value.toFixed(Math.min(digits, 4));
}

function range({ min, max }: Spread): string {
  return min === max ? '' : ` (${figure(min)}–${figure(max)})`;
}

function comparisonText({ compare, unit }: RowResult, { comparison }: Result): string {
  if (comparison === undefined) return '';
  const sign = compare === 'difference' && comparison.median >= 0 ? '+' : '';
  const suffix = compare === 'difference' ? ` ${unit}` : ' ×';
  return `${sign}${figure(comparison.median)}${suffix}${range(comparison)}`;
}

function targetText({ compare, unit }: RowResult, { target, verdict, comparison }: Result): string {
  if (target === undefined) return '';
  const sign = comparison === undefined || compare === 'difference' ? '≤' : '≥';
  const suffix = sign === '≤' ? ` ${unit}` : ' ×';
  const said = { aim: 'reached', must: 'must reached', missed: 'MISSED' }[verdict ?? 'missed'];
  return `${sign} ${target.must}, aim ${target.aim}${suffix}: ${said}`;
}

/** The columns of a row's table; the last two compare with the first line. */
export function cells(row: RowResult): readonly (readonly string[])[] {
  return row.results.map((result) => {
    if (result.value === undefined) return [result.name, 'skipped', result.skipped ?? '', ''];
    const value = `${figure(result.value.median)} ${row.unit}${range(result.value)}`;
    return [result.name, value, comparisonText(row, result), targetText(row, result)];
  });
}

const HEADS = ['', 'median (min–max)', 'against ours', 'target'] as const;

/** A row as text for a terminal. */
export function textTable(row: RowResult): string {
  const lines = [HEADS, ...cells(row)];
  const widths = HEADS.map((_, column) => Math.max(...lines.map((line) => [...(line[column] ?? '')].length)));
  const text = lines.map((line) =>
    line
      .map((cell, column) => cell.padEnd(widths[column] ?? 0))
      .join('  ')
      .trimEnd(),
  );
  return [row.title, ...text.map((line) => `  ${line}`)].join('\n');
}

/** Any table as Markdown. */
export function markdownTable(heads: readonly string[], lines: readonly (readonly string[])[]): string {
  const line = (parts: readonly string[]): string => `| ${parts.join(' | ')} |`;
  return [line(heads), `|${heads.map(() => '---').join('|')}|`, ...lines.map(line)].join('\n');
}
