import { ip } from '../codec/address.ts';
import { attributes } from '../codec/attributes.ts';
import { body } from '../codec/body.ts';
import type { Infer } from '../codec/codec.ts';
import { type DumpRequest, dumpOf } from '../message/request.ts';
import { IFA_ANYCAST, IFA_CACHEINFO, IFA_MULTICAST } from '../uapi/if-addr.ts';
import { RTM_GETANYCAST, RTM_GETMULTICAST } from '../uapi/rtnetlink.ts';
import { addressCacheInfo, ifaddrmsg } from './address.ts';

const groupAttributes = attributes(() => ({
  multicast: [IFA_MULTICAST, ip],
  anycast: [IFA_ANYCAST, ip],
  cacheInfo: [IFA_CACHEINFO, addressCacheInfo],
}));
export const groupAddressBody = body(ifaddrmsg, groupAttributes);

/** A multicast group that a link has joined, or an anycast address that it answers to. */
export type GroupAddress = Omit<Infer<typeof groupAttributes>, 'multicast' | 'anycast'> & {
  readonly family: number;
  readonly index: number;
  readonly address: string;
  /** RT_SCOPE_*. */
  readonly scope: number;
};

export function groupAddressOf({ header, attributes: read }: Infer<typeof groupAddressBody>): GroupAddress {
  const { multicast, anycast, ...rest } = read;
  const { family, index, scope } = header;
  return { ...rest, family, index, address: multicast ?? anycast ?? '', scope };
}

interface GroupFilter {
  /** AF_INET6; AF_INET (multicast only) since kernel 6.14, older ones answer with an empty list. */
  readonly family: number;
  readonly index?: number;
}

function listOf(operation: string, type: number, filter: GroupFilter): DumpRequest<GroupAddress> {
  return dumpOf({
    operation,
    type,
    codec: groupAddressBody,
    value: { header: ifaddrmsg.fill(filter), attributes: {} },
    itemCodec: groupAddressBody,
    item(read) {
      const { family, index = read.header.index } = filter;
      return read.header.family === family && read.header.index === index ? groupAddressOf(read) : undefined;
    },
  });
}

/** Multicast groups by link, as `ip maddress` shows them. */
function list(filter: GroupFilter): DumpRequest<GroupAddress> {
  return listOf('list multicast addresses', RTM_GETMULTICAST, filter);
}

/** Anycast addresses by link. */
function listAnycast(filter: GroupFilter): DumpRequest<GroupAddress> {
  return listOf('list anycast addresses', RTM_GETANYCAST, filter);
}

/** Requests about multicast and anycast addresses: they are only told; sockets and routers join them. */
export const multicastAddresses = { list } as const;
/** Requests about IPv6 anycast addresses, which can only be listed. */
export const anycastAddresses = { list: listAnycast } as const;
