import { attributes } from '../../codec/attributes.ts';
import type { Codec } from '../../codec/codec.ts';
import { ValueError } from '../../codec/error.ts';
import { array, nested } from '../../codec/nested.ts';
import { bytes, flag, u32 } from '../../codec/scalar.ts';
import { cstring } from '../../codec/text.ts';
import {
  ETHTOOL_A_BITSET_BIT_INDEX,
  ETHTOOL_A_BITSET_BIT_NAME,
  ETHTOOL_A_BITSET_BIT_VALUE,
  ETHTOOL_A_BITSET_BITS,
  ETHTOOL_A_BITSET_BITS_BIT,
  ETHTOOL_A_BITSET_MASK,
  ETHTOOL_A_BITSET_NOMASK,
  ETHTOOL_A_BITSET_SIZE,
  ETHTOOL_A_BITSET_VALUE,
} from '../../uapi/ethtool-netlink.ts';
import { NLA_F_NESTED } from '../../uapi/netlink.ts';

/** One bit. In a request it is named by its name or its index. */
export interface BitsetBit {
  readonly index?: number;
  readonly name?: string;
  readonly value: boolean;
}

/**
 * A set of bits as ethtool has it, in either of its two forms.
 * `list: true`: the bits told are those that are set, and all others are not.
 * `list: false`: the bits told are those that are meant (the mask), with their values.
 */
export interface Bitset {
  readonly list: boolean;
  /** How many bits there are; needed to write the compact form. */
  readonly size?: number;
  /** Words of 32 bits on the wire, without names, in place of an attribute for each bit. */
  readonly compact: boolean;
  readonly bits: readonly BitsetBit[];
}

const bit = attributes(() => ({
  index: [ETHTOOL_A_BITSET_BIT_INDEX, u32],
  name: [ETHTOOL_A_BITSET_BIT_NAME, cstring],
  value: [ETHTOOL_A_BITSET_BIT_VALUE, flag],
}));

const wire = attributes(() => ({
  list: [ETHTOOL_A_BITSET_NOMASK, flag],
  size: [ETHTOOL_A_BITSET_SIZE, u32],
  bits: [ETHTOOL_A_BITSET_BITS, array(nested(bit), { type: ETHTOOL_A_BITSET_BITS_BIT })],
  value: [ETHTOOL_A_BITSET_VALUE, bytes],
  mask: [ETHTOOL_A_BITSET_MASK, bytes],
}));
type Wire = ReturnType<typeof wire.read>;

/** `ETHTOOL_A_BITSET_*`. Source: Documentation/networking/ethtool-netlink.rst, "Bit sets". */
export const bitset: Codec<Bitset> = {
  typeFlags: NLA_F_NESTED,
  measure: (value) => wire.measure(wireOf(value)),
  write: (value, out) => wire.write(wireOf(value), out),
  read: (input, start, end) => bitsetOf(wire.read(input, start, end)),
};

function wireOf(value: Bitset): Wire {
  const size = value.size === undefined ? {} : { size: value.size };
  const list = value.list ? { list: true as const } : {};
  if (value.compact) return { ...list, ...size, ...wordsOf(value) };
  const bits = value.bits.map(({ index, name, value: set }) => ({
    ...(index === undefined ? {} : { index }),
    ...(name === undefined ? {} : { name }),
    // In a list each bit told is set, and the flag is left out.
    ...(set && !value.list ? { value: true as const } : {}),
  }));
  return { ...list, ...size, bits };
}

function wordsOf({ size, bits, list }: Bitset): Pick<Wire, 'value' | 'mask'> {
  if (size === undefined) throw new ValueError('a compact bitset needs its size');
  const length = Math.ceil(size / 32) * 4;
  const [value, mask] = [new Uint8Array(length), new Uint8Array(length)];
  for (const { index, value: set } of bits) {
    if (index === undefined || index >= size) throw new ValueError(`a compact bitset of ${size} has no bit ${index}`);
    // Words are in host order, which is little-endian: bit n is in byte n / 8.
    const byte = index >> 3;
    mask[byte] = (mask[byte] ?? 0) | (1 << (index & 7));
    if (set) value[byte] = (value[byte] ?? 0) | (1 << (index & 7));
  }
  return list ? { value } : { value, mask };
}

function bitsetOf(read: Wire): Bitset {
  const list = read.list === true;
  const size = read.size === undefined ? {} : { size: read.size };
  if (read.bits === undefined && read.value !== undefined) {
    return {
      list,
      ...size,
      compact: true,
      bits: compactBits(read.value, list ? read.value : (read.mask ?? read.value)),
    };
  }
  const bits = (read.bits ?? []).map(({ index, name, value }) => ({
    ...(index === undefined ? {} : { index }),
    ...(name === undefined ? {} : { name }),
    value: list || value === true,
  }));
  return { list, ...size, compact: false, bits };
}

function compactBits(value: Uint8Array, mask: Uint8Array): readonly BitsetBit[] {
  const bits: BitsetBit[] = [];
  for (let index = 0; index < mask.length * 8; index += 1) {
    const here = 1 << (index & 7);
    if (((mask[index >> 3] ?? 0) & here) !== 0) bits.push({ index, value: ((value[index >> 3] ?? 0) & here) !== 0 });
  }
  return bits;
}

/** The name of a bit: its own, or that of its index. */
export function bitName({ name, index }: BitsetBit, names: readonly string[]): string | undefined {
  return name ?? (index === undefined ? undefined : names[index]);
}

/** The names of the bits that are set. `names` are those of the indices, for the compact form. */
export function namesSet(set: Bitset | undefined, names: readonly string[]): ReadonlySet<string> {
  return new Set((set?.bits ?? []).flatMap((bit) => (bit.value ? (bitName(bit, names) ?? []) : [])));
}
