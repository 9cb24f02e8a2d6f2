import {
  dataTypes,
  type Expression,
  NFT_CT_STATE,
  NFT_CT_STATUS,
  NFT_META_IIFNAME,
  NFT_META_L4PROTO,
  NFT_META_OIFNAME,
  NFT_META_PKTTYPE,
  NFT_META_PROTOCOL,
  NFT_PAYLOAD_LL_HEADER,
  NFT_PAYLOAD_NETWORK_HEADER,
  NFT_PAYLOAD_TRANSPORT_HEADER,
} from '@kcore/netlink';
import type { NftField } from '../../model/resource.ts';
import { ctStates, ctStatuses, type FlagNames, icmpv6Type, packetType } from './symbol.ts';

/** Where a field is found, and how its values are written. */
export interface Field {
  readonly name: NftField;
  readonly source:
    | { readonly kind: 'payload'; readonly base: number; readonly offset: number }
    | { readonly kind: 'meta'; readonly key: number }
    | { readonly kind: 'ct'; readonly key: number };
  /** Bytes it takes in a register. */
  readonly length: number;
  readonly type: { parse(text: string): Uint8Array; format(bytes: Uint8Array): string };
  /** Values are addresses, so there are prefixes of them. */
  readonly prefix?: boolean;
  /** Values are names of links, so a `*` at the end stands for any rest. */
  readonly wildcard?: boolean;
  /** Values are sets of flags: a number of 32 bits in host order. */
  readonly flags?: FlagNames;
  /** A value of `meta protocol` without which the bytes are not that field. */
  readonly network?: 'ip' | 'arp' | 'ip6';
  /** A value of `meta l4proto` without which the bytes are not that field. */
  readonly transport?: 'ipv6-icmp';
}

type Rest = Omit<Field, 'name' | 'source'>;

function payload(base: number, offset: number, rest: Rest): Omit<Field, 'name'> {
  return { source: { kind: 'payload', base, offset }, ...rest };
}

function meta(key: number, rest: Rest): Omit<Field, 'name'> {
  return { source: { kind: 'meta', key }, ...rest };
}

function ct(key: number, flags: FlagNames): Omit<Field, 'name'> {
  return { source: { kind: 'ct', key }, length: 4, type: flags, flags };
}

const { ipv4_addr, ether_addr, ether_type, inet_proto, inet_service, ifname } = dataTypes;
const ll = NFT_PAYLOAD_LL_HEADER;
const network = NFT_PAYLOAD_NETWORK_HEADER;
const transport = NFT_PAYLOAD_TRANSPORT_HEADER;
const ipv4 = { length: 4, type: ipv4_addr, prefix: true, network: 'ip' } as const;
const mac = { length: 6, type: ether_addr } as const;
const link = { length: ifname.size, type: ifname, wildcard: true } as const;

/** Offsets are those of RFC 791 (IPv4), RFC 826 (ARP for IPv4 on Ethernet), RFC 9293 and RFC 768 (ports), RFC 4443 (ICMPv6). */
const table: Readonly<Record<NftField, Omit<Field, 'name'>>> = {
  'ip saddr': payload(network, 12, ipv4),
  'ip daddr': payload(network, 16, ipv4),
  'ip protocol': payload(network, 9, { length: 1, type: inet_proto, network: 'ip' }),
  'th sport': payload(transport, 0, { length: 2, type: inet_service }),
  'th dport': payload(transport, 2, { length: 2, type: inet_service }),
  'ether daddr': payload(ll, 0, mac),
  'ether saddr': payload(ll, 6, mac),
  'ether type': payload(ll, 12, { length: 2, type: ether_type }),
  'arp saddr ether': payload(network, 8, { ...mac, network: 'arp' }),
  'arp saddr ip': payload(network, 14, { ...ipv4, network: 'arp' }),
  'icmpv6 type': payload(transport, 0, {
    length: 1,
    type: icmpv6Type,
    network: 'ip6',
    transport: 'ipv6-icmp',
  }),
  'meta iifname': meta(NFT_META_IIFNAME, link),
  'meta oifname': meta(NFT_META_OIFNAME, link),
  'meta l4proto': meta(NFT_META_L4PROTO, { length: 1, type: inet_proto }),
  'meta protocol': meta(NFT_META_PROTOCOL, { length: 2, type: ether_type }),
  'meta pkttype': meta(NFT_META_PKTTYPE, { length: 1, type: packetType }),
  'ct state': ct(NFT_CT_STATE, ctStates),
  'ct status': ct(NFT_CT_STATUS, ctStatuses),
};

const fields: readonly Field[] = (Object.keys(table) as NftField[]).map((name) => ({ name, ...table[name] }));

export function fieldOf(name: NftField): Field {
  return { name, ...table[name] };
}

/** The expression that loads a field, or its first `length` bytes. */
export function loadField(field: Field, register: number, length = field.length): Expression {
  const { source } = field;
  if (source.kind === 'payload') {
    const { base, offset } = source;
    return { name: 'payload', data: { destination: register, base, offset, length } };
  }
  const data = { key: source.key, destination: register };
  return source.kind === 'meta' ? { name: 'meta', data } : { name: 'ct', data };
}

/** The field that an expression loads, of which a payload may be the first bytes only. */
export function loadedField(expression: Expression, data: LoadData): Field | undefined {
  return fields.find((field) => {
    const { source } = field;
    if (source.kind !== expression.name) return false;
    if (source.kind !== 'payload') return source.key === data.key;
    const { length = 0 } = data;
    const whole = length === field.length;
    const prefix = field.prefix === true && length > 0 && length < field.length;
    return source.base === data.base && source.offset === data.offset && (whole || prefix);
  });
}

/** What payload, meta and ct expressions have in common. */
export interface LoadData {
  readonly destination?: number;
  readonly key?: number;
  readonly base?: number;
  readonly offset?: number;
  readonly length?: number;
}
