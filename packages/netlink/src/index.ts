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
export { type ConntrackEntry, type ConntrackFilter, type ConntrackTuple, conntrack } from './conntrack/conntrack.ts';
export {
  type AttributePolicy,
  ClosedError,
  NetlinkError,
  ProtocolError,
  SystemError,
  UnknownOutcomeError,
} from './error.ts';
export { type RawMessage, readBody } from './message/message.ts';
export { type DumpRequest, dumpOf, queryOf, type Request, requestOf } from './message/request.ts';
export { type Monitor, type MonitorEvent, type MonitorOptions, openMonitor } from './monitor/monitor.ts';
export type { Netns } from './native/task.ts';
export { createNetns, deleteNetns, listNetns, NETNS_DIRECTORY, netnsPath } from './netns.ts';
export type { BaseChain, Chain as NftChain, ChainName, ChainSpec } from './nft/chain.ts';
export { type DataTypeName, dataTypes } from './nft/data-type.ts';
export { type Element as NftElement, elementsOf, type WireElement } from './nft/element.ts';
export { type Expression, type ExpressionData, type ExpressionName, expressionData } from './nft/expression.ts';
export type { Generation } from './nft/generation.ts';
export type { Family } from './nft/header.ts';
export type { Hook } from './nft/hook.ts';
export { nft } from './nft/nft.ts';
export { decodeNftMessage, type ElementsNotified, type NftEvent } from './nft/nft-message.ts';
export type { Rule as NftRule, RuleChain, RuleSpec as NftRuleSpec } from './nft/rule.ts';
export { type NftSet, type SetFlags, type SetName, type SetShape, type SetSpec, shapeOf } from './nft/set.ts';
export type { Table as NftTable, TableName } from './nft/table.ts';
export {
  nftTransaction,
  type TransactionFailure,
  type TransactionOptions,
  type TransactionResult,
} from './nft/transaction.ts';
export { type FrameSocket, openPacketSocket, type PacketOptions } from './packet/packet.ts';
export { openTap, type Tap, type TapOptions } from './packet/tap.ts';
export { openUdpSocket, type UdpDatagram, type UdpOptions, type UdpSocket } from './packet/udp.ts';
// rtnetlink: links, addresses, routes, rules, neighbours, forwarding databases.
export { type Address, type AddressSpec, addresses } from './rtnl/address.ts';
export { type FdbEntry, type FdbSpec, type FdbState, fdb, type MasterEntry, type SelfEntry } from './rtnl/fdb.ts';
export type { AddressFamilies, Ipv4Settings } from './rtnl/link/address-family.ts';
export type { Bridge } from './rtnl/link/bridge.ts';
export type { BridgePort } from './rtnl/link/bridge-port.ts';
export { createLink } from './rtnl/link/create.ts';
export type { LinkFlags } from './rtnl/link/header.ts';
export { dataOf, type Link, type LinkData, type LinkKind } from './rtnl/link/link.ts';
export { type LinkChange, type LinkSelector, links, type NewLink } from './rtnl/link/requests.ts';
export type { Tun } from './rtnl/link/tun.ts';
export type { Veth, VethPeer } from './rtnl/link/veth.ts';
export type { Vlan } from './rtnl/link/vlan.ts';
export type { Vxlan } from './rtnl/link/vxlan.ts';
export { type Neighbour, type NeighbourSpec, neighbours } from './rtnl/neighbour.ts';
export type { NeighbourFlags, NeighbourState } from './rtnl/neighbour-body.ts';
export { type Netconf, netconf } from './rtnl/netconf.ts';
export { type Route, type RouteFilter, type RouteSpec, type RouteType, routes } from './rtnl/route.ts';
export { decodeRouteMessage, type RouteEvent } from './rtnl/route-message.ts';
export { type Rule, type RuleAction, type RuleSpec, rules } from './rtnl/rule.ts';
export { readNetSysctl, type SysctlPath, writeNetSysctl } from './sysctl.ts';
export { IN6_ADDR_GEN_MODE_EUI64, IN6_ADDR_GEN_MODE_NONE } from './uapi/if-link.ts';
export { PACKET_BROADCAST, PACKET_HOST, PACKET_MULTICAST, PACKET_OTHERHOST } from './uapi/if-packet.ts';
export { IFF_TAP } from './uapi/if-tun.ts';
export { NF_ACCEPT, NF_DROP, NFPROTO_IPV4 } from './uapi/netfilter.ts';
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
export { NF_NAT_RANGE_MAP_IPS, NF_NAT_RANGE_PROTO_SPECIFIED } from './uapi/nf-nat.ts';
export { NFT_JUMP, NFT_REG_1, NFT_REG_2, NFT_REG_VERDICT, NFT_REG32_00, NFT_RETURN } from './uapi/nf-tables.ts';
export {
  NFT_CMP_EQ,
  NFT_CMP_NEQ,
  NFT_CT_STATE,
  NFT_CT_STATUS,
  NFT_LOOKUP_F_INV,
  NFT_META_IIFNAME,
  NFT_META_L4PROTO,
  NFT_META_OIFNAME,
  NFT_META_PKTTYPE,
  NFT_META_PROTOCOL,
  NFT_NAT_DNAT,
  NFT_NAT_SNAT,
  NFT_PAYLOAD_LL_HEADER,
  NFT_PAYLOAD_NETWORK_HEADER,
  NFT_PAYLOAD_TRANSPORT_HEADER,
} from './uapi/nf-tables-expr.ts';
export { NFNLGRP_NFTABLES } from './uapi/nfnetlink.ts';
export {
  RT_TABLE_LOCAL,
  RT_TABLE_MAIN,
  RTNLGRP_IPV4_IFADDR,
  RTNLGRP_IPV4_NETCONF,
  RTNLGRP_IPV4_ROUTE,
  RTNLGRP_IPV4_RULE,
  RTNLGRP_LINK,
  RTNLGRP_NEIGH,
  RTPROT_KERNEL,
} from './uapi/rtnetlink.ts';
export { AF_BRIDGE, AF_INET } from './uapi/socket.ts';
