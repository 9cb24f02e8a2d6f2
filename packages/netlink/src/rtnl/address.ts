import { ip } from '../codec/address.ts';
import { attributes } from '../codec/attributes.ts';
import { bits } from '../codec/bits.ts';
import { body } from '../codec/body.ts';
import type { Infer } from '../codec/codec.ts';
import { ValueError } from '../codec/error.ts';
import { s32, u8, u32 } from '../codec/scalar.ts';
import { struct } from '../codec/struct.ts';
import { cstring } from '../codec/text.ts';
import { type DumpRequest, dumpBy, type Request, requestOf } from '../message/request.ts';
import {
  IFA_ADDRESS,
  IFA_BROADCAST,
  IFA_CACHEINFO,
  IFA_F_DADFAILED,
  IFA_F_DEPRECATED,
  IFA_F_HOMEADDRESS,
  IFA_F_MANAGETEMPADDR,
  IFA_F_MCAUTOJOIN,
  IFA_F_NODAD,
  IFA_F_NOPREFIXROUTE,
  IFA_F_OPTIMISTIC,
  IFA_F_PERMANENT,
  IFA_F_SECONDARY,
  IFA_F_STABLE_PRIVACY,
  IFA_F_TENTATIVE,
  IFA_FLAGS,
  IFA_LABEL,
  IFA_LOCAL,
  IFA_PROTO,
  IFA_RT_PRIORITY,
  IFA_TARGET_NETNSID,
} from '../uapi/if-addr.ts';
import { NLM_F_CREATE, NLM_F_EXCL, NLM_F_REPLACE } from '../uapi/netlink.ts';
import { RTM_DELADDR, RTM_GETADDR, RTM_NEWADDR } from '../uapi/rtnetlink.ts';
import { AF_INET6 } from '../uapi/socket.ts';
import { IP_FAMILIES, itemsOf } from './family.ts';
import { familyOf } from './prefix.ts';
import { ignored, refuse, refuseFlags, TOLD } from './refuse.ts';

/** `struct ifaddrmsg`. Source: include/uapi/linux/if_addr.h. Its 8 bits of flags are superseded by IFA_FLAGS. */
export const ifaddrmsg = struct({ family: u8, prefix: u8, flags: u8, scope: u8, index: u32 });

const addressFlags = bits(u32, {
  /** Of IPv6 it means temporary (RFC 8981). */
  secondary: IFA_F_SECONDARY,
  noDad: IFA_F_NODAD,
  optimistic: IFA_F_OPTIMISTIC,
  dadFailed: IFA_F_DADFAILED,
  /** Mobile IPv6. */
  home: IFA_F_HOMEADDRESS,
  deprecated: IFA_F_DEPRECATED,
  tentative: IFA_F_TENTATIVE,
  permanent: IFA_F_PERMANENT,
  /** Temporary addresses are made and kept of this one. */
  manageTempAddress: IFA_F_MANAGETEMPADDR,
  noPrefixRoute: IFA_F_NOPREFIXROUTE,
  /** Joins the multicast group that the address is. */
  multicastAutoJoin: IFA_F_MCAUTOJOIN,
  stablePrivacy: IFA_F_STABLE_PRIVACY,
});
/** `IFA_FLAGS` by name. */
export type AddressFlags = Infer<typeof addressFlags>;

/** Seconds, 0xffffffff for ever; times of making and change in hundredths of a second since the start of the host. */
export const addressCacheInfo = struct({ preferred: u32, valid: u32, created: u32, updated: u32 });

const addressAttributes = attributes(() => ({
  local: [IFA_LOCAL, ip],
  /** The address of the prefix: the peer's on a point-to-point link, else the local one. IPv6 tells no other. */
  prefixAddress: [IFA_ADDRESS, ip],
  broadcast: [IFA_BROADCAST, ip],
  label: [IFA_LABEL, cstring],
  flags: [IFA_FLAGS, addressFlags],
  /** Metric of the prefix's route. */
  routePriority: [IFA_RT_PRIORITY, u32],
  /** Who added it, IFAPROT_*; kernels since 5.18. */
  protocol: [IFA_PROTO, u8],
  cacheInfo: [IFA_CACHEINFO, addressCacheInfo],
  /** Asks for the addresses of another namespace, by its id here. */
  targetNetnsId: [IFA_TARGET_NETNSID, s32],
}));
export const addressBody = body(ifaddrmsg, addressAttributes);

/** An address of a link. */
export type Address = Omit<Infer<typeof addressAttributes>, 'local' | 'prefixAddress'> & {
  readonly family: number;
  readonly index: number;
  readonly address: string;
  readonly prefix: number;
  /** Of a point-to-point link. */
  readonly peer?: string;
  /** RT_SCOPE_*. */
  readonly scope: number;
};

const BY_LIFETIMES = 'it follows from the lifetimes; give lifetimes or none';
const ALWAYS_IGNORED = { targetNetnsId: 'it is of lists; use a connection of that namespace' };

