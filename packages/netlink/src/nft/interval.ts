import { type DataTypeName, dataTypes } from './data-type.ts';

/*
 * A set of ranges holds bounds: an element where a range begins and one, marked as an end, where it stops (exclusive).
 * A range that reaches the largest value has no end.
 */

/** Bounds as big-endian numbers: [start, end), without an end up to the largest value. */
export interface Interval {
  readonly start: bigint;
  readonly end?: bigint;
}

function numberOf(bytes: Uint8Array): bigint {
  return bytes.reduce((sum, byte) => sum * 256n + BigInt(byte), 0n);
}

/** The key of a bound. */
export function boundBytes(value: bigint, size: number): Uint8Array {
  return Uint8Array.from({ length: size }, (_, index) => Number((value >> BigInt(8 * (size - 1 - index))) & 255n));
}

export function boundOf(bytes: Uint8Array): bigint {
  return numberOf(bytes);
}

function intervalTo(start: bigint, last: bigint, size: number): Interval {
  const end = last + 1n;
  return end === 1n << BigInt(size * 8) ? { start } : { start, end };
}

/** `10.0.0.0/24`, `10.0.0.1-10.0.0.9` or a single value. @throws {RangeError} */
export function parseInterval(type: DataTypeName, text: string): Interval {
  const { size, parse } = dataTypes[type];
  const [first = '', last] = text.split('-');
  if (last !== undefined) {
    const bounds = { start: numberOf(parse(first)), last: numberOf(parse(last)) };
    if (bounds.start >= bounds.last)
      throw new RangeError(`'${text}' is not a range: the first value is not the smaller one`);
    return intervalTo(bounds.start, bounds.last, size);
  }
  const [address = '', length] = text.split('/');
  const start = numberOf(parse(address));
  if (length === undefined) return intervalTo(start, start, size);
  const bits = size * 8;
  if (!/^(0|[1-9]\d?)$/.test(length) || Number(length) >= bits)
    throw new RangeError(
      `'${text}' is not a prefix of up to ${bits - 1} bits; a single value is written without a length`,
    );
  const count = 1n << BigInt(bits - Number(length));
  if (start % count !== 0n) throw new RangeError(`'${text}' has bits beyond its prefix`);
  return intervalTo(start, start + count - 1n, size);
}

/** The text that `parseInterval` reads: a single value, a prefix when it is one, else a range. */
export function formatInterval(type: DataTypeName, interval: Interval): string {
  const { size, format } = dataTypes[type];
  const last = (interval.end ?? 1n << BigInt(size * 8)) - 1n;
  const text = (value: bigint): string => format(boundBytes(value, size));
  const count = last - interval.start + 1n;
  if (count === 1n) return text(last);
  const hostBits = count.toString(2).length - 1;
  const isPrefix = count === 1n << BigInt(hostBits) && interval.start % count === 0n;
  if (isPrefix) return `${text(interval.start)}/${size * 8 - hostBits}`;
  return `${text(interval.start)}-${text(last)}`;
}
