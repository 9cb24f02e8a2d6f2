import type { RawOption } from './packet.ts';

/** Longest value one option instance can carry; longer ones are split (RFC 3396 §5). */
const MAX_PART = 255;

/** Bytes an option takes, its codes and lengths included. */
export function optionSize({ value }: RawOption): number {
  const { length } = value;
  return length <= MAX_PART ? length + 2 : length + 2 * Math.ceil(length / MAX_PART);
}

/** Returns where it ends. */
export function writeOption(out: Uint8Array, start: number, { code, value }: RawOption): number {
  let offset = start;
  let from = 0;
  do {
    const part = Math.min(MAX_PART, value.length - from);
    out[offset] = code;
    out[offset + 1] = part;
    // Byte by byte: for values of a few bytes a view and a copy cost more than the bytes.
    for (let index = 0; index < part; index++) out[offset + 2 + index] = value[from + index] ?? 0;
    offset += 2 + part;
    from += part;
  } while (from < value.length);
  return offset;
}

/** One after the other, without an END. Returns where the last one ends. */
export function writeOptions(out: Uint8Array, start: number, options: readonly RawOption[]): number {
  let offset = start;
  for (const option of options) offset = writeOption(out, offset, option);
  return offset;
}

/** Options as bytes, without an END. */
export function encodeOptions(options: readonly RawOption[]): Uint8Array {
  const out = new Uint8Array(options.reduce((sum, option) => sum + optionSize(option), 0));
  writeOptions(out, 0, options);
  return out;
}
