import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { AttributeSet, Shape } from '../../codec/attributes.ts';
import { type Codec, decode, encode, inputOf } from '../../codec/codec.ts';
import { be16, be32, be64, bytes, u8 } from '../../codec/scalar.ts';
import { cstring } from '../../codec/text.ts';
import { data } from '../data.ts';
import { type Expression, expressionCodec, expressionKinds } from './expression.ts';
import { statefulCodec } from './stateful.ts';

const number = (max: number): fc.Arbitrary<number> => fc.integer({ min: 0, max });
const blob = fc.uint8Array({ maxLength: 64 });
const text = fc.stringMatching(/^[a-zA-Z0-9_.-]{1,20}$/);
const verdict = fc.record({ code: fc.integer({ min: -5, max: 3 }), chain: text }, { requiredKeys: ['code'] });

const scalars = new Map<Codec<never>, fc.Arbitrary<unknown>>([
  [u8, number(0xff)],
  [be16, number(0xffff)],
  [be32, number(0xffff_ffff)],
  [be64, fc.bigInt({ min: 0n, max: 0xffff_ffff_ffff_ffffn })],
  [bytes, blob],
  [cstring, text],
  [data, fc.oneof(fc.record({ value: blob }), fc.record({ verdict }))],
  [statefulCodec, fc.constantFrom({ name: 'counter', data: { packets: 1n } }, { name: 'last', data: {} })],
] as [Codec<never>, fc.Arbitrary<unknown>][]);

/** Some attributes of a table, in any order: what has no arbitrary here is left out. */
function valuesOf(set: AttributeSet<Shape>): fc.Arbitrary<unknown> {
  const members = Object.entries(set.shape).flatMap(([name, [, codec]]) => {
    const arbitrary = scalars.get(codec as Codec<never>);
    return arbitrary === undefined ? [] : [[name, arbitrary] as const];
  });
  return fc.record(Object.fromEntries(members), { requiredKeys: [] });
}

const kinds = Object.entries(expressionKinds) as unknown as readonly [string, AttributeSet<Shape>][];

describe('decode(encode(x)) is x', () => {
  test.each(kinds)('%s', (name, set) => {
    fc.assert(
      fc.property(valuesOf(set), (value) => {
        const expression = { name, data: value } as Expression;
        expect(decode(expressionCodec, encode(expressionCodec, expression))).toEqual(expression);
      }),
      { numRuns: 60 },
    );
  });

  test('of one that no table has, as bytes', () => {
    const expression: Expression = { name: 'brandnew', data: Uint8Array.of(8, 0, 1, 0, 0, 0, 0, 7) };
    expect(decode(expressionCodec, encode(expressionCodec, expression))).toEqual(expression);
  });

  test('of an attribute that a table has not', () => {
    const value = { key: 3, unknown: [{ type: 99, data: Uint8Array.of(1, 2, 3, 4) }] };
    const expression: Expression = { name: 'meta', data: value };
    expect(decode(expressionCodec, encode(expressionCodec, expression))).toEqual(expression);
  });

  test('of states in a dynset, and of the expression inside a tunnel', () => {
    const expressions: readonly Expression[] = [
      {
        name: 'dynset',
        data: {
          set: 'meter',
          operator: 1,
          key: 1,
          timeout: 30_000n,
          expressions: [
            { name: 'limit', data: { rate: 10n, unit: 1n, burst: 5, type: 0, flags: 0 } },
            { name: 'counter', data: { packets: 0n, bytes: 0n } },
          ],
        },
      },
      {
        name: 'inner',
        data: {
          number: 0,
          type: 1,
          flags: 15,
          headerSize: 8,
          expression: { name: 'payload', data: { destination: 1, base: 1, offset: 12, length: 4 } },
        },
      },
    ];
    for (const expression of expressions)
      expect(decode(expressionCodec, encode(expressionCodec, expression))).toEqual(expression);
  });
});

test('any bytes are read or refused as malformed, and nothing else', () => {
  fc.assert(
    fc.property(fc.constantFrom(...kinds), fc.uint8Array({ maxLength: 80 }), ([, set], input) => {
      try {
        set.read(inputOf(input), 0, input.length);
      } catch (error) {
        expect((error as Error).name).toBe('MalformedError');
      }
    }),
    { numRuns: 500 },
  );
});
