/* Source: include/uapi/linux/ip.h */

/** Indices of net.ipv4.conf.*, in IFLA_INET_CONF. */
export const IPV4_DEVCONF_FORWARDING = 1;
export const IPV4_DEVCONF_PROXY_ARP = 3;
export const IPV4_DEVCONF_ACCEPT_REDIRECTS = 4;
export const IPV4_DEVCONF_SEND_REDIRECTS = 6;
export const IPV4_DEVCONF_RP_FILTER = 8;
export const IPV4_DEVCONF_ARP_ANNOUNCE = 18;
export const IPV4_DEVCONF_ARP_IGNORE = 19;
export const IPV4_DEVCONF_PROMOTE_SECONDARIES = 20;
export const IPV4_DEVCONF_ACCEPT_LOCAL = 23;
export const IPV4_DEVCONF_ROUTE_LOCALNET = 26;
