/** One column of a table: its heading and what it shows of a row. */
export interface Column<Row> {
  readonly heading: string;
  readonly cell: (row: Row) => string;
  /** Narrowest width in characters, for a column that should not jump about between calls. */
  readonly width?: number;
  /** Colours a padded cell; called only when colours are on. */
  readonly paint?: (text: string, row: Row) => string;
}

/** Shown where there is no value. */
export const NONE = '-';

/** Control characters would let a name or a message that others wrote move the cursor or change colours. */
export function printable(text: string): string {
  return [...text].map((char) => (isControl(char) ? '\u{fffd}' : char)).join('');
}

function isControl(char: string): boolean {
  const code = char.codePointAt(0) ?? 0;
  return code < 0x20 || (code >= 0x7f && code < 0xa0);
}

/** Lines of a table: columns are as wide as their widest cell, two spaces apart, nothing padded at the end. */
export function tableLines<Row>(
  columns: readonly Column<Row>[],
  rows: readonly Row[],
  options: { readonly colours?: boolean; readonly headings?: boolean } = {},
): string[] {
  const cells = rows.map((row) => columns.map((column) => printable(column.cell(row)) || NONE));
  const widths = columns.map((column, index) =>
    cells.reduce(
      (widest, line) => Math.max(widest, line[index]?.length ?? 0),
      Math.max(column.width ?? 0, column.heading.length),
    ),
  );
  const last = columns.length - 1;
  const pad = (text: string, index: number): string => (index === last ? text : text.padEnd((widths[index] ?? 0) + 2));
  const lines = cells.map((line, at) =>
    line
      .map((text, index) => {
        const paint = columns[index]?.paint;
        const row = rows[at];
        const padded = pad(text, index);
        return options.colours === true && paint !== undefined && row !== undefined ? paint(padded, row) : padded;
      })
      .join(''),
  );
  return options.headings === false
    ? lines
    : [columns.map(({ heading }, index) => pad(heading, index)).join(''), ...lines];
}

/** `Key:      value` lines, values aligned. */
export function fieldLines(fields: readonly (readonly [string, string])[]): string[] {
  const width = Math.max(0, ...fields.map(([key]) => key.length)) + 3;
  return fields.map(([key, value]) => `${`${key}:`.padEnd(width)}${printable(value) || NONE}`);
}
