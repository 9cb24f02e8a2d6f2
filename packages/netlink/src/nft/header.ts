import { be16, u8 } from '../codec/scalar.ts';
import { struct } from '../codec/struct.ts';
import {
  NFPROTO_ARP,
  NFPROTO_BRIDGE,
  NFPROTO_INET,
  NFPROTO_IPV4,
  NFPROTO_IPV6,
  NFPROTO_NETDEV,
} from '../uapi/netfilter.ts';
import { NFNL_SUBSYS_NFTABLES } from '../uapi/nfnetlink.ts';

/** `struct nfgenmsg`. Source: include/uapi/linux/netfilter/nfnetlink.h. */
export const nfgenmsg = struct({ family: u8, version: u8, resourceId: be16 });

const families = {
  ip: NFPROTO_IPV4,
  ip6: NFPROTO_IPV6,
  inet: NFPROTO_INET,
  arp: NFPROTO_ARP,
  bridge: NFPROTO_BRIDGE,
  netdev: NFPROTO_NETDEV,
} as const;

/** What packets a table sees. */
export type Family = keyof typeof families;

const familyNames = new Map(Object.entries(families).map(([name, number]) => [number as number, name as Family]));

/** The header of a message about an object of a family; without one, of all families. */
export function familyHeader(family?: Family): { family: number; version: number; resourceId: number } {
  return nfgenmsg.fill(family === undefined ? {} : { family: families[family] });
}

/** The name of nfgen_family; undefined for a family that nftables does not have. */
export function familyOfHeader(header: { readonly family: number }): Family | undefined {
  return familyNames.get(header.family);
}

/** nlmsg_type of a message of nftables: the subsystem in the upper byte. */
export function messageType(message: number): number {
  return (NFNL_SUBSYS_NFTABLES << 8) | message;
}
