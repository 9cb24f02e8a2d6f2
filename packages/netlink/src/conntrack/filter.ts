import { ipv6 } from '../codec/address.ts';
import { decode, encode, type Infer } from '../codec/codec.ts';
import {
  CTA_FILTER_F_CTA_IP_DST,
  CTA_FILTER_F_CTA_IP_SRC,
  CTA_FILTER_F_CTA_PROTO_DST_PORT,
  CTA_FILTER_F_CTA_PROTO_NUM,
  CTA_FILTER_F_CTA_PROTO_SRC_PORT,
} from '../uapi/nfnetlink-conntrack.ts';
import { AF_INET, AF_INET6 } from '../uapi/socket.ts';
import type { ConntrackEntry, entryAttributes } from './entry.ts';
import type { ConntrackTuple } from './tuple.ts';

/** The tuple is compared with the original direction: what the first packet had before any NAT. */
export interface ConntrackFilter {
  /** AF_INET or AF_INET6; else what the addresses are, or both. */
  readonly family?: number;
  /** IPPROTO_*. */
  readonly protocol?: number;
  /** IPv4 or IPv6. */
  readonly source?: string;
  readonly destination?: string;
  readonly sourcePort?: number;
  readonly destinationPort?: number;
  readonly zone?: number;
  /** Bits of the mark outside the mask are not looked at; without a mask all are. */
  readonly mark?: { readonly value: number; readonly mask?: number };
  /** `{ assured: true, dying: false }`: only what is mentioned is looked at. */
  readonly status?: NonNullable<ConntrackEntry['status']>;
}

type Attributes = Infer<typeof entryAttributes>;

/** The family that a filter is about; 0 is both. @throws {RangeError} Its addresses are of different families. */
export function familyOfFilter({ family, source, destination }: ConntrackFilter): number {
  const told = [source, destination].flatMap((address) =>
    address === undefined ? [] : [address.includes(':') ? AF_INET6 : AF_INET],
  );
  const families = new Set(family === undefined ? told : [...told, family]);
  if (families.size > 1) throw new RangeError('a conntrack filter is about IPv4 or about IPv6, not both');
  return [...families][0] ?? 0;
}

/**
 * What the kernel can sort out by itself: the mark, the status since Linux 5.15, tuples since 5.8. An older one ignores
 * what it does not know, which is why `matchesFilter` looks again. IPv6 addresses are not given to it: up to Linux 6.18 at
 * least it leaves out the entries that have them and sends the others.
 * Source: ctnetlink_alloc_filter and ctnetlink_filter_match_tuple of net/netfilter/nf_conntrack_netlink.c.
 */
export function kernelFilter(filter: ConntrackFilter): Attributes {
  const { mark, status } = filter;
  return {
    ...(mark === undefined ? {} : { mark: mark.value, markMask: mark.mask ?? 0xffff_ffff }),
    ...(status === undefined ? {} : { status: onlySet(status), statusMask: maskOf(status) }),
    ...(filter.zone === undefined ? {} : { zone: filter.zone }),
    ...tupleFilter(filter),
  };
}

function onlySet(status: NonNullable<ConntrackEntry['status']>): NonNullable<ConntrackEntry['status']> {
  return Object.fromEntries(Object.entries(status).filter(([, set]) => set !== false));
}

function maskOf(status: NonNullable<ConntrackEntry['status']>): NonNullable<ConntrackEntry['status']> {
  return Object.fromEntries(Object.entries(status).map(([name, set]) => [name, name === 'rest' ? set : true]));
}

function tupleFilter(filter: ConntrackFilter): Pick<Attributes, 'original' | 'filter'> {
  const { source, destination, protocol, sourcePort, destinationPort } = filter;
  const told = familyOfFilter(filter) === AF_INET ? { source, destination } : {};
  // Ports are compared within a protocol only.
  const ports = protocol === undefined || !PORTS.has(protocol) ? {} : { sourcePort, destinationPort };
  const wanted = [
    [told.source, CTA_FILTER_F_CTA_IP_SRC, 'source'],
    [told.destination, CTA_FILTER_F_CTA_IP_DST, 'destination'],
    [protocol, CTA_FILTER_F_CTA_PROTO_NUM, 'number'],
    [ports.sourcePort, CTA_FILTER_F_CTA_PROTO_SRC_PORT, 'sourcePort'],
    [ports.destinationPort, CTA_FILTER_F_CTA_PROTO_DST_PORT, 'destinationPort'],
  ] as const;
  const given = wanted.filter(([value]) => value !== undefined);
  // It refuses a filter of tuples that is about no family.
  if (given.length === 0 || familyOfFilter(filter) === 0) return {};
  const pick = (inAddress: boolean): object =>
    Object.fromEntries(
      given.filter(([value]) => (typeof value === 'string') === inAddress).map(([value, , name]) => [name, value]),
    );
  const [ip, numbers] = [pick(true), pick(false)];
  const original: ConntrackTuple = {
    ...(Object.keys(ip).length === 0 ? {} : { ip }),
    ...(Object.keys(numbers).length === 0 ? {} : { protocol: numbers }),
  };
  return { original, filter: { original: given.reduce((flags, [, flag]) => flags | flag, 0), reply: 0 } };
}

/** TCP, UDP, DCCP, SCTP, UDP-Lite. */
const PORTS: ReadonlySet<number> = new Set([6, 17, 33, 132, 136]);

/** Whether an entry is what the filter wants, whatever the kernel made of it. */
export function matchesFilter(entry: ConntrackEntry, filter: ConntrackFilter): boolean {
  const { ip, protocol } = entry.original ?? {};
  const family = familyOfFilter(filter);
  const { mark, status = {} } = filter;
  return (
    (family === 0 || entry.family === family) &&
    (filter.protocol === undefined || protocol?.number === filter.protocol) &&
    (filter.source === undefined || sameAddress(ip?.source ?? ip?.source6, filter.source)) &&
    (filter.destination === undefined || sameAddress(ip?.destination ?? ip?.destination6, filter.destination)) &&
    (filter.sourcePort === undefined || protocol?.sourcePort === filter.sourcePort) &&
    (filter.destinationPort === undefined || protocol?.destinationPort === filter.destinationPort) &&
    (filter.zone === undefined || (entry.zone ?? entry.original?.zone ?? 0) === filter.zone) &&
    (mark === undefined || (((entry.mark ?? 0) ^ mark.value) & (mark.mask ?? -1)) === 0) &&
    Object.entries(status).every(([name, set]) => ((entry.status as Flags | undefined)?.[name] ?? false) === set)
  );
}

type Flags = Readonly<Record<string, unknown>>;

/** Addresses of entries have the canonical text; those of filters may have another. */
function sameAddress(told: string | undefined, wanted: string): boolean {
  return told === (wanted.includes(':') ? decode(ipv6, encode(ipv6, wanted)) : wanted);
}
