import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { ip, ipv4, ipv6, linkAddress, mac } from './address.ts';
import { bits } from './bits.ts';
import { type Codec, decode, encode } from './codec.ts';
import { MalformedError, ValueError } from './error.ts';
import { be16, be32, be64, bool8, bytes, flag, s32, sbe32, u8, u16, u32, u64 } from './scalar.ts';
import { cstring, fixedText } from './text.ts';

const hex = (data: Uint8Array): string => Buffer.from(data).toString('hex');

function check<T>(codec: Codec<T>, value: T, expected: string): void {
  const data = encode(codec, value);
  expect(hex(data)).toBe(expected);
  expect(decode(codec, data)).toEqual(value);
}

describe('values and their bytes', () => {
  it.each([
    [u8, 255, 'ff'],
    [u16, 0x1234, '3412'],
    [u32, 0xffff_fffe, 'feffffff'],
    [s32, -2, 'feffffff'],
    [be16, 4789, '12b5'],
    [be32, 100, '00000064'],
    [sbe32, -100, 'ffffff9c'],
  ] as const)('number %#', (codec, value, expected) => check(codec, value, expected));

  it.each([
    [u64, 2n ** 63n, '0000000000000080'],
    [be64, 30_000n, '0000000000007530'],
  ] as const)('bigint %#', (codec, value, expected) => check(codec, value, expected));

  it.each([
    [cstring, 'vx100', '767831303000'],
    [cstring, '', '00'],
    [cstring, 'größe', '6772c3b6c39f6500'],
    [fixedText(8), 'lo', '6c6f000000000000'],
    [ipv4, '10.0.0.255', '0a0000ff'],
    [ipv6, 'fe80::1', 'fe800000000000000000000000000001'],
    [ipv6, '::', '00000000000000000000000000000000'],
    [ipv6, '2001:db8:0:1::', '20010db8000000010000000000000000'],
    [ip, '192.0.2.1', 'c0000201'],
    [ip, '::ffff', '0000000000000000000000000000ffff'],
    [mac, '02:00:5e:10:00:fe', '02005e1000fe'],
    [linkAddress, '7f:00:00:01', '7f000001'],
  ] as const)('text %#', (codec, value, expected) => check<string>(codec, value, expected));

  it('booleans, flags and raw bytes', () => {
    check(bool8, true, '01');
    check(bool8, false, '00');
    check(flag, true, '');
    check(bytes, Uint8Array.of(1, 2), '0102');
  });

  it('bits by name, those without a name as a rest', () => {
    const flags = bits(u16, { up: 1, running: 0x40 });
    check(flags, { up: true, rest: 0x8 }, '0900');
    check(flags, {}, '0000');
    expect(hex(encode(flags, { up: false, running: true }))).toBe('4000');
    const read = decode(flags, Uint8Array.of(1, 0));
    expect(decode(flags, Uint8Array.of(1, 0))).toBe(read);
    expect(Object.isFrozen(read)).toBe(true);
  });
});

it.each([
  ['10.0.0.1', '0a000001'],
  ['255.255.255.255', 'ffffffff'],
  ['0.0.0.0', '00000000'],
])('IPv4 %s', (text, bytes) => check<string>(ipv4, text, bytes));

it('IPv4 addresses are each what their bytes say, whichever were read before', () => {
  // Few values of each byte, so that many share a place where addresses are remembered.
  const byte = fc.constantFrom(0, 1, 4, 16, 64, 255);
  fc.assert(
    fc.property(fc.array(fc.tuple(byte, byte, byte, byte), { maxLength: 40 }), (addresses) => {
      for (const address of addresses) expect(decode(ipv4, Uint8Array.from(address))).toBe(address.join('.'));
    }),
  );
});

it.each([
  ['1:0:0:2::', '00010000000000020000000000000000'],
  ['::1:0:0:2', '00000000000000000001000000000002'],
  ['1::2:0:0:3', '00010000000000000002000000000003'],
  ['1:2:3:4:5:6:7:0', '00010002000300040005000600070000'],
  ['0:1:2:3:4:5:6:7', '00000001000200030004000500060007'],
])('IPv6 %s has its longest gap shortened, and no gap of one group', (text, bytes) => check<string>(ipv6, text, bytes));

describe('what does not fit is refused before it is sent', () => {
  it.each<[string, () => unknown]>([
    ['too large', () => encode(u16, 65_536)],
    ['negative', () => encode(u32, -1)],
    ['a fraction', () => encode(u8, 1.5)],
    ['NaN', () => encode(u8, Number.NaN)],
    ['a bigint out of range', () => encode(u64, -1n)],
    ['no boolean', () => encode(bool8, 1 as unknown as boolean)],
    ['a name that is too long', () => encode(fixedText(4), 'eth0')],
    ['NUL in text', () => encode(cstring, 'a\0b')],
    ['leading zeros', () => encode(ipv4, '10.0.0.01')],
    ['three parts', () => encode(ipv4, '10.0.0')],
    ['five parts', () => encode(ipv4, '1.2.3.4.5')],
    ['256', () => encode(ipv4, '10.0.0.256')],
    ['an empty part', () => encode(ipv4, '10..0.1')],
    ['two gaps', () => encode(ipv6, '1::2::3')],
    ['a gap for nothing', () => encode(ipv6, '1:2:3:4::5:6:7:8')],
    ['a scope', () => encode(ipv6, 'fe80::1%eth0')],
    ['a short MAC', () => encode(mac, '02:00:00:00:00')],
    ['a MAC with dashes', () => encode(mac, '02-00-00-00-00-01')],
    ['a bit without a name', () => encode(bits(u8, { up: 1 }), { down: true } as unknown as { up: true })],
  ])('%s', (_, attempt) => {
    expect(attempt).toThrow(ValueError);
  });
});

it('reads longer payloads than it needs, and refuses shorter ones', () => {
  expect(decode(u32, Uint8Array.of(1, 0, 0, 0, 9, 9))).toBe(1);
  for (const codec of [u16, u32, be64, ipv4, ipv6, bool8] as readonly Codec<unknown>[]) {
    expect(() => decode(codec, new Uint8Array(0))).toThrow(MalformedError);
  }
  expect(() => decode(ip, new Uint8Array(7))).toThrow(MalformedError);
});
