/* Source: include/uapi/linux/netfilter/nf_tables.h */

/** An expression of a rule. */
export const NFTA_EXPR_NAME = 1;
export const NFTA_EXPR_DATA = 2;

/** Of `immediate`. */
export const NFTA_IMMEDIATE_DREG = 1;
export const NFTA_IMMEDIATE_DATA = 2;

/** Of `bitwise`. The last attribute and the last three operators came with Linux 6.14. */
export const NFTA_BITWISE_SREG = 1;
export const NFTA_BITWISE_DREG = 2;
export const NFTA_BITWISE_LEN = 3;
export const NFTA_BITWISE_MASK = 4;
export const NFTA_BITWISE_XOR = 5;
export const NFTA_BITWISE_OP = 6;
export const NFTA_BITWISE_DATA = 7;
export const NFTA_BITWISE_SREG2 = 8;
export const NFT_BITWISE_MASK_XOR = 0;
export const NFT_BITWISE_LSHIFT = 1;
export const NFT_BITWISE_RSHIFT = 2;
export const NFT_BITWISE_AND = 3;
export const NFT_BITWISE_OR = 4;
export const NFT_BITWISE_XOR = 5;

/** Of `byteorder`. */
export const NFTA_BYTEORDER_SREG = 1;
export const NFTA_BYTEORDER_DREG = 2;
export const NFTA_BYTEORDER_OP = 3;
export const NFTA_BYTEORDER_LEN = 4;
export const NFTA_BYTEORDER_SIZE = 5;
export const NFT_BYTEORDER_NTOH = 0;
export const NFT_BYTEORDER_HTON = 1;

/** Of `cmp`. */
export const NFTA_CMP_SREG = 1;
export const NFTA_CMP_OP = 2;
export const NFTA_CMP_DATA = 3;
export const NFT_CMP_EQ = 0;
export const NFT_CMP_NEQ = 1;
export const NFT_CMP_LT = 2;
export const NFT_CMP_LTE = 3;
export const NFT_CMP_GT = 4;
export const NFT_CMP_GTE = 5;

/** Of `range`. */
export const NFTA_RANGE_SREG = 1;
export const NFTA_RANGE_OP = 2;
export const NFTA_RANGE_FROM_DATA = 3;
export const NFTA_RANGE_TO_DATA = 4;
export const NFT_RANGE_EQ = 0;
export const NFT_RANGE_NEQ = 1;

/** Of `lookup`. */
export const NFTA_LOOKUP_SET = 1;
export const NFTA_LOOKUP_SREG = 2;
export const NFTA_LOOKUP_DREG = 3;
export const NFTA_LOOKUP_SET_ID = 4;
export const NFTA_LOOKUP_FLAGS = 5;
export const NFT_LOOKUP_F_INV = 1;

/** Of `dynset`. */
export const NFTA_DYNSET_SET_NAME = 1;
export const NFTA_DYNSET_SET_ID = 2;
export const NFTA_DYNSET_OP = 3;
export const NFTA_DYNSET_SREG_KEY = 4;
export const NFTA_DYNSET_SREG_DATA = 5;
export const NFTA_DYNSET_TIMEOUT = 6;
export const NFTA_DYNSET_EXPR = 7;
export const NFTA_DYNSET_FLAGS = 9;
export const NFTA_DYNSET_EXPRESSIONS = 10;
export const NFT_DYNSET_OP_ADD = 0;
export const NFT_DYNSET_OP_UPDATE = 1;
export const NFT_DYNSET_OP_DELETE = 2;
export const NFT_DYNSET_F_INV = 1;
export const NFT_DYNSET_F_EXPR = 2;

/** Of `payload`. */
export const NFTA_PAYLOAD_DREG = 1;
export const NFTA_PAYLOAD_BASE = 2;
export const NFTA_PAYLOAD_OFFSET = 3;
export const NFTA_PAYLOAD_LEN = 4;
export const NFTA_PAYLOAD_SREG = 5;
export const NFTA_PAYLOAD_CSUM_TYPE = 6;
export const NFTA_PAYLOAD_CSUM_OFFSET = 7;
export const NFTA_PAYLOAD_CSUM_FLAGS = 8;
export const NFT_PAYLOAD_LL_HEADER = 0;
export const NFT_PAYLOAD_NETWORK_HEADER = 1;
export const NFT_PAYLOAD_TRANSPORT_HEADER = 2;
export const NFT_PAYLOAD_INNER_HEADER = 3;
export const NFT_PAYLOAD_TUN_HEADER = 4;
export const NFT_PAYLOAD_CSUM_NONE = 0;
export const NFT_PAYLOAD_CSUM_INET = 1;
export const NFT_PAYLOAD_CSUM_SCTP = 2;
export const NFT_PAYLOAD_L4CSUM_PSEUDOHDR = 1;

