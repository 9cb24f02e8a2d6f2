import { attributes } from '../../codec/attributes.ts';
import { bits } from '../../codec/bits.ts';
import type { Infer } from '../../codec/codec.ts';
import { array, nested } from '../../codec/nested.ts';
import { be16, u16, u32 } from '../../codec/scalar.ts';
import { struct } from '../../codec/struct.ts';
import {
  IFLA_VLAN_EGRESS_QOS,
  IFLA_VLAN_FLAGS,
  IFLA_VLAN_ID,
  IFLA_VLAN_INGRESS_QOS,
  IFLA_VLAN_PROTOCOL,
  IFLA_VLAN_QOS_MAPPING,
} from '../../uapi/if-link-kinds.ts';
import {
  VLAN_FLAG_BRIDGE_BINDING,
  VLAN_FLAG_GVRP,
  VLAN_FLAG_LOOSE_BINDING,
  VLAN_FLAG_MVRP,
  VLAN_FLAG_REORDER_HDR,
} from '../../uapi/if-vlan.ts';

const vlanFlags = bits(u32, {
  /** The tag is not seen by what listens on the VLAN's link; on by default. */
  reorderHeader: VLAN_FLAG_REORDER_HDR,
  gvrp: VLAN_FLAG_GVRP,
  /** The state does not follow the link below. */
  looseBinding: VLAN_FLAG_LOOSE_BINDING,
  mvrp: VLAN_FLAG_MVRP,
  /** The state follows the ports of the bridge below that are in the VLAN. */
  bridgeBinding: VLAN_FLAG_BRIDGE_BINDING,
});

const priorityMap = array(struct({ from: u32, to: u32 }), { type: IFLA_VLAN_QOS_MAPPING });

/** `IFLA_INFO_DATA` of kind "vlan"; the link below it is `parent`. Source: include/uapi/linux/if_link.h. */
export const vlan = attributes(() => ({
  /** 1 to 4094. */
  id: [IFLA_VLAN_ID, u16],
  /** EtherType of the tag, big-endian on the wire; 0x8100 (802.1Q, the kernel's default) or 0x88a8 (802.1ad). */
  protocol: [IFLA_VLAN_PROTOCOL, be16],
  /** `mask` has the flags that a request changes. */
  flags: [IFLA_VLAN_FLAGS, struct({ flags: vlanFlags, mask: vlanFlags })],
  /** From the packet's priority (SO_PRIORITY) to the tag's, 0 to 7. A request adds to what is there. */
  egressPriorities: [IFLA_VLAN_EGRESS_QOS, nested(priorityMap)],
  /** From the tag's priority, 0 to 7, to the packet's. */
  ingressPriorities: [IFLA_VLAN_INGRESS_QOS, nested(priorityMap)],
}));
/** Options of kind "vlan". */
export type Vlan = Infer<typeof vlan>;
