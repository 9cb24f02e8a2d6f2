import { describe, expect, it } from 'vitest';
import { coloured, coloursWanted } from './colour.ts';
import { formatDuration } from './duration.ts';
import { tableLines } from './table.ts';

describe('text for people', () => {
  it.each([
    [0, '0s'],
    [59.9, '59s'],
    [61, '1m1s'],
    [43_140, '11h59m'],
    [86_400, '1d'],
    [-5, '0s'],
  ])('%d seconds are %s', (seconds, text) => {
    expect(formatDuration(seconds)).toBe(text);
  });

  it('colours only a terminal that wants it, and does not move columns', () => {
    expect(coloursWanted({ isTTY: true }, {})).toBe(true);
    expect(coloursWanted({ isTTY: true }, { NO_COLOR: '1' })).toBe(false);
    expect(coloursWanted({ isTTY: true }, { NO_COLOR: '' })).toBe(true);
    expect(coloursWanted({}, {})).toBe(false);
    const columns = [
      { heading: 'A', cell: (row: string) => row, paint: (text: string) => coloured('red', text) },
      { heading: 'B', cell: () => 'b' },
    ];
    const plain = tableLines(columns, ['x', 'long\u001b[2J'], { colours: false });
    const painted = tableLines(columns, ['x', 'long\u001b[2J'], { colours: true });
    expect(plain).toEqual(['A         B', 'x         b', 'long\ufffd[2J  b']);
    expect(painted).toEqual([plain[0], ...plain.slice(1).map((line) => `\u001b[31m${line.slice(0, -1)}\u001b[39mb`)]);
  });
});
