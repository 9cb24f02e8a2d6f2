/* Source: include/uapi/linux/net_namespace.h */

/** Attributes of RTM_*NSID. */
export const NETNSA_NSID = 1;
export const NETNSA_PID = 2;
export const NETNSA_FD = 3;
export const NETNSA_TARGET_NSID = 4;
export const NETNSA_CURRENT_NSID = 5;

/** Of NETNSA_NSID: let the kernel choose; there is none. */
export const NETNSA_NSID_NOT_ASSIGNED = -1;
