import { attributes } from '../../codec/attributes.ts';
import { bits } from '../../codec/bits.ts';
import type { Infer } from '../../codec/codec.ts';
import { be16, u16, u32 } from '../../codec/scalar.ts';
import { struct } from '../../codec/struct.ts';
import { IFLA_VLAN_FLAGS, IFLA_VLAN_ID, IFLA_VLAN_PROTOCOL } from '../../uapi/if-link.ts';
import {
  VLAN_FLAG_BRIDGE_BINDING,
  VLAN_FLAG_GVRP,
  VLAN_FLAG_LOOSE_BINDING,
  VLAN_FLAG_REORDER_HDR,
} from '../../uapi/if-vlan.ts';

const vlanFlags = bits(u32, {
  reorderHeader: VLAN_FLAG_REORDER_HDR,
  gvrp: VLAN_FLAG_GVRP,
  looseBinding: VLAN_FLAG_LOOSE_BINDING,
  bridgeBinding: VLAN_FLAG_BRIDGE_BINDING,
});

/** `IFLA_INFO_DATA` of kind "vlan"; the link below it is `parent`. Source: include/uapi/linux/if_link.h. */
export const vlan = attributes({
  /** 1 to 4094. */
  id: [IFLA_VLAN_ID, u16],
  /** EtherType of the tag, big-endian on the wire; the kernel's default is 0x8100. */
  protocol: [IFLA_VLAN_PROTOCOL, be16],
  /** `mask` has the flags that a request changes. */
  flags: [IFLA_VLAN_FLAGS, struct({ flags: vlanFlags, mask: vlanFlags })],
});
export type Vlan = Infer<typeof vlan>;
