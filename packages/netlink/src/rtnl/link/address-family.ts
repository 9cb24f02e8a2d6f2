import { attributes } from '../../codec/attributes.ts';
import type { Codec, Infer } from '../../codec/codec.ts';
import { ValueError } from '../../codec/error.ts';
import { nested } from '../../codec/nested.ts';
import { bytes, u8, u32 } from '../../codec/scalar.ts';
import { IFLA_INET_CONF, IFLA_INET6_ADDR_GEN_MODE, IFLA_INET6_CONF, IFLA_INET6_FLAGS } from '../../uapi/if-link.ts';
import {
  IPV4_DEVCONF_ACCEPT_LOCAL,
  IPV4_DEVCONF_ACCEPT_REDIRECTS,
  IPV4_DEVCONF_ARP_ANNOUNCE,
  IPV4_DEVCONF_ARP_IGNORE,
  IPV4_DEVCONF_FORWARDING,
  IPV4_DEVCONF_PROMOTE_SECONDARIES,
  IPV4_DEVCONF_PROXY_ARP,
  IPV4_DEVCONF_ROUTE_LOCALNET,
  IPV4_DEVCONF_RP_FILTER,
  IPV4_DEVCONF_SEND_REDIRECTS,
} from '../../uapi/ip.ts';
import { NLA_F_NESTED } from '../../uapi/netlink.ts';
import { AF_INET, AF_INET6 } from '../../uapi/socket.ts';

/** net.ipv4.conf.<link>.*: numbers, 0 and 1 for switches. */
const settings = {
  forwarding: IPV4_DEVCONF_FORWARDING,
  proxyArp: IPV4_DEVCONF_PROXY_ARP,
  acceptRedirects: IPV4_DEVCONF_ACCEPT_REDIRECTS,
  sendRedirects: IPV4_DEVCONF_SEND_REDIRECTS,
  rpFilter: IPV4_DEVCONF_RP_FILTER,
  arpAnnounce: IPV4_DEVCONF_ARP_ANNOUNCE,
  arpIgnore: IPV4_DEVCONF_ARP_IGNORE,
  promoteSecondaries: IPV4_DEVCONF_PROMOTE_SECONDARIES,
  acceptLocal: IPV4_DEVCONF_ACCEPT_LOCAL,
  routeLocalnet: IPV4_DEVCONF_ROUTE_LOCALNET,
} as const;

export type Ipv4Settings = { readonly [K in keyof typeof settings]?: number };

/**
 * IFLA_INET_CONF has two shapes: the kernel tells all settings as one array of u32, and takes a nested attribute for
 * each one to change. Source: inet_fill_link_af and inet_validate_link_af of net/ipv4/devinet.c.
 */
const ipv4Settings: Codec<Ipv4Settings> = {
  typeFlags: NLA_F_NESTED,
  measure: (value) => Object.keys(value).length * 8,
  write(value, out) {
    for (const [name, number] of Object.entries(value)) {
      const type = (settings as Readonly<Record<string, number>>)[name];
      if (type === undefined)
        throw new ValueError(`no such setting; there are ${Object.keys(settings).join(', ')}`, name);
      const start = out.begin(name, type);
      u32.write(number, out);
      out.end(start);
    }
  },
  read(input, start, end) {
    const value: Record<string, number> = {};
    for (const [name, type] of Object.entries(settings)) {
      const at = start + (type - 1) * 4;
      if (at + 4 <= end) value[name] = input.view.getUint32(at, true);
    }
    return value;
  },
};

const ipv6Settings = attributes({
  flags: [IFLA_INET6_FLAGS, u32],
  /** net.ipv6.conf.<link>.* as one array; only told. */
  conf: [IFLA_INET6_CONF, bytes],
  /** IN6_ADDR_GEN_MODE_*: how link-local addresses are made; NONE makes none. */
  addressGeneration: [IFLA_INET6_ADDR_GEN_MODE, u8],
});

/** `IFLA_AF_SPEC` of a link: an attribute for each address family, typed by its number. */
export const addressFamilies = attributes({
  ipv4: [AF_INET, nested(attributes({ conf: [IFLA_INET_CONF, ipv4Settings] }))],
  ipv6: [AF_INET6, nested(ipv6Settings)],
});
export type AddressFamilies = Infer<typeof addressFamilies>;
