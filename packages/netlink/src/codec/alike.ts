import { NLA_TYPE_MASK } from '../uapi/netlink.ts';
import { eachAttribute } from './attributes.ts';
import type { Body, BodyCodec } from './body.ts';
import { type Codec, type Encoder, inputOf } from './codec.ts';
import { ValueError } from './error.ts';
import type { Writer } from './writer.ts';

/** A member that is the payload of one attribute, and of nothing else. */
interface Place {
  readonly name: string;
  /** Of the payload, counted from the first byte of the body. */
  readonly start: number;
  readonly end: number;
  readonly codec: Codec<unknown>;
}

interface Member {
  readonly name: string;
  readonly value: unknown;
  readonly mayDiffer: boolean;
}

/** The value that was written last, and its bytes. */
interface Written {
  readonly members: readonly Member[];
  /** Of those that may differ. */
  readonly places: readonly Place[];
  readonly bytes: Uint8Array;
}

/**
 * Writes the values of a bulk, most of which differ from the one before in the members `varying` only, as forwarding
 * entries do in MAC and destination: the bytes of the one before are copied, and those members are written over them. A
 * value that differs in more is written by `codec`, as the body that `make` makes.
 *
 * `make` must hand on each of `varying` as the attribute of that name, and may look at nothing of it but its length: a
 * payload of another length is written by `codec` too. What `make` refuses must not depend on it either.
 */
export function alike<T extends object, H, A extends object>(
  codec: BodyCodec<H, A>,
  make: (value: T) => Body<H, A>,
  varying: readonly (keyof A & string)[],
): Encoder<T> {
  let last: Written | undefined;
  return {
    measure: (value) => codec.measure(make(value)),
    write(value, out) {
      // Spans are noted by the attributes themselves.
      if (last !== undefined && out.spans === undefined && agrees(last.members, value)) {
        if (writeOver(last, value, out)) return;
      }
      const start = out.offset;
      codec.write(make(value), out);
      // Some writes go silently beyond the room's end; the caller sees it by the offset, and writes again.
      if (out.offset > out.bytes.byteLength) return;
      last = written(codec, varying, value, out.bytes.slice(start, out.offset));
    },
  };
}

/** Whether all members are there in the same order, and differ in none but those that may. */
function agrees(members: readonly Member[], value: object): boolean {
  let index = 0;
  for (const name in value) {
    const member = members[index];
    if (member === undefined || member.name !== name) return false;
    if (!member.mayDiffer && member.value !== (value as Readonly<Record<string, unknown>>)[name]) return false;
    index += 1;
  }
  return index === members.length;
}

/** False for a value that does not fit; nothing is written then. */
function writeOver({ places, bytes }: Written, value: object, out: Writer): boolean {
  const start = out.offset;
  out.bytes.set(bytes, start);
  try {
    for (const place of places) {
      out.offset = start + place.start;
      place.codec.write((value as Readonly<Record<string, unknown>>)[place.name], out, value);
      if (out.offset !== start + place.end) return takeBack(out, start, bytes.length);
    }
  } catch (error) {
    if (!(error instanceof ValueError)) throw error;
    return takeBack(out, start, bytes.length);
  }
  out.offset = start + bytes.length;
  return true;
}

function takeBack(out: Writer, start: number, length: number): false {
  out.bytes.fill(0, start, Math.max(out.offset, start + length));
  out.offset = start;
  return false;
}

/** Undefined for a value with an object in it, which may be another one the next time without being so to the eye. */
function written<H, A extends object>(
  codec: BodyCodec<H, A>,
  varying: readonly string[],
  value: object,
  bytes: Uint8Array,
): Written | undefined {
  const members: Member[] = [];
  const places: Place[] = [];
  for (const [name, member] of Object.entries(value)) {
    if (typeof member === 'object') return undefined;
    const place = varying.includes(name) ? placeOf(codec, name, bytes) : undefined;
    members.push({ name, value: member, mayDiffer: place !== undefined });
    if (place !== undefined) places.push(place);
  }
  return { members, places, bytes };
}

function placeOf<H, A extends object>(codec: BodyCodec<H, A>, name: string, bytes: Uint8Array): Place | undefined {
  const [wanted, memberCodec] = codec.shape[name] ?? [];
  let place: Place | undefined;
  if (memberCodec === undefined) return undefined;
  eachAttribute(inputOf(bytes), codec.headerLength, bytes.length, (type, start, end) => {
    if ((type & NLA_TYPE_MASK) === wanted) place = { name, start, end, codec: memberCodec };
  });
  return place;
}
