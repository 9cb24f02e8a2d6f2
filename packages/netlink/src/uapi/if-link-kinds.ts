/* Source: include/uapi/linux/if_link.h, the sections of the kinds of links */

/** Data of kind "vlan". */
export const IFLA_VLAN_ID = 1;
export const IFLA_VLAN_QOS_MAPPING = 1;
export const IFLA_VLAN_FLAGS = 2;
export const IFLA_VLAN_EGRESS_QOS = 3;
export const IFLA_VLAN_INGRESS_QOS = 4;
export const IFLA_VLAN_PROTOCOL = 5;

/** Data of kind "vxlan". */
export const IFLA_VXLAN_ID = 1;
export const IFLA_VXLAN_GROUP = 2;
export const IFLA_VXLAN_LINK = 3;
export const IFLA_VXLAN_LOCAL = 4;
export const IFLA_VXLAN_TTL = 5;
export const IFLA_VXLAN_TOS = 6;
export const IFLA_VXLAN_LEARNING = 7;
export const IFLA_VXLAN_AGEING = 8;
export const IFLA_VXLAN_LIMIT = 9;
export const IFLA_VXLAN_PORT_RANGE = 10;
export const IFLA_VXLAN_PROXY = 11;
export const IFLA_VXLAN_RSC = 12;
export const IFLA_VXLAN_L2MISS = 13;
export const IFLA_VXLAN_L3MISS = 14;
export const IFLA_VXLAN_PORT = 15;
export const IFLA_VXLAN_GROUP6 = 16;
export const IFLA_VXLAN_LOCAL6 = 17;
export const IFLA_VXLAN_UDP_CSUM = 18;
export const IFLA_VXLAN_UDP_ZERO_CSUM6_TX = 19;
export const IFLA_VXLAN_UDP_ZERO_CSUM6_RX = 20;
export const IFLA_VXLAN_REMCSUM_TX = 21;
export const IFLA_VXLAN_REMCSUM_RX = 22;
export const IFLA_VXLAN_GBP = 23;
export const IFLA_VXLAN_REMCSUM_NOPARTIAL = 24;
export const IFLA_VXLAN_COLLECT_METADATA = 25;
export const IFLA_VXLAN_LABEL = 26;
export const IFLA_VXLAN_GPE = 27;
export const IFLA_VXLAN_TTL_INHERIT = 28;
export const IFLA_VXLAN_DF = 29;
export const IFLA_VXLAN_VNIFILTER = 30;
export const IFLA_VXLAN_LOCALBYPASS = 31;
export const IFLA_VXLAN_LABEL_POLICY = 32;
export const IFLA_VXLAN_RESERVED_BITS = 33;
export const IFLA_VXLAN_MC_ROUTE = 34;

/** Data of kind "tun". */
export const IFLA_TUN_OWNER = 1;
export const IFLA_TUN_GROUP = 2;
export const IFLA_TUN_TYPE = 3;
export const IFLA_TUN_PI = 4;
export const IFLA_TUN_VNET_HDR = 5;
export const IFLA_TUN_PERSIST = 6;
export const IFLA_TUN_MULTI_QUEUE = 7;
export const IFLA_TUN_NUM_QUEUES = 8;
export const IFLA_TUN_NUM_DISABLED_QUEUES = 9;

/** Data of kind "macvlan". */
export const IFLA_MACVLAN_MODE = 1;
export const IFLA_MACVLAN_FLAGS = 2;
export const IFLA_MACVLAN_MACADDR_MODE = 3;
export const IFLA_MACVLAN_MACADDR = 4;
export const IFLA_MACVLAN_MACADDR_DATA = 5;
export const IFLA_MACVLAN_MACADDR_COUNT = 6;
export const IFLA_MACVLAN_BC_QUEUE_LEN = 7;
export const IFLA_MACVLAN_BC_QUEUE_LEN_USED = 8;
export const IFLA_MACVLAN_BC_CUTOFF = 9;

export const MACVLAN_MACADDR_ADD = 0;
export const MACVLAN_FLAG_NOPROMISC = 1;
export const MACVLAN_MACADDR_DEL = 1;
export const MACVLAN_MODE_PRIVATE = 1;
export const MACVLAN_FLAG_NODST = 2;
export const MACVLAN_MACADDR_FLUSH = 2;
export const MACVLAN_MODE_VEPA = 2;
export const MACVLAN_MACADDR_SET = 3;
export const MACVLAN_MODE_BRIDGE = 4;
export const MACVLAN_MODE_PASSTHRU = 8;
export const MACVLAN_MODE_SOURCE = 16;

/** Data of kind "ipvlan". */
export const IFLA_IPVLAN_MODE = 1;
export const IFLA_IPVLAN_FLAGS = 2;
export const IPVLAN_MODE_L2 = 0;
export const IPVLAN_F_PRIVATE = 1;
export const IPVLAN_MODE_L3 = 1;
export const IPVLAN_F_VEPA = 2;
export const IPVLAN_MODE_L3S = 2;

/** Data of kind "vrf". */
export const IFLA_VRF_PORT_TABLE = 1;
export const IFLA_VRF_TABLE = 1;

/** Data of kind "geneve". */
export const IFLA_GENEVE_ID = 1;
export const IFLA_GENEVE_REMOTE = 2;
export const IFLA_GENEVE_TTL = 3;
export const IFLA_GENEVE_TOS = 4;
export const IFLA_GENEVE_PORT = 5;
export const IFLA_GENEVE_COLLECT_METADATA = 6;
export const IFLA_GENEVE_REMOTE6 = 7;
export const IFLA_GENEVE_UDP_CSUM = 8;
export const IFLA_GENEVE_UDP_ZERO_CSUM6_TX = 9;
export const IFLA_GENEVE_UDP_ZERO_CSUM6_RX = 10;
export const IFLA_GENEVE_LABEL = 11;
export const IFLA_GENEVE_TTL_INHERIT = 12;
export const IFLA_GENEVE_DF = 13;
export const IFLA_GENEVE_INNER_PROTO_INHERIT = 14;
export const IFLA_GENEVE_PORT_RANGE = 15;

/** Of RTM_*TUNNEL. */
export const TUNNEL_MSG_FLAG_STATS = 1;
export const VXLAN_VNIFILTER_ENTRY = 1;

/** Nested in VXLAN_VNIFILTER_ENTRY. */
export const VXLAN_VNIFILTER_ENTRY_START = 1;
export const VXLAN_VNIFILTER_ENTRY_END = 2;
export const VXLAN_VNIFILTER_ENTRY_GROUP = 3;
export const VXLAN_VNIFILTER_ENTRY_GROUP6 = 4;
export const VXLAN_VNIFILTER_ENTRY_STATS = 5;

/** Nested in VXLAN_VNIFILTER_ENTRY_STATS. */
export const VNIFILTER_ENTRY_STATS_RX_BYTES = 1;
export const VNIFILTER_ENTRY_STATS_RX_PKTS = 2;
export const VNIFILTER_ENTRY_STATS_RX_DROPS = 3;
export const VNIFILTER_ENTRY_STATS_RX_ERRORS = 4;
export const VNIFILTER_ENTRY_STATS_TX_BYTES = 5;
export const VNIFILTER_ENTRY_STATS_TX_PKTS = 6;
export const VNIFILTER_ENTRY_STATS_TX_DROPS = 7;
export const VNIFILTER_ENTRY_STATS_TX_ERRORS = 8;
