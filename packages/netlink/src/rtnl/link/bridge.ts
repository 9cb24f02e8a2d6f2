import { mac } from '../../codec/address.ts';
import { attributes } from '../../codec/attributes.ts';
import type { Infer } from '../../codec/codec.ts';
import { be16, bool8, flag, u8, u16, u32 } from '../../codec/scalar.ts';
import {
  IFLA_BR_AGEING_TIME,
  IFLA_BR_FDB_FLUSH,
  IFLA_BR_FORWARD_DELAY,
  IFLA_BR_GROUP_ADDR,
  IFLA_BR_GROUP_FWD_MASK,
  IFLA_BR_HELLO_TIME,
  IFLA_BR_MAX_AGE,
  IFLA_BR_MCAST_HASH_MAX,
  IFLA_BR_MCAST_QUERIER,
  IFLA_BR_MCAST_ROUTER,
  IFLA_BR_MCAST_SNOOPING,
  IFLA_BR_NF_CALL_ARPTABLES,
  IFLA_BR_NF_CALL_IP6TABLES,
  IFLA_BR_NF_CALL_IPTABLES,
  IFLA_BR_PRIORITY,
  IFLA_BR_STP_STATE,
  IFLA_BR_VLAN_DEFAULT_PVID,
  IFLA_BR_VLAN_FILTERING,
  IFLA_BR_VLAN_PROTOCOL,
  IFLA_BR_VLAN_STATS_ENABLED,
} from '../../uapi/if-link.ts';

/**
 * `IFLA_INFO_DATA` of kind "bridge". Times are in hundredths of a second (USER_HZ). The kernel accepts attributes it
 * does not know without a word, so what is not in this table is refused before it is sent.
 * Source: include/uapi/linux/if_link.h.
 */
export const bridge = attributes({
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
  groupForwardMask: [IFLA_BR_GROUP_FWD_MASK, u16],
  groupAddress: [IFLA_BR_GROUP_ADDR, mac],
  /** Forgets learned entries; only in requests. */
  flushFdb: [IFLA_BR_FDB_FLUSH, flag],
  multicastRouter: [IFLA_BR_MCAST_ROUTER, u8],
  multicastSnooping: [IFLA_BR_MCAST_SNOOPING, bool8],
  multicastQuerier: [IFLA_BR_MCAST_QUERIER, bool8],
  multicastHashMax: [IFLA_BR_MCAST_HASH_MAX, u32],
  callIptables: [IFLA_BR_NF_CALL_IPTABLES, bool8],
  callIp6tables: [IFLA_BR_NF_CALL_IP6TABLES, bool8],
  callArptables: [IFLA_BR_NF_CALL_ARPTABLES, bool8],
});
export type Bridge = Infer<typeof bridge>;