// What the kernel takes in a request, answers with success, and does not do (seen in Linux 6.18).
const ofIpv4 = ignored(ALWAYS_IGNORED);
const ofIpv6 = ignored(ALWAYS_IGNORED, {
  label: 'IPv6 addresses have none; leave it out',
  broadcast: 'IPv6 has no broadcast; leave it out',
  scope: 'of IPv6 it follows from the address; leave it out',
});
const flagsIgnored = {
  secondary: TOLD,
  dadFailed: TOLD,
  tentative: TOLD,
  stablePrivacy: TOLD,
  permanent: BY_LIFETIMES,
  deprecated: BY_LIFETIMES,
};
const IPV6_ONLY = 'it is of IPv6 addresses; leave it out';
const flagsOfIpv6 = ignored(flagsIgnored);
const flagsOfIpv4 = ignored(flagsIgnored, {
  noDad: IPV6_ONLY,
  optimistic: IPV6_ONLY,
  home: IPV6_ONLY,
  manageTempAddress: IPV6_ONLY,
});

/** Which address a request is about, and what is to be set of it. Labels, broadcast addresses and scopes are of IPv4. */
export type AddressSpec = Omit<Address, 'family' | 'scope' | 'unknown' | 'cacheInfo' | 'targetNetnsId'> & {
  readonly scope?: number;
  /** Seconds it is preferred for and valid at all, 0xffffffff for ever. Without, both are for ever. */
  readonly lifetimes?: { readonly preferred: number; readonly valid: number };
};

export function addressOf({ header, attributes: read }: Infer<typeof addressBody>): Address {
  const { local, prefixAddress, ...rest } = read;
  const address = local ?? prefixAddress ?? '';
  return {
    ...rest,
    family: header.family,
    index: header.index,
    address,
    prefix: header.prefix,
    ...(prefixAddress === undefined || prefixAddress === address ? {} : { peer: prefixAddress }),
    scope: header.scope,
  };
}

/** @throws {ValueError} What the kernel would take and not do. */
function check(spec: AddressSpec): void {
  const family = familyOf(spec.address);
  if (spec.index < 1) throw new ValueError('the indices of links begin at 1', 'index');
  refuse(family === AF_INET6 ? ofIpv6 : ofIpv4, spec);
  if (spec.flags !== undefined) refuseFlags(family === AF_INET6 ? flagsOfIpv6 : flagsOfIpv4, spec.flags, 'flags');
}

function change(verb: string, type: number, flags: number, spec: AddressSpec): Request<void> {
  check(spec);
  const { index, address, prefix, peer, scope, lifetimes, ...rest } = spec;
  return requestOf({
    operation: () => `${verb} address ${address}/${prefix} of link #${index}`,
    type,
    flags,
    codec: addressBody,
    value: {
      header: ifaddrmsg.fill({ family: familyOf(address), prefix, index, ...(scope === undefined ? {} : { scope }) }),
      attributes: {
        local: address,
        prefixAddress: peer ?? address,
        ...rest,
        ...(lifetimes === undefined ? {} : { cacheInfo: addressCacheInfo.fill(lifetimes) }),
      },
    },
  });
}

/** EEXIST when the link has it. Without a broadcast address it has none: iproute2 and the kernel alike add none by themselves. */
function create(spec: AddressSpec): Request<void> {
  return change('create', RTM_NEWADDR, NLM_F_CREATE | NLM_F_EXCL, spec);
}

/** Makes it, or sets lifetimes, flags, metric and protocol of the one that is there. Label, broadcast address and scope stay. */
function replace(spec: AddressSpec): Request<void> {
  return change('replace', RTM_NEWADDR, NLM_F_CREATE | NLM_F_REPLACE, spec);
}

/** EADDRNOTAVAIL when the link has not got it. */
function deleteAddress(spec: Pick<AddressSpec, 'index' | 'address' | 'prefix' | 'peer'>): Request<void> {
  return change('delete', RTM_DELADDR, 0, spec);
}

/** Which addresses are listed. */
export interface AddressFilter {
  readonly family?: number;
  readonly index?: number;
  /** Of another namespace, by its id in this one. */
  readonly netnsId?: number;
}

/** All addresses of IP, or those of a family or of one link; none of MCTP or Phonet. ENODEV when there is no such link. */
function list(filter: AddressFilter = {}): DumpRequest<Address> {
  const { netnsId, ...wanted } = filter;
  return dumpBy({
    operation: 'list addresses',
    type: RTM_GETADDR,
    codec: addressBody,
    value: {
      header: ifaddrmsg.fill(wanted),
      attributes: netnsId === undefined ? {} : { targetNetnsId: netnsId },
    },
    decode: itemsOf(IP_FAMILIES, addressBody, (read) => {
      const { family = read.header.family, index = read.header.index } = wanted;
      return read.header.family === family && read.header.index === index ? addressOf(read) : undefined;
    }),
  });
}

/** Requests about addresses of links. */
export const addresses = { create, replace, delete: deleteAddress, list } as const;
