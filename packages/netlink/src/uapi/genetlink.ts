/* Source: include/uapi/linux/genetlink.h; the protocol of include/uapi/linux/netlink.h */

export const NETLINK_GENERIC = 16;

/** nlmsg_type of the controller. */
export const GENL_ID_CTRL = 16;

/** Flags of an operation. */
export const GENL_ADMIN_PERM = 1;
export const GENL_CMD_CAP_DO = 2;
export const GENL_CMD_CAP_DUMP = 4;
export const GENL_CMD_CAP_HASPOL = 8;
export const GENL_UNS_ADMIN_PERM = 16;

export const CTRL_CMD_GETFAMILY = 3;

export const CTRL_ATTR_FAMILY_ID = 1;
export const CTRL_ATTR_FAMILY_NAME = 2;
export const CTRL_ATTR_VERSION = 3;
export const CTRL_ATTR_HDRSIZE = 4;
export const CTRL_ATTR_MAXATTR = 5;
export const CTRL_ATTR_OPS = 6;
export const CTRL_ATTR_MCAST_GROUPS = 7;

/** Nested in CTRL_ATTR_OPS. */
export const CTRL_ATTR_OP_ID = 1;
export const CTRL_ATTR_OP_FLAGS = 2;

/** Nested in CTRL_ATTR_MCAST_GROUPS. */
export const CTRL_ATTR_MCAST_GRP_NAME = 1;
export const CTRL_ATTR_MCAST_GRP_ID = 2;
