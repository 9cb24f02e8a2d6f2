/* Source: include/uapi/linux/netfilter/nf_nat.h */

/** Flags of `nat`, `masq` and `redir`. The kernel sets the first two by the registers that are given. */
export const NF_NAT_RANGE_MAP_IPS = 1;
export const NF_NAT_RANGE_PROTO_SPECIFIED = 2;
export const NF_NAT_RANGE_PROTO_RANDOM = 4;
export const NF_NAT_RANGE_PERSISTENT = 8;
export const NF_NAT_RANGE_PROTO_RANDOM_FULLY = 16;
export const NF_NAT_RANGE_NETMAP = 64;
