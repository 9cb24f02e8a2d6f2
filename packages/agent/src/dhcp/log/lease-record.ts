import { formatIpv4, parseIpv4 } from '@kcore/contract';
import * as v from 'valibot';
import type { LeaseChange } from '../leases/lease.ts';

/** How a change stands in the log: JSON with short keys, so that a person can read it with `strings`. */
const Record = v.variant('k', [
  v.object({
    k: v.literal('lease'),
    n: v.string(),
    m: v.string(),
    a: v.string(),
    /** Expiry, milliseconds since 1970. */
    e: v.number(),
    o: v.picklist(['binding', 'dynamic']),
    h: v.exactOptional(v.string()),
    c: v.exactOptional(v.string()),
  }),
  v.object({ k: v.literal('forget'), n: v.string(), a: v.string() }),
  v.object({ k: v.literal('quarantine'), n: v.string(), a: v.string(), m: v.string(), e: v.number() }),
]);
type Record = v.InferOutput<typeof Record>;

function recordOf(change: LeaseChange): Record {
  switch (change.change) {
    case 'lease': {
      const { network, mac, address, expiresAt, origin, hostname, clientId } = change.lease;
      return {
        k: 'lease',
        n: network,
        m: mac,
        a: formatIpv4(address),
        e: expiresAt,
        o: origin,
        ...(hostname === undefined ? {} : { h: hostname }),
        ...(clientId === undefined ? {} : { c: clientId }),
      };
    }
    case 'forget':
      return { k: 'forget', n: change.network, a: formatIpv4(change.address) };
    case 'quarantine':
      return {
        k: 'quarantine',
        n: change.network,
        a: formatIpv4(change.address),
        m: change.mac,
        e: change.expiresAt,
      };
  }
}

export function encodeChange(change: LeaseChange): Uint8Array {
  return Buffer.from(JSON.stringify(recordOf(change)));
}

/** @throws {ValiError | SyntaxError | KcoreError} The record's checksum was right, but another program wrote it. */
export function decodeChange(payload: Uint8Array): LeaseChange {
  const record = v.parse(Record, JSON.parse(Buffer.from(payload).toString('utf8')));
  const network = record.n;
  const address = parseIpv4(record.a);
  switch (record.k) {
    case 'lease':
      return {
        change: 'lease',
        lease: {
          network,
          mac: record.m,
          address,
          expiresAt: record.e,
          origin: record.o,
          ...(record.h === undefined ? {} : { hostname: record.h }),
          ...(record.c === undefined ? {} : { clientId: record.c }),
        },
      };
    case 'forget':
      return { change: 'forget', network, address };
    case 'quarantine':
      return { change: 'quarantine', network, address, mac: record.m, expiresAt: record.e };
  }
}
