import fc from 'fast-check';
import { expect, it } from 'vitest';
import { ip, linkAddress } from './address.ts';
import { alike } from './alike.ts';
import { attributes } from './attributes.ts';
import { type Body, body } from './body.ts';
import type { Infer } from './codec.ts';
import { nested } from './nested.ts';
import { u8, u16, u32 } from './scalar.ts';
import { pad, struct } from './struct.ts';
import { Writer } from './writer.ts';

const header = struct({ family: u8, padding: pad(3), index: u32 });
const table = attributes(() => ({
  mac: [2, linkAddress],
  address: [1, ip],
  vlan: [5, u16],
  name: [6, u32],
  inner: [7, nested(attributes(() => ({ a: [1, u32] })))],
}));
const codec = body(header, table);

interface Entry extends Infer<typeof table> {
  readonly index: number;
}

function bodyOf({ index, ...rest }: Entry): Body<Infer<typeof header>, Infer<typeof table>> {
  return { header: { family: rest.address?.includes(':') === true ? 10 : 2, index }, attributes: rest };
}

const makeEncoder = (varying: readonly ('mac' | 'address' | 'vlan')[] = ['mac', 'address', 'vlan']) =>
  alike(codec, bodyOf, varying);
const FIRST: Entry = { index: 3, mac: '02:11:12:13:14:15', address: '10.0.0.1', name: 9 };

function written(values: readonly Entry[], encode: (value: Entry, out: Writer) => void): Uint8Array {
  const out = new Writer(values.length * 100);
  for (const value of values) encode(value, out);
  return out.bytes.subarray(0, out.offset);
}

const whole = (value: Entry, out: Writer): void => codec.write(bodyOf(value), out);

const entries: fc.Arbitrary<Entry> = fc.record(
  {
    mac: fc.constantFrom('02:1a:1b:1c:1d:1e', '02:2a:2b:2c:2d:2e', '', '01:02'),
    index: fc.constantFrom(3, 4),
    address: fc.constantFrom('10.0.0.1', '10.0.0.2', 'fe80::1', 'fe80::2'),
    vlan: fc.constantFrom(1, 2),
    name: fc.constant(9),
    inner: fc.constant({ a: 1 }),
  },
  { requiredKeys: ['index', 'mac'] },
);

it('writes any sequence of values as the codec by itself would', () => {
  fc.assert(
    fc.property(fc.array(entries, { maxLength: 12 }), (values) => {
      const encoder = makeEncoder();
      expect(written(values, (value, out) => encoder.write(value, out))).toEqual(written(values, whole));
    }),
  );
});

it('makes no body of a value that differs in the named members only', () => {
  let made = 0;
  const counted = (value: Entry): ReturnType<typeof bodyOf> => {
    made += 1;
    return bodyOf(value);
  };
  const encoder = alike(codec, counted, ['mac', 'address']);
  const other = { ...FIRST, address: '10.0.0.2' };
  const values = [FIRST, other, { ...other, mac: '02:00:00:00:00:02' }];
  expect(written(values, (value, out) => encoder.write(value, out))).toEqual(written(values, whole));
  expect(made).toBe(1);
});

it('sees that the one object it is given again and again has changed', () => {
  const encoder = makeEncoder();
  const inner = { a: 1 };
  const value = { ...FIRST, inner };
  const bytesOf = () => written([value], (one, out) => encoder.write(one, out));
  expect(bytesOf()).toEqual(written([value], whole));
  inner.a = 2;
  expect(bytesOf()).toEqual(written([value], whole));
  Object.assign(value, { index: 8 });
  expect(bytesOf()).toEqual(written([value], whole));
});

it('keeps the order of the members, which is that of the attributes, and their number', () => {
  const { mac, address, name, index } = FIRST as Required<Entry>;
  const values: Entry[] = [FIRST, { index, address, mac, name }, { index, address, mac }, { mac, address, index }];
  const encoder = makeEncoder();
  expect(written(values, (value, out) => encoder.write(value, out))).toEqual(written(values, whole));
});

it('leaves no byte of a value that turned out shorter', () => {
  const encoder = makeEncoder();
  const values = [FIRST, { ...FIRST, mac: '02:1a:1b:1c:1d:1e' }, { ...FIRST, mac: '01:02' }];
  expect(written(values, (value, out) => encoder.write(value, out))).toEqual(written(values, whole));
});

it('refuses what the codec refuses, in its words, and goes on', () => {
  const encoder = makeEncoder();
  const out = new Writer(400);
  encoder.write(FIRST, out);
  const start = out.offset;
  const bad: readonly [Entry, string][] = [
    [{ ...FIRST, mac: '02:00:00:00:00:0g' }, 'mac: "02:00:00:00:00:0g" is not a hardware address'],
    [{ ...FIRST, address: '10.0.0.256' }, 'address: "10.0.0.256" is not an IPv4 address'],
    [{ ...FIRST, address: undefined as unknown as string }, 'address: undefined; leave the attribute out instead'],
  ];
  for (const [value, message] of bad) {
    expect(() => encoder.write(value, out)).toThrow(message);
    out.bytes.fill(0, start);
    out.offset = start;
  }
  const next = { ...FIRST, address: '10.0.0.9' };
  encoder.write(next, out);
  expect(out.bytes.subarray(0, out.offset)).toEqual(written([FIRST, next], whole));
});

it('says that the room is at its end as a codec does, by a RangeError or an offset behind it, and keeps none of that', () => {
  // The last attribute's bytes are written without a word beyond the end.
  const values: Entry[] = [FIRST, { index: 3, name: 9, mac: '02:11:12:13:14:15' }];
  for (const value of values) {
    for (const before of [[], values]) {
      const enough = written([value], whole);
      for (let room = 0; room < enough.length; room += 1) {
        const encoder = makeEncoder([]);
        written(before, (one, out) => encoder.write(one, out));
        const out = new Writer(room);
        let error: unknown;
        try {
          encoder.write(value, out);
        } catch (thrown) {
          error = thrown;
        }
        expect(error instanceof RangeError || out.offset > room).toBe(true);
        expect(written([value], (one, fresh) => encoder.write(one, fresh))).toEqual(enough);
      }
    }
  }
});

it('notes spans for each attribute when asked to', () => {
  const encoder = makeEncoder();
  written([FIRST], (value, out) => encoder.write(value, out));
  const out = new Writer(100, { recordSpans: true });
  encoder.write(FIRST, out);
  expect(out.spans?.map(({ path }) => path)).toEqual(['mac', 'address', 'name']);
});
