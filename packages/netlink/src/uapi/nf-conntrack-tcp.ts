/* Source: include/uapi/linux/netfilter/nf_conntrack_tcp.h */

/** Bits of CTA_PROTOINFO_TCP_FLAGS_*. */
export const IP_CT_TCP_FLAG_WINDOW_SCALE = 0x1;
export const IP_CT_TCP_FLAG_SACK_PERM = 0x2;
export const IP_CT_TCP_FLAG_CLOSE_INIT = 0x4;
export const IP_CT_TCP_FLAG_BE_LIBERAL = 0x8;
export const IP_CT_TCP_FLAG_DATA_UNACKNOWLEDGED = 0x10;
export const IP_CT_TCP_FLAG_MAXACK_SET = 0x20;
export const IP_CT_EXP_CHALLENGE_ACK = 0x40;
export const IP_CT_TCP_SIMULTANEOUS_OPEN = 0x80;