/** Of `inner`, which came with Linux 6.2. */
export const NFTA_INNER_NUM = 1;
export const NFTA_INNER_TYPE = 2;
export const NFTA_INNER_FLAGS = 3;
export const NFTA_INNER_HDRSIZE = 4;
export const NFTA_INNER_EXPR = 5;
export const NFT_INNER_VXLAN = 1;
export const NFT_INNER_GENEVE = 2;

/** Flags of `inner`. */
export const NFT_INNER_HDRSIZE = 0x1;
export const NFT_INNER_LL = 0x2;
export const NFT_INNER_NH = 0x4;
export const NFT_INNER_TH = 0x8;

/** Of `exthdr`. */
export const NFTA_EXTHDR_DREG = 1;
export const NFTA_EXTHDR_TYPE = 2;
export const NFTA_EXTHDR_OFFSET = 3;
export const NFTA_EXTHDR_LEN = 4;
export const NFTA_EXTHDR_FLAGS = 5;
export const NFTA_EXTHDR_OP = 6;
export const NFTA_EXTHDR_SREG = 7;
export const NFT_EXTHDR_OP_IPV6 = 0;
export const NFT_EXTHDR_OP_TCPOPT = 1;
export const NFT_EXTHDR_OP_IPV4 = 2;
export const NFT_EXTHDR_OP_SCTP = 3;
export const NFT_EXTHDR_OP_DCCP = 4;
export const NFT_EXTHDR_F_PRESENT = 1;

/** Of `meta`. */
export const NFTA_META_DREG = 1;
export const NFTA_META_KEY = 2;
export const NFTA_META_SREG = 3;
export const NFT_META_LEN = 0;
export const NFT_META_PROTOCOL = 1;
export const NFT_META_PRIORITY = 2;
export const NFT_META_MARK = 3;
export const NFT_META_IIF = 4;
export const NFT_META_OIF = 5;
export const NFT_META_IIFNAME = 6;
export const NFT_META_OIFNAME = 7;
export const NFT_META_IFTYPE = 8;
export const NFT_META_OIFTYPE = 9;
export const NFT_META_SKUID = 10;
export const NFT_META_SKGID = 11;
export const NFT_META_NFTRACE = 12;
export const NFT_META_RTCLASSID = 13;
export const NFT_META_SECMARK = 14;
export const NFT_META_NFPROTO = 15;
export const NFT_META_L4PROTO = 16;
export const NFT_META_BRI_IIFNAME = 17;
export const NFT_META_BRI_OIFNAME = 18;
export const NFT_META_PKTTYPE = 19;
export const NFT_META_CPU = 20;
export const NFT_META_IIFGROUP = 21;
export const NFT_META_OIFGROUP = 22;
export const NFT_META_CGROUP = 23;
export const NFT_META_PRANDOM = 24;
export const NFT_META_SECPATH = 25;
export const NFT_META_IIFKIND = 26;
export const NFT_META_OIFKIND = 27;
export const NFT_META_BRI_IIFPVID = 28;
export const NFT_META_BRI_IIFVPROTO = 29;
export const NFT_META_TIME_NS = 30;
export const NFT_META_TIME_DAY = 31;
export const NFT_META_TIME_HOUR = 32;
export const NFT_META_SDIF = 33;
export const NFT_META_SDIFNAME = 34;
export const NFT_META_BRI_BROUTE = 35;

/** Of `rt`. */
export const NFTA_RT_DREG = 1;
export const NFTA_RT_KEY = 2;
export const NFT_RT_CLASSID = 0;
export const NFT_RT_NEXTHOP4 = 1;
export const NFT_RT_NEXTHOP6 = 2;
export const NFT_RT_TCPMSS = 3;
export const NFT_RT_XFRM = 4;

/** Of `hash`. */
export const NFTA_HASH_SREG = 1;
export const NFTA_HASH_DREG = 2;
export const NFTA_HASH_LEN = 3;
export const NFTA_HASH_MODULUS = 4;
export const NFTA_HASH_SEED = 5;
export const NFTA_HASH_OFFSET = 6;
export const NFTA_HASH_TYPE = 7;
export const NFT_HASH_JENKINS = 0;
export const NFT_HASH_SYM = 1;

/** Of `socket`. */
export const NFTA_SOCKET_KEY = 1;
export const NFTA_SOCKET_DREG = 2;
export const NFTA_SOCKET_LEVEL = 3;
export const NFT_SOCKET_TRANSPARENT = 0;
export const NFT_SOCKET_MARK = 1;
export const NFT_SOCKET_WILDCARD = 2;
export const NFT_SOCKET_CGROUPV2 = 3;

