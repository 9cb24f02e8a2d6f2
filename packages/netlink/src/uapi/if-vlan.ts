/* Source: include/uapi/linux/if_vlan.h */

/** Flags of a VLAN link. */
export const VLAN_FLAG_REORDER_HDR = 1;
export const VLAN_FLAG_GVRP = 2;
export const VLAN_FLAG_LOOSE_BINDING = 4;
export const VLAN_FLAG_MVRP = 8;
export const VLAN_FLAG_BRIDGE_BINDING = 16;
