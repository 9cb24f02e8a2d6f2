import { ipv6 } from '../../codec/address.ts';
import { attributes } from '../../codec/attributes.ts';
import type { Infer } from '../../codec/codec.ts';
import { nested } from '../../codec/nested.ts';
import { bytes, u8, u32 } from '../../codec/scalar.ts';
import { shared } from '../../codec/shared.ts';
import { struct } from '../../codec/struct.ts';
import {
  IFLA_INET_CONF,
  IFLA_INET6_ADDR_GEN_MODE,
  IFLA_INET6_CACHEINFO,
  IFLA_INET6_CONF,
  IFLA_INET6_FLAGS,
  IFLA_INET6_ICMP6STATS,
  IFLA_INET6_RA_MTU,
  IFLA_INET6_STATS,
  IFLA_INET6_TOKEN,
} from '../../uapi/if-link.ts';
import { AF_INET, AF_INET6 } from '../../uapi/socket.ts';
import { ipv4Settings } from './ipv4-settings.ts';
import { ipv6Settings } from './ipv6-settings.ts';

const ipv6Link = attributes(() => ({
  /** IF_READY and such. */
  flags: [IFLA_INET6_FLAGS, u32],
  /** net.ipv6.conf.<link>.*; only told. */
  conf: [IFLA_INET6_CONF, shared(ipv6Settings)],
  /** Bytes; then hundredths of a second since boot; then milliseconds. */
  cacheInfo: [
    IFLA_INET6_CACHEINFO,
    struct({ maxReassembly: u32, updated: u32, reachableTime: u32, retransmitTime: u32 }),
  ],
  /** Arrays of u64, positions as in include/uapi/linux/snmp.h. */
  statistics: [IFLA_INET6_STATS, bytes],
  icmpStatistics: [IFLA_INET6_ICMP6STATS, bytes],
  /** The lower 64 bits that addresses from router advertisements get. */
  token: [IFLA_INET6_TOKEN, ipv6],
  /** IN6_ADDR_GEN_MODE_*: how link-local addresses are made; NONE makes none. */
  addressGeneration: [IFLA_INET6_ADDR_GEN_MODE, u8],
  /** The MTU of the last router advertisement; only told. */
  advertisedMtu: [IFLA_INET6_RA_MTU, u32],
}));

/** `IFLA_AF_SPEC` of a link: an attribute for each address family, typed by its number. */
export const addressFamilies = attributes(() => ({
  ipv4: [AF_INET, nested(attributes(() => ({ conf: [IFLA_INET_CONF, shared(ipv4Settings)] })))],
  ipv6: [AF_INET6, nested(ipv6Link)],
}));
/** Settings of a link by address family (`IFLA_AF_SPEC`). */
export type AddressFamilies = Infer<typeof addressFamilies>;
