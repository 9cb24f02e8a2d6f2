/** The options of a received message: code to value, in the order of their first appearance. */
export interface PacketOptions extends Iterable<readonly [code: number, value: Uint8Array]> {
  readonly size: number;
  has(code: number): boolean;
  /** A view into the datagram; a copy when the option was split. */
  get(code: number): Uint8Array | undefined;
  /** The value as a big-endian number; undefined when it is absent or not `size` bytes long. */
  unsigned(code: number, size: number): number | undefined;
  keys(): IterableIterator<number>;
}

/** Numbers an option takes in the index. */
const STRIDE = 3;

function join(first: Uint8Array, second: Uint8Array): Uint8Array {
  const joined = new Uint8Array(first.length + second.length);
  joined.set(first);
  joined.set(second, first.length);
  return joined;
}

/**
 * An index over the datagram's bytes. A message has a dozen options, of which a few are looked at, so finding one in a
 * short array is cheaper than a map with a view of each.
 */
export class OptionIndex implements PacketOptions {
  readonly #bytes: Uint8Array;
  /** code, offset and length of each option, one after the other. */
  readonly #entries: number[] = [];
  /** Values of options that came in parts. */
  #joined: Map<number, Uint8Array> | undefined;

  constructor(bytes: Uint8Array) {
    this.#bytes = bytes;
  }

  /** A further part of a known option is joined to it, in the order they come (RFC 3396 §7). */
  add(code: number, offset: number, length: number): void {
    const known = this.get(code);
    if (known === undefined) {
      this.#entries.push(code, offset, length);
      return;
    }
    this.#joined ??= new Map();
    this.#joined.set(code, join(known, this.#bytes.subarray(offset, offset + length)));
  }

  get size(): number {
    return this.#entries.length / STRIDE;
  }

  has(code: number): boolean {
    return this.#find(code) >= 0;
  }

  get(code: number): Uint8Array | undefined {
    const at = this.#find(code);
    if (at < 0) return undefined;
    const offset = this.#entries[at + 1] ?? 0;
    return this.#joined?.get(code) ?? this.#bytes.subarray(offset, offset + (this.#entries[at + 2] ?? 0));
  }

  unsigned(code: number, size: number): number | undefined {
    const at = this.#find(code);
    if (at < 0) return undefined;
    const joined = this.#joined?.get(code);
    if ((joined?.length ?? this.#entries[at + 2]) !== size) return undefined;
    const bytes = joined ?? this.#bytes;
    let offset = joined === undefined ? (this.#entries[at + 1] ?? 0) : 0;
    let value = 0;
    for (const end = offset + size; offset < end; offset++) value = value * 256 + (bytes[offset] ?? 0);
    return value;
  }

  *keys(): IterableIterator<number> {
    for (let at = 0; at < this.#entries.length; at += STRIDE) yield this.#entries[at] ?? 0;
  }

  *[Symbol.iterator](): IterableIterator<readonly [number, Uint8Array]> {
    for (const code of this.keys()) {
      const value = this.get(code);
      if (value !== undefined) yield [code, value];
    }
  }

  #find(code: number): number {
    const entries = this.#entries;
    for (let at = 0; at < entries.length; at += STRIDE) if (entries[at] === code) return at;
    return -1;
  }
}
