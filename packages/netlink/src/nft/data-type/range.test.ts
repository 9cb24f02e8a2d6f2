import fc from 'fast-check';
import { expect, test } from 'vitest';
import type { DataTypeName } from './data-type.ts';
import { after, before, formatRange, parseRange } from './range.ts';

const hex = (bytes: Uint8Array | undefined): string => Buffer.from(bytes ?? []).toString('hex');

test('any range of addresses has one text, which is read as that range', () => {
  const sizes: readonly [DataTypeName, number][] = [
    ['ipv4_addr', 4],
    ['ipv6_addr', 16],
    ['inet_service', 2],
    ['mark', 4],
  ];
  const ranges = fc.constantFrom(...sizes).chain(([type, size]) => {
    const bytes = fc.uint8Array({ minLength: size, maxLength: size });
    return fc.tuple(fc.constant(type), bytes, bytes);
  });
  fc.assert(
    fc.property(ranges, ([type, a, b]) => {
      const [first, last] = Buffer.compare(a, b) < 0 ? [a, b] : [b, a];
      const read = parseRange(type, formatRange(type, { first, last }));
      expect([hex(read.first), hex(read.last)]).toEqual([hex(first), hex(last)]);
    }),
  );
});

test('each prefix of an address is told as a prefix', () => {
  const v6 = (bits: number): string => formatRange('ipv6_addr', parseRange('ipv6_addr', `::/${bits}`));
  for (let bits = 0; bits < 128; bits += 1) expect(v6(bits)).toBe(`::/${bits}`);
  expect(formatRange('ipv4_addr', parseRange('ipv4_addr', '10.0.0.0/24'))).toBe('10.0.0.0/24');
  expect(formatRange('ipv4_addr', parseRange('ipv4_addr', '10.0.0.128-10.0.1.127'))).toBe('10.0.0.128-10.0.1.127');
  expect(formatRange('ipv4_addr', parseRange('ipv4_addr', '255.255.255.255'))).toBe('255.255.255.255');
  expect(formatRange('inet_service', parseRange('inet_service', '0-65535'))).toBe('0-65535');
});

test('numbers in host order are compared as numbers, so they stand in big-endian order', () => {
  const { first, last } = parseRange('mark', '0x00000001-0x00000100');
  expect([hex(first), hex(last)]).toEqual(['00000001', '00000100']);
});

test('the names of numbers may have a dash', () => {
  expect(hex(parseRange('icmp_type', 'echo-request').first)).toBe('08');
  const { first, last } = parseRange('icmp_type', '20-30');
  expect([hex(first), hex(last)]).toEqual(['14', '1e']);
});

test('the values beside a value', () => {
  expect(hex(after(Uint8Array.of(0, 255)))).toBe('0100');
  expect(after(Uint8Array.of(255, 255))).toBeUndefined();
  expect(hex(before(Uint8Array.of(1, 0)))).toBe('00ff');
  expect(hex(before(Uint8Array.of(0, 0)))).toBe('ffff');
});

test.each([
  ['10.0.0.1/24', 'bits beyond its prefix'],
  ['10.0.0.1/32', 'written without a length'],
  ['10.0.0.9-10.0.0.1', 'not the smaller one'],
  ['10.0.0.0/x', 'not a prefix'],
  ['10.0.0', 'not an IPv4 address'],
])('%s is refused', (text, message) => {
  expect(() => parseRange('ipv4_addr', text)).toThrow(message);
});
