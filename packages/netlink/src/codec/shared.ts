import type { Codec, Input } from './codec.ts';

/**
 * Large values that hardly differ from message to message, such as the settings of a thousand links: what has the same
 * bytes as the one read before it is the same object, which is therefore frozen.
 */
export function shared<T extends object>(codec: Codec<T>): Codec<T> {
  let bytes = new Uint8Array(0);
  let value: T | undefined;
  return {
    ...codec,
    read(input, start, end) {
      if (value !== undefined && sameBytes(bytes, input, start, end)) return value;
      const fresh = Object.freeze(codec.read(input, start, end));
      bytes = input.bytes.slice(start, end);
      value = fresh;
      return fresh;
    },
  };
}

function sameBytes(bytes: Uint8Array, input: Input, start: number, end: number): boolean {
  if (bytes.length !== end - start) return false;
  for (let at = 0; at < bytes.length; at += 1) if (bytes[at] !== input.bytes[start + at]) return false;
  return true;
}
