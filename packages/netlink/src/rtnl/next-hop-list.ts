import { ip } from '../codec/address.ts';
import { attributes } from '../codec/attributes.ts';
import { bits } from '../codec/bits.ts';
import { body } from '../codec/body.ts';
import type { Codec, Infer } from '../codec/codec.ts';
import { MalformedError, ValueError } from '../codec/error.ts';
import { bytes, s32, u8, u16, u32 } from '../codec/scalar.ts';
import { struct } from '../codec/struct.ts';
import { NLA_F_NESTED } from '../uapi/netlink.ts';
import {
  RTA_ENCAP,
  RTA_ENCAP_TYPE,
  RTA_FLOW,
  RTA_GATEWAY,
  RTA_NEWDST,
  RTA_TTL_PROPAGATE,
  RTA_VIA,
  RTNH_F_DEAD,
  RTNH_F_LINKDOWN,
  RTNH_F_OFFLOAD,
  RTNH_F_ONLINK,
  RTNH_F_PERVASIVE,
  RTNH_F_TRAP,
  RTNH_F_UNRESOLVED,
} from '../uapi/rtnetlink.ts';
import { AF_INET, AF_INET6 } from '../uapi/socket.ts';
import { familyOf } from './prefix.ts';
import { refuse, refuseFlags } from './refuse.ts';
import { ignoredFlags, ignoredOfIpv4Hop, ignoredOfIpv6Hop } from './route-ignored.ts';

/** RTNH_F_*: of a next hop, and in rtm_flags of a route with one. */
export const nextHopFlagBits = {
  dead: RTNH_F_DEAD,
  pervasive: RTNH_F_PERVASIVE,
  /** The gateway is reached on the link although no route leads to it. */
  onLink: RTNH_F_ONLINK,
  offload: RTNH_F_OFFLOAD,
  linkDown: RTNH_F_LINKDOWN,
  unresolved: RTNH_F_UNRESOLVED,
  trap: RTNH_F_TRAP,
} as const;

const familyField = 2;

/** `struct rtvia`: a gateway of another family than the route's. One that is neither IPv4 nor IPv6 is kept as bytes. */
const rtvia: Codec<string | Uint8Array> = {
  measure: (value) => (typeof value === 'string' ? familyField + ip.measure(value) : bytes.measure(value)),
  write(value, out) {
    if (typeof value !== 'string') return bytes.write(value, out);
    u16.write(familyOf(value), out);
    ip.write(value, out);
  },
  read(input, start, end) {
    const family = u16.read(input, start, end);
    const length = end - start - familyField;
    const known = (family === AF_INET && length === 4) || (family === AF_INET6 && length === 16);
    return known ? ip.read(input, start + familyField, end) : bytes.read(input, start, end);
  },
};

/** Attributes that a route and each hop of a multipath route have alike. */
export const hopAttributes = {
  via: [RTA_GATEWAY, ip],
  viaOtherFamily: [RTA_VIA, rtvia],
  /** Realms, destination in the lower 16 bits and source in the upper ones. */
  realms: [RTA_FLOW, u32],
  /** LWTUNNEL_ENCAP_*. */
  encapType: [RTA_ENCAP_TYPE, u16],
  /** The attributes of the encapsulation, as they are on the wire. */
  encap: [RTA_ENCAP, { ...bytes, typeFlags: NLA_F_NESTED }],
  /** Of AF_MPLS: the labels that replace the packet's, 4 bytes each. */
  newDestination: [RTA_NEWDST, bytes],
  ttlPropagate: [RTA_TTL_PROPAGATE, u8],
} as const;

/** `struct rtnexthop`, whose length counts itself and the attributes behind it. Source: include/uapi/linux/rtnetlink.h. */
const rtnexthop = struct({ length: u16, flags: bits(u8, nextHopFlagBits), hops: u8, index: s32 });
const hopBody = body(
  rtnexthop,
  attributes(() => hopAttributes),
);

/** One way of a multipath route. */
export type NextHop = Omit<Infer<typeof hopBody>['attributes'], 'via' | 'viaOtherFamily'> & {
  /** Index of the link that packets leave by; 0 while it is not known. */
  readonly outgoing?: number;
  /** The gateway, of the route's family or of another one. */
  readonly via?: string;
  /** A gateway of a family that has no text here. */
  readonly viaOtherFamily?: Uint8Array;
  /** Packets are spread in proportion to it: 1 to 256, 1 by default. */
  readonly weight?: number;
  readonly flags?: Infer<typeof rtnexthop>['flags'];
};

/** `via` as the attribute that a family has for it: RTA_VIA is refused for a gateway of the route's own family. */
export function gatewayOf(via: string, family: number): { readonly via: string } | { readonly viaOtherFamily: string } {
  return familyOf(via) === family ? { via } : { viaOtherFamily: via };
}

/** What `gatewayOf` parted, as one again. */
export function viaOf(read: { readonly via?: string; readonly viaOtherFamily?: string | Uint8Array }): {
  readonly via?: string;
  readonly viaOtherFamily?: Uint8Array;
} {
  if (read.via !== undefined) return { via: read.via };
  if (typeof read.viaOtherFamily === 'string') return { via: read.viaOtherFamily };
  return read.viaOtherFamily === undefined ? {} : { viaOtherFamily: read.viaOtherFamily };
}

type WireHop = Infer<typeof hopBody>;

/** @throws {ValueError} A weight that does not fit, or what the kernel would take and not do. */
export function wireHop(hop: NextHop, family: number): WireHop {
  refuse(family === AF_INET ? ignoredOfIpv4Hop : ignoredOfIpv6Hop, hop);
  if (hop.flags !== undefined) refuseFlags(ignoredFlags, hop.flags, 'flags');
  const { outgoing, via, weight = 1, flags, ...rest } = hop;
  if (!Number.isInteger(weight) || weight < 1 || weight > 256)
    throw new ValueError(`${weight} is no weight from 1 to 256`, 'weight');
  return {
    header: { length: 0, flags: flags ?? {}, hops: weight - 1, index: outgoing ?? 0 },
    attributes: { ...(via === undefined ? {} : gatewayOf(via, family)), ...rest },
  };
}

export function hopOf({ header, attributes: read }: WireHop): NextHop {
  const { via: _via, viaOtherFamily: _other, ...rest } = read;
  const { flags, hops, index } = header;
  return {
    ...rest,
    ...viaOf(read),
    ...(index === 0 ? {} : { outgoing: index }),
    weight: hops + 1,
    ...(Object.keys(flags).length === 0 ? {} : { flags }),
  };
}

/** RTA_MULTIPATH: hops one behind the other. */
export const hopList: Codec<readonly WireHop[]> = {
  measure: (value) => value.reduce((sum, hop) => sum + ((hopBody.measure(hop) + 3) & ~3), 0),
  write(value, out) {
    for (const hop of value) {
      const start = out.offset;
      hopBody.write(hop, out);
      out.view.setUint16(start, out.offset - start, true);
      out.align();
    }
  },
  read(input, start, end) {
    const hops: WireHop[] = [];
    for (let at = start; at + rtnexthop.fixed <= end; ) {
      const length = input.view.getUint16(at, true);
      if (length < rtnexthop.fixed || at + length > end) {
        throw new MalformedError(`next hop at offset ${at}: length ${length} of ${end - at}`);
      }
      hops.push(hopBody.read(input, at, at + length));
      at += (length + 3) & ~3;
    }
    return hops;
  },
};
