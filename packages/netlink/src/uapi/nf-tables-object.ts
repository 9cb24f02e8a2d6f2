/* Source: include/uapi/linux/netfilter/nf_tables.h */

/** Kinds of named objects. */
export const NFT_OBJECT_COUNTER = 1;
export const NFT_OBJECT_QUOTA = 2;
export const NFT_OBJECT_CT_HELPER = 3;
export const NFT_OBJECT_LIMIT = 4;
export const NFT_OBJECT_CONNLIMIT = 5;
export const NFT_OBJECT_TUNNEL = 6;
export const NFT_OBJECT_CT_TIMEOUT = 7;
export const NFT_OBJECT_SECMARK = 8;
export const NFT_OBJECT_CT_EXPECT = 9;
export const NFT_OBJECT_SYNPROXY = 10;

/** Attributes of a named object. */
export const NFTA_OBJ_TABLE = 1;
export const NFTA_OBJ_NAME = 2;
export const NFTA_OBJ_TYPE = 3;
export const NFTA_OBJ_DATA = 4;
export const NFTA_OBJ_USE = 5;
export const NFTA_OBJ_HANDLE = 6;
export const NFTA_OBJ_USERDATA = 8;

/** Of a secmark object. */
export const NFTA_SECMARK_CTX = 1;

/** Of a ct helper object. */
export const NFTA_CT_HELPER_NAME = 1;
export const NFTA_CT_HELPER_L3PROTO = 2;
export const NFTA_CT_HELPER_L4PROTO = 3;

/** Of a ct timeout object. */
export const NFTA_CT_TIMEOUT_L3PROTO = 1;
export const NFTA_CT_TIMEOUT_L4PROTO = 2;
export const NFTA_CT_TIMEOUT_DATA = 3;

/** Of a ct expectation object. */
export const NFTA_CT_EXPECT_L3PROTO = 1;
export const NFTA_CT_EXPECT_L4PROTO = 2;
export const NFTA_CT_EXPECT_DPORT = 3;
export const NFTA_CT_EXPECT_TIMEOUT = 4;
export const NFTA_CT_EXPECT_SIZE = 5;

/** Of a tunnel object. */
export const NFTA_TUNNEL_KEY_ID = 1;
export const NFTA_TUNNEL_KEY_IP = 2;
export const NFTA_TUNNEL_KEY_IP6 = 3;
export const NFTA_TUNNEL_KEY_FLAGS = 4;
export const NFTA_TUNNEL_KEY_TOS = 5;
export const NFTA_TUNNEL_KEY_TTL = 6;
export const NFTA_TUNNEL_KEY_SPORT = 7;
export const NFTA_TUNNEL_KEY_DPORT = 8;
export const NFTA_TUNNEL_KEY_OPTS = 9;
export const NFTA_TUNNEL_KEY_IP_SRC = 1;
export const NFTA_TUNNEL_KEY_IP_DST = 2;
export const NFTA_TUNNEL_KEY_IP6_SRC = 1;
export const NFTA_TUNNEL_KEY_IP6_DST = 2;
export const NFTA_TUNNEL_KEY_IP6_FLOWLABEL = 3;
export const NFTA_TUNNEL_KEY_OPTS_VXLAN = 1;
export const NFTA_TUNNEL_KEY_OPTS_ERSPAN = 2;
export const NFTA_TUNNEL_KEY_OPTS_GENEVE = 3;
export const NFTA_TUNNEL_KEY_VXLAN_GBP = 1;
export const NFTA_TUNNEL_KEY_ERSPAN_VERSION = 1;
export const NFTA_TUNNEL_KEY_ERSPAN_V1_INDEX = 2;
export const NFTA_TUNNEL_KEY_ERSPAN_V2_HWID = 3;
export const NFTA_TUNNEL_KEY_ERSPAN_V2_DIR = 4;
export const NFTA_TUNNEL_KEY_GENEVE_CLASS = 1;
export const NFTA_TUNNEL_KEY_GENEVE_TYPE = 2;
export const NFTA_TUNNEL_KEY_GENEVE_DATA = 3;

/** Attributes of a flowtable. */
export const NFTA_FLOWTABLE_TABLE = 1;
export const NFTA_FLOWTABLE_NAME = 2;
export const NFTA_FLOWTABLE_HOOK = 3;
export const NFTA_FLOWTABLE_USE = 4;
export const NFTA_FLOWTABLE_HANDLE = 5;
export const NFTA_FLOWTABLE_FLAGS = 7;
export const NFTA_FLOWTABLE_HOOK_NUM = 1;
export const NFTA_FLOWTABLE_HOOK_PRIORITY = 2;
export const NFTA_FLOWTABLE_HOOK_DEVS = 3;

/** Flags of a flowtable. */
export const NFT_FLOWTABLE_HW_OFFLOAD = 0x1;
export const NFT_FLOWTABLE_COUNTER = 0x2;
