import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { type Codec, decode, encode } from '../codec/codec.ts';
import { addressBody } from './address.ts';
import { vlanDatabaseBody } from './bridge-vlan/database-body.ts';
import { bridgeSpec } from './bridge-vlan/spec.ts';
import { linkBody } from './link/attributes.ts';
import { mdbBody, mdbRequestBody } from './mdb-body.ts';
import { fdbBody, neighbourBody } from './neighbour-body.ts';
import { neighbourTableBody } from './neighbour-table.ts';
import { hopList } from './next-hop-list.ts';
import { nexthopBody } from './nexthop-body.ts';
import { routeBody } from './route-body.ts';
import { ruleBody } from './rule-body.ts';
import { classBody } from './tc/class.ts';
import { filterBody } from './tc/filter.ts';
import { qdiscBody } from './tc/qdisc.ts';

const bodies: Readonly<Record<string, Codec<unknown>>> = {
  link: linkBody,
  address: addressBody,
  route: routeBody,
  rule: ruleBody,
  neighbour: neighbourBody,
  fdb: fdbBody,
  neighbourTable: neighbourTableBody,
  nexthop: nexthopBody,
  mdb: mdbBody,
  mdbRequest: mdbRequestBody,
  vlanDatabase: vlanDatabaseBody,
  bridgeSpec,
  qdisc: qdiscBody,
  class: classBody,
  filter: filterBody,
};

/** A header and attributes whose types and contents are whatever they are, but whose lengths are right. */
const message = fc
  .tuple(
    fc.uint8Array({ minLength: 20, maxLength: 20 }),
    fc.array(fc.tuple(fc.integer({ min: 0, max: 40 }), fc.uint8Array({ maxLength: 40 })), { maxLength: 8 }),
  )
  .map(([header, list]) => {
    const attributes = list.map(([type, data]) => {
      const padded = Buffer.alloc((data.byteLength + 7) & ~3);
      padded.writeUInt16LE(data.byteLength + 4, 0);
      padded.writeUInt16LE(type, 2);
      padded.set(data, 4);
      return padded;
    });
    return new Uint8Array(Buffer.concat([header, ...attributes]));
  });

function read(codec: Codec<unknown>, bytes: Uint8Array): unknown {
  try {
    return decode(codec, bytes);
  } catch (error) {
    // The one error that decoding has, never a crash.
    expect(error).toMatchObject({ name: 'MalformedError' });
    return undefined;
  }
}

describe('what was read is written and read as the same', () => {
  test.each(Object.entries(bodies))('%s', (_name, codec) => {
    fc.assert(
      fc.property(message, (bytes) => {
        const value = read(codec, bytes);
        if (value === undefined) return;
        let written: Uint8Array;
        try {
          written = encode(codec, value);
        } catch (error) {
          // What the kernel never says (a rate of 0, a burst beyond 32 bits) may be refused, by name.
          expect(error).toMatchObject({ name: 'ValueError' });
          return;
        }
        const again = decode(codec, written);
        expect(encode(codec, again)).toEqual(written);
      }),
      { numRuns: 100 },
    );
  });
});

describe('bytes that are anything', () => {
  test.each(Object.entries(bodies))('%s: a value or a MalformedError', (_name, codec) => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 120 }), (bytes) => void read(codec, bytes)),
      { numRuns: 200 },
    );
  });
  test('a list of next hops', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 80 }), (bytes) => void read(hopList, bytes)),
      { numRuns: 500 },
    );
  });
});
