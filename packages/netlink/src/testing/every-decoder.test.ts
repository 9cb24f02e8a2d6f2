import { expect, it } from 'vitest';
import { inputOf } from '../codec/codec.ts';
import { MalformedError } from '../codec/error.ts';
import { readAcknowledgement } from '../message/acknowledgement.ts';
import { splitMessages } from '../message/message.ts';
import { NLM_F_ACK_TLVS } from '../uapi/netlink.ts';
import { type Decoder, everyDecoder } from './every-decoder.ts';

/** Pseudo-random numbers below `limit`, the same in each run of a seed. Source: mulberry32, public domain. */
function random(seed: number): (limit: number) => number {
  let state = seed;
  return (limit) => {
    state = (state + 0x6d2b_79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) % limit;
  };
}

const LONGEST = 384;

/** Bytes that look like attributes down to some depth, with lengths that lie now and then; and noise. */
function fill(bytes: Uint8Array, next: (limit: number) => number, start: number, end: number, depth: number): void {
  let at = start;
  while (at + 4 <= end && depth < 6) {
    const room = end - at;
    const length = next(40) === 0 ? next(0x1_0000) : 4 + next(Math.min(room - 3, next(4) === 0 ? room - 3 : 24));
    const type = next(60) | (next(3) === 0 ? 0x8000 : 0) | (next(30) === 0 ? 0x4000 : 0);
    bytes[at] = length & 255;
    bytes[at + 1] = length >> 8;
    bytes[at + 2] = type & 255;
    bytes[at + 3] = type >> 8;
    const stop = Math.min(at + Math.max(length, 4), end);
    if (next(2) === 0) fill(bytes, next, at + 4, stop, depth + 1);
    else noise(bytes, next, at + 4, stop);
    at = (stop + 3) & ~3;
  }
}

function noise(bytes: Uint8Array, next: (limit: number) => number, start: number, end: number): void {
  for (let at = start; at < end; at += 1) bytes[at] = next(3) === 0 ? 0 : next(256);
}

function inputFor(next: (limit: number) => number): Uint8Array {
  const bytes = new Uint8Array(next(LONGEST));
  if (next(3) === 0) noise(bytes, next, 0, bytes.length);
  else {
    // Behind a header of each of the sizes that families have.
    const header = Math.min([0, 4, 8, 12, 16, 20, 32][next(7)] ?? 0, bytes.length);
    noise(bytes, next, 0, header);
    fill(bytes, next, header, bytes.length, 0);
  }
  return bytes;
}

/** Values in a value, down to bytes and texts. */
function sizeOf(value: unknown): number {
  if (typeof value !== 'object' || value === null || value instanceof Uint8Array) return 1;
  return Object.values(value).reduce((sum: number, member) => sum + sizeOf(member), 1);
}

/** What came out of a decoder that should not have. */
function wrongWith(decoder: Decoder, bytes: Uint8Array, type: number): string | undefined {
  try {
    const size = sizeOf(decoder.run(bytes, type));
    if (size <= 256 + bytes.length * 64) return undefined;
    return `${decoder.name}: ${size} values of ${bytes.length} bytes`;
  } catch (error) {
    if (error instanceof MalformedError) return undefined;
    return `${decoder.name}: ${String(error)} of type ${type}, ${Buffer.from(bytes).toString('hex')}`;
  }
}

it('random bytes make every decoder of the package give a value of bounded size or a MalformedError', async () => {
  const decoders = await everyDecoder();
  expect(decoders.length).toBeGreaterThan(40);
  const names = decoders.map(({ name }) => name);
  for (const one of ['rtnl/route-message.ts decodeRouteMessage', 'rtnl/fdb.ts fdb.list', 'codec/address.ts ip']) {
    expect(names).toContain(one);
  }
  const total = Number(process.env['KCORE_TEST_SCALE'] ?? '1') >= 10 ? 1_000_000 : 25_000;
  const next = random(20_260_000);
  const wrong = new Map<string, string>();
  for (let count = 0; count < total; count += 1) {
    const decoder = decoders[count % decoders.length];
    if (decoder === undefined) throw new Error('no decoder');
    const found = wrongWith(decoder, inputFor(next), next(4) === 0 ? next(0x1000) : next(130));
    if (found !== undefined && !wrong.has(decoder.name)) wrong.set(decoder.name, found);
  }
  expect([...wrong.values()]).toEqual([]);
}, 600_000);

it('random datagrams are split into messages or refused', () => {
  const next = random(7);
  for (let count = 0; count < 20_000; count += 1) {
    const bytes = inputFor(next);
    if (bytes.length >= 4 && next(2) === 0) bytes.set([next(64), 0, 0, 0]);
    try {
      for (const message of splitMessages(inputOf(bytes))) {
        expect(message.end).toBeLessThanOrEqual(bytes.length);
        readAcknowledgement({ ...message, flags: message.flags | NLM_F_ACK_TLVS });
      }
    } catch (error) {
      expect(error).toBeInstanceOf(MalformedError);
    }
  }
});
