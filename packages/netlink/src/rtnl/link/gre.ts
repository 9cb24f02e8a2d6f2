import { ip } from '../../codec/address.ts';
import { attributes } from '../../codec/attributes.ts';
import { bits } from '../../codec/bits.ts';
import type { Infer } from '../../codec/codec.ts';
import { be16, be32, bool8, flag, u8, u16, u32 } from '../../codec/scalar.ts';
import {
  GRE_CSUM,
  GRE_KEY,
  GRE_SEQ,
  IFLA_GRE_COLLECT_METADATA,
  IFLA_GRE_ENCAP_DPORT,
  IFLA_GRE_ENCAP_FLAGS,
  IFLA_GRE_ENCAP_LIMIT,
  IFLA_GRE_ENCAP_SPORT,
  IFLA_GRE_ENCAP_TYPE,
  IFLA_GRE_ERSPAN_DIR,
  IFLA_GRE_ERSPAN_HWID,
  IFLA_GRE_ERSPAN_INDEX,
  IFLA_GRE_ERSPAN_VER,
  IFLA_GRE_FLAGS,
  IFLA_GRE_FLOWINFO,
  IFLA_GRE_FWMARK,
  IFLA_GRE_IFLAGS,
  IFLA_GRE_IGNORE_DF,
  IFLA_GRE_IKEY,
  IFLA_GRE_LINK,
  IFLA_GRE_LOCAL,
  IFLA_GRE_OFLAGS,
  IFLA_GRE_OKEY,
  IFLA_GRE_PMTUDISC,
  IFLA_GRE_REMOTE,
  IFLA_GRE_TOS,
  IFLA_GRE_TTL,
} from '../../uapi/if-tunnel.ts';
import { ip6TunnelFlags } from './ip6-tunnel-flags.ts';

/** Flags of the GRE header, big-endian on the wire. RFC 2784, RFC 2890. */
const headerFlags = bits(be16, { checksum: GRE_CSUM, key: GRE_KEY, sequence: GRE_SEQ });

/**
 * `IFLA_INFO_DATA` of the kinds "gre" and "gretap" (over IPv4), "ip6gre" and "ip6gretap" (over IPv6), "erspan" and
 * "ip6erspan". The kernel takes a missing value for its default, in a change too: give all that is to stay.
 * Source: include/uapi/linux/if_tunnel.h.
 */
export const gre = attributes(() => ({
  /** Index of the link the tunnel's packets leave by. */
  link: [IFLA_GRE_LINK, u32],
  local: [IFLA_GRE_LOCAL, ip],
  remote: [IFLA_GRE_REMOTE, ip],
  /** What the header is to have; a key has no effect without the flag `key`. */
  inputFlags: [IFLA_GRE_IFLAGS, headerFlags],
  outputFlags: [IFLA_GRE_OFLAGS, headerFlags],
  inputKey: [IFLA_GRE_IKEY, be32],
  outputKey: [IFLA_GRE_OKEY, be32],
  /** 0: the inner packet's. */
  ttl: [IFLA_GRE_TTL, u8],
  /** 1: the inner packet's. */
  tos: [IFLA_GRE_TOS, u8],
  /** Over IPv4: sets Don't Fragment, which is the default; a tunnel with a TTL cannot do without. */
  pathMtuDiscovery: [IFLA_GRE_PMTUDISC, bool8],
  ignoreDontFragment: [IFLA_GRE_IGNORE_DF, bool8],
  /** Over IPv6. */
  encapsulationLimit: [IFLA_GRE_ENCAP_LIMIT, u8],
  /** Traffic class and flow label, big-endian on the wire. */
  flowInfo: [IFLA_GRE_FLOWINFO, be32],
  flags: [IFLA_GRE_FLAGS, ip6TunnelFlags],
  /** TUNNEL_ENCAP_*: 0 none, 1 foo-over-udp, 2 gue. */
  encapsulation: [IFLA_GRE_ENCAP_TYPE, u16],
  encapsulationFlags: [IFLA_GRE_ENCAP_FLAGS, u16],
  encapsulationSourcePort: [IFLA_GRE_ENCAP_SPORT, be16],
  encapsulationPort: [IFLA_GRE_ENCAP_DPORT, be16],
  collectMetadata: [IFLA_GRE_COLLECT_METADATA, flag],
  mark: [IFLA_GRE_FWMARK, u32],
  erspanIndex: [IFLA_GRE_ERSPAN_INDEX, u32],
  erspanVersion: [IFLA_GRE_ERSPAN_VER, u8],
  erspanDirection: [IFLA_GRE_ERSPAN_DIR, u8],
  erspanHardwareId: [IFLA_GRE_ERSPAN_HWID, u16],
}));
/** Options of the kinds "gre", "gretap" and their IPv6 counterparts. */
export type Gre = Infer<typeof gre>;
