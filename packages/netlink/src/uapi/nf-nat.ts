/* Source: include/uapi/linux/netfilter/nf_nat.h */

/** Flags of a NAT expression. */
export const NF_NAT_RANGE_MAP_IPS = 1;
export const NF_NAT_RANGE_PROTO_SPECIFIED = 2;
