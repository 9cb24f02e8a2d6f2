import { ipv4, ipv6, mac } from '../../codec/address.ts';
import { attributes } from '../../codec/attributes.ts';
import { bits } from '../../codec/bits.ts';
import type { Infer } from '../../codec/codec.ts';
import { nested } from '../../codec/nested.ts';
import { be16, bool8, flag, u8, u16, u32, u64 } from '../../codec/scalar.ts';
import { struct } from '../../codec/struct.ts';
import {
  BR_BOOLOPT_MCAST_VLAN_SNOOPING,
  BR_BOOLOPT_MST_ENABLE,
  BR_BOOLOPT_NO_LL_LEARN,
  BRIDGE_QUERIER_IP_ADDRESS,
  BRIDGE_QUERIER_IP_OTHER_TIMER,
  BRIDGE_QUERIER_IP_PORT,
  BRIDGE_QUERIER_IPV6_ADDRESS,
  BRIDGE_QUERIER_IPV6_OTHER_TIMER,
  BRIDGE_QUERIER_IPV6_PORT,
  IFLA_BR_AGEING_TIME,
  IFLA_BR_BRIDGE_ID,
  IFLA_BR_FDB_FLUSH,
  IFLA_BR_FDB_MAX_LEARNED,
  IFLA_BR_FDB_N_LEARNED,
  IFLA_BR_FORWARD_DELAY,
  IFLA_BR_GC_TIMER,
  IFLA_BR_GROUP_ADDR,
  IFLA_BR_GROUP_FWD_MASK,
  IFLA_BR_HELLO_TIME,
  IFLA_BR_HELLO_TIMER,
  IFLA_BR_MAX_AGE,
  IFLA_BR_MCAST_HASH_ELASTICITY,
  IFLA_BR_MCAST_HASH_MAX,
  IFLA_BR_MCAST_IGMP_VERSION,
  IFLA_BR_MCAST_LAST_MEMBER_CNT,
  IFLA_BR_MCAST_LAST_MEMBER_INTVL,
  IFLA_BR_MCAST_MEMBERSHIP_INTVL,
  IFLA_BR_MCAST_MLD_VERSION,
  IFLA_BR_MCAST_QUERIER,
  IFLA_BR_MCAST_QUERIER_INTVL,
  IFLA_BR_MCAST_QUERIER_STATE,
  IFLA_BR_MCAST_QUERY_INTVL,
  IFLA_BR_MCAST_QUERY_RESPONSE_INTVL,
  IFLA_BR_MCAST_QUERY_USE_IFADDR,
  IFLA_BR_MCAST_ROUTER,
  IFLA_BR_MCAST_SNOOPING,
  IFLA_BR_MCAST_STARTUP_QUERY_CNT,
  IFLA_BR_MCAST_STARTUP_QUERY_INTVL,
  IFLA_BR_MCAST_STATS_ENABLED,
  IFLA_BR_MULTI_BOOLOPT,
  IFLA_BR_NF_CALL_ARPTABLES,
  IFLA_BR_NF_CALL_IP6TABLES,
  IFLA_BR_NF_CALL_IPTABLES,
  IFLA_BR_PRIORITY,
  IFLA_BR_ROOT_ID,
  IFLA_BR_ROOT_PATH_COST,
  IFLA_BR_ROOT_PORT,
  IFLA_BR_STP_STATE,
  IFLA_BR_TCN_TIMER,
  IFLA_BR_TOPOLOGY_CHANGE,
  IFLA_BR_TOPOLOGY_CHANGE_DETECTED,
  IFLA_BR_TOPOLOGY_CHANGE_TIMER,
  IFLA_BR_VLAN_DEFAULT_PVID,
  IFLA_BR_VLAN_FILTERING,
  IFLA_BR_VLAN_PROTOCOL,
  IFLA_BR_VLAN_STATS_ENABLED,
  IFLA_BR_VLAN_STATS_PER_PORT,
} from '../../uapi/if-link-bridge.ts';

/** `struct ifla_bridge_id`: priority, then MAC. The priority is big-endian, as it is in a BPDU. */
export const bridgeId = struct({ priority: be16, mac: { ...mac, fixed: 6 } });

const booleanOptions = bits(u32, {
  /** Learn nothing from frames to the link-local groups 01:80:c2:00:00:0X. */
  noLinkLocalLearn: 1 << BR_BOOLOPT_NO_LL_LEARN,
  multicastVlanSnooping: 1 << BR_BOOLOPT_MCAST_VLAN_SNOOPING,
  /** Multiple spanning trees, one for each group of VLANs. */
  mst: 1 << BR_BOOLOPT_MST_ENABLE,
});

/** Who asks for multicast memberships in this segment, and how long (hundredths of a second) others are trusted to. */
const querierState = attributes(() => ({
  address: [BRIDGE_QUERIER_IP_ADDRESS, ipv4],
  port: [BRIDGE_QUERIER_IP_PORT, u32],
  otherTimer: [BRIDGE_QUERIER_IP_OTHER_TIMER, u64],
  address6: [BRIDGE_QUERIER_IPV6_ADDRESS, ipv6],
  port6: [BRIDGE_QUERIER_IPV6_PORT, u32],
  otherTimer6: [BRIDGE_QUERIER_IPV6_OTHER_TIMER, u64],
}));

