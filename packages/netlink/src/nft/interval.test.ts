import fc from 'fast-check';
import { expect, test } from 'vitest';
import { formatInterval, parseInterval } from './interval.ts';

const MAX = 0xffff_ffffn;

test('any range of addresses has one text, which is read as that range', () => {
  const bounds = fc.tuple(fc.bigInt({ min: 0n, max: MAX }), fc.bigInt({ min: 0n, max: MAX }));
  fc.assert(
    fc.property(bounds, ([a, b]) => {
      const [start, last] = a < b ? [a, b] : [b, a];
      const interval = last === MAX ? { start } : { start, end: last + 1n };
      expect(parseInterval('ipv4_addr', formatInterval('ipv4_addr', interval))).toEqual(interval);
    }),
  );
});

test('prefixes and single values are told as such', () => {
  expect(parseInterval('ipv4_addr', '10.0.0.0/24')).toEqual({ start: 0x0a00_0000n, end: 0x0a00_0100n });
  expect(parseInterval('ipv4_addr', '224.0.0.0/3')).toEqual({ start: 0xe000_0000n });
  expect(formatInterval('ipv4_addr', { start: 0x0a00_0000n, end: 0x0a00_0100n })).toBe('10.0.0.0/24');
  expect(formatInterval('ipv4_addr', { start: 0x0a00_0080n, end: 0x0a00_0180n })).toBe('10.0.0.128-10.0.1.127');
  expect(formatInterval('ipv4_addr', { start: MAX })).toBe('255.255.255.255');
  expect(formatInterval('inet_service', { start: 0n })).toBe('0/0');
});

test.each([
  ['10.0.0.1/24', 'bits beyond its prefix'],
  ['10.0.0.1/32', 'written without a length'],
  ['10.0.0.9-10.0.0.1', 'not the smaller one'],
  ['10.0.0.0/x', 'not a prefix'],
  ['10.0.0', 'not an IPv4 address'],
])('%s is refused', (text, message) => {
  expect(() => parseInterval('ipv4_addr', text)).toThrow(message);
});
