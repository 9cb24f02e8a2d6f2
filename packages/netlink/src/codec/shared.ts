import type { Codec, Input } from './codec.ts';

/** How many values are kept; a list has few that differ, in any order. */
const KEPT = 32;

interface Kept<T> {
  readonly bytes: Uint8Array;
  readonly value: T;
}

/**
 * Values that hardly differ from message to message, such as the settings of a thousand links or the ages of neighbours
 * that were made together: what has the same bytes as one that was read lately is the same object, which is therefore
 * frozen.
 */
export function shared<T extends object>(codec: Codec<T>): Codec<T> {
  const kept: (Kept<T> | undefined)[] = new Array<Kept<T> | undefined>(KEPT).fill(undefined);
  return {
    ...codec,
    read(input, start, end) {
      const place = placeOf(input.bytes, start);
      const there = kept[place];
      if (there !== undefined && sameBytes(there.bytes, input, start, end)) return there.value;
      const value = Object.freeze(codec.read(input, start, end));
      kept[place] = { bytes: input.bytes.slice(start, end), value };
      return value;
    },
  };
}

/** By the lowest bytes of the first three words, which are what differs in structs of numbers. Beyond the end there are none. */
function placeOf(bytes: Uint8Array, start: number): number {
  return ((bytes[start] ?? 0) ^ ((bytes[start + 4] ?? 0) << 1) ^ ((bytes[start + 8] ?? 0) << 2)) & (KEPT - 1);
}

function sameBytes(bytes: Uint8Array, input: Input, start: number, end: number): boolean {
  if (bytes.length !== end - start) return false;
  for (let at = 0; at < bytes.length; at += 1) if (bytes[at] !== input.bytes[start + at]) return false;
  return true;
}
