import fc from 'fast-check';
import { describe, expect, expectTypeOf, it } from 'vitest';
import { bytesOf, expectBytes } from '../testing/hexdump.ts';
import { ipv4 } from './address.ts';
import { attributes } from './attributes.ts';
import { body } from './body.ts';
import { decode, encode, type Infer } from './codec.ts';
import { MalformedError } from './error.ts';
import { array, nested } from './nested.ts';
import { repeated } from './repeated.ts';
import { be16, bool8, bytes, flag, u8, u16, u32 } from './scalar.ts';
import { select } from './select.ts';
import { pad, struct } from './struct.ts';
import { cstring } from './text.ts';
import { pathAt, Writer } from './writer.ts';

const vxlan = attributes(() => ({
  vni: [1, u32],
  local: [4, ipv4],
  port: [15, be16],
  learning: [7, bool8],
  gbp: [23, flag],
}));
const bridge = attributes(() => ({ stp: [5, u32] }));
const link = attributes(() => ({
  name: [3, cstring],
  mtu: [4, u32],
  linkinfo: [18, nested(attributes(() => ({ kind: [1, cstring], data: [2, select('kind', { vxlan, bridge })] })))],
  altNames: [52, nested(attributes(() => ({ names: [53, repeated(cstring)] })))],
  list: [60, array(attributes(() => ({ number: [1, u8] })))],
}));
const header = struct({ family: u8, padding: pad(1), type: u16, index: u32 });
const message = body(header, link);

describe('attribute tables', () => {
  it('give the type of the value', () => {
    expectTypeOf<Infer<typeof vxlan>['vni']>().toEqualTypeOf<number | undefined>();
    expectTypeOf<Infer<typeof vxlan>['gbp']>().toEqualTypeOf<true | undefined>();
    // @ts-expect-error There is no such attribute.
    const unknownName: Infer<typeof vxlan> = { vnii: 3 };
    // @ts-expect-error Absent is not undefined.
    const absent: Infer<typeof vxlan> = { vni: undefined };
    expect([unknownName, absent]).toHaveLength(2);
  });

  it('write in the order of the value, aligned, nested and all into one buffer', () => {
    const value = {
      name: 'vx1',
      linkinfo: { kind: 'vxlan', data: { vni: 100, local: '192.0.2.1', port: 4789, learning: false } },
      mtu: 1450,
    } as const;
    expectBytes(
      encode(link, value),
      `08 00 03 00  76 78 31 00
       34 00 12 80
         0a 00 01 00  76 78 6c 61 6e 00 00 00
         24 00 02 80
           08 00 01 00  64 00 00 00
           08 00 04 00  c0 00 02 01
           06 00 0f 00  12 b5 00 00
           05 00 07 00  00 00 00 00
       08 00 04 00  aa 05 00 00`,
    );
    expect(decode(link, encode(link, value))).toEqual(value);
  });

  it('find the selector first, wherever it stands', () => {
    const swapped = bytesOf(`18 00 12 80  0c 00 02 80 08 00 05 00 01 00 00 00  08 00 01 00 62 72 00 00`);
    expect(decode(link, swapped)).toEqual({ linkinfo: { data: bytesOf('08 00 05 00 01 00 00 00'), kind: 'br' } });
    const known = bytesOf(`1c 00 12 80  0c 00 02 80 08 00 05 00 01 00 00 00  0b 00 01 00 62 72 69 64 67 65 00 00`);
    expect(decode(link, known)).toEqual({ linkinfo: { data: { stp: 1 }, kind: 'bridge' } });
  });

  it.each([
    ['leaves the range', '09 00 03 00 76 78 31 00'],
    ['is shorter than its own header', '03 00 03 00 76 78 31 00'],
    ['leaves its nest', '0c 00 12 80  09 00 01 00 76 78 31 00'],
  ])('refuse an attribute whose length %s', (_, bytes) => {
    expect(() => decode(link, bytesOf(bytes))).toThrow(MalformedError);
  });

  it('keep what they do not know, and write it back', () => {
    const strange = bytesOf('08 00 04 00 dc 05 00 00  06 00 ff 80 01 02 00 00  05 00 e7 03 07 00 00 00');
    const value = decode(link, strange);
    expect(value).toEqual({
      mtu: 1500,
      unknown: [
        { type: 0x80ff, data: Uint8Array.of(1, 2) },
        { type: 999, data: Uint8Array.of(7) },
      ],
    });
    expectBytes(encode(link, value), strange);
  });

  it('repeat an attribute for each element, and number those of a list', () => {
    const value = { altNames: { names: ['a', 'bc'] }, list: [{ number: 1 }, { number: 2 }] };
    expectBytes(
      encode(link, value),
      `14 00 34 80  06 00 35 00 61 00 00 00  07 00 35 00 62 63 00 00
       1c 00 3c 80  0c 00 01 00 05 00 01 00 01 00 00 00  0c 00 02 00 05 00 01 00 02 00 00 00`,
    );
    expect(decode(link, encode(link, value))).toEqual(value);
  });

  it.each<[string, object, RegExp]>([
    [
      'an unknown name',
      { linkinfo: { kind: 'vxlan', data: { vnii: 1 } } },
      /^linkinfo\.data\.vnii: no such attribute; there are vni, local/,
    ],
    ['undefined', { mtu: undefined }, /^mtu: undefined; leave the attribute out/],
    ['a value out of range', { linkinfo: { kind: 'vxlan', data: { vni: -1 } } }, /^linkinfo\.data\.vni: -1 is not/],
    ['an element', { list: [{ number: 1 }, { number: 256 }] }, /^list\.1\.number: 256 is not/],
    [
      'data without a selector',
      { linkinfo: { data: { vni: 1 } } },
      /^linkinfo\.data: no table for kind undefined; there are vxlan, bridge/,
    ],
    ['what is no object', { linkinfo: null }, /^linkinfo: null is not an object/],
    ['what is no list', { altNames: { names: 'a' } }, /^altNames\.names: a is not an array/],
    [
      'an unknown attribute that is too long',
      { unknown: [{ type: 1, data: new Uint8Array(65_532) }] },
      /^unknown\.0: 65532 bytes do not fit/,
    ],
    ['unknown attributes that are no list', { unknown: 5 }, /^unknown: 5 is not an array/],
    [
      'an unknown attribute of no type',
      { unknown: [{ type: 65_536, data: new Uint8Array() }] },
      /^unknown\.0\.type: 65536/,
    ],
    ['an unknown attribute without bytes', { unknown: [{ type: 1, data: 'x' }] }, /^unknown\.0\.data: x is not/],
    ['an unknown attribute that is none', { unknown: [undefined] }, /^unknown\.0\.type: undefined/],
    [
      'a list that is too long',
      { list: Array.from({ length: 9000 }, () => ({ number: 1 })) },
      /^list: 108000 bytes do not fit/,
    ],
    [
      'an attribute that is too long',
      { linkinfo: { kind: 'x', data: new Uint8Array(65_532) } },
      /^linkinfo\.data: 65532 bytes do not fit/,
    ],
  ])('name the path of %s', (_, value, expected) => {
    expect(() => encode(link, value as Infer<typeof link>)).toThrow(expected);
    // Messages behind the first of a batch are written without being measured: writing refuses all that measuring does.
    expect(() => link.write(value as Infer<typeof link>, new Writer(120_000))).toThrow(expected);
  });

  it('map an offset of the message back to the path', () => {
    const value = {
      header: header.fill({ index: 7 }),
      attributes: { name: 'vx1', linkinfo: { kind: 'vxlan', data: { vni: 1, port: 2 } }, list: [{ number: 1 }] },
    } as const;
    const out = new Writer(message.measure(value), { recordSpans: true });
    message.write(value, out);
    const at = (offset: number): string | undefined => pathAt(out.spans ?? [], offset);
    expect([8, 16, 20, 32, 36, 44, 46, 0, 56].map(at)).toEqual([
      'name',
      'linkinfo',
      'linkinfo.kind',
      'linkinfo.data',
      'linkinfo.data.vni',
      'linkinfo.data.port',
      'linkinfo.data.port',
      undefined,
      'list.0',
    ]);
  });
});

