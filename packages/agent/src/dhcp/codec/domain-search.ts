import type { OptionCodec } from './values.ts';

const POINTER = 0xc0;
const MAX_LABEL = 63;
const MAX_NAME = 255;

function encodeName(name: string, suffixes: Map<string, number>, out: number[]): void {
  const labels = name.split('.').filter((label) => label !== '');
  for (let index = 0; index < labels.length; index++) {
    const suffix = labels.slice(index).join('.').toLowerCase();
    const known = suffixes.get(suffix);
    if (known !== undefined) {
      out.push(POINTER | (known >>> 8), known & 255);
      return;
    }
    // A pointer has 14 bits, so later suffixes cannot be pointed to.
    if (out.length < 0x4000) suffixes.set(suffix, out.length);
    const bytes = new TextEncoder().encode(labels[index] ?? '');
    if (bytes.length > MAX_LABEL) throw new RangeError(`domain '${name}': a label has at most ${MAX_LABEL} bytes`);
    out.push(bytes.length, ...bytes);
  }
  out.push(0);
}

interface NameAt {
  readonly name: string;
  readonly next: number;
}

/** Pointers may only go backwards, so a malicious value cannot make this loop. */
/** The name at `start`; undefined when it is none. Source: RFC 1035 §4.1.4. */
export function decodeName(bytes: Uint8Array, start: number): NameAt | undefined {
  const labels: string[] = [];
  let offset = start;
  let next: number | undefined;
  let lowest = start;
  let size = 0;
  for (;;) {
    const length = bytes[offset];
    if (length === undefined) return undefined;
    if (length === 0) return { name: labels.join('.'), next: next ?? offset + 1 };
    if (length >= POINTER) {
      const target = ((length & 0x3f) << 8) | (bytes[offset + 1] ?? 0xffff);
      if (target >= lowest) return undefined;
      next ??= offset + 2;
      lowest = target;
      offset = target;
      continue;
    }
    size += length + 1;
    if (length > MAX_LABEL || offset + 1 + length > bytes.length || size > MAX_NAME) return undefined;
    labels.push(Buffer.from(bytes.subarray(offset + 1, offset + 1 + length)).toString('utf8'));
    offset += 1 + length;
  }
}

/** Option 119, names compressed as in DNS. Source: RFC 3397 §2, RFC 1035 §4.1.4. */
export const domainSearch: OptionCodec<readonly string[]> = {
  encode: (names) => {
    const out: number[] = [];
    const suffixes = new Map<string, number>();
    for (const name of names) encodeName(name, suffixes, out);
    return Uint8Array.from(out);
  },
  decode: (bytes) => {
    const names: string[] = [];
    let offset = 0;
    while (offset < bytes.length) {
      const found = decodeName(bytes, offset);
      if (found === undefined) return undefined;
      names.push(found.name);
      offset = found.next;
    }
    return names;
  },
};
