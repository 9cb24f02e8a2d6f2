/* Source: include/uapi/linux/ip6_tunnel.h; the capabilities of include/net/ip6_tunnel.h are told too. */

/** Flags of a tunnel over IPv6. */
export const IP6_TNL_F_IGN_ENCAP_LIMIT = 0x1;
export const IP6_TNL_F_USE_ORIG_TCLASS = 0x2;
export const IP6_TNL_F_USE_ORIG_FLOWLABEL = 0x4;
export const IP6_TNL_F_MIP6_DEV = 0x8;
export const IP6_TNL_F_RCV_DSCP_COPY = 0x10;
export const IP6_TNL_F_USE_ORIG_FWMARK = 0x20;
export const IP6_TNL_F_ALLOW_LOCAL_REMOTE = 0x40;
export const IP6_TNL_F_CAP_XMIT = 0x10000;
export const IP6_TNL_F_CAP_RCV = 0x20000;
export const IP6_TNL_F_CAP_PER_PACKET = 0x40000;
