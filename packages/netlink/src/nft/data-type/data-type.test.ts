import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { decodeValue, encodeValue, sizeOfTypes } from './concatenation.ts';
import { type DataTypeName, dataTypes, typeNumber, typesOfNumber } from './data-type.ts';

const names = Object.keys(dataTypes) as DataTypeName[];

/** Any bytes of a type, as the text that they are read as. */
function textOf(name: DataTypeName): fc.Arbitrary<string> {
  if (name === 'ifname') return fc.stringMatching(/^[a-z][a-z0-9.-]{0,14}$/);
  const { size, format } = dataTypes[name];
  return fc.uint8Array({ minLength: size, maxLength: size }).map(format);
}

test('a concatenation is read as it was written', () => {
  const types = fc.array(fc.constantFrom(...names), { minLength: 1, maxLength: 4 });
  const cases = types.chain((key) => fc.tuple(fc.constant(key), fc.tuple(...key.map(textOf))));
  fc.assert(
    fc.property(cases, ([key, texts]) => {
      expect(decodeValue(key, encodeValue(key, texts))).toEqual(texts);
      expect(typesOfNumber(typeNumber(key))).toEqual(key);
    }),
  );
});

test('R-22: numbers and padding are nft’s: ifname . ether_addr . ipv4_addr', () => {
  const key = ['ifname', 'ether_addr', 'ipv4_addr'] as const;
  expect(typeNumber(key)).toBe((41 << 12) | (9 << 6) | 7);
  expect(sizeOfTypes(key)).toBe(28);
  expect(Buffer.from(encodeValue(key, ['tap-1', '02:00:00:00:00:01', '10.0.0.5'])).toString('hex')).toBe(
    '7461702d310000000000000000000000' + '0200000000010000' + '0a000005',
  );
  expect(typesOfNumber((41 << 6) | 63)).toBeUndefined();
});

describe('a value has one text', () => {
  const wrong: readonly [DataTypeName, string][] = [
    ['ipv4_addr', '10.0.0.256'],
    ['ipv4_addr', '010.0.0.1'],
    ['ether_addr', '02:00:00:00:00:0G'],
    ['ether_addr', '02:00:00:00:00:AB'],
    ['inet_proto', '6'],
    ['inet_proto', '256'],
    ['inet_service', '65536'],
    ['inet_service', '080'],
    ['ether_type', '0x0800'],
    ['ifname', 'sixteen-bytes-xx'],
    ['ifname', ''],
    ['mark', '5'],
  ];
  test.each(wrong)('%s %s is refused', (type, text) => {
    expect(() => encodeValue([type], [text])).toThrow(RangeError);
  });
  test('as many texts as types', () => {
    expect(() => encodeValue(['ipv4_addr'], ['10.0.0.1', '80'])).toThrow('has 2 parts');
  });
});
