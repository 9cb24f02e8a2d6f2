import { NLA_F_NESTED } from '../uapi/netlink.ts';
import { eachAttribute } from './attributes.ts';
import type { Codec } from './codec.ts';
import { named, ValueError } from './error.ts';

/**
 * Attributes inside an attribute. NLA_F_NESTED is set, which strict checking asks for; `flagged: false` leaves it out
 * where bytes must equal those of a program that does.
 */
export function nested<T>(codec: Codec<T>, options?: { readonly flagged: boolean }): Codec<T> {
  return {
    ...(options?.flagged === false ? {} : { typeFlags: NLA_F_NESTED }),
    measure: (value) => codec.measure(value),
    write: (value, out) => codec.write(value, out),
    read: (input, start, end) => codec.read(input, start, end),
  };
}

/** A list inside an attribute. The elements' types are 1, 2, 3 … or all the given one (NFTA_LIST_ELEM, IFLA_ALT_IFNAME). */
export function array<T>(
  element: Codec<T>,
  options?: { readonly type?: number; readonly flagged?: boolean },
): Codec<readonly T[]> {
  const typeFlags = element.typeFlags ?? 0;
  return {
    ...(options?.flagged === false ? {} : { typeFlags: NLA_F_NESTED }),
    measure(value) {
      if (!Array.isArray(value)) throw new ValueError(`${String(value)} is not an array`);
      let length = 0;
      for (const [index, one] of value.entries()) {
        try {
          length += 4 + (((element.fixed ?? element.measure(one)) + 3) & ~3);
        } catch (error) {
          throw named(String(index), error);
        }
      }
      return length;
    },
    write(value, out) {
      if (!Array.isArray(value)) throw new ValueError(`${String(value)} is not an array`);
      for (const [index, one] of value.entries()) {
        const start = out.begin(index, (options?.type ?? index + 1) | typeFlags);
        try {
          element.write(one, out);
        } catch (error) {
          throw named(String(index), error);
        }
        out.end(start);
      }
    },
    read(input, start, end) {
      const list: T[] = [];
      eachAttribute(input, start, end, (_type, from, to) => list.push(element.read(input, from, to)));
      return list;
    },
  };
}
