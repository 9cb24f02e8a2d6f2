/* Source: include/uapi/linux/netfilter/nfnetlink.h */

/** Subsystems: the upper byte of a message type. */
export const NFNL_SUBSYS_CTNETLINK = 1;
export const NFNL_SUBSYS_NFTABLES = 10;

/** Messages that enclose a transaction. */
export const NFNL_MSG_BATCH_BEGIN = 16;
export const NFNL_MSG_BATCH_END = 17;

/** Attribute of NFNL_MSG_BATCH_BEGIN. */
export const NFNL_BATCH_GENID = 1;

/** Multicast groups. */
export const NFNLGRP_CONNTRACK_NEW = 1;
export const NFNLGRP_CONNTRACK_UPDATE = 2;
export const NFNLGRP_CONNTRACK_DESTROY = 3;
export const NFNLGRP_NFTABLES = 7;
export const NFNLGRP_NFTRACE = 9;
