import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { ip, ipv4, ipv6, mac } from '../../codec/address.ts';
import { type Codec, decode, encode } from '../../codec/codec.ts';
import { be16, be32, be64, bool8, bytes, flag, s32, u8, u16, u32, u64 } from '../../codec/scalar.ts';
import { flowLabel } from '../up-to.ts';
import { kinds, slaveKinds } from './kinds.ts';
import { toldFlag } from './told-flag.ts';

const byte = fc.integer({ min: 0, max: 0xff });
const half = fc.integer({ min: 0, max: 0xffff });
const word = fc.integer({ min: 0, max: 0xffff_ffff });
const long = fc.bigInt({ min: 0n, max: 0xffff_ffff_ffff_ffffn });
const dotted = fc.ipV4();
// The canonical text: what the decoder writes.
const colons = fc.uint8Array({ minLength: 16, maxLength: 16 }).map((value) => decode(ipv6, value));

/** What a codec of one value takes. */
const values = new Map<unknown, fc.Arbitrary<unknown>>([
  [u8, byte],
  [u16, half],
  [be16, half],
  [u32, word],
  [be32, word],
  [flowLabel, fc.integer({ min: 0, max: 0xf_ffff })],
  [s32, fc.integer()],
  [u64, long],
  [be64, long],
  [bool8, fc.boolean()],
  [flag, fc.constant(true)],
  [toldFlag, fc.constant(true)],
  [bytes, fc.uint8Array({ maxLength: 20 })],
  [ipv4, dotted],
  [ipv6, colons],
  [ip, fc.oneof(dotted, colons)],
  [mac, fc.uint8Array({ minLength: 6, maxLength: 6 }).map((value) => decode(mac, value))],
]);

/** A codec that is made of others: a value of it is what it reads of random bytes of its length. */
function madeOf(codec: Codec<unknown>): fc.Arbitrary<unknown> {
  const { fixed } = codec;
  if (fixed === undefined)
    return fc.constant(codec.read({ bytes: new Uint8Array(0), view: new DataView(new ArrayBuffer(0)) }, 0, 0));
  return fc.uint8Array({ minLength: fixed, maxLength: fixed }).map((random) => decode(codec, random));
}

function arbitraryOf(shape: Readonly<Record<string, readonly [number, Codec<unknown>]>>): fc.Arbitrary<object> {
  const members = Object.entries(shape).map(([name, [, codec]]) => [name, values.get(codec) ?? madeOf(codec)] as const);
  return fc.record(Object.fromEntries(members), { requiredKeys: [] });
}

const unknown = fc.array(
  fc.record({ type: fc.integer({ min: 1000, max: 0x3fff }), data: fc.uint8Array({ maxLength: 20 }) }),
  { minLength: 1, maxLength: 3 },
);

describe('whatever options a kind has, reading what was written gives them', () => {
  // The peer of a veth is a message of its own, which the golden bytes show.
  const { veth: _, ...flat } = kinds;
  test.each(
    Object.entries({
      ...flat,
      'bond port': slaveKinds.bond,
      'bridge port': slaveKinds.bridge,
      'vrf port': slaveKinds.vrf,
    }),
  )('of kind %s', (_kind, set) => {
    // Each table is a set of attributes of its own type, of which the property needs none.
    const codec = set as unknown as Codec<object> & { readonly shape: Parameters<typeof arbitraryOf>[0] };
    const value = fc.oneof(arbitraryOf(codec.shape), fc.record({ unknown }));
    fc.assert(
      fc.property(value, (given) => {
        const written = encode(codec, given);
        const read = decode(codec, written);
        expect(read).toEqual(given);
        expect(encode(codec, read)).toEqual(written);
      }),
      { numRuns: 20 },
    );
  });

  test.each(Object.entries({ ...kinds, ...slaveKinds }))(
    'no two options of kind %s have one number',
    (_kind, { shape }) => {
      const numbers = Object.values(shape as Readonly<Record<string, readonly [number, unknown]>>).map(
        ([number]) => number,
      );
      expect(new Set(numbers).size).toBe(numbers.length);
    },
  );
});
