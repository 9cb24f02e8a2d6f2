import type { Writer } from '../codec/writer.ts';
import { NLA_F_NESTED } from '../uapi/netlink.ts';
import {
  NFT_SET_ELEM_CATCHALL,
  NFT_SET_ELEM_INTERVAL_END,
  NFTA_DATA_VALUE,
  NFTA_SET_ELEM_FLAGS,
  NFTA_SET_ELEM_KEY,
  NFTA_SET_ELEM_KEY_END,
} from '../uapi/nf-tables.ts';
import { encodeValue, paddedSize, sizeOfTypes, writeValue } from './data-type/concatenation.ts';
import { dataTypes } from './data-type/data-type.ts';
import { after, parseRange, type Range } from './data-type/range.ts';
import { CATCH_ALL, type Element, type WireElement } from './element.ts';
import { type ElementList, ListBuilder, plainElements } from './element-list.ts';
import type { SetShape } from './set.ts';
import { encodeOpenUserData, encodeUserData } from './user-data.ts';
import { parseVerdict } from './verdict.ts';

/*
 * Elements are many, so they are written straight into the bytes of the message and not by way of values; only what few
 * elements have (data, comments, timeouts, states) goes through the attribute table.
 */

function writeBytes(out: Writer, type: number, bytes: Uint8Array): void {
  const key = out.begin('', type | NLA_F_NESTED);
  const data = out.begin('', NFTA_DATA_VALUE);
  out.bytes.set(bytes, out.offset);
  out.offset += bytes.length;
  out.end(data);
  out.end(key);
}

function writeFlags(out: Writer, flags: number): void {
  const start = out.begin('', NFTA_SET_ELEM_FLAGS);
  out.view.setUint32(out.offset, flags, false);
  out.offset += 4;
  out.end(start);
}

/** Most elements are a key and nothing more. */
function isPlain(set: SetShape, element: Element): boolean {
  if (set.data !== undefined || set.object !== undefined) return false;
  for (const member in element) if (member !== 'key') return false;
  return true;
}

/** All of an element but its key; undefined when there is nothing more. @throws {RangeError} */
function restOf(set: SetShape, element: Element): WireElement | undefined {
  if (isPlain(set, element)) return undefined;
  const { timeout, expiration, expressions } = element;
  checkTimeout(set, element);
  const states = expressions?.length === 1 ? { expression: expressions[0] } : { expressions };
  return {
    ...dataOf(set, element),
    ...(timeout === undefined ? {} : { timeout }),
    ...(expiration === undefined ? {} : { expiration }),
    ...encodeUserData(element),
    ...(expressions === undefined || expressions.length === 0 ? {} : (states as Pick<WireElement, 'expression'>)),
  };
}

/** The kernel says no more than EINVAL. */
function checkTimeout(set: SetShape, { key, timeout, expiration }: Element): void {
  const text = key.join(' . ');
  if (timeout !== undefined && set.timeouts !== true)
    throw new RangeError(`element ${text} of set ${set.name} has a timeout; create the set with \`timeouts: true\``);
  if (expiration !== undefined && timeout === undefined)
    throw new RangeError(`element ${text} of set ${set.name} has an expiration and no timeout`);
}

function dataOf(set: SetShape, { key, value, object }: Element): WireElement {
  const text = key.join(' . ');
  if (set.object !== undefined) {
    if (object === undefined || value !== undefined)
      throw new RangeError(`element ${text} of map ${set.name} needs the name of an object`);
    return { object };
  }
  if (object !== undefined)
    throw new RangeError(`element ${text} of ${set.name} has an object; it is not a map to objects`);
  if (set.data === undefined) {
    if (value !== undefined) throw new RangeError(`an element of set ${set.name} has no value; it is not a map`);
    return {};
  }
  if (value === undefined) throw new RangeError(`an element of map ${set.name} needs a value`);
  if (set.data === 'verdict') return { data: { verdict: parseVerdict(value.join(' ')) } };
  return { data: { value: encodeValue(set.data, value) } };
}

/** A single range is two elements of the kernel: its start, and the value behind its end. */
function addRange(lists: ListBuilder, set: SetShape, element: Element, index: number, range: Range): void {
  const { first, last } = range;
  const end = after(last);
  const rest = restOf(set, element);
  const start = end === undefined ? { ...rest, ...encodeOpenUserData(element) } : rest;
  writeBytes(lists.begin(start), NFTA_SET_ELEM_KEY, first);
  lists.end(index, start);
  if (end !== undefined) addEnd(lists, index, end);
}

