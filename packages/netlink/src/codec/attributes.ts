import { NLA_TYPE_MASK } from '../uapi/netlink.ts';
import type { Codec, Infer, Input } from './codec.ts';
import { MalformedError, named, ValueError } from './error.ts';
import { integer } from './integer.ts';
import { type Maker, plainObjects } from './plain-object.ts';
import type { Repeated } from './repeated.ts';
import type { Selected } from './select.ts';
import { MAX_PAYLOAD, NLA_HDRLEN, tooLong, type Writer } from './writer.ts';

/** An attribute that the table does not know, as it came. `type` keeps its flag bits. */
export interface UnknownAttribute {
  readonly type: number;
  readonly data: Uint8Array;
}

/** One line an attribute: its name, its nla_type, and how its payload is written. */
export type Shape = Readonly<Record<string, readonly [type: number, codec: Codec<unknown>]>>;

/** The value of a table: each attribute by its name, and absent where the message has it not. */
export type AttributeValues<S extends Shape> = { readonly [K in keyof S]?: Infer<S[K][1]> } & {
  /** Attributes that the table does not know; absent when there were none. They are written back. */
  readonly unknown?: readonly UnknownAttribute[];
};

/** A table of attributes, which is the codec of their values. */
export interface AttributeSet<S extends Shape> extends Codec<AttributeValues<S>> {
  readonly shape: S;
}

interface Field {
  readonly name: string;
  readonly type: number;
  readonly codec: Codec<unknown>;
  /** nla_type as it is written: with the flag bits of the codec. */
  readonly flagged: number;
  readonly element: Codec<unknown> | undefined;
  readonly selected: boolean;
}

const padded = (length: number): number => (length + 3) & ~3;

/**
 * A set of attributes by name. The table is made when it is first used, because a program that imports the package uses
 * few of its two hundred. They are written in the order of the value's members. Encoding refuses names that the
 * table lacks, and `undefined`; decoding keeps what it does not know, but for a table that is meant to leave out the others.
 */
export function attributes<const S extends Shape>(
  shapeOf: () => S,
  options?: { readonly others: 'left out' },
): AttributeSet<S> {
  let made: Fields<S> | undefined;
  const fields = (): Fields<S> => {
    made ??= fieldsOf(shapeOf());
    return made;
  };
  const keepsOthers = options?.others !== 'left out';
  return {
    get shape() {
      return fields().shape;
    },
    measure: (value) => measureAll(fields().byName, value),
    write: (value, out) => writeAll(fields().byName, value, out),
    // The table built the object member by member, which the compiler cannot follow.
    read: (input, start, end) => readAll(fields(), keepsOthers, input, start, end) as AttributeValues<S>,
  };
}

interface Fields<S extends Shape> {
  readonly shape: S;
  readonly empty: Maker;
  readonly byName: ReadonlyMap<string, Field>;
  readonly byType: ReadonlyMap<number, Field>;
}

function fieldsOf<S extends Shape>(shape: S): Fields<S> {
  const fields = Object.entries(shape).map(fieldOf);
  return {
    shape,
    empty: plainObjects(),
    byName: new Map(fields.map((field) => [field.name, field])),
    byType: new Map(fields.map((field) => [field.type, field])),
  };
}

function fieldOf([name, [type, codec]]: [string, readonly [number, Codec<unknown>]]): Field {
  if (name === 'unknown') throw new TypeError('the name "unknown" is taken by attributes that a table does not know');
  const element = (codec as Partial<Repeated<unknown>>).element;
  const selected = (codec as Partial<Selected>).selector !== undefined;
  const flagged = type | ((element ?? codec).typeFlags ?? 0);
  return { name, type, codec, flagged, element, selected };
}

function fieldNamed(byName: ReadonlyMap<string, Field>, name: string, value: unknown): Field {
  const field = byName.get(name);
  if (field === undefined) throw new ValueError(`no such attribute; there are ${[...byName.keys()].join(', ')}`);
  if (value === undefined) throw new ValueError('undefined; leave the attribute out instead');
  return field;
}

/** A record of attributes; anything else would be written as if it were an empty one. */
function expectObject(value: unknown): asserts value is object {
  if (typeof value !== 'object' || value === null) throw new ValueError(`${String(value)} is not an object`);
}

function expectList(value: unknown): readonly unknown[] {
  if (!Array.isArray(value)) throw new ValueError(`${String(value)} is not an array`);
  return value;
}

function payloadLength(codec: Codec<unknown>, value: unknown, owner: object): number {
  const length = codec.fixed ?? codec.measure(value, owner);
  if (length > MAX_PAYLOAD) throw tooLong(length);
  return NLA_HDRLEN + padded(length);
}

