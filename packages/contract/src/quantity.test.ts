import { describe, expect, test } from 'vitest';
import { formatQuantity, parseMemory, parseStorage, roundBytes } from './quantity.ts';

describe('quantities', () => {
  test.each([
    [4096, 4096 * 2 ** 20],
    ['4096', 4096 * 2 ** 20],
    ['4G', 4 * 2 ** 30],
    ['4096M', 4096 * 2 ** 20],
    ['4GiB', 4 * 2 ** 30],
    ['1.5G', 1.5 * 2 ** 30],
    ['512 MB', 512 * 2 ** 20],
    [65_535, 65_535 * 2 ** 20],
    [4_294_967_296, 4_294_967_296],
    ['4294967296B', 4_294_967_296],
  ])('R-41: memory %j is %d bytes', (value, bytes) => {
    expect(parseMemory(value)).toBe(bytes);
  });

  test.each(['', 'four', '4X', '-4G', '4G4', '0x10', 65_536, '1K', '0', '100B', Number.NaN])(
    'R-41: memory %j is refused by name',
    (value) => {
      expect(() => parseMemory(value)).toThrow(/^memoryBytes: /);
    },
  );

  test('R-42: storage has a unit or is bytes', () => {
    expect(parseStorage('40G')).toBe(40 * 2 ** 30);
    expect(parseStorage(42_949_672_960)).toBe(40 * 2 ** 30);
    expect(() => parseStorage('40')).toThrow("storageSizeBytes: '40' is 40 bytes, which is less than 1M");
  });

  test.each([
    [4 * 2 ** 30, '4G'],
    [1536 * 2 ** 20, '1536M'],
    [1000, '1000'],
  ])('%d prints as %s', (bytes, text) => {
    expect(formatQuantity(bytes)).toBe(text);
  });

  test.each([
    [0, '0'],
    [1023, '1020'],
    [8_232_550_400, '7.67G'],
    [2 ** 40, '1T'],
    [2 ** 55, '32800T'],
  ])('%d bytes are %s', (bytes, text) => {
    expect(roundBytes(bytes)).toBe(text);
  });
});
