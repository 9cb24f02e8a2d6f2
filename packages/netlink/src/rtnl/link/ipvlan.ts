import { attributes } from '../../codec/attributes.ts';
import { bits } from '../../codec/bits.ts';
import type { Infer } from '../../codec/codec.ts';
import { u16 } from '../../codec/scalar.ts';
import {
  IFLA_IPVLAN_FLAGS,
  IFLA_IPVLAN_MODE,
  IPVLAN_F_PRIVATE,
  IPVLAN_F_VEPA,
  IPVLAN_MODE_L2,
  IPVLAN_MODE_L3,
  IPVLAN_MODE_L3S,
} from '../../uapi/if-link-kinds.ts';
import { choice } from './choice.ts';

/**
 * `IFLA_INFO_DATA` of the kinds "ipvlan" and "ipvtap"; the link below is `parent`. All on one parent share its mode.
 * Source: include/uapi/linux/if_link.h.
 */
export const ipvlan = attributes(() => ({
  mode: [IFLA_IPVLAN_MODE, choice(u16, { l2: IPVLAN_MODE_L2, l3: IPVLAN_MODE_L3, l3s: IPVLAN_MODE_L3S })],
  flags: [IFLA_IPVLAN_FLAGS, bits(u16, { private: IPVLAN_F_PRIVATE, vepa: IPVLAN_F_VEPA })],
}));
/** Options of the kinds "ipvlan" and "ipvtap". */
export type Ipvlan = Infer<typeof ipvlan>;
