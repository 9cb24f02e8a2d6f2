/* Source: include/uapi/linux/if_bridge.h */

/** Nested in IFLA_AF_SPEC of the family AF_BRIDGE. */
export const IFLA_BRIDGE_FLAGS = 0;
export const IFLA_BRIDGE_MODE = 1;
export const IFLA_BRIDGE_VLAN_INFO = 2;
export const IFLA_BRIDGE_VLAN_TUNNEL_INFO = 3;
export const IFLA_BRIDGE_MST = 6;

/** Of IFLA_BRIDGE_FLAGS. */
export const BRIDGE_FLAGS_MASTER = 1;
export const BRIDGE_FLAGS_SELF = 2;

/** Of `flags` of bridge_vlan_info. */
export const BRIDGE_VLAN_INFO_MASTER = 1;
export const BRIDGE_VLAN_INFO_PVID = 2;
export const BRIDGE_VLAN_INFO_UNTAGGED = 4;
export const BRIDGE_VLAN_INFO_RANGE_BEGIN = 8;
export const BRIDGE_VLAN_INFO_RANGE_END = 16;
export const BRIDGE_VLAN_INFO_BRENTRY = 32;
export const BRIDGE_VLAN_INFO_ONLY_OPTS = 64;

/** Nested in IFLA_BRIDGE_VLAN_TUNNEL_INFO. */
export const IFLA_BRIDGE_VLAN_TUNNEL_ID = 1;
export const IFLA_BRIDGE_VLAN_TUNNEL_VID = 2;
export const IFLA_BRIDGE_VLAN_TUNNEL_FLAGS = 3;

/** Nested in IFLA_BRIDGE_MST, and in its entries. */
export const IFLA_BRIDGE_MST_ENTRY = 1;
export const IFLA_BRIDGE_MST_ENTRY_MSTI = 1;
export const IFLA_BRIDGE_MST_ENTRY_STATE = 2;

/** Attributes of a dump by RTM_GETVLAN. */
export const BRIDGE_VLANDB_DUMP_FLAGS = 1;

/** Of BRIDGE_VLANDB_DUMP_FLAGS. */
export const BRIDGE_VLANDB_DUMPF_STATS = 1;
export const BRIDGE_VLANDB_DUMPF_GLOBAL = 2;

/** Attributes of RTM_*VLAN. */
export const BRIDGE_VLANDB_ENTRY = 1;
export const BRIDGE_VLANDB_GLOBAL_OPTIONS = 2;

/** Nested in BRIDGE_VLANDB_ENTRY. */
export const BRIDGE_VLANDB_ENTRY_INFO = 1;
export const BRIDGE_VLANDB_ENTRY_RANGE = 2;
export const BRIDGE_VLANDB_ENTRY_STATE = 3;
export const BRIDGE_VLANDB_ENTRY_TUNNEL_INFO = 4;
export const BRIDGE_VLANDB_ENTRY_STATS = 5;
export const BRIDGE_VLANDB_ENTRY_MCAST_ROUTER = 6;
export const BRIDGE_VLANDB_ENTRY_MCAST_N_GROUPS = 7;
export const BRIDGE_VLANDB_ENTRY_MCAST_MAX_GROUPS = 8;
export const BRIDGE_VLANDB_ENTRY_NEIGH_SUPPRESS = 9;

/** Nested in BRIDGE_VLANDB_ENTRY_TUNNEL_INFO. */
export const BRIDGE_VLANDB_TINFO_ID = 1;
export const BRIDGE_VLANDB_TINFO_CMD = 2;

/** Nested in BRIDGE_VLANDB_ENTRY_STATS. */
export const BRIDGE_VLANDB_STATS_RX_BYTES = 1;
export const BRIDGE_VLANDB_STATS_RX_PACKETS = 2;
export const BRIDGE_VLANDB_STATS_TX_BYTES = 3;
export const BRIDGE_VLANDB_STATS_TX_PACKETS = 4;

