/* Source: include/uapi/linux/if_ether.h */

/** EtherTypes. */
export const ETH_P_ALL = 0x0003;
export const ETH_P_IP = 0x0800;
export const ETH_P_IPV6 = 0x86dd;
