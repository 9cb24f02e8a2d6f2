import { describe, expect, test } from 'vitest';
import { bits } from './bits.ts';
import { encode } from './codec.ts';
import { ValueError } from './error.ts';
import { u8, u16, u32 } from './scalar.ts';

const flags = bits(u32, { up: 1, running: 0x40 });

function refused(value: unknown, codec = flags): string {
  try {
    encode(codec, value as object);
  } catch (error) {
    if (error instanceof ValueError) return error.path;
    throw error;
  }
  return 'written';
}

describe('flags that would be written as others, or as none, are refused', () => {
  test.each([
    ['a number', 0x200],
    ['zero', 0],
    ['text', ''],
    ['a list', []],
    ['null', null],
    ['nothing', undefined],
    ['true', true],
  ])('%s is no object', (_title, value) => {
    expect(refused(value)).toBe('');
    // A constant is looked at once: not so that it passes the second time.
    expect(refused(value)).toBe('');
  });

  test.each([
    ['beyond 32 bits', 2 ** 32 + 0x200],
    ['below zero', -1],
    ['a fraction', 1.5],
    ['a bit by its name', true],
    ['text', '1'],
  ])('a rest %s', (_title, rest) => {
    expect(refused({ rest })).toBe('rest');
  });

  test('a rest that does not fit the field', () => {
    expect(refused({ rest: 0x100 }, bits(u8, { up: 1 }) as typeof flags)).toBe('');
    expect(encode(bits(u16, { up: 1 }), { up: true, rest: 0x100 })).toEqual(Uint8Array.of(1, 1));
    expect(encode(flags, { rest: 0x8000_0000 })).toEqual(Uint8Array.of(0, 0, 0, 0x80));
  });

  test('a name that every object has', () => {
    expect(refused({ constructor: true })).toBe('constructor');
    expect(refused({ toString: false })).toBe('toString');
  });
});