/** Attributes by their number, as they were read; a program may also make some. */
function expectUnknown(value: unknown): readonly UnknownAttribute[] {
  const list = expectList(value);
  for (const [index, one] of list.entries()) {
    const { type, data } = (one ?? {}) as Partial<Record<keyof UnknownAttribute, unknown>>;
    const path = String(index);
    integer(`${path}.type`, type, 0, 0xffff);
    if (!(data instanceof Uint8Array)) throw new ValueError(`${String(data)} is not a Uint8Array`, `${path}.data`);
    if (data.byteLength > MAX_PAYLOAD) throw named(path, tooLong(data.byteLength));
  }
  return list as readonly UnknownAttribute[];
}

function measureAll(byName: ReadonlyMap<string, Field>, value: object): number {
  expectObject(value);
  let length = 0;
  for (const [name, member] of Object.entries(value)) {
    try {
      if (name === 'unknown') {
        for (const { data } of expectUnknown(member)) length += NLA_HDRLEN + padded(data.byteLength);
        continue;
      }
      const { codec, element } = fieldNamed(byName, name, member);
      if (element === undefined) length += payloadLength(codec, member, value);
      else for (const one of expectList(member)) length += payloadLength(element, one, value);
    } catch (error) {
      throw named(name, error);
    }
  }
  return length;
}

// The hot path of encoding: for…in and one `try` around all make it several times as fast as entries and one for each.
function writeAll(byName: ReadonlyMap<string, Field>, value: object, out: Writer): void {
  expectObject(value);
  let name = '';
  try {
    for (name in value) {
      const member = (value as Readonly<Record<string, unknown>>)[name];
      if (name === 'unknown') {
        for (const { type, data } of expectUnknown(member)) writeUnknown(type, data, out);
        continue;
      }
      const field = fieldNamed(byName, name, member);
      if (field.element === undefined) writeOne(field, field.codec, member, out, value);
      else for (const one of expectList(member)) writeOne(field, field.element, one, out, value);
    }
  } catch (error) {
    throw named(name, error);
  }
}

function writeOne(field: Field, codec: Codec<unknown>, value: unknown, out: Writer, owner: object): void {
  const start = out.begin(field.name, field.flagged);
  codec.write(value, out, owner);
  out.end(start);
}

function writeUnknown(type: number, data: Uint8Array, out: Writer): void {
  const start = out.begin(`unknown ${type & NLA_TYPE_MASK}`, type);
  out.bytes.set(data, out.offset);
  out.offset += data.byteLength;
  out.end(start);
}

/** Calls `visit` for each attribute in [start, end). @throws {MalformedError} A length that leaves the range. */
export function eachAttribute(
  input: Input,
  start: number,
  end: number,
  visit: (type: number, start: number, end: number) => void,
): void {
  const { view } = input;
  for (let at = start; at + NLA_HDRLEN <= end; ) {
    const length = view.getUint16(at, true);
    const type = view.getUint16(at + 2, true);
    if (length < NLA_HDRLEN || at + length > end) throw malformed(type, at, length, end);
    visit(type, at + NLA_HDRLEN, at + length);
    at += padded(length);
  }
}

function malformed(type: number, at: number, length: number, end: number): MalformedError {
  return new MalformedError(`attribute ${type & NLA_TYPE_MASK} at offset ${at}: length ${length} of ${end - at}`);
}

interface Later {
  readonly field: Field;
  readonly from: number;
  readonly to: number;
}

// The hot path of decoding: the loop of `eachAttribute` without its calls.
function readAll(
  { byType, empty: Empty }: Fields<Shape>,
  keepsOthers: boolean,
  input: Input,
  start: number,
  end: number,
): object {
  const value = new Empty();
  const { view } = input;
  let later: Later[] | undefined;
  for (let at = start; at + NLA_HDRLEN <= end; ) {
    const length = view.getUint16(at, true);
    const type = view.getUint16(at + 2, true);
    const from = at + NLA_HDRLEN;
    const to = at + length;
    if (length < NLA_HDRLEN || to > end) throw malformed(type, at, length, end);
    at += padded(length);
    const field = byType.get(type & NLA_TYPE_MASK);
    if (field === undefined) {
      if (keepsOthers) listOf(value, 'unknown').push({ type, data: input.bytes.slice(from, to) });
    } else if (field.element !== undefined) {
      listOf(value, field.name).push(field.element.read(input, from, to, value));
    } else if (field.selected) {
      // Its selector may come after it: nothing in netlink promises an order.
      value[field.name] = undefined;
      later ??= [];
      later.push({ field, from, to });
    } else value[field.name] = field.codec.read(input, from, to, value);
  }
  if (later !== undefined) {
    for (const { field, from, to } of later) value[field.name] = field.codec.read(input, from, to, value);
  }
  return value;
}

/** The list that `value` has by this name; an empty one at first. */
function listOf(value: Record<string, unknown>, name: string): unknown[] {
  const there = value[name];
  if (Array.isArray(there)) return there;
  const list: unknown[] = [];
  value[name] = list;
  return list;
}
