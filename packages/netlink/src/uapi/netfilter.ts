/* Source: include/uapi/linux/netfilter.h */

/** Values of nfgen_family, and of families in expressions. */
export const NFPROTO_INET = 1;
export const NFPROTO_IPV4 = 2;
export const NFPROTO_ARP = 3;
export const NFPROTO_NETDEV = 5;
export const NFPROTO_BRIDGE = 7;
export const NFPROTO_IPV6 = 10;

/** Hooks of the ip, ip6 and inet families. */
export const NF_INET_PRE_ROUTING = 0;
export const NF_INET_LOCAL_IN = 1;
export const NF_INET_FORWARD = 2;
export const NF_INET_LOCAL_OUT = 3;
export const NF_INET_POST_ROUTING = 4;
export const NF_INET_INGRESS = 5;

/** Hooks of the netdev family. */
export const NF_NETDEV_INGRESS = 0;
export const NF_NETDEV_EGRESS = 1;

/** Hooks of the arp family, from linux/netfilter_arp.h. */
export const NF_ARP_IN = 0;
export const NF_ARP_OUT = 1;
export const NF_ARP_FORWARD = 2;

/** Verdicts. */
export const NF_DROP = 0;
export const NF_ACCEPT = 1;
export const NF_QUEUE = 3;