describe('structs', () => {
  it('tolerate a short one as if zeros followed, and ignore a longer tail', () => {
    expect(decode(header, bytesOf('02 00 01 00'))).toEqual({ family: 2, type: 1, index: 0 });
    expect(decode(header, bytesOf('02 00 01 00 05 00 00 00 ff ff'))).toEqual({ family: 2, type: 1, index: 5 });
  });

  it('refuse fields they do not have', () => {
    expect(() => encode(header, { ...header.fill({}), indx: 1 } as Infer<typeof header>)).toThrow(
      /^indx: no such field/,
    );
  });

  it('a body needs its whole header', () => {
    expect(() => decode(message, new Uint8Array(7))).toThrow(MalformedError);
    expect(decode(message, new Uint8Array(8))).toMatchObject({ attributes: {} });
  });
});

describe('whatever comes', () => {
  const value = fc.record(
    {
      name: fc.string({ maxLength: 15 }).filter((text) => !text.includes('\0')),
      mtu: fc.integer({ min: 0, max: 0xffff_ffff }),
      linkinfo: fc.record({
        kind: fc.constant('vxlan' as const),
        data: fc.record(
          {
            vni: fc.integer({ min: 0, max: 0xff_ffff }),
            port: fc.integer({ min: 0, max: 65_535 }),
            learning: fc.boolean(),
            gbp: fc.constant(true as const),
          },
          { requiredKeys: [] },
        ),
      }),
      list: fc.array(fc.record({ number: fc.integer({ min: 0, max: 255 }) })),
      unknown: fc.array(
        fc.record({ type: fc.integer({ min: 200, max: 16_383 }), data: fc.uint8Array({ maxLength: 20 }) }),
        { minLength: 1 },
      ),
    },
    { requiredKeys: [] },
  );

  it('decoding what was encoded gives the value', () => {
    fc.assert(
      fc.property(value, (given) => {
        expect(decode(link, encode(link, given))).toEqual(given);
      }),
    );
  });

  it('random bytes are read or refused, and never do anything else', () => {
    const runs = 20_000 * Number(process.env['KCORE_TEST_SCALE'] ?? '1');
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 64 }), (data) => {
        try {
          decode(message, data);
        } catch (error) {
          expect(error).toBeInstanceOf(MalformedError);
        }
      }),
      { numRuns: runs },
    );
  });
});

it('bytes are a copy, so that a value does not hold a receive buffer', () => {
  const buffer = bytesOf('08 00 01 00 01 02 03 04');
  const value = decode(
    attributes(() => ({ data: [1, bytes] })),
    buffer,
  );
  buffer.fill(0);
  expect(value).toEqual({ data: Uint8Array.of(1, 2, 3, 4) });
});

it('leaves out what it does not know, where it is meant to', () => {
  const set = attributes(() => ({ a: [1, u32] }), { others: 'left out' });
  const bytes = encode(
    attributes(() => ({ a: [1, u32], b: [2, u32] })),
    { b: 5, a: 7 },
  );
  expect(decode(set, bytes)).toEqual({ a: 7 });
});
