import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { roundBytes } from './bytes.ts';
import { coloured, coloursWanted } from './colour.ts';
import { formatDuration } from './duration.ts';
import { editDistance, suggest } from './suggest.ts';
import { tableLines } from './table.ts';

describe('suggest', () => {
  it.each([
    ['gatwayIp', 'gatewayIp'],
    ['gateway_ip', 'gatewayIp'],
    ['externlIp', 'externalIp'],
    ['nodess', 'nodes'],
    ['external', 'externalIp'],
    ['colour', undefined],
    ['x', undefined],
  ])('%s is near %s', (word, wanted) => {
    expect(suggest(word, ['gatewayIp', 'externalIp', 'nodes', 'type', 'mtu'])).toBe(wanted);
  });

  it('counts single edits, a swap as one', () => {
    expect(editDistance('netwrok', 'network')).toBe(1);
    expect(editDistance('kitten', 'sitting')).toBe(3);
    expect(editDistance('', 'abc')).toBe(3);
  });

  it('has distances that are symmetric and zero only for equals', () => {
    fc.assert(
      fc.property(fc.string({ maxLength: 12 }), fc.string({ maxLength: 12 }), (a, b) => {
        expect(editDistance(a, b)).toBe(editDistance(b, a));
        expect(editDistance(a, b) === 0).toBe(a === b);
      }),
    );
  });
});

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

  it.each([
    [0, '0'],
    [1023, '1020'],
    [8_232_550_400, '7.67G'],
    [2 ** 40, '1T'],
    [2 ** 55, '32800T'],
  ])('%d bytes are %s', (bytes, text) => {
    expect(roundBytes(bytes)).toBe(text);
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