/** Of `ct`. */
export const NFTA_CT_DREG = 1;
export const NFTA_CT_KEY = 2;
export const NFTA_CT_DIRECTION = 3;
export const NFTA_CT_SREG = 4;
export const NFT_CT_STATE = 0;
export const NFT_CT_DIRECTION = 1;
export const NFT_CT_STATUS = 2;
export const NFT_CT_MARK = 3;
export const NFT_CT_SECMARK = 4;
export const NFT_CT_EXPIRATION = 5;
export const NFT_CT_HELPER = 6;
export const NFT_CT_L3PROTOCOL = 7;
export const NFT_CT_SRC = 8;
export const NFT_CT_DST = 9;
export const NFT_CT_PROTOCOL = 10;
export const NFT_CT_PROTO_SRC = 11;
export const NFT_CT_PROTO_DST = 12;
export const NFT_CT_LABELS = 13;
export const NFT_CT_PKTS = 14;
export const NFT_CT_BYTES = 15;
export const NFT_CT_AVGPKT = 16;
export const NFT_CT_ZONE = 17;
export const NFT_CT_EVENTMASK = 18;
export const NFT_CT_SRC_IP = 19;
export const NFT_CT_DST_IP = 20;
export const NFT_CT_SRC_IP6 = 21;
export const NFT_CT_DST_IP6 = 22;
export const NFT_CT_ID = 23;

/** Of `flow_offload`. */
export const NFTA_FLOW_TABLE_NAME = 1;

/** Of `limit`. */
export const NFTA_LIMIT_RATE = 1;
export const NFTA_LIMIT_UNIT = 2;
export const NFTA_LIMIT_BURST = 3;
export const NFTA_LIMIT_TYPE = 4;
export const NFTA_LIMIT_FLAGS = 5;
export const NFT_LIMIT_PKTS = 0;
export const NFT_LIMIT_PKT_BYTES = 1;
export const NFT_LIMIT_F_INV = 1;

/** Of `connlimit`. */
export const NFTA_CONNLIMIT_COUNT = 1;
export const NFTA_CONNLIMIT_FLAGS = 2;
export const NFT_CONNLIMIT_F_INV = 1;

/** Of `counter`. */
export const NFTA_COUNTER_BYTES = 1;
export const NFTA_COUNTER_PACKETS = 2;

/** Of `last`. */
export const NFTA_LAST_SET = 1;
export const NFTA_LAST_MSECS = 2;

/** Of `log`. */
export const NFTA_LOG_GROUP = 1;
export const NFTA_LOG_PREFIX = 2;
export const NFTA_LOG_SNAPLEN = 3;
export const NFTA_LOG_QTHRESHOLD = 4;
export const NFTA_LOG_LEVEL = 5;
export const NFTA_LOG_FLAGS = 6;
export const NFT_LOGLEVEL_EMERG = 0;
export const NFT_LOGLEVEL_ALERT = 1;
export const NFT_LOGLEVEL_CRIT = 2;
export const NFT_LOGLEVEL_ERR = 3;
export const NFT_LOGLEVEL_WARNING = 4;
export const NFT_LOGLEVEL_NOTICE = 5;
export const NFT_LOGLEVEL_INFO = 6;
export const NFT_LOGLEVEL_DEBUG = 7;
export const NFT_LOGLEVEL_AUDIT = 8;

/** Of `queue`. */
export const NFTA_QUEUE_NUM = 1;
export const NFTA_QUEUE_TOTAL = 2;
export const NFTA_QUEUE_FLAGS = 3;
export const NFTA_QUEUE_SREG_QNUM = 4;
export const NFT_QUEUE_FLAG_BYPASS = 1;
export const NFT_QUEUE_FLAG_CPU_FANOUT = 2;

/** Of `quota`. */
export const NFTA_QUOTA_BYTES = 1;
export const NFTA_QUOTA_FLAGS = 2;
export const NFTA_QUOTA_CONSUMED = 4;
export const NFT_QUOTA_F_INV = 1;
export const NFT_QUOTA_F_DEPLETED = 2;

/** Of `reject`. */
export const NFTA_REJECT_TYPE = 1;
export const NFTA_REJECT_ICMP_CODE = 2;
export const NFT_REJECT_ICMP_UNREACH = 0;
export const NFT_REJECT_TCP_RST = 1;
export const NFT_REJECT_ICMPX_UNREACH = 2;
export const NFT_REJECT_ICMPX_NO_ROUTE = 0;
export const NFT_REJECT_ICMPX_PORT_UNREACH = 1;
export const NFT_REJECT_ICMPX_HOST_UNREACH = 2;
export const NFT_REJECT_ICMPX_ADMIN_PROHIBITED = 3;

