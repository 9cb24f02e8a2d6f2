/* Source: include/uapi/linux/netfilter/nfnetlink_cttimeout.h */

/** Timeouts of TCP, by the state of the connection; seconds. */
export const CTA_TIMEOUT_TCP_SYN_SENT = 1;
export const CTA_TIMEOUT_TCP_SYN_RECV = 2;
export const CTA_TIMEOUT_TCP_ESTABLISHED = 3;
export const CTA_TIMEOUT_TCP_FIN_WAIT = 4;
export const CTA_TIMEOUT_TCP_CLOSE_WAIT = 5;
export const CTA_TIMEOUT_TCP_LAST_ACK = 6;
export const CTA_TIMEOUT_TCP_TIME_WAIT = 7;
export const CTA_TIMEOUT_TCP_CLOSE = 8;
export const CTA_TIMEOUT_TCP_SYN_SENT2 = 9;
export const CTA_TIMEOUT_TCP_RETRANS = 10;
export const CTA_TIMEOUT_TCP_UNACK = 11;

/** Timeouts of UDP; seconds. */
export const CTA_TIMEOUT_UDP_UNREPLIED = 1;
export const CTA_TIMEOUT_UDP_REPLIED = 2;
