/* Source: sys/socket.h */

/** Address families. */
export const AF_INET = 2;
export const AF_INET6 = 10;
export const AF_BRIDGE = 7;
export const AF_MPLS = 28;