/**
 * `IFLA_INFO_DATA` of kind "bridge". Times are in hundredths of a second (USER_HZ). The kernel accepts attributes it
 * does not know without a word, so what is not in this table is refused before it is sent.
 * Source: include/uapi/linux/if_link.h.
 */
export const bridge = attributes(() => ({
  forwardDelay: [IFLA_BR_FORWARD_DELAY, u32],
  helloTime: [IFLA_BR_HELLO_TIME, u32],
  maxAge: [IFLA_BR_MAX_AGE, u32],
  ageingTime: [IFLA_BR_AGEING_TIME, u32],
  /** 0: off, 1: the kernel's, 2: a daemon's. */
  stpState: [IFLA_BR_STP_STATE, u32],
  priority: [IFLA_BR_PRIORITY, u16],
  vlanFiltering: [IFLA_BR_VLAN_FILTERING, bool8],
  /** EtherType, big-endian on the wire. */
  vlanProtocol: [IFLA_BR_VLAN_PROTOCOL, be16],
  vlanDefaultPvid: [IFLA_BR_VLAN_DEFAULT_PVID, u16],
  vlanStatistics: [IFLA_BR_VLAN_STATS_ENABLED, bool8],
  /** Can be changed while the bridge has no ports. */
  vlanStatisticsPerPort: [IFLA_BR_VLAN_STATS_PER_PORT, bool8],
  groupForwardMask: [IFLA_BR_GROUP_FWD_MASK, u16],
  groupAddress: [IFLA_BR_GROUP_ADDR, mac],
  options: [IFLA_BR_MULTI_BOOLOPT, struct({ values: booleanOptions, mask: booleanOptions })],
  /** Forgets learned entries; only in requests. */
  flushFdb: [IFLA_BR_FDB_FLUSH, flag],
  fdbLearned: [IFLA_BR_FDB_N_LEARNED, u32],
  /** Most learned entries; 0 is no limit. */
  fdbMaxLearned: [IFLA_BR_FDB_MAX_LEARNED, u32],
  /** Spanning tree as it stands; only told. */
  rootId: [IFLA_BR_ROOT_ID, bridgeId],
  bridgeId: [IFLA_BR_BRIDGE_ID, bridgeId],
  rootPort: [IFLA_BR_ROOT_PORT, u16],
  rootPathCost: [IFLA_BR_ROOT_PATH_COST, u32],
  topologyChange: [IFLA_BR_TOPOLOGY_CHANGE, bool8],
  topologyChangeDetected: [IFLA_BR_TOPOLOGY_CHANGE_DETECTED, bool8],
  helloTimer: [IFLA_BR_HELLO_TIMER, u64],
  topologyChangeNotificationTimer: [IFLA_BR_TCN_TIMER, u64],
  topologyChangeTimer: [IFLA_BR_TOPOLOGY_CHANGE_TIMER, u64],
  collectionTimer: [IFLA_BR_GC_TIMER, u64],
  /** 0: never, 1: while a querier is heard, 2: always. */
  multicastRouter: [IFLA_BR_MCAST_ROUTER, u8],
  multicastSnooping: [IFLA_BR_MCAST_SNOOPING, bool8],
  multicastQueryUsesAddress: [IFLA_BR_MCAST_QUERY_USE_IFADDR, bool8],
  multicastQuerier: [IFLA_BR_MCAST_QUERIER, bool8],
  multicastQuerierState: [IFLA_BR_MCAST_QUERIER_STATE, nested(querierState)],
  /** Without effect since Linux 5.1. */
  multicastHashElasticity: [IFLA_BR_MCAST_HASH_ELASTICITY, u32],
  multicastHashMax: [IFLA_BR_MCAST_HASH_MAX, u32],
  multicastLastMemberCount: [IFLA_BR_MCAST_LAST_MEMBER_CNT, u32],
  multicastStartupQueryCount: [IFLA_BR_MCAST_STARTUP_QUERY_CNT, u32],
  multicastLastMemberInterval: [IFLA_BR_MCAST_LAST_MEMBER_INTVL, u64],
  multicastMembershipInterval: [IFLA_BR_MCAST_MEMBERSHIP_INTVL, u64],
  multicastQuerierInterval: [IFLA_BR_MCAST_QUERIER_INTVL, u64],
  multicastQueryInterval: [IFLA_BR_MCAST_QUERY_INTVL, u64],
  multicastQueryResponseInterval: [IFLA_BR_MCAST_QUERY_RESPONSE_INTVL, u64],
  multicastStartupQueryInterval: [IFLA_BR_MCAST_STARTUP_QUERY_INTVL, u64],
  multicastStatistics: [IFLA_BR_MCAST_STATS_ENABLED, bool8],
  /** 2 or 3. */
  igmpVersion: [IFLA_BR_MCAST_IGMP_VERSION, u8],
  /** 1 or 2. */
  mldVersion: [IFLA_BR_MCAST_MLD_VERSION, u8],
  /** Hands bridged packets to the host's firewall, whose rules then see them as routed. */
  callIptables: [IFLA_BR_NF_CALL_IPTABLES, bool8],
  callIp6tables: [IFLA_BR_NF_CALL_IP6TABLES, bool8],
  callArptables: [IFLA_BR_NF_CALL_ARPTABLES, bool8],
}));
/** Options of kind "bridge". */
export type Bridge = Infer<typeof bridge>;
