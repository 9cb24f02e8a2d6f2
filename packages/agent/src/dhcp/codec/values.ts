import type { Ipv4Number } from '@kcore/contract';

/** The value of one option. Numbers are big-endian. `decode` gives undefined for bytes that are no such value. */
export interface OptionCodec<T> {
  /** Set when the value is an unsigned number of so many bytes, which needs no view to be read. */
  readonly size?: 1 | 2 | 4;
  encode(value: T): Uint8Array;
  decode(bytes: Uint8Array): T | undefined;
}

function unsigned(size: 1 | 2 | 4): OptionCodec<number> {
  return {
    size,
    encode: (value) => {
      const out = new Uint8Array(size);
      for (let index = 0; index < size; index++) out[index] = value >>> (8 * (size - 1 - index));
      return out;
    },
    decode: (bytes) => (bytes.length === size ? bytes.reduce((sum, byte) => sum * 256 + byte, 0) : undefined),
  };
}

export const u8 = unsigned(1);
export const u16 = unsigned(2);
export const u32 = unsigned(4);
export const ipv4: OptionCodec<Ipv4Number> = unsigned(4);

export const ipv4List: OptionCodec<readonly Ipv4Number[]> = {
  encode: (addresses) => Uint8Array.from(addresses.flatMap((address) => [...u32.encode(address)])),
  decode: (bytes) => {
    if (bytes.length === 0 || bytes.length % 4 !== 0) return undefined;
    const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    return Array.from({ length: bytes.length / 4 }, (_, index) => view.getUint32(index * 4));
  },
};

export const u16List: OptionCodec<readonly number[]> = {
  encode: (values) => Uint8Array.from(values.flatMap((value) => [value >>> 8, value & 255])),
  decode: (bytes) => {
    if (bytes.length === 0 || bytes.length % 2 !== 0) return undefined;
    const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    return Array.from({ length: bytes.length / 2 }, (_, index) => view.getUint16(index * 2));
  },
};

/** Some clients send their texts with a terminating NUL, which is not part of them. */
export const text: OptionCodec<string> = {
  encode: (value) => new TextEncoder().encode(value),
  decode: (bytes) => {
    const end = bytes.indexOf(0);
    return Buffer.from(end < 0 ? bytes : bytes.subarray(0, end)).toString('utf8');
  },
};

/** Opaque: never interpreted, echoed byte for byte. */
export const opaque: OptionCodec<Uint8Array> = { encode: (value) => value, decode: (bytes) => bytes };

/** An option whose presence is all it says. */
export const present: OptionCodec<true> = { encode: () => new Uint8Array(0), decode: () => true };