function addEnd(lists: ListBuilder, index: number, key: Uint8Array): void {
  const out = lists.begin(undefined);
  writeBytes(out, NFTA_SET_ELEM_KEY, key);
  writeFlags(out, NFT_SET_ELEM_INTERVAL_END);
  lists.end(index, undefined);
}

function wrongParts(set: SetShape, key: readonly string[]): RangeError {
  const given = `'${key.join(' . ')}' has ${key.length} parts`;
  return new RangeError(`${given}, but the type ${set.key.join(' . ')} ${set.key.length}`);
}

function writeExactKey(set: SetShape, key: readonly string[], out: Writer): void {
  const start = out.begin('', NFTA_SET_ELEM_KEY | NLA_F_NESTED);
  const data = out.begin('', NFTA_DATA_VALUE);
  writeValue(
    set.key.map((name) => dataTypes[name]),
    key,
    out,
  );
  out.end(data);
  out.end(start);
}

function concatenate(parts: readonly Uint8Array[], length: number): Uint8Array {
  const bytes = new Uint8Array(length);
  let at = 0;
  for (const part of parts) {
    bytes.set(part, at);
    at += paddedSize(part.length);
  }
  return bytes;
}

function writeConcatenatedRange(set: SetShape, key: readonly string[], out: Writer): void {
  const ranges = set.key.map((name, index) => parseRange(name, key[index] ?? ''));
  const length = sizeOfTypes(set.key);
  const firsts = ranges.map(({ first }) => first);
  const lasts = ranges.map(({ last }) => last);
  writeBytes(out, NFTA_SET_ELEM_KEY, concatenate(firsts, length));
  writeBytes(out, NFTA_SET_ELEM_KEY_END, concatenate(lasts, length));
}

function addElement(lists: ListBuilder, set: SetShape, element: Element, index: number): void {
  const { key } = element;
  const [type] = set.key;
  const isCatchAll = key.length === 1 && key[0] === CATCH_ALL;
  if (!isCatchAll && key.length !== set.key.length) throw wrongParts(set, key);
  if (!isCatchAll && set.interval === true && set.key.length === 1 && type !== undefined) {
    addRange(lists, set, element, index, parseRange(type, key[0] ?? ''));
    return;
  }
  const rest = restOf(set, element);
  const out = lists.begin(rest);
  if (isCatchAll) writeFlags(out, NFT_SET_ELEM_CATCHALL);
  else if (set.interval === true) writeConcatenatedRange(set, key, out);
  else writeExactKey(set, key, out);
  lists.end(index, rest);
}

/** nft begins a set of ranges with an end at the smallest value, and expects to read it. */
function addLeadingEnd(lists: ListBuilder, set: SetShape, elements: readonly Pick<Element, 'key'>[]): void {
  const [type, ...more] = set.key;
  if (set.interval !== true || type === undefined || more.length > 0) return;
  const startsAtZero = ({ key }: Pick<Element, 'key'>): boolean =>
    key[0] !== CATCH_ALL && parseRange(type, key[0] ?? '').first.every((byte) => byte === 0);
  if (elements.every(({ key }) => key[0] === CATCH_ALL) || elements.some(startsAtZero)) return;
  addEnd(lists, -1, new Uint8Array(dataTypes[type].size));
}

/** @throws {RangeError} An element that is none of the set; its key is named. */
export function encodeElements(
  set: SetShape,
  elements: readonly Element[],
  options: { readonly leadingEnd: boolean },
): readonly ElementList[] {
  const perElement = 64 + 2 * sizeOfTypes(set.key);
  const lists = new ListBuilder(elements.length * perElement);
  if (options.leadingEnd) addLeadingEnd(lists, set, elements);
  const plain = plainElements(set);
  for (let index = 0; index < elements.length; index += 1) {
    const element = elements[index] as Element;
    if (set.interval !== true && isPlain(set, element) && element.key[0] !== CATCH_ALL) {
      if (element.key.length !== set.key.length) throw wrongParts(set, element.key);
      lists.addPlain(index, plain, element.key);
    } else addElement(lists, set, element, index);
  }
  return lists.lists();
}
