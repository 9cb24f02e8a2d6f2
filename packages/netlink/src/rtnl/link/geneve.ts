import { ipv4, ipv6 } from '../../codec/address.ts';
import { attributes } from '../../codec/attributes.ts';
import type { Infer } from '../../codec/codec.ts';
import { be16, bool8, flag, u8, u32 } from '../../codec/scalar.ts';
import { struct } from '../../codec/struct.ts';
import {
  IFLA_GENEVE_COLLECT_METADATA,
  IFLA_GENEVE_DF,
  IFLA_GENEVE_ID,
  IFLA_GENEVE_INNER_PROTO_INHERIT,
  IFLA_GENEVE_LABEL,
  IFLA_GENEVE_PORT,
  IFLA_GENEVE_PORT_RANGE,
  IFLA_GENEVE_REMOTE,
  IFLA_GENEVE_REMOTE6,
  IFLA_GENEVE_TOS,
  IFLA_GENEVE_TTL,
  IFLA_GENEVE_TTL_INHERIT,
  IFLA_GENEVE_UDP_CSUM,
  IFLA_GENEVE_UDP_ZERO_CSUM6_RX,
  IFLA_GENEVE_UDP_ZERO_CSUM6_TX,
} from '../../uapi/if-link-kinds.ts';
import { flowLabel } from '../up-to.ts';

/** `IFLA_INFO_DATA` of kind "geneve". Source: include/uapi/linux/if_link.h, RFC 8926. */
export const geneve = attributes(() => ({
  /** Virtual network identifier, 24 bits. */
  vni: [IFLA_GENEVE_ID, u32],
  remote: [IFLA_GENEVE_REMOTE, ipv4],
  remote6: [IFLA_GENEVE_REMOTE6, ipv6],
  ttl: [IFLA_GENEVE_TTL, u8],
  /** The inner packet's TTL. */
  ttlInherit: [IFLA_GENEVE_TTL_INHERIT, bool8],
  tos: [IFLA_GENEVE_TOS, u8],
  /** 0: clear, 1: set, 2: as the inner packet. */
  dontFragment: [IFLA_GENEVE_DF, u8],
  /** UDP destination port, big-endian on the wire; the kernel's default is IANA's 6081. */
  port: [IFLA_GENEVE_PORT, be16],
  /** UDP source ports, big-endian on the wire. */
  portRange: [IFLA_GENEVE_PORT_RANGE, struct({ low: be16, high: be16 })],
  /** VNI and addresses come with each packet, from routes or filters. */
  collectMetadata: [IFLA_GENEVE_COLLECT_METADATA, flag],
  udpChecksum: [IFLA_GENEVE_UDP_CSUM, bool8],
  udpZeroChecksum6Tx: [IFLA_GENEVE_UDP_ZERO_CSUM6_TX, bool8],
  udpZeroChecksum6Rx: [IFLA_GENEVE_UDP_ZERO_CSUM6_RX, bool8],
  /** IPv6 flow label of 20 bits, big-endian on the wire. */
  label: [IFLA_GENEVE_LABEL, flowLabel],
  /** Carries IP packets, not frames. */
  innerProtocolInherit: [IFLA_GENEVE_INNER_PROTO_INHERIT, flag],
}));
/** Options of kind "geneve". */
export type Geneve = Infer<typeof geneve>;
