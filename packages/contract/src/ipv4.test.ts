import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import {
  broadcastOf,
  contains,
  formatIpv4,
  formatSubnet,
  isIpv4,
  netmaskOfPrefix,
  overlaps,
  parseIpv4,
  parseSubnet,
  prefixOfNetmask,
} from './ipv4.ts';

describe('IPv4', () => {
  test.each(['10.0.0.1', '0.0.0.0', '255.255.255.255'])('%s is an address', (text) => {
    expect(formatIpv4(parseIpv4(text))).toBe(text);
  });

  test.each(['', '10.0.0', '10.0.0.256', '010.0.0.1', '0x0a.0.0.1', '10.0.0.1 ', '::1', '10.0.0.1/24'])(
    '%j is none',
    (text) => {
      expect(isIpv4(text)).toBe(false);
      expect(() => parseIpv4(text)).toThrow('is not an IPv4 address (for example 10.0.0.1)');
    },
  );

  test('every number is an address and comes back', () => {
    fc.assert(
      fc.property(fc.integer({ min: 0, max: 0xffff_ffff }), (number) => {
        expect(parseIpv4(formatIpv4(number))).toBe(number);
      }),
    );
  });

  test('R-39: a mask and its prefix', () => {
    for (let prefix = 0; prefix <= 32; prefix++) expect(prefixOfNetmask(netmaskOfPrefix(prefix))).toBe(prefix);
    expect(prefixOfNetmask('255.255.255.0')).toBe(24);
  });

  test.each(['255.0.255.0', '255.255.255', '24', '255.255.255.256', ''])('R-39: %j is no mask', (mask) => {
    expect(() => prefixOfNetmask(mask)).toThrow('internal_netmask must be contiguous (for example 255.255.255.0)');
  });

  test('subnets', () => {
    const subnet = parseSubnet('10.250.0.77/24');
    expect(formatSubnet(subnet)).toBe('10.250.0.0/24');
    expect(formatIpv4(broadcastOf(subnet))).toBe('10.250.0.255');
    expect(contains(subnet, parseIpv4('10.250.1.0'))).toBe(false);
    expect(() => parseSubnet('10.0.0.0/33')).toThrow('is not a subnet');
  });

  test('R-09: overlap is that of ranges, both ways, at any prefix', () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 0, max: 0xffff }),
        fc.integer({ min: 20, max: 32 }),
        fc.integer({ min: 0, max: 0xffff }),
        fc.integer({ min: 20, max: 32 }),
        (a, aPrefix, b, bPrefix) => {
          const one = parseSubnet(`${formatIpv4(a)}/${aPrefix}`);
          const two = parseSubnet(`${formatIpv4(b)}/${bPrefix}`);
          const shared = one.prefix < two.prefix ? contains(one, two.network) : contains(two, one.network);
          expect(overlaps(one, two)).toBe(shared);
          expect(overlaps(two, one)).toBe(shared);
        },
      ),
    );
  });
});
