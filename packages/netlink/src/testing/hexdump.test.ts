import { expect, it } from 'vitest';
import { byteDifference, bytesOf, expectBytes } from './hexdump.ts';

it('shows both sides, four bytes a line, and marks the lines that differ', () => {
  const difference = byteDifference(bytesOf('08 00 01 00 64'), bytesOf('08 00 01 00 65 00 00 00'));
  expect(difference?.split('\n')).toEqual([
    '  actual                     | expected',
    '      0  08 00 01 00  ....   |     0  08 00 01 00  ....',
    '!     4  64           d      |     4  65 00 00 00  e...',
  ]);
  expect(byteDifference(bytesOf('01'), bytesOf('01'))).toBeUndefined();
});

it('throws where bytes differ, and refuses what is no hex', () => {
  expect(() => expectBytes(bytesOf('00 # zero'), '01')).toThrow(/the bytes differ/);
  expect(() => bytesOf('0')).toThrow(RangeError);
});
