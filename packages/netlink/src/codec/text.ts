import type { Codec, Input } from './codec.ts';
import { ValueError } from './error.ts';

/** Names are short and ASCII: that is several times as fast as a decoder made for each string. */
function textOf(input: Input, start: number, end: number): string {
  let text = '';
  for (let at = start; at < end; at += 1) {
    const code = input.view.getUint8(at);
    if (code === 0) return text;
    if (code > 0x7f) return decodeUtf8(input, start, end);
    text += String.fromCharCode(code);
  }
  return text;
}

function decodeUtf8(input: Input, start: number, end: number): string {
  const nul = input.bytes.indexOf(0, start);
  return new TextDecoder().decode(input.bytes.subarray(start, nul === -1 || nul > end ? end : nul));
}

function writeText(value: string, target: Uint8Array): void {
  new TextEncoder().encodeInto(value, target);
}

function checkText(value: unknown): asserts value is string {
  if (typeof value !== 'string') throw new ValueError(`${String(value)} is not a string`);
  if (value.includes('\0')) throw new ValueError(`${JSON.stringify(value)} holds a NUL character`);
}

/** Text with a terminating NUL (NLA_NUL_STRING). Reading stops at a NUL or at the end. */
export const cstring: Codec<string> = {
  measure(value) {
    checkText(value);
    return Buffer.byteLength(value) + 1;
  },
  write(value, out) {
    checkText(value);
    const length = Buffer.byteLength(value);
    writeText(value, out.bytes.subarray(out.offset, out.offset + length));
    out.offset += length + 1;
  },
  read: textOf,
};

/** Text in a field of a fixed size, filled with NULs (`char name[16]`). The last byte stays NUL. */
export function fixedText(size: number): Codec<string> {
  return {
    fixed: size,
    measure: () => size,
    write(value, out) {
      checkText(value);
      if (Buffer.byteLength(value) >= size) {
        throw new ValueError(`${JSON.stringify(value)} is longer than ${size - 1} bytes`);
      }
      writeText(value, out.bytes.subarray(out.offset, out.offset + size));
      out.offset += size;
    },
    read: textOf,
  };
}
