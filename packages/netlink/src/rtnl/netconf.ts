import { attributes } from '../codec/attributes.ts';
import { body } from '../codec/body.ts';
import type { Infer } from '../codec/codec.ts';
import { s32, u8 } from '../codec/scalar.ts';
import { struct } from '../codec/struct.ts';
import { type DumpRequest, dumpOf } from '../message/request.ts';
import {
  NETCONFA_BC_FORWARDING,
  NETCONFA_FORWARDING,
  NETCONFA_IFINDEX,
  NETCONFA_IFINDEX_ALL,
  NETCONFA_IFINDEX_DEFAULT,
  NETCONFA_IGNORE_ROUTES_WITH_LINKDOWN,
  NETCONFA_INPUT,
  NETCONFA_MC_FORWARDING,
  NETCONFA_PROXY_NEIGH,
  NETCONFA_RP_FILTER,
} from '../uapi/netconf.ts';
import { RTM_GETNETCONF } from '../uapi/rtnetlink.ts';

/** `struct netconfmsg`. Source: include/uapi/linux/netconf.h. */
const netconfmsg = struct({ family: u8 });

const netconfAttributes = attributes(() => ({
  index: [NETCONFA_IFINDEX, s32],
  forwarding: [NETCONFA_FORWARDING, s32],
  rpFilter: [NETCONFA_RP_FILTER, s32],
  multicastForwarding: [NETCONFA_MC_FORWARDING, s32],
  proxyNeighbours: [NETCONFA_PROXY_NEIGH, s32],
  ignoreRoutesWithLinkDown: [NETCONFA_IGNORE_ROUTES_WITH_LINKDOWN, s32],
  /** Of AF_MPLS: whether labelled packets are taken from the link. */
  input: [NETCONFA_INPUT, s32],
  broadcastForwarding: [NETCONFA_BC_FORWARDING, s32],
}));
export const netconfBody = body(netconfmsg, netconfAttributes);

/** Some of net.ipv4.conf.<link>.* (net.ipv6…, net.mpls…), of a link by index, or of `all` (which is ip_forward) or `default`. */
export type Netconf = Omit<Infer<typeof netconfAttributes>, 'index'> & {
  readonly family: number;
  readonly of: number | 'all' | 'default';
};

export function netconfOf({ header, attributes: read }: Infer<typeof netconfBody>): Netconf {
  const { index = 0, ...rest } = read;
  const special = index === NETCONFA_IFINDEX_ALL ? 'all' : index === NETCONFA_IFINDEX_DEFAULT ? 'default' : index;
  return { ...rest, family: header.family, of: special };
}

/** Of one family; AF_INET and AF_INET6 tell `all` and `default` as well. */
function list(filter: { readonly family: number }): DumpRequest<Netconf> {
  return dumpOf({
    operation: 'list netconf',
    type: RTM_GETNETCONF,
    codec: netconfBody,
    value: { header: netconfmsg.fill(filter), attributes: {} },
    itemCodec: netconfBody,
    item: (read) => (read.header.family === filter.family ? netconfOf(read) : undefined),
  });
}

/** Requests about settings of IP on links. They are changed by `links.change` (`addressFamilies`). */
export const netconf = { list } as const;
