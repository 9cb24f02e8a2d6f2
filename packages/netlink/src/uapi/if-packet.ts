/* Source: include/uapi/linux/if_packet.h */

/** Packet types, `meta pkttype`. */
export const PACKET_HOST = 0;
export const PACKET_BROADCAST = 1;
export const PACKET_MULTICAST = 2;
export const PACKET_OTHERHOST = 3;
