import { type DataTypeName, dataTypes } from './data-type.ts';
import type { DataType } from './type.ts';

/**
 * Values from `first` to `last`, ends included. Sets of ranges compare bytes from the left, so that numbers in host
 * order stand in big-endian order here, and in the elements of such a set.
 */
export interface Range {
  readonly first: Uint8Array;
  readonly last: Uint8Array;
}

function inOrder(type: DataType, bytes: Uint8Array): Uint8Array {
  const isNumber = type.byteOrder === 'host' && (type.size === 2 || type.size === 4 || type.size === 8);
  return isNumber ? bytes.slice().reverse() : bytes;
}

/** `10.0.0.0/24`, `10.0.0.1-10.0.0.9` or a single value. @throws {RangeError} */
export function parseRange(name: DataTypeName, text: string): Range {
  const type = dataTypes[name];
  const dash = type.ordered ? text.indexOf('-') : -1;
  if (dash !== -1) return nameAsRange(type, text) ?? parseBounds(type, text, dash);
  const slash = type.ordered ? text.indexOf('/') : -1;
  if (slash !== -1) return parsePrefix(type, text, slash);
  const value = inOrder(type, type.parse(text));
  return { first: value, last: value };
}

/** Names of numbers may have a dash in them: `echo-request`. */
function nameAsRange(type: DataType, text: string): Range | undefined {
  if (!/^[a-z]/.test(text)) return undefined;
  try {
    const value = inOrder(type, type.parse(text));
    return { first: value, last: value };
  } catch {
    return undefined;
  }
}

function parseBounds(type: DataType, text: string, dash: number): Range {
  const first = inOrder(type, type.parse(text.slice(0, dash)));
  const last = inOrder(type, type.parse(text.slice(dash + 1)));
  if (Buffer.compare(first, last) >= 0)
    throw new RangeError(`'${text}' is not a range: the first value is not the smaller one`);
  return { first, last };
}

function parsePrefix(type: DataType, text: string, slash: number): Range {
  const first = inOrder(type, type.parse(text.slice(0, slash)));
  const bits = text.slice(slash + 1);
  const max = type.size * 8;
  const length = /^(0|[1-9]\d{0,2})$/.test(bits) ? Number(bits) : max;
  if (length >= max)
    throw new RangeError(
      `'${text}' is not a prefix of up to ${max - 1} bits; a single value is written without a length`,
    );
  const last = first.map((byte, index) => byte | hostMask(length, index));
  if (first.some((byte, index) => (byte & hostMask(length, index)) !== 0))
    throw new RangeError(`'${text}' has bits beyond its prefix`);
  return { first, last };
}

/** The bits of a byte that are not of the prefix. */
function hostMask(length: number, index: number): number {
  return 0xff >> Math.min(8, Math.max(0, length - index * 8));
}

/** The length of the prefix that a range is, if it is one. */
function prefixLength({ first, last }: Range): number | undefined {
  const index = first.findIndex((byte, at) => byte !== last[at]);
  if (index === -1) return undefined;
  const difference = (first[index] ?? 0) ^ (last[index] ?? 0);
  const length = index * 8 + Math.clz32(difference) - 24;
  const isPrefix = first.every((byte, at) => {
    const host = hostMask(length, at);
    return (byte & host) === 0 && (last[at] ?? 0) === (byte | host);
  });
  return isPrefix ? length : undefined;
}

/** The text that `parseRange` reads: a single value, a prefix when it is one (of addresses), else a range. */
export function formatRange(name: DataTypeName, range: Range): string {
  const type = dataTypes[name];
  const text = (bytes: Uint8Array): string => type.format(inOrder(type, bytes));
  if (Buffer.compare(range.first, range.last) === 0) return text(range.first);
  const length = type.prefixes === true ? prefixLength(range) : undefined;
  if (length !== undefined) return `${text(range.first)}/${length}`;
  return `${text(range.first)}-${text(range.last)}`;
}

/** The next value; undefined behind the largest. */
export function after(bytes: Uint8Array): Uint8Array | undefined {
  const next = bytes.slice();
  for (let at = next.length - 1; at >= 0; at -= 1) {
    next[at] = ((next[at] ?? 0) + 1) & 0xff;
    if (next[at] !== 0) return next;
  }
  return undefined;
}

/** The value before; the largest before the smallest. */
export function before(bytes: Uint8Array): Uint8Array {
  const previous = bytes.slice();
  for (let at = previous.length - 1; at >= 0; at -= 1) {
    const byte = previous[at] ?? 0;
    previous[at] = (byte - 1) & 0xff;
    if (byte !== 0) break;
  }
  return previous;
}
