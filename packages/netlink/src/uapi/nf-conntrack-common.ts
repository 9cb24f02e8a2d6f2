/* Source: include/uapi/linux/netfilter/nf_conntrack_common.h */

/** Bits of CTA_STATUS and `ct status`. */
export const IPS_EXPECTED = 0x1;
export const IPS_SEEN_REPLY = 0x2;
export const IPS_ASSURED = 0x4;
export const IPS_CONFIRMED = 0x8;
export const IPS_SRC_NAT = 0x10;
export const IPS_DST_NAT = 0x20;
export const IPS_SEQ_ADJUST = 0x40;
export const IPS_SRC_NAT_DONE = 0x80;
export const IPS_DST_NAT_DONE = 0x100;
export const IPS_DYING = 0x200;
export const IPS_FIXED_TIMEOUT = 0x400;
export const IPS_TEMPLATE = 0x800;
export const IPS_UNTRACKED = 0x1000;
export const IPS_HELPER = 0x2000;
export const IPS_OFFLOAD = 0x4000;
export const IPS_HW_OFFLOAD = 0x8000;

/** Where a packet is in its connection; `ct state` has a bit for each. */
export const IP_CT_ESTABLISHED = 0;
export const IP_CT_RELATED = 1;
export const IP_CT_NEW = 2;
