import { ipv4, ipv6 } from '../../codec/address.ts';
import { attributes } from '../../codec/attributes.ts';
import type { Infer } from '../../codec/codec.ts';
import { be16, be64, bool8, flag, u8, u32 } from '../../codec/scalar.ts';
import { struct } from '../../codec/struct.ts';
import {
  IFLA_VXLAN_AGEING,
  IFLA_VXLAN_COLLECT_METADATA,
  IFLA_VXLAN_DF,
  IFLA_VXLAN_GBP,
  IFLA_VXLAN_GPE,
  IFLA_VXLAN_GROUP,
  IFLA_VXLAN_GROUP6,
  IFLA_VXLAN_ID,
  IFLA_VXLAN_L2MISS,
  IFLA_VXLAN_L3MISS,
  IFLA_VXLAN_LABEL,
  IFLA_VXLAN_LABEL_POLICY,
  IFLA_VXLAN_LEARNING,
  IFLA_VXLAN_LIMIT,
  IFLA_VXLAN_LINK,
  IFLA_VXLAN_LOCAL,
  IFLA_VXLAN_LOCAL6,
  IFLA_VXLAN_LOCALBYPASS,
  IFLA_VXLAN_MC_ROUTE,
  IFLA_VXLAN_PORT,
  IFLA_VXLAN_PORT_RANGE,
  IFLA_VXLAN_PROXY,
  IFLA_VXLAN_REMCSUM_NOPARTIAL,
  IFLA_VXLAN_REMCSUM_RX,
  IFLA_VXLAN_REMCSUM_TX,
  IFLA_VXLAN_RESERVED_BITS,
  IFLA_VXLAN_RSC,
  IFLA_VXLAN_TOS,
  IFLA_VXLAN_TTL,
  IFLA_VXLAN_TTL_INHERIT,
  IFLA_VXLAN_UDP_CSUM,
  IFLA_VXLAN_UDP_ZERO_CSUM6_RX,
  IFLA_VXLAN_UDP_ZERO_CSUM6_TX,
  IFLA_VXLAN_VNIFILTER,
} from '../../uapi/if-link-kinds.ts';
import { flowLabel } from '../up-to.ts';
import { toldFlag } from './told-flag.ts';

/** `IFLA_INFO_DATA` of kind "vxlan". Source: include/uapi/linux/if_link.h. */
export const vxlan = attributes(() => ({
  /** VXLAN network identifier, 24 bits. Without it the kernel makes a device of VNI 0, so a creation without is refused. */
  vni: [IFLA_VXLAN_ID, u32],
  /** Multicast group, or the one remote VTEP. */
  group: [IFLA_VXLAN_GROUP, ipv4],
  group6: [IFLA_VXLAN_GROUP6, ipv6],
  /** Index of the link the tunnel's packets leave by. */
  link: [IFLA_VXLAN_LINK, u32],
  /** Source address of the tunnel: this node's VTEP. */
  local: [IFLA_VXLAN_LOCAL, ipv4],
  local6: [IFLA_VXLAN_LOCAL6, ipv6],
  /** 0: the route's. */
  ttl: [IFLA_VXLAN_TTL, u8],
  /** The inner packet's TTL. */
  ttlInherit: [IFLA_VXLAN_TTL_INHERIT, toldFlag],
  /** 1: the inner packet's. */
  tos: [IFLA_VXLAN_TOS, u8],
  learning: [IFLA_VXLAN_LEARNING, bool8],
  /** Lifetime of learned entries, seconds. */
  ageing: [IFLA_VXLAN_AGEING, u32],
  /** Most entries of the FDB; 0 is no limit. */
  limit: [IFLA_VXLAN_LIMIT, u32],
  /** UDP source ports, big-endian on the wire. */
  portRange: [IFLA_VXLAN_PORT_RANGE, struct({ low: be16, high: be16 })],
  /** Answers ARP requests from the FDB and the neighbour entries. */
  proxy: [IFLA_VXLAN_PROXY, bool8],
  routeShortCircuit: [IFLA_VXLAN_RSC, bool8],
  l2Miss: [IFLA_VXLAN_L2MISS, bool8],
  l3Miss: [IFLA_VXLAN_L3MISS, bool8],
  /** UDP destination port, big-endian on the wire. The kernel's default is 8472, IANA's 4789. */
  port: [IFLA_VXLAN_PORT, be16],
  udpChecksum: [IFLA_VXLAN_UDP_CSUM, bool8],
  udpZeroChecksum6Tx: [IFLA_VXLAN_UDP_ZERO_CSUM6_TX, bool8],
  udpZeroChecksum6Rx: [IFLA_VXLAN_UDP_ZERO_CSUM6_RX, bool8],
  remoteChecksumTx: [IFLA_VXLAN_REMCSUM_TX, bool8],
  remoteChecksumRx: [IFLA_VXLAN_REMCSUM_RX, bool8],
  remoteChecksumNoPartial: [IFLA_VXLAN_REMCSUM_NOPARTIAL, flag],
  /** VNI and addresses come with each packet, from routes or filters; such a device needs no VNI of its own. */
  collectMetadata: [IFLA_VXLAN_COLLECT_METADATA, bool8],
  /** With `collectMetadata`: takes in only the VNIs that were added to it. */
  vniFilter: [IFLA_VXLAN_VNIFILTER, bool8],
  /** IPv6 flow label of 20 bits, big-endian on the wire. */
  label: [IFLA_VXLAN_LABEL, flowLabel],
  /** 0: the label above, 1: the inner packet's. */
  labelPolicy: [IFLA_VXLAN_LABEL_POLICY, u32],
  /** Group policy extension. */
  groupPolicy: [IFLA_VXLAN_GBP, flag],
  /** Generic protocol extension. */
  genericProtocol: [IFLA_VXLAN_GPE, flag],
  /** 0: clear, 1: set, 2: as the inner packet. */
  dontFragment: [IFLA_VXLAN_DF, u8],
  /** Packets to an address of this host are delivered here rather than sent. */
  localBypass: [IFLA_VXLAN_LOCALBYPASS, bool8],
  /** Bits of the VXLAN header that must be zero, as a big-endian number. */
  reservedBits: [IFLA_VXLAN_RESERVED_BITS, be64],
  /** Multicast is routed as `ip mroute` says. */
  multicastRoute: [IFLA_VXLAN_MC_ROUTE, bool8],
}));
/** Options of kind "vxlan". */
export type Vxlan = Infer<typeof vxlan>;
