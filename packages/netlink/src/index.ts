/* Sockets, codecs, errors. */
export type { AttributeSet, AttributeValues, Shape, UnknownAttribute } from './codec/attributes.ts';
export { attributes } from './codec/attributes.ts';
export { type Codec, decode, encode, type Infer } from './codec/codec.ts';
export { MalformedError, ValueError } from './codec/error.ts';
export type { Connection, DumpResult, RequestOptions } from './connection/connection.ts';
export { type ConnectionOptions, openConnection } from './connection/open.ts';
export type { Outcome, TransactionOutcome } from './connection/outcome.ts';
export type { Trace } from './connection/trace.ts';
// nftables and connection tracking.
export { type ConntrackChange, conntrack, type NewConntrackEntry } from './conntrack/conntrack.ts';
export type { ConntrackEntry } from './conntrack/entry.ts';
export { type ConntrackEvent, decodeConntrackMessage } from './conntrack/event.ts';
export type { ConntrackFilter } from './conntrack/filter.ts';
export type { ConntrackCpuStatistics, ConntrackTotal } from './conntrack/statistics.ts';
export type { ConntrackTuple } from './conntrack/tuple.ts';
export {
  type AttributePolicy,
  ClosedError,
  NetlinkError,
  ProtocolError,
  SystemError,
  UnknownOutcomeError,
} from './error.ts';
// Generic netlink: families by name, ethtool, WireGuard.
export { type GenlFamily, genlFamilies } from './genl/controller.ts';
export type { Bitset, BitsetBit } from './genl/ethtool/bitset.ts';
export {
  type EthtoolChange,
  type EthtoolDetail,
  type EthtoolEvent,
  type EthtoolRequests,
  type EthtoolSelector,
  ethtool,
} from './genl/ethtool/ethtool.ts';
export { FEATURE_NAMES, featuresOf } from './genl/ethtool/features.ts';
export type { EthtoolTopic, EthtoolValue } from './genl/ethtool/topics.ts';
export {
  type GenlDefinition,
  type GenlMessages,
  openFamily,
  openFamilyMonitor,
  readGenlEvent,
} from './genl/family.ts';
export type { WireguardAllowedIp, WireguardDevice, WireguardPeer } from './genl/wireguard/attributes.ts';
export type { Endpoint } from './genl/wireguard/endpoint.ts';
export {
  changeWireguard,
  readWireguard,
  type WireguardChange,
  type WireguardRequests,
  type WireguardSelector,
  wireguardFamily,
} from './genl/wireguard/wireguard.ts';
export { type RawMessage, readBody } from './message/message.ts';
export { type DumpRequest, dumpBy, dumpOf, queryOf, type Request, requestOf, withFlags } from './message/request.ts';
export { type Monitor, type MonitorEvent, type MonitorOptions, openMonitor } from './monitor/monitor.ts';
export type { Netns } from './native/task.ts';
export { createNetns, deleteNetns, listNetns, NETNS_DIRECTORY, netnsPath } from './netns.ts';
export type { BaseChain, Chain as NftChain, ChainName, ChainSpec } from './nft/chain.ts';
export type { ChainSelector } from './nft/chain-requests.ts';
export type { Create, CreateOptions } from './nft/change.ts';
export type { Data, VerdictData } from './nft/data.ts';
export { decodeValue, encodeValue } from './nft/data-type/concatenation.ts';
export { type DataTypeName, dataTypes } from './nft/data-type/data-type.ts';
export type { Element as NftElement, WireElement } from './nft/element.ts';
export { elementsOf } from './nft/element-decode.ts';
export {
  type Expression,
  type ExpressionData,
  type ExpressionName,
  expressionData,
} from './nft/expression/expression.ts';
export type { StatefulExpression } from './nft/expression/stateful.ts';
export type { Flowtable, FlowtableName, FlowtableSelector, FlowtableSpec } from './nft/flowtable.ts';
export type { Generation } from './nft/generation.ts';
export type { Family } from './nft/header.ts';
export type { Hook } from './nft/hook.ts';
export { nft } from './nft/nft.ts';
export { decodeNftMessage, type ElementsNotified, type NftEvent } from './nft/nft-message.ts';
export type { NftObject, ObjectContent, ObjectName, ObjectSpec } from './nft/object/object.ts';
export type { ObjectFilter, ObjectSelector } from './nft/object/object-requests.ts';
export type { ObjectKind } from './nft/object-kind.ts';
export type { Rule as NftRule, RuleChain, RulePosition, RuleSpec as NftRuleSpec } from './nft/rule.ts';
export type { RuleFilter, RuleOptions, RuleSelector } from './nft/rule-requests.ts';
export { type Ruleset, type RulesetFilter, readRuleset, type SetContent } from './nft/ruleset.ts';
export { createRuleset } from './nft/ruleset-create.ts';
export { type NftSet, type SetFlags, type SetName, type SetShape, type SetSpec, shapeOf } from './nft/set.ts';
export type { SetSelector } from './nft/set-requests.ts';
export type { Table as NftTable, TableFlags, TableName, TableSelector, TableSpec } from './nft/table.ts';
export type { NftTrace } from './nft/trace.ts';
export {
  nftTransaction,
  type TransactionFailure,
  type TransactionOptions,
  type TransactionResult,
  type TransactionValues,
} from './nft/transaction.ts';
export type { UserData } from './nft/user-data.ts';
export { type BpfInstruction, type FrameSocket, openPacketSocket, type PacketOptions } from './packet/packet.ts';
export { openTap, type Tap, type TapOptions } from './packet/tap.ts';
export { openUdpSocket, type UdpDatagram, type UdpOptions, type UdpSocket } from './packet/udp.ts';
// rtnetlink: links, addresses, routes, rules, neighbours, forwarding databases.
export { type Address, type AddressFilter, type AddressFlags, type AddressSpec, addresses } from './rtnl/address.ts';
export {
  type VlanDatabase,
  type VlanEntry,
  type VlanGlobalOptions,
  vlanDatabase,
} from './rtnl/bridge-vlan/database.ts';
export { bridgeVlans, type TunnelRange, type VlanChange, type VlanMembership } from './rtnl/bridge-vlan/membership.ts';
export type { VlanRange } from './rtnl/bridge-vlan/range.ts';
export { fdb } from './rtnl/fdb.ts';
export type { FdbEntry, FdbFlush, FdbSpec, FdbState, MasterEntry, SelfEntry } from './rtnl/fdb-entry.ts';
export { anycastAddresses, type GroupAddress, multicastAddresses } from './rtnl/group-address.ts';
export type { AddressFamilies } from './rtnl/link/address-family.ts';
export type { Bond, BondPort } from './rtnl/link/bond.ts';
export type { Bridge } from './rtnl/link/bridge.ts';
export type { BridgePort } from './rtnl/link/bridge-port.ts';
export { createLink } from './rtnl/link/create.ts';
export { type GroupDeletion, LinkGroupError } from './rtnl/link/delete-group.ts';
export type { Geneve } from './rtnl/link/geneve.ts';
export type { Gre } from './rtnl/link/gre.ts';
export type { LinkFlags } from './rtnl/link/header.ts';
export type { Ip6tnl, Ipip, Sit } from './rtnl/link/ip-tunnel.ts';
export type { Ipv4Settings } from './rtnl/link/ipv4-settings.ts';
export type { Ipv6Settings } from './rtnl/link/ipv6-settings.ts';
export type { Ipvlan } from './rtnl/link/ipvlan.ts';
export {
  dataOf,
  type Link,
  type LinkData,
  type LinkKind,
  type PortData,
  type PortKind,
  portOf,
} from './rtnl/link/link.ts';
export type { LinkDetail } from './rtnl/link/list.ts';
export type { Macvlan } from './rtnl/link/macvlan.ts';
export type { LinkChange, NewLink } from './rtnl/link/new-link.ts';
export { links } from './rtnl/link/requests.ts';
export type { LinkSelector } from './rtnl/link/selector.ts';
export type { LinkStatistics } from './rtnl/link/statistics.ts';
export type { LinkSummary } from './rtnl/link/summary.ts';
export type { Tun } from './rtnl/link/tun.ts';
export type { Veth, VethPeer } from './rtnl/link/veth.ts';
export type { Vlan } from './rtnl/link/vlan.ts';
export { type VniFilter, type VniRange, vnis } from './rtnl/link/vni-filter.ts';
export type { Vrf, VrfPort } from './rtnl/link/vrf.ts';
export type { Vxlan } from './rtnl/link/vxlan.ts';
export { type Mdb, type MdbEntry, type MdbSpec, type MulticastRouter, mdb } from './rtnl/mdb.ts';
export { type Neighbour, type NeighbourFilter, type NeighbourSpec, neighbours } from './rtnl/neighbour.ts';
export type { NeighbourExtendedFlags, NeighbourFlags, NeighbourState } from './rtnl/neighbour-body.ts';
export {
  type NeighbourParameters,
  type NeighbourTable,
  type NeighbourTableChange,
  neighbourTables,
} from './rtnl/neighbour-table.ts';
export { type Netconf, netconf } from './rtnl/netconf.ts';
export { type NetnsId, type NetnsReference, netnsIds } from './rtnl/netns-id.ts';
export type { NextHop } from './rtnl/next-hop-list.ts';
export { type BucketFilter, type NexthopFilter, type NexthopSpec, nexthops } from './rtnl/nexthop.ts';
export type { Nexthop, NexthopBucket, NexthopMember } from './rtnl/nexthop-value.ts';
export { type RouteFilter, type RouteLookup, routes } from './rtnl/route.ts';
export type { RouteFlags } from './rtnl/route-body.ts';
export type { RouteSpec } from './rtnl/route-change.ts';
export { decodeRouteMessage, type RouteEvent } from './rtnl/route-message.ts';
export type { RouteMetrics } from './rtnl/route-metrics.ts';
export type { Route, RouteType } from './rtnl/route-value.ts';
export { type Rule, type RuleAction, type RuleSpec, rules } from './rtnl/rule.ts';
export type { RuleFlags } from './rtnl/rule-body.ts';
export type { Action } from './rtnl/tc/action.ts';
export { type ClassSpec, classes, type TrafficClass } from './rtnl/tc/class.ts';
export { bitsPerSecond } from './rtnl/tc/clock.ts';
export { type FilterSpec, filters, type TrafficFilter } from './rtnl/tc/filter.ts';
export type { Gact, Mirred } from './rtnl/tc/gact.ts';
export { formatHandle, type TcParent, tcHandle, tcParents } from './rtnl/tc/handle.ts';
export type { Htb, HtbClass } from './rtnl/tc/htb.ts';
export type { Police } from './rtnl/tc/police.ts';
export { type Qdisc, type QdiscOptions, type QdiscSpec, qdiscs } from './rtnl/tc/qdisc.ts';
export type { PacketCost } from './rtnl/tc/rate.ts';
export type { TrafficStatistics } from './rtnl/tc/statistics.ts';
export { type Tbf, tbfLimit } from './rtnl/tc/tbf.ts';
export { type U32Match, u32Match } from './rtnl/tc/u32-match.ts';
export type { U32Key, U32Selector } from './rtnl/tc/u32-selector.ts';
export type { Verdict } from './rtnl/tc/verdict.ts';
export { readNetSysctl, type SysctlPath, writeNetSysctl } from './sysctl.ts';
export { NETLINK_GENERIC } from './uapi/genetlink.ts';
export { IN6_ADDR_GEN_MODE_EUI64, IN6_ADDR_GEN_MODE_NONE } from './uapi/if-link.ts';
export { PACKET_BROADCAST, PACKET_HOST, PACKET_MULTICAST, PACKET_OTHERHOST } from './uapi/if-packet.ts';
export { IFF_TAP } from './uapi/if-tun.ts';
export {
  NF_ACCEPT,
  NF_DROP,
  NFPROTO_ARP,
  NFPROTO_BRIDGE,
  NFPROTO_INET,
  NFPROTO_IPV4,
  NFPROTO_IPV6,
  NFPROTO_NETDEV,
} from './uapi/netfilter.ts';
export { NETLINK_NETFILTER, NETLINK_ROUTE } from './uapi/netlink.ts';
// Constants of nftables, which rules are made of.
export {
  IP_CT_ESTABLISHED,
  IP_CT_NEW,
  IP_CT_RELATED,
  IPS_ASSURED,
  IPS_CONFIRMED,
  IPS_DST_NAT,
  IPS_DYING,
  IPS_EXPECTED,
  IPS_SEEN_REPLY,
  IPS_SRC_NAT,
} from './uapi/nf-conntrack-common.ts';
export { NF_LOG_IPOPT, NF_LOG_MACDECODE, NF_LOG_TCPOPT, NF_LOG_TCPSEQ, NF_LOG_UID } from './uapi/nf-log.ts';
export {
  NF_NAT_RANGE_MAP_IPS,
  NF_NAT_RANGE_NETMAP,
  NF_NAT_RANGE_PERSISTENT,
  NF_NAT_RANGE_PROTO_RANDOM,
  NF_NAT_RANGE_PROTO_RANDOM_FULLY,
  NF_NAT_RANGE_PROTO_SPECIFIED,
} from './uapi/nf-nat.ts';
export {
  NF_SYNPROXY_OPT_MSS,
  NF_SYNPROXY_OPT_SACK_PERM,
  NF_SYNPROXY_OPT_TIMESTAMP,
  NF_SYNPROXY_OPT_WSCALE,
} from './uapi/nf-synproxy.ts';
export {
  NFT_BREAK,
  NFT_CONTINUE,
  NFT_GOTO,
  NFT_JUMP,
  NFT_REG_1,
  NFT_REG_2,
  NFT_REG_3,
  NFT_REG_4,
  NFT_REG_VERDICT,
  NFT_REG32_00,
  NFT_REG32_01,
  NFT_REG32_02,
  NFT_REG32_03,
  NFT_REG32_04,
  NFT_REG32_05,
  NFT_REG32_06,
  NFT_REG32_07,
  NFT_REG32_08,
  NFT_REG32_09,
  NFT_REG32_10,
  NFT_REG32_11,
  NFT_REG32_12,
  NFT_REG32_13,
  NFT_REG32_14,
  NFT_REG32_15,
  NFT_RETURN,
} from './uapi/nf-tables.ts';
export {
  NFT_BITWISE_AND,
  NFT_BITWISE_LSHIFT,
  NFT_BITWISE_MASK_XOR,
  NFT_BITWISE_OR,
  NFT_BITWISE_RSHIFT,
  NFT_BITWISE_XOR,
  NFT_BYTEORDER_HTON,
  NFT_BYTEORDER_NTOH,
  NFT_CMP_EQ,
  NFT_CMP_GT,
  NFT_CMP_GTE,
  NFT_CMP_LT,
  NFT_CMP_LTE,
  NFT_CMP_NEQ,
  NFT_CONNLIMIT_F_INV,
  NFT_CT_AVGPKT,
  NFT_CT_BYTES,
  NFT_CT_DIRECTION,
  NFT_CT_DST,
  NFT_CT_DST_IP,
  NFT_CT_DST_IP6,
  NFT_CT_EVENTMASK,
  NFT_CT_EXPIRATION,
  NFT_CT_HELPER,
  NFT_CT_ID,
  NFT_CT_L3PROTOCOL,
  NFT_CT_LABELS,
  NFT_CT_MARK,
  NFT_CT_PKTS,
  NFT_CT_PROTO_DST,
  NFT_CT_PROTO_SRC,
  NFT_CT_PROTOCOL,
  NFT_CT_SECMARK,
  NFT_CT_SRC,
  NFT_CT_SRC_IP,
  NFT_CT_SRC_IP6,
  NFT_CT_STATE,
  NFT_CT_STATUS,
  NFT_CT_ZONE,
  NFT_DYNSET_F_EXPR,
  NFT_DYNSET_F_INV,
  NFT_DYNSET_OP_ADD,
  NFT_DYNSET_OP_DELETE,
  NFT_DYNSET_OP_UPDATE,
  NFT_EXTHDR_F_PRESENT,
  NFT_EXTHDR_OP_DCCP,
  NFT_EXTHDR_OP_IPV4,
  NFT_EXTHDR_OP_IPV6,
  NFT_EXTHDR_OP_SCTP,
  NFT_EXTHDR_OP_TCPOPT,
  NFT_FIB_RESULT_ADDRTYPE,
  NFT_FIB_RESULT_OIF,
  NFT_FIB_RESULT_OIFNAME,
  NFT_HASH_JENKINS,
  NFT_HASH_SYM,
  NFT_INNER_GENEVE,
  NFT_INNER_HDRSIZE,
  NFT_INNER_LL,
  NFT_INNER_NH,
  NFT_INNER_TH,
  NFT_INNER_VXLAN,
  NFT_LIMIT_F_INV,
  NFT_LIMIT_PKT_BYTES,
  NFT_LIMIT_PKTS,
  NFT_LOGLEVEL_ALERT,
  NFT_LOGLEVEL_AUDIT,
  NFT_LOGLEVEL_CRIT,
  NFT_LOGLEVEL_DEBUG,
  NFT_LOGLEVEL_EMERG,
  NFT_LOGLEVEL_ERR,
  NFT_LOGLEVEL_INFO,
  NFT_LOGLEVEL_NOTICE,
  NFT_LOGLEVEL_WARNING,
  NFT_LOOKUP_F_INV,
  NFT_META_BRI_BROUTE,
  NFT_META_BRI_IIFNAME,
  NFT_META_BRI_IIFPVID,
  NFT_META_BRI_IIFVPROTO,
  NFT_META_BRI_OIFNAME,
  NFT_META_CGROUP,
  NFT_META_CPU,
  NFT_META_IFTYPE,
  NFT_META_IIF,
  NFT_META_IIFGROUP,
  NFT_META_IIFKIND,
  NFT_META_IIFNAME,
  NFT_META_L4PROTO,
  NFT_META_LEN,
  NFT_META_MARK,
  NFT_META_NFPROTO,
  NFT_META_NFTRACE,
  NFT_META_OIF,
  NFT_META_OIFGROUP,
  NFT_META_OIFKIND,
  NFT_META_OIFNAME,
  NFT_META_OIFTYPE,
  NFT_META_PKTTYPE,
  NFT_META_PRANDOM,
  NFT_META_PRIORITY,
  NFT_META_PROTOCOL,
  NFT_META_RTCLASSID,
  NFT_META_SDIF,
  NFT_META_SDIFNAME,
  NFT_META_SECMARK,
  NFT_META_SECPATH,
  NFT_META_SKGID,
  NFT_META_SKUID,
  NFT_META_TIME_DAY,
  NFT_META_TIME_HOUR,
  NFT_META_TIME_NS,
  NFT_NAT_DNAT,
  NFT_NAT_SNAT,
  NFT_NG_INCREMENTAL,
  NFT_NG_RANDOM,
  NFT_OSF_F_VERSION,
  NFT_PAYLOAD_CSUM_INET,
  NFT_PAYLOAD_CSUM_NONE,
  NFT_PAYLOAD_CSUM_SCTP,
  NFT_PAYLOAD_INNER_HEADER,
  NFT_PAYLOAD_L4CSUM_PSEUDOHDR,
  NFT_PAYLOAD_LL_HEADER,
  NFT_PAYLOAD_NETWORK_HEADER,
  NFT_PAYLOAD_TRANSPORT_HEADER,
  NFT_PAYLOAD_TUN_HEADER,
  NFT_QUEUE_FLAG_BYPASS,
  NFT_QUEUE_FLAG_CPU_FANOUT,
  NFT_QUOTA_F_DEPLETED,
  NFT_QUOTA_F_INV,
  NFT_RANGE_EQ,
  NFT_RANGE_NEQ,
  NFT_REJECT_ICMP_UNREACH,
  NFT_REJECT_ICMPX_ADMIN_PROHIBITED,
  NFT_REJECT_ICMPX_HOST_UNREACH,
  NFT_REJECT_ICMPX_NO_ROUTE,
  NFT_REJECT_ICMPX_PORT_UNREACH,
  NFT_REJECT_ICMPX_UNREACH,
  NFT_REJECT_TCP_RST,
  NFT_RT_CLASSID,
  NFT_RT_NEXTHOP4,
  NFT_RT_NEXTHOP6,
  NFT_RT_TCPMSS,
  NFT_RT_XFRM,
  NFT_SOCKET_CGROUPV2,
  NFT_SOCKET_MARK,
  NFT_SOCKET_TRANSPARENT,
  NFT_SOCKET_WILDCARD,
  NFT_TUNNEL_ID,
  NFT_TUNNEL_MODE_NONE,
  NFT_TUNNEL_MODE_RX,
  NFT_TUNNEL_MODE_TX,
  NFT_TUNNEL_PATH,
  NFT_XFRM_KEY_DADDR_IP4,
  NFT_XFRM_KEY_DADDR_IP6,
  NFT_XFRM_KEY_REQID,
  NFT_XFRM_KEY_SADDR_IP4,
  NFT_XFRM_KEY_SADDR_IP6,
  NFT_XFRM_KEY_SPI,
  NFTA_FIB_F_DADDR,
  NFTA_FIB_F_IIF,
  NFTA_FIB_F_MARK,
  NFTA_FIB_F_OIF,
  NFTA_FIB_F_PRESENT,
  NFTA_FIB_F_SADDR,
  NFTA_FIB_FLAGS,
} from './uapi/nf-tables-expr.ts';
export {
  NFT_OBJECT_CONNLIMIT,
  NFT_OBJECT_COUNTER,
  NFT_OBJECT_CT_EXPECT,
  NFT_OBJECT_CT_HELPER,
  NFT_OBJECT_CT_TIMEOUT,
  NFT_OBJECT_LIMIT,
  NFT_OBJECT_QUOTA,
  NFT_OBJECT_SECMARK,
  NFT_OBJECT_SYNPROXY,
  NFT_OBJECT_TUNNEL,
} from './uapi/nf-tables-object.ts';
export {
  NFNLGRP_CONNTRACK_DESTROY,
  NFNLGRP_CONNTRACK_NEW,
  NFNLGRP_CONNTRACK_UPDATE,
  NFNLGRP_NFTABLES,
  NFNLGRP_NFTRACE,
} from './uapi/nfnetlink.ts';
export {
  RT_SCOPE_HOST,
  RT_SCOPE_LINK,
  RT_SCOPE_UNIVERSE,
  RT_TABLE_LOCAL,
  RT_TABLE_MAIN,
  RTNL_FAMILY_IP6MR,
  RTNL_FAMILY_IPMR,
  RTNLGRP_BRVLAN,
  RTNLGRP_DCB,
  RTNLGRP_IPV4_IFADDR,
  RTNLGRP_IPV4_MCADDR,
  RTNLGRP_IPV4_MROUTE,
  RTNLGRP_IPV4_MROUTE_R,
  RTNLGRP_IPV4_NETCONF,
  RTNLGRP_IPV4_ROUTE,
  RTNLGRP_IPV4_RULE,
  RTNLGRP_IPV6_ACADDR,
  RTNLGRP_IPV6_IFADDR,
  RTNLGRP_IPV6_IFINFO,
  RTNLGRP_IPV6_MCADDR,
  RTNLGRP_IPV6_MROUTE,
  RTNLGRP_IPV6_MROUTE_R,
  RTNLGRP_IPV6_NETCONF,
  RTNLGRP_IPV6_PREFIX,
  RTNLGRP_IPV6_ROUTE,
  RTNLGRP_IPV6_RULE,
  RTNLGRP_LINK,
  RTNLGRP_MDB,
  RTNLGRP_MPLS_NETCONF,
  RTNLGRP_MPLS_ROUTE,
  RTNLGRP_ND_USEROPT,
  RTNLGRP_NEIGH,
  RTNLGRP_NEXTHOP,
  RTNLGRP_NOTIFY,
  RTNLGRP_NSID,
  RTNLGRP_STATS,
  RTNLGRP_TC,
  RTNLGRP_TUNNEL,
  RTPROT_BOOT,
  RTPROT_KERNEL,
  RTPROT_STATIC,
} from './uapi/rtnetlink.ts';
export { AF_BRIDGE, AF_INET, AF_INET6, AF_MPLS } from './uapi/socket.ts';
// Objects as they are and as they change.
export type { WatchedMdbEntry } from './watch/mdb-source.ts';
export type { Change } from './watch/mirror.ts';
export { canonical, type Notice, type WatchSource } from './watch/source.ts';
export { sources } from './watch/sources.ts';
export { type WatchOptions, watch } from './watch/watch.ts';
export type { WatchEvent, Watcher } from './watch/watcher.ts';
