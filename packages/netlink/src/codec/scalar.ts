import type { Codec } from './codec.ts';
import { expectLength, ValueError } from './error.ts';

/** Netlink is host order, and every machine that Node runs on with Linux today is little-endian except s390x, which is refused when the addon is built. */
const LITTLE = true;
const BIG = false;

type Getter = (view: DataView, at: number) => number;
type Setter = (view: DataView, at: number, value: number) => void;

function integer(name: string, length: number, min: number, max: number, get: Getter, set: Setter): Codec<number> {
  return {
    fixed: length,
    measure: () => length,
    write(value, out) {
      if (!Number.isInteger(value) || value < min || value > max) {
        throw new ValueError(`${String(value)} is not an integer from ${min} to ${max}`);
      }
      set(out.view, out.offset, value);
      out.offset += length;
    },
    read(input, start, end) {
      expectLength(name, start, end, length);
      return get(input.view, start);
    },
  };
}

export const u8: Codec<number> = integer(
  'u8',
  1,
  0,
  0xff,
  (view, at) => view.getUint8(at),
  (view, at, value) => view.setUint8(at, value),
);
export const u16: Codec<number> = integer(
  'u16',
  2,
  0,
  0xffff,
  (view, at) => view.getUint16(at, LITTLE),
  (view, at, value) => view.setUint16(at, value, LITTLE),
);
export const u32: Codec<number> = integer(
  'u32',
  4,
  0,
  0xffff_ffff,
  (view, at) => view.getUint32(at, LITTLE),
  (view, at, value) => view.setUint32(at, value, LITTLE),
);
export const s32: Codec<number> = integer(
  's32',
  4,
  -0x8000_0000,
  0x7fff_ffff,
  (view, at) => view.getInt32(at, LITTLE),
  (view, at, value) => view.setInt32(at, value, LITTLE),
);
export const be16: Codec<number> = integer(
  'be16',
  2,
  0,
  0xffff,
  (view, at) => view.getUint16(at, BIG),
  (view, at, value) => view.setUint16(at, value, BIG),
);
export const be32: Codec<number> = integer(
  'be32',
  4,
  0,
  0xffff_ffff,
  (view, at) => view.getUint32(at, BIG),
  (view, at, value) => view.setUint32(at, value, BIG),
);
/** Big-endian and signed: priorities of nftables chains. */
export const sbe32: Codec<number> = integer(
  'sbe32',
  4,
  -0x8000_0000,
  0x7fff_ffff,
  (view, at) => view.getInt32(at, BIG),
  (view, at, value) => view.setInt32(at, value, BIG),
);

function integer64(name: string, little: boolean): Codec<bigint> {
  return {
    fixed: 8,
    measure: () => 8,
    write(value, out) {
      if (typeof value !== 'bigint' || value < 0n || value > 0xffff_ffff_ffff_ffffn) {
        throw new ValueError(`${String(value)} is not a bigint from 0 to 2^64-1`);
      }
      out.view.setBigUint64(out.offset, value, little);
      out.offset += 8;
    },
    read(input, start, end) {
      expectLength(name, start, end, 8);
      return input.view.getBigUint64(start, little);
    },
  };
}

export const u64: Codec<bigint> = integer64('u64', LITTLE);
export const be64: Codec<bigint> = integer64('be64', BIG);

/** One byte, 0 or 1. Anything but zero reads as true, as the kernel does. */
export const bool8: Codec<boolean> = {
  fixed: 1,
  measure: () => 1,
  write(value, out) {
    if (typeof value !== 'boolean') throw new ValueError(`${String(value)} is not a boolean`);
    out.view.setUint8(out.offset, value ? 1 : 0);
    out.offset += 1;
  },
  read(input, start, end) {
    expectLength('bool8', start, end, 1);
    return input.view.getUint8(start) !== 0;
  },
};

/** An attribute without payload (NLA_FLAG): there is `true`, or the attribute is absent. */
export const flag: Codec<true> = {
  fixed: 0,
  measure: () => 0,
  write(value) {
    if (value !== true) throw new ValueError(`${String(value)} is not true; leave the attribute out instead`);
  },
  read: () => true,
};

/** Bytes as they are. Reading copies, so that a value does not hold a whole receive buffer. */
export const bytes: Codec<Uint8Array> = {
  measure(value) {
    if (!(value instanceof Uint8Array)) throw new ValueError(`${String(value)} is not a Uint8Array`);
    return value.byteLength;
  },
  write(value, out) {
    if (!(value instanceof Uint8Array)) throw new ValueError(`${String(value)} is not a Uint8Array`);
    out.bytes.set(value, out.offset);
    out.offset += value.byteLength;
  },
  read: (input, start, end) => input.bytes.slice(start, end),
};
