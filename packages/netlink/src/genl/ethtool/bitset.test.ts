import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { decode, encode } from '../../codec/codec.ts';
import { expectBytes } from '../../testing/hexdump.ts';
import { type Bitset, bitset, namesSet } from './bitset.ts';

describe('bitsets', () => {
  test('with a mask and names, as ethtool(8) sends them for `-K eth0 tx-scatter-gather off`', () => {
    const value: Bitset = { list: false, compact: false, bits: [{ name: 'tx-scatter-gather', value: false }] };
    // Captured by strace of ethtool 6.1.
    expectBytes(
      encode(bitset, value),
      `20 00 03 80  1c 00 01 80  16 00 02 00  74 78 2d 73
       63 61 74 74  65 72 2d 67  61 74 68 65  72 00 00 00`,
    );
    expect(decode(bitset, encode(bitset, value))).toEqual(value);
  });

  test('compact: words of 32 bits, the value and the mask', () => {
    const value: Bitset = {
      list: false,
      size: 40,
      compact: true,
      bits: [
        { index: 1, value: true },
        { index: 33, value: false },
      ],
    };
    expectBytes(
      encode(bitset, value),
      `08 00 02 00  28 00 00 00  0c 00 04 00  02 00 00 00  00 00 00 00
       0c 00 05 00  02 00 00 00  02 00 00 00`,
    );
    expect(decode(bitset, encode(bitset, value))).toEqual(value);
  });

  test('names of a list, from the bits or by their indices', () => {
    const named: Bitset = { list: true, compact: false, bits: [{ index: 2, name: 'c', value: true }] };
    expect([...namesSet(named, [])]).toEqual(['c']);
    const compact: Bitset = { list: true, size: 3, compact: true, bits: [{ index: 2, value: true }] };
    expect([...namesSet(compact, ['a', 'b', 'c'])]).toEqual(['c']);
    expect([...namesSet(undefined, [])]).toEqual([]);
  });

  test('what cannot be said is refused', () => {
    const bits = [{ index: 9, value: true }];
    expect(() => encode(bitset, { list: true, compact: true, bits })).toThrow('needs its size');
    expect(() => encode(bitset, { list: true, compact: true, size: 9, bits })).toThrow('no bit 9');
  });

  test('whatever bits, in either form: reading what was written gives them', () => {
    const indices = fc.uniqueArray(fc.integer({ min: 0, max: 99 }), { maxLength: 20 });
    fc.assert(
      fc.property(
        indices,
        fc.boolean(),
        fc.boolean(),
        fc.infiniteStream(fc.boolean()),
        (chosen, compact, list, coins) => {
          const bits = [...chosen]
            .sort((a, b) => a - b)
            .map((index) => ({ index, value: list || coins.next().value === true }));
          const value: Bitset = { list, size: 100, compact, bits };
          expect(decode(bitset, encode(bitset, value))).toEqual(value);
        },
      ),
    );
  });
});
