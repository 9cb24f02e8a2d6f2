import { attributes } from '../../codec/attributes.ts';
import type { Infer } from '../../codec/codec.ts';
import { u32 } from '../../codec/scalar.ts';
import { IFLA_VRF_PORT_TABLE, IFLA_VRF_TABLE } from '../../uapi/if-link-kinds.ts';

/** `IFLA_INFO_DATA` of kind "vrf". Source: include/uapi/linux/if_link.h. */
export const vrf = attributes(() => ({
  /** The routing table that its ports use; it cannot be changed later. */
  table: [IFLA_VRF_TABLE, u32],
}));
/** Options of kind "vrf". */
export type Vrf = Infer<typeof vrf>;

/** `IFLA_INFO_SLAVE_DATA` of slave kind "vrf"; only told. */
export const vrfPort = attributes(() => ({ table: [IFLA_VRF_PORT_TABLE, u32] }));
/** What a link has as a port of a VRF. */
export type VrfPort = Infer<typeof vrfPort>;
