/* Source: include/uapi/linux/neighbour.h */

/** Attributes of RTM_*NEIGH. */
export const NDA_DST = 1;
export const NDA_LLADDR = 2;
export const NDA_CACHEINFO = 3;
export const NDA_PROBES = 4;
export const NDA_VLAN = 5;
export const NDA_PORT = 6;
export const NDA_VNI = 7;
export const NDA_IFINDEX = 8;
export const NDA_MASTER = 9;
export const NDA_LINK_NETNSID = 10;
export const NDA_SRC_VNI = 11;
export const NDA_PROTOCOL = 12;
export const NDA_NH_ID = 13;
export const NDA_FDB_EXT_ATTRS = 14;
export const NDA_FLAGS_EXT = 15;
export const NDA_NDM_STATE_MASK = 16;
export const NDA_NDM_FLAGS_MASK = 17;

/** Of `ndm_flags`. */
export const NTF_USE = 0x1;
export const NTF_SELF = 0x2;
export const NTF_MASTER = 0x4;
export const NTF_PROXY = 0x8;
export const NTF_EXT_LEARNED = 0x10;
export const NTF_OFFLOADED = 0x20;
export const NTF_STICKY = 0x40;
export const NTF_ROUTER = 0x80;

/** Of NDA_FLAGS_EXT. */
export const NTF_EXT_MANAGED = 0x1;
export const NTF_EXT_LOCKED = 0x2;
export const NTF_EXT_EXT_VALIDATED = 0x4;

/** Of `ndm_state`. */
export const NUD_INCOMPLETE = 0x1;
export const NUD_REACHABLE = 0x2;
export const NUD_STALE = 0x4;
export const NUD_DELAY = 0x8;
export const NUD_PROBE = 0x10;
export const NUD_FAILED = 0x20;
export const NUD_NOARP = 0x40;
export const NUD_PERMANENT = 0x80;

/** Nested in NDA_FDB_EXT_ATTRS. */
export const NFEA_ACTIVITY_NOTIFY = 1;
export const NFEA_DONT_REFRESH = 2;

/** Bits of NFEA_ACTIVITY_NOTIFY. */
export const FDB_NOTIFY_BIT = 1;
export const FDB_NOTIFY_INACTIVE_BIT = 2;

/** Attributes of RTM_*NEIGHTBL. */
export const NDTA_NAME = 1;
export const NDTA_THRESH1 = 2;
export const NDTA_THRESH2 = 3;
export const NDTA_THRESH3 = 4;
export const NDTA_CONFIG = 5;
export const NDTA_PARMS = 6;
export const NDTA_STATS = 7;
export const NDTA_GC_INTERVAL = 8;

/** Nested in NDTA_PARMS. */
export const NDTPA_IFINDEX = 1;
export const NDTPA_REFCNT = 2;
export const NDTPA_REACHABLE_TIME = 3;
export const NDTPA_BASE_REACHABLE_TIME = 4;
export const NDTPA_RETRANS_TIME = 5;
export const NDTPA_GC_STALETIME = 6;
export const NDTPA_DELAY_PROBE_TIME = 7;
export const NDTPA_QUEUE_LEN = 8;
export const NDTPA_APP_PROBES = 9;
export const NDTPA_UCAST_PROBES = 10;
export const NDTPA_MCAST_PROBES = 11;
export const NDTPA_ANYCAST_DELAY = 12;
export const NDTPA_PROXY_DELAY = 13;
export const NDTPA_PROXY_QLEN = 14;
export const NDTPA_LOCKTIME = 15;
export const NDTPA_QUEUE_LENBYTES = 16;
export const NDTPA_MCAST_REPROBES = 17;
export const NDTPA_INTERVAL_PROBE_TIME_MS = 19;
