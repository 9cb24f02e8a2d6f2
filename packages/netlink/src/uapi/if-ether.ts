/* Source: include/uapi/linux/if_ether.h */

/** EtherTypes. */
export const ETH_P_IP = 0x800;
export const ETH_P_ARP = 0x806;
export const ETH_P_IPV6 = 0x86dd;
export const ETH_P_8021Q = 0x8100;
export const ETH_P_8021AD = 0x88a8;
