/* Source: include/uapi/linux/veth.h */

/** Data of kind "veth". */
export const VETH_INFO_PEER = 1;
