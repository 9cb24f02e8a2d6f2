import type { Codec } from '../codec/codec.ts';
import { ValueError } from '../codec/error.ts';
import { be32, u32 } from '../codec/scalar.ts';

/** A number that has fewer bits than its attribute: the kernel would cut off, or shift out, what is beyond. */
export function upTo(codec: Codec<number>, max: number): Codec<number> {
  return {
    ...codec,
    write(value, out) {
      if (value > max) throw new ValueError(`${value} is not an integer from 0 to ${max}`);
      codec.write(value, out);
    },
  };
}

export const MAX_VNI = 0xff_ffff;
/** A VXLAN network identifier: 24 bits. */
export const vni: Codec<number> = upTo(u32, MAX_VNI);
/** A flow label of IPv6: 20 bits, big-endian on the wire. */
export const flowLabel: Codec<number> = upTo(be32, 0xf_ffff);
