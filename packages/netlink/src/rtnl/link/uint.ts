import type { Codec } from '../../codec/codec.ts';
import { ValueError } from '../../codec/error.ts';
import { u32, u64 } from '../../codec/scalar.ts';

/** NLA_UINT: four bytes where the number fits them, else eight. */
export const uint: Codec<bigint> = {
  measure(value) {
    if (typeof value !== 'bigint') throw new ValueError(`${String(value)} is not a bigint`);
    return value <= 0xffff_ffffn ? 4 : 8;
  },
  write(value, out) {
    if (value <= 0xffff_ffffn) u32.write(Number(value), out);
    else u64.write(value, out);
  },
  read: (input, start, end) => (end - start >= 8 ? u64.read(input, start, end) : BigInt(u32.read(input, start, end))),
};
