import { bits } from '../../codec/bits.ts';
import type { Codec, Infer } from '../../codec/codec.ts';
import { be16, be32, s32, u8, u16 } from '../../codec/scalar.ts';
import { pad, struct } from '../../codec/struct.ts';
import { TC_U32_EAT, TC_U32_OFFSET, TC_U32_TERMINAL, TC_U32_VAROFFSET } from '../../uapi/pkt-cls.ts';
import { packed } from '../mapped.ts';

/** `struct tc_u32_sel` before its keys. Source: include/uapi/linux/pkt_cls.h. */
const header = struct({
  flags: bits(u8, {
    /** A packet that matches is done with: it has a class, or an action. */
    terminal: TC_U32_TERMINAL,
    offset: TC_U32_OFFSET,
    variableOffset: TC_U32_VAROFFSET,
    eat: TC_U32_EAT,
  }),
  offsetShift: u8,
  keyCount: u8,
  padding: pad(1),
  offsetMask: be16,
  offset: u16,
  offsetOffset: u16,
  hashOffset: u16,
  hashMask: be32,
});

/** Four bytes of a packet, from `offset` bytes into the network header (negative: before it), compared under a mask. */
const key = struct({ mask: be32, value: be32, offset: s32, offsetMask: s32 });
/** Four bytes of a packet that are compared: big-endian, at `offset` bytes. */
export type U32Key = Infer<typeof key>;
const keyList = packed(key);

type Header = Omit<Infer<typeof header>, 'keyCount'>;

/** All keys must match. What else it has is for filters that hang below others (links and hash tables). */
export type U32Selector = Partial<Header> & { readonly keys: readonly U32Key[] };

/** Without flags it is `terminal`, as a filter with a class or an action must be. */
export const u32Selector: Codec<U32Selector> = {
  measure: ({ keys }) => header.fixed + keyList.measure(keys),
  write({ keys, flags = { terminal: true }, ...rest }, out) {
    header.write(header.fill({ ...rest, flags, keyCount: keys.length }), out);
    keyList.write(keys, out);
  },
  read(input, start, end) {
    const { keyCount: _count, ...told } = header.read(input, start, Math.min(start + header.fixed, end));
    return { ...nonZero(told), flags: told.flags, keys: keyList.read(input, Math.min(start + header.fixed, end), end) };
  },
};

function nonZero(told: Header): Partial<Header> {
  return Object.fromEntries(Object.entries(told).filter(([, value]) => value !== 0));
}