/** Nested in BRIDGE_VLANDB_GLOBAL_OPTIONS. */
export const BRIDGE_VLANDB_GOPTS_ID = 1;
export const BRIDGE_VLANDB_GOPTS_RANGE = 2;
export const BRIDGE_VLANDB_GOPTS_MCAST_SNOOPING = 3;
export const BRIDGE_VLANDB_GOPTS_MCAST_IGMP_VERSION = 4;
export const BRIDGE_VLANDB_GOPTS_MCAST_MLD_VERSION = 5;
export const BRIDGE_VLANDB_GOPTS_MCAST_LAST_MEMBER_CNT = 6;
export const BRIDGE_VLANDB_GOPTS_MCAST_STARTUP_QUERY_CNT = 7;
export const BRIDGE_VLANDB_GOPTS_MCAST_LAST_MEMBER_INTVL = 8;
export const BRIDGE_VLANDB_GOPTS_MCAST_MEMBERSHIP_INTVL = 10;
export const BRIDGE_VLANDB_GOPTS_MCAST_QUERIER_INTVL = 11;
export const BRIDGE_VLANDB_GOPTS_MCAST_QUERY_INTVL = 12;
export const BRIDGE_VLANDB_GOPTS_MCAST_QUERY_RESPONSE_INTVL = 13;
export const BRIDGE_VLANDB_GOPTS_MCAST_STARTUP_QUERY_INTVL = 14;
export const BRIDGE_VLANDB_GOPTS_MCAST_QUERIER = 15;
export const BRIDGE_VLANDB_GOPTS_MCAST_ROUTER_PORTS = 16;
export const BRIDGE_VLANDB_GOPTS_MCAST_QUERIER_STATE = 17;
export const BRIDGE_VLANDB_GOPTS_MSTI = 18;

/** Attributes of RTM_*MDB; in a request that makes an entry, and in one that asks for one. */
export const MDBA_MDB = 1;
export const MDBA_ROUTER = 2;
export const MDBA_SET_ENTRY = 1;
export const MDBA_SET_ENTRY_ATTRS = 2;
export const MDBA_GET_ENTRY = 1;
export const MDBA_GET_ENTRY_ATTRS = 2;

/** Nested in MDBA_MDB, and in its entries. */
export const MDBA_MDB_ENTRY = 1;
export const MDBA_MDB_ENTRY_INFO = 1;

/** Behind an entry of a list. */
export const MDBA_MDB_EATTR_TIMER = 1;
export const MDBA_MDB_EATTR_SRC_LIST = 2;
export const MDBA_MDB_EATTR_GROUP_MODE = 3;
export const MDBA_MDB_EATTR_SOURCE = 4;
export const MDBA_MDB_EATTR_RTPROT = 5;
export const MDBA_MDB_EATTR_DST = 6;
export const MDBA_MDB_EATTR_DST_PORT = 7;
export const MDBA_MDB_EATTR_VNI = 8;
export const MDBA_MDB_EATTR_IFINDEX = 9;
export const MDBA_MDB_EATTR_SRC_VNI = 10;

/** Nested in MDBA_MDB_EATTR_SRC_LIST, and in its entries. */
export const MDBA_MDB_SRCLIST_ENTRY = 1;
export const MDBA_MDB_SRCATTR_ADDRESS = 1;
export const MDBA_MDB_SRCATTR_TIMER = 2;

/** Nested in MDBA_ROUTER, and behind its ports. */
export const MDBA_ROUTER_PORT = 1;
export const MDBA_ROUTER_PATTR_TIMER = 1;
export const MDBA_ROUTER_PATTR_TYPE = 2;
export const MDBA_ROUTER_PATTR_INET_TIMER = 3;
export const MDBA_ROUTER_PATTR_INET6_TIMER = 4;
export const MDBA_ROUTER_PATTR_VID = 5;

/** Of `state` of br_mdb_entry. */
export const MDB_TEMPORARY = 0;
export const MDB_PERMANENT = 1;

/** Of `flags` of br_mdb_entry. */
export const MDB_FLAGS_OFFLOAD = 0x1;
export const MDB_FLAGS_FAST_LEAVE = 0x2;
export const MDB_FLAGS_STAR_EXCL = 0x4;
export const MDB_FLAGS_BLOCKED = 0x8;
export const MDB_FLAGS_OFFLOAD_FAILED = 0x10;

/** Of a multicast group. */
export const MCAST_EXCLUDE = 0;
export const MCAST_INCLUDE = 1;

/** Nested in MDBA_SET_ENTRY_ATTRS. */
export const MDBE_ATTR_SOURCE = 1;
export const MDBE_ATTR_SRC_LIST = 2;
export const MDBE_ATTR_GROUP_MODE = 3;
export const MDBE_ATTR_RTPROT = 4;
export const MDBE_ATTR_DST = 5;
export const MDBE_ATTR_DST_PORT = 6;
export const MDBE_ATTR_VNI = 7;
export const MDBE_ATTR_IFINDEX = 8;
export const MDBE_ATTR_SRC_VNI = 9;
export const MDBE_ATTR_STATE_MASK = 10;

/** Nested in MDBE_ATTR_SRC_LIST, and in its entries. */
export const MDBE_SRC_LIST_ENTRY = 1;
export const MDBE_SRCATTR_ADDRESS = 1;
