import type { Codec } from '../../codec/codec.ts';
import { ValueError } from '../../codec/error.ts';
import { u32 } from '../../codec/scalar.ts';
import {
  IPV4_DEVCONF_ACCEPT_LOCAL,
  IPV4_DEVCONF_ACCEPT_REDIRECTS,
  IPV4_DEVCONF_ACCEPT_SOURCE_ROUTE,
  IPV4_DEVCONF_ARP_ACCEPT,
  IPV4_DEVCONF_ARP_ANNOUNCE,
  IPV4_DEVCONF_ARP_EVICT_NOCARRIER,
  IPV4_DEVCONF_ARP_IGNORE,
  IPV4_DEVCONF_ARP_NOTIFY,
  IPV4_DEVCONF_ARPFILTER,
  IPV4_DEVCONF_BC_FORWARDING,
  IPV4_DEVCONF_BOOTP_RELAY,
  IPV4_DEVCONF_DROP_GRATUITOUS_ARP,
  IPV4_DEVCONF_DROP_UNICAST_IN_L2_MULTICAST,
  IPV4_DEVCONF_FORCE_IGMP_VERSION,
  IPV4_DEVCONF_FORWARDING,
  IPV4_DEVCONF_IGMPV2_UNSOLICITED_REPORT_INTERVAL,
  IPV4_DEVCONF_IGMPV3_UNSOLICITED_REPORT_INTERVAL,
  IPV4_DEVCONF_IGNORE_ROUTES_WITH_LINKDOWN,
  IPV4_DEVCONF_LOG_MARTIANS,
  IPV4_DEVCONF_MC_FORWARDING,
  IPV4_DEVCONF_MEDIUM_ID,
  IPV4_DEVCONF_NOPOLICY,
  IPV4_DEVCONF_NOXFRM,
  IPV4_DEVCONF_PROMOTE_SECONDARIES,
  IPV4_DEVCONF_PROXY_ARP,
  IPV4_DEVCONF_PROXY_ARP_PVLAN,
  IPV4_DEVCONF_ROUTE_LOCALNET,
  IPV4_DEVCONF_RP_FILTER,
  IPV4_DEVCONF_SECURE_REDIRECTS,
  IPV4_DEVCONF_SEND_REDIRECTS,
  IPV4_DEVCONF_SHARED_MEDIA,
  IPV4_DEVCONF_SRC_VMARK,
  IPV4_DEVCONF_TAG,
} from '../../uapi/ip.ts';
import { NLA_F_NESTED } from '../../uapi/netlink.ts';

/** net.ipv4.conf.<link>.* by position: numbers, 0 and 1 for switches. */
const positions = {
  forwarding: IPV4_DEVCONF_FORWARDING,
  mcForwarding: IPV4_DEVCONF_MC_FORWARDING,
  proxyArp: IPV4_DEVCONF_PROXY_ARP,
  acceptRedirects: IPV4_DEVCONF_ACCEPT_REDIRECTS,
  secureRedirects: IPV4_DEVCONF_SECURE_REDIRECTS,
  sendRedirects: IPV4_DEVCONF_SEND_REDIRECTS,
  sharedMedia: IPV4_DEVCONF_SHARED_MEDIA,
  rpFilter: IPV4_DEVCONF_RP_FILTER,
  acceptSourceRoute: IPV4_DEVCONF_ACCEPT_SOURCE_ROUTE,
  bootpRelay: IPV4_DEVCONF_BOOTP_RELAY,
  logMartians: IPV4_DEVCONF_LOG_MARTIANS,
  tag: IPV4_DEVCONF_TAG,
  arpfilter: IPV4_DEVCONF_ARPFILTER,
  mediumId: IPV4_DEVCONF_MEDIUM_ID,
  noxfrm: IPV4_DEVCONF_NOXFRM,
  nopolicy: IPV4_DEVCONF_NOPOLICY,
  forceIgmpVersion: IPV4_DEVCONF_FORCE_IGMP_VERSION,
  arpAnnounce: IPV4_DEVCONF_ARP_ANNOUNCE,
  arpIgnore: IPV4_DEVCONF_ARP_IGNORE,
  promoteSecondaries: IPV4_DEVCONF_PROMOTE_SECONDARIES,
  arpAccept: IPV4_DEVCONF_ARP_ACCEPT,
  arpNotify: IPV4_DEVCONF_ARP_NOTIFY,
  acceptLocal: IPV4_DEVCONF_ACCEPT_LOCAL,
  srcVmark: IPV4_DEVCONF_SRC_VMARK,
  proxyArpPvlan: IPV4_DEVCONF_PROXY_ARP_PVLAN,
  routeLocalnet: IPV4_DEVCONF_ROUTE_LOCALNET,
  igmpv2UnsolicitedReportInterval: IPV4_DEVCONF_IGMPV2_UNSOLICITED_REPORT_INTERVAL,
  igmpv3UnsolicitedReportInterval: IPV4_DEVCONF_IGMPV3_UNSOLICITED_REPORT_INTERVAL,
  ignoreRoutesWithLinkdown: IPV4_DEVCONF_IGNORE_ROUTES_WITH_LINKDOWN,
  dropUnicastInL2Multicast: IPV4_DEVCONF_DROP_UNICAST_IN_L2_MULTICAST,
  dropGratuitousArp: IPV4_DEVCONF_DROP_GRATUITOUS_ARP,
  bcForwarding: IPV4_DEVCONF_BC_FORWARDING,
  arpEvictNocarrier: IPV4_DEVCONF_ARP_EVICT_NOCARRIER,
} as const;

/** The sysctls of net.ipv4.conf of a link. */
export type Ipv4Settings = { readonly [K in keyof typeof positions]?: number };

/**
 * IFLA_INET_CONF has two shapes: the kernel tells all settings as one array of u32, and takes a nested attribute for
 * each one to change. Source: inet_fill_link_af and inet_validate_link_af of net/ipv4/devinet.c.
 */
export const ipv4Settings: Codec<Ipv4Settings> = {
  typeFlags: NLA_F_NESTED,
  measure: (value) => Object.keys(value).length * 8,
  write(value, out) {
    for (const [name, number] of Object.entries(value)) {
      const type = (positions as Readonly<Record<string, number>>)[name];
      if (type === undefined)
        throw new ValueError(`no such setting; there are ${Object.keys(positions).join(', ')}`, name);
      const start = out.begin(name, type);
      u32.write(number, out);
      out.end(start);
    }
  },
  read(input, start, end) {
    const value: Record<string, number> = {};
    for (const [name, type] of Object.entries(positions)) {
      const at = start + (type - 1) * 4;
      if (at + 4 <= end) value[name] = input.view.getUint32(at, true);
    }
    return value;
  },
};
