import { ip, ipv4, ipv6 } from '../../codec/address.ts';
import { attributes } from '../../codec/attributes.ts';
import type { Infer } from '../../codec/codec.ts';
import { be16, be32, bool8, flag, u8, u16, u32 } from '../../codec/scalar.ts';
import {
  IFLA_IPTUN_6RD_PREFIX,
  IFLA_IPTUN_6RD_PREFIXLEN,
  IFLA_IPTUN_6RD_RELAY_PREFIX,
  IFLA_IPTUN_6RD_RELAY_PREFIXLEN,
  IFLA_IPTUN_COLLECT_METADATA,
  IFLA_IPTUN_ENCAP_DPORT,
  IFLA_IPTUN_ENCAP_FLAGS,
  IFLA_IPTUN_ENCAP_LIMIT,
  IFLA_IPTUN_ENCAP_SPORT,
  IFLA_IPTUN_ENCAP_TYPE,
  IFLA_IPTUN_FLAGS,
  IFLA_IPTUN_FLOWINFO,
  IFLA_IPTUN_FWMARK,
  IFLA_IPTUN_LINK,
  IFLA_IPTUN_LOCAL,
  IFLA_IPTUN_PMTUDISC,
  IFLA_IPTUN_PROTO,
  IFLA_IPTUN_REMOTE,
  IFLA_IPTUN_TOS,
  IFLA_IPTUN_TTL,
} from '../../uapi/if-tunnel.ts';
import { ip6TunnelFlags } from './ip6-tunnel-flags.ts';

/** What the three kinds have alike. Source: include/uapi/linux/if_tunnel.h. */
const shared = {
  /** Index of the link the tunnel's packets leave by. */
  link: [IFLA_IPTUN_LINK, u32],
  local: [IFLA_IPTUN_LOCAL, ip],
  remote: [IFLA_IPTUN_REMOTE, ip],
  /** 0: the inner packet's. */
  ttl: [IFLA_IPTUN_TTL, u8],
  /** 1: the inner packet's. */
  tos: [IFLA_IPTUN_TOS, u8],
  pathMtuDiscovery: [IFLA_IPTUN_PMTUDISC, bool8],
  /** IPPROTO_* of what is carried; 0 is any. */
  protocol: [IFLA_IPTUN_PROTO, u8],
  /** TUNNEL_ENCAP_*: 0 none, 1 foo-over-udp, 2 gue. */
  encapsulation: [IFLA_IPTUN_ENCAP_TYPE, u16],
  encapsulationFlags: [IFLA_IPTUN_ENCAP_FLAGS, u16],
  encapsulationSourcePort: [IFLA_IPTUN_ENCAP_SPORT, be16],
  encapsulationPort: [IFLA_IPTUN_ENCAP_DPORT, be16],
  collectMetadata: [IFLA_IPTUN_COLLECT_METADATA, flag],
  mark: [IFLA_IPTUN_FWMARK, u32],
} as const;

/** `IFLA_INFO_DATA` of kind "ipip": IPv4 in IPv4. Like all tunnels it takes a missing value for its default. */
export const ipip = attributes(() => shared);
/** Options of kind "ipip". */
export type Ipip = Infer<typeof ipip>;

/** `IFLA_INFO_DATA` of kind "sit": IPv6 in IPv4. */
export const sit = attributes(() => ({
  ...shared,
  /** SIT_ISATAP. */
  flags: [IFLA_IPTUN_FLAGS, u16],
  /** 6rd, RFC 5969. */
  sixRdPrefix: [IFLA_IPTUN_6RD_PREFIX, ipv6],
  sixRdPrefixLength: [IFLA_IPTUN_6RD_PREFIXLEN, u16],
  sixRdRelayPrefix: [IFLA_IPTUN_6RD_RELAY_PREFIX, ipv4],
  sixRdRelayPrefixLength: [IFLA_IPTUN_6RD_RELAY_PREFIXLEN, u16],
}));
/** Options of kind "sit". */
export type Sit = Infer<typeof sit>;

/** `IFLA_INFO_DATA` of kind "ip6tnl": IPv4 or IPv6 in IPv6. */
export const ip6tnl = attributes(() => ({
  ...shared,
  encapsulationLimit: [IFLA_IPTUN_ENCAP_LIMIT, u8],
  /** Traffic class and flow label, big-endian on the wire. */
  flowInfo: [IFLA_IPTUN_FLOWINFO, be32],
  flags: [IFLA_IPTUN_FLAGS, ip6TunnelFlags],
}));
/** Options of kind "ip6tnl". */
export type Ip6tnl = Infer<typeof ip6tnl>;
