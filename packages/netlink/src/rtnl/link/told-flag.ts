import type { Codec } from '../../codec/codec.ts';
import { ValueError } from '../../codec/error.ts';

/**
 * A switch that a request can only set, by an attribute without payload, and that the kernel tells as one byte of 0 or
 * 1, such as IFLA_VXLAN_TTL_INHERIT. `false` cannot be written: there is no way to say it.
 */
export const toldFlag: Codec<boolean> = {
  measure: () => 0,
  write(value) {
    if (value !== true) throw new ValueError(`${String(value)} is not true; leave the attribute out instead`);
  },
  read: (input, start, end) => start === end || input.view.getUint8(start) !== 0,
};
