import { parseIpv4 } from '@kcore/contract';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { Lease, LeaseChange } from '../leases/lease.ts';
import { decodeChange, encodeChange } from './lease-record.ts';

const hexByte = fc.integer({ min: 0, max: 255 }).map((byte) => byte.toString(16).padStart(2, '0'));
const mac = fc.array(hexByte, { minLength: 6, maxLength: 6 }).map((bytes) => bytes.join(':'));
const name = fc.string({ minLength: 1, maxLength: 63, unit: 'grapheme-ascii' });
const address = fc.integer({ min: 0, max: 0xffff_ffff });
const time = fc.integer({ min: 0, max: Date.UTC(9999, 11, 31, 23, 59, 59) });
const clientId = fc.array(hexByte, { minLength: 2, maxLength: 160 }).map((bytes) => bytes.join(''));

const lease: fc.Arbitrary<Lease> = fc
  .record(
    {
      network: name,
      mac,
      address,
      expiresAt: time,
      origin: fc.constantFrom('binding', 'dynamic'),
      released: fc.constant(true as const),
      hostname: name,
      clientId,
      byId: fc.boolean(),
    },
    { requiredKeys: ['network', 'mac', 'address', 'expiresAt', 'origin', 'byId'] },
  )
  .map(({ byId, ...rest }) =>
    byId && rest.clientId !== undefined ? { ...rest, client: `id:${rest.clientId}` } : rest,
  );

const change: fc.Arbitrary<LeaseChange> = fc.oneof(
  lease.map((one) => ({ change: 'lease', lease: one }) as const),
  fc.record({ change: fc.constant('forget' as const), network: name, address }),
  fc.record({ change: fc.constant('quarantine' as const), network: name, address, mac, expiresAt: time }),
);

const example: LeaseChange = {
  change: 'lease',
  lease: {
    network: 'lan',
    mac: '52:54:00:0b:9d:9f',
    address: parseIpv4('10.78.0.100'),
    expiresAt: 0x01_23_45_67_89_ab,
    origin: 'binding',
    hostname: 'web',
    clientId: '0102ff',
  },
};

describe('lease records', () => {
  test('whatever a change holds comes back', () => {
    fc.assert(
      fc.property(change, (one) => {
        expect(decodeChange(encodeChange(one))).toEqual(one);
      }),
    );
  });

  test('the bytes are these, for logs that are there already', () => {
    const expected = ['01 0a4e0064 03 6c616e', '5254000b9d9f 0123456789ab 07', '03 776562 03 0102ff'];
    expect(Buffer.from(encodeChange(example)).toString('hex')).toBe(expected.join('').replaceAll(' ', ''));
  });

  test('a record that is cut or longer than what it holds is refused, and never read past its end', () => {
    const bytes = encodeChange(example);
    for (let length = 0; length < bytes.length; length++)
      expect(() => decodeChange(bytes.slice(0, length)), `${length} bytes`).toThrow(RangeError);
    expect(() => decodeChange(Uint8Array.of(...bytes, 0))).toThrow('longer than what it holds');
    expect(() => decodeChange(Uint8Array.of(9, ...bytes.slice(1)))).toThrow('9 is no kind');
  });

  test('what has no room is refused when it is written', () => {
    const long = { change: 'forget', network: 'n'.repeat(256), address: 1 } as const;
    expect(() => encodeChange(long)).toThrow('255 bytes');
    const other = { ...example.lease, client: 'id:00' };
    expect(() => encodeChange({ change: 'lease', lease: other })).toThrow('is not the one its identifier names');
  });
});
