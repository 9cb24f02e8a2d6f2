import { ipv4, ipv6 } from '../codec/address.ts';
import { attributes } from '../codec/attributes.ts';
import type { Infer } from '../codec/codec.ts';
import { nested } from '../codec/nested.ts';
import { be16, u8 } from '../codec/scalar.ts';
import {
  CTA_IP_V4_DST,
  CTA_IP_V4_SRC,
  CTA_IP_V6_DST,
  CTA_IP_V6_SRC,
  CTA_PROTO_DST_PORT,
  CTA_PROTO_ICMP_CODE,
  CTA_PROTO_ICMP_ID,
  CTA_PROTO_ICMP_TYPE,
  CTA_PROTO_ICMPV6_CODE,
  CTA_PROTO_ICMPV6_ID,
  CTA_PROTO_ICMPV6_TYPE,
  CTA_PROTO_NUM,
  CTA_PROTO_SRC_PORT,
  CTA_TUPLE_IP,
  CTA_TUPLE_PROTO,
  CTA_TUPLE_ZONE,
} from '../uapi/nfnetlink-conntrack.ts';
import { AF_INET, AF_INET6 } from '../uapi/socket.ts';

export const tuple = attributes(() => ({
  ip: [
    CTA_TUPLE_IP,
    nested(
      attributes(() => ({
        source: [CTA_IP_V4_SRC, ipv4],
        destination: [CTA_IP_V4_DST, ipv4],
        source6: [CTA_IP_V6_SRC, ipv6],
        destination6: [CTA_IP_V6_DST, ipv6],
      })),
    ),
  ],
  protocol: [
    CTA_TUPLE_PROTO,
    nested(
      attributes(() => ({
        /** IPPROTO_*. */
        number: [CTA_PROTO_NUM, u8],
        sourcePort: [CTA_PROTO_SRC_PORT, be16],
        destinationPort: [CTA_PROTO_DST_PORT, be16],
        icmpId: [CTA_PROTO_ICMP_ID, be16],
        icmpType: [CTA_PROTO_ICMP_TYPE, u8],
        icmpCode: [CTA_PROTO_ICMP_CODE, u8],
        icmp6Id: [CTA_PROTO_ICMPV6_ID, be16],
        icmp6Type: [CTA_PROTO_ICMPV6_TYPE, u8],
        icmp6Code: [CTA_PROTO_ICMPV6_CODE, u8],
      })),
    ),
  ],
  /** Where only this direction is in a zone. */
  zone: [CTA_TUPLE_ZONE, be16],
}));
/** One direction of a connection: addresses, and ports or an ICMP id. */
export type ConntrackTuple = Infer<typeof tuple>;

/** AF_INET or AF_INET6, as the addresses are. */
export function familyOf({ ip }: ConntrackTuple): number {
  return ip?.source6 !== undefined || ip?.destination6 !== undefined ? AF_INET6 : AF_INET;
}

/** The text of one direction, for errors. */
export function describeTuple({ ip, protocol }: ConntrackTuple): string {
  const v6 = ip?.source6 !== undefined;
  const port = (number: number | undefined): string => (number === undefined ? '' : `:${number}`);
  const host = (address: string | undefined): string => (v6 ? `[${address}]` : String(address));
  const [from, to] = [ip?.source ?? ip?.source6, ip?.destination ?? ip?.destination6];
  return `${protocol?.number} ${host(from)}${port(protocol?.sourcePort)} to ${host(to)}${port(protocol?.destinationPort)}`;
}
