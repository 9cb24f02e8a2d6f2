import { describe, expect, test } from 'vitest';
import { check } from './check.ts';
import { DhcpOption, dhcpOptionHex } from './dhcp-option.ts';
import { DhcpSpec } from './dhcp-spec.ts';
import { dnsmasqLease } from './dnsmasq-lease.ts';

describe('an option by code', () => {
  test.each([
    [{ code: 43, hex: '0104C0A80001' }, '0104c0a80001'],
    [{ code: 252, text: 'http://w/wpad.dat' }, Buffer.from('http://w/wpad.dat').toString('hex')],
    [{ code: 138, addresses: ['10.0.0.1', '255.0.0.2'] }, '0a000001ff000002'],
    [{ code: 23, u8: 64 }, '40'],
    [{ code: 26, u16: 1450 }, '05aa'],
    [{ code: 24, u32: 5 }, '00000005'],
  ])('%j', (option, hex) => {
    expect(dhcpOptionHex(check(DhcpOption, option))).toBe(hex);
  });

  test.each([
    [{ code: 0, u8: 1 }, 'code: code must be 1 to 254'],
    [{ code: 43, hex: 'abc' }, 'hex: hex must be 1 to 255 bytes in hexadecimal'],
    [{ code: 43, u8: 256 }, 'u8: u8 must be a whole number from 0 to 255'],
    [{ code: 43, addresses: ['10.0.0'] }, 'addresses.0: addresses must be IPv4 addresses (for example 10.0.0.1)'],
    [{ code: 43 }, 'an option has exactly one of hex, text, addresses, u8, u16, u32'],
    [{ code: 43, u8: 1, text: 'x' }, 'an option has exactly one of hex, text, addresses, u8, u16, u32'],
    [{ code: 43, u64: 1 }, "unknown field 'u64'"],
  ])('%j is refused', (option, message) => {
    expect(() => check(DhcpOption, option)).toThrow(message);
  });
});

test.each([
  [{ leaseSeconds: 9 }, 'leaseSeconds: leaseSeconds must be 10 to 2147483647, or 4294967295 for leases that never end'],
  [{ routes: [{ destination: '10.9.0.0', via: '10.0.0.2' }] }, "routes.0.destination: '10.9.0.0' is not a subnet"],
  [{ boot: { httpX64: 'x64.efi' } }, 'boot.httpX64: must be a URL that begins with http:// or https://'],
  [{ boot: { bios: 'a b' } }, 'boot.bios: a boot file is a path or URL'],
  [{ ipv6OnlySeconds: 1 }, 'ipv6OnlySeconds: ipv6OnlySeconds must be at least 300'],
  [{ ntp: ['pool.ntp.org'] }, "ntp.0: 'pool.ntp.org' is not an IPv4 address"],
])('dhcp settings name what is wrong: %j', (spec, message) => {
  expect(() => check(DhcpSpec, spec)).toThrow(message);
});

test('a line of a dnsmasq lease file, whatever the client calls itself', () => {
  const lease = {
    kind: 'lease',
    network: 'lan',
    mac: '52:54:00:00:00:01',
    address: '10.0.0.9',
    state: 'active',
  } as const;
  expect(
    dnsmasqLease({ ...lease, expiresAt: '2026-01-01T00:00:00.900Z', hostname: 'w\n\u00e9b 1', clientId: 'ff01' }),
  ).toBe('1767225600 52:54:00:00:00:01 10.0.0.9 wb1 ff:01');
  expect(dnsmasqLease({ ...lease, hostname: ' ' })).toBe('0 52:54:00:00:00:01 10.0.0.9 * *');
});