/** Of `nat`. */
export const NFTA_NAT_TYPE = 1;
export const NFTA_NAT_FAMILY = 2;
export const NFTA_NAT_REG_ADDR_MIN = 3;
export const NFTA_NAT_REG_ADDR_MAX = 4;
export const NFTA_NAT_REG_PROTO_MIN = 5;
export const NFTA_NAT_REG_PROTO_MAX = 6;
export const NFTA_NAT_FLAGS = 7;
export const NFT_NAT_SNAT = 0;
export const NFT_NAT_DNAT = 1;

/** Of `tproxy`. */
export const NFTA_TPROXY_FAMILY = 1;
export const NFTA_TPROXY_REG_ADDR = 2;
export const NFTA_TPROXY_REG_PORT = 3;

/** Of `masq`. */
export const NFTA_MASQ_FLAGS = 1;
export const NFTA_MASQ_REG_PROTO_MIN = 2;
export const NFTA_MASQ_REG_PROTO_MAX = 3;

/** Of `redir`. */
export const NFTA_REDIR_REG_PROTO_MIN = 1;
export const NFTA_REDIR_REG_PROTO_MAX = 2;
export const NFTA_REDIR_FLAGS = 3;

/** Of `dup`. */
export const NFTA_DUP_SREG_ADDR = 1;
export const NFTA_DUP_SREG_DEV = 2;

/** Of `fwd`. */
export const NFTA_FWD_SREG_DEV = 1;
export const NFTA_FWD_SREG_ADDR = 2;
export const NFTA_FWD_NFPROTO = 3;

/** Of `objref`. */
export const NFTA_OBJREF_IMM_TYPE = 1;
export const NFTA_OBJREF_IMM_NAME = 2;
export const NFTA_OBJREF_SET_SREG = 3;
export const NFTA_OBJREF_SET_NAME = 4;
export const NFTA_OBJREF_SET_ID = 5;

/** Of `fib`. */
export const NFTA_FIB_DREG = 1;
export const NFTA_FIB_RESULT = 2;
export const NFTA_FIB_FLAGS = 3;
export const NFT_FIB_RESULT_OIF = 1;
export const NFT_FIB_RESULT_OIFNAME = 2;
export const NFT_FIB_RESULT_ADDRTYPE = 3;

/** Flags of `fib`. */
export const NFTA_FIB_F_SADDR = 0x1;
export const NFTA_FIB_F_DADDR = 0x2;
export const NFTA_FIB_F_MARK = 0x4;
export const NFTA_FIB_F_IIF = 0x8;
export const NFTA_FIB_F_OIF = 0x10;
export const NFTA_FIB_F_PRESENT = 0x20;

/** Of `osf`. */
export const NFTA_OSF_DREG = 1;
export const NFTA_OSF_TTL = 2;
export const NFTA_OSF_FLAGS = 3;
export const NFT_OSF_F_VERSION = 1;

/** Of `synproxy`. */
export const NFTA_SYNPROXY_MSS = 1;
export const NFTA_SYNPROXY_WSCALE = 2;
export const NFTA_SYNPROXY_FLAGS = 3;

/** Of `xfrm`. */
export const NFTA_XFRM_DREG = 1;
export const NFTA_XFRM_KEY = 2;
export const NFTA_XFRM_DIR = 3;
export const NFTA_XFRM_SPNUM = 4;
export const NFT_XFRM_KEY_DADDR_IP4 = 1;
export const NFT_XFRM_KEY_DADDR_IP6 = 2;
export const NFT_XFRM_KEY_SADDR_IP4 = 3;
export const NFT_XFRM_KEY_SADDR_IP6 = 4;
export const NFT_XFRM_KEY_REQID = 5;
export const NFT_XFRM_KEY_SPI = 6;

/** Of `numgen`. */
export const NFTA_NG_DREG = 1;
export const NFTA_NG_MODULUS = 2;
export const NFTA_NG_TYPE = 3;
export const NFTA_NG_OFFSET = 4;
export const NFT_NG_INCREMENTAL = 0;
export const NFT_NG_RANDOM = 1;

/** Of `tunnel`. */
export const NFTA_TUNNEL_KEY = 1;
export const NFTA_TUNNEL_DREG = 2;
export const NFTA_TUNNEL_MODE = 3;
export const NFT_TUNNEL_PATH = 0;
export const NFT_TUNNEL_ID = 1;
export const NFT_TUNNEL_MODE_NONE = 0;
export const NFT_TUNNEL_MODE_RX = 1;
export const NFT_TUNNEL_MODE_TX = 2;
