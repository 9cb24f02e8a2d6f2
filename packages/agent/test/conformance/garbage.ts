import { encodeMessage, macBytes } from './wire-format.ts';

/** With what the MACs begin that stand in messages nobody may answer: many, so that it is not their rate that is refused. */
export const GARBAGE_MACS = '52:54:00:66:66:';

/** Numbers that are the same for the same seed (mulberry32). */
export function randomOf(seed: number): (below: number) => number {
  let state = seed >>> 0;
  return (below) => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) % below;
  };
}

type Random = ReturnType<typeof randomOf>;

function noise(random: Random, length: number): Buffer {
  const bytes = Buffer.alloc(length);
  for (let at = 0; at < length; at++) bytes[at] = random(256);
  return bytes;
}

const XID = 0x66660000;

/** The kind stands in the transaction identifier, so that an answer tells what it answers. */
const discover = (kind: number): Buffer =>
  encodeMessage({ type: 'discover', mac: `${GARBAGE_MACS}00`, xid: XID + kind });

function noiseWithMac(random: Random): Buffer {
  const bytes = noise(random, 240 + random(1160));
  bytes.set(macBytes(`${GARBAGE_MACS}00`), 28);
  return bytes;
}

function changed(bytes: Buffer, offset: number, value: number): Buffer {
  bytes[offset] = value;
  return bytes;
}

interface Kind {
  readonly what: string;
  readonly make: (random: Random, kind: number) => Buffer;
}

/** Ways of being no request; each of them certain, so that any answer is a mistake. */
const KINDS: readonly Kind[] = [
  { what: 'shorter than the fixed fields', make: (random, kind) => discover(kind).subarray(0, random(240)) },
  { what: 'noise', make: noiseWithMac },
  { what: 'a wrong cookie', make: (random, kind) => changed(discover(kind), 236 + random(4), random(80)) },
  { what: 'a reply, as if a server had sent it here', make: (_, kind) => changed(discover(kind), 0, 2) },
  { what: 'neither request nor reply', make: (random, kind) => changed(discover(kind), 0, 3 + random(253)) },
  {
    what: 'a hardware address longer than its field',
    make: (random, kind) => changed(discover(kind), 2, 17 + random(239)),
  },
  {
    what: 'a type that only servers send, or that does not exist',
    make: (random, kind) => changed(discover(kind), 242, [0, 2, 5, 6, 20 + random(236)][random(5)] ?? 0),
  },
  {
    what: 'an option that ends outside of the message, the type behind it',
    make: (random, kind) => {
      const option = Buffer.of(1 + random(49), 200 + random(55));
      return Buffer.concat([discover(kind).subarray(0, 240), option, noise(random, random(60)), Buffer.of(53, 1, 1)]);
    },
  },
  {
    what: 'options without a type',
    make: (random, kind) => {
      const options = Buffer.concat([Buffer.of(60, 4), noise(random, 4), Buffer.of(12, 3), noise(random, 3)]);
      return Buffer.concat([discover(kind).subarray(0, 240), options, Buffer.of(255), Buffer.alloc(60)]);
    },
  },
];

export function kindOf(xid: number): string {
  return KINDS[xid - XID]?.what ?? 'noise';
}

/** Payloads of UDP that are no DHCP requests; the same for the same seed. */
export function garbage(count: number, seed: number): Buffer[] {
  const random = randomOf(seed);
  return Array.from({ length: count }, (_, index) => {
    const kind = index % KINDS.length;
    const bytes = KINDS[kind]?.make(random, kind) ?? Buffer.alloc(0);
    if (bytes.length > 33) bytes[33] = random(256);
    return bytes;
  });
}
