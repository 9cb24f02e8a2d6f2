/**
 * What VXLAN over IPv4 adds to a guest's packet, bytes: the inner Ethernet header (14), VXLAN (8), UDP (8) and the outer
 * IPv4 header (20). The outer Ethernet header does not count against the underlay's MTU. Source: RFC 7348 §5.
 */
export const VXLAN_OVERHEAD = 14 + 8 + 8 + 20;

/** IANA's; the kernel's own default is 8472, so it is always said. */
export const VXLAN_PORT = 4789;
