import { etherAddr, ipv4Addr, ipv6Addr } from './address-types.ts';
import { ifname } from './ifname.ts';
import * as names from './names.ts';
import { numberType } from './number.ts';
import type { DataType } from './type.ts';

/** A number without names, in host order, four bytes. */
function hostNumber(id: number, of: string): DataType {
  return numberType({ id, size: 4, byteOrder: 'host', of, example: '5' });
}

/** A byte without names. */
function byte(id: number, of: string): DataType {
  return numberType({ id, size: 1, byteOrder: 'big', of, example: '3' });
}

/*
 * A type is one line. Numbers and byte orders are those of nft's datatype table (user space ABI). Types whose size is
 * not always the same (integer, string) are not here: sets of them are read and written as bytes.
 */
export const dataTypes = {
  ipv4_addr: ipv4Addr,
  ipv6_addr: ipv6Addr,
  ether_addr: etherAddr,
  ether_type: numberType({
    id: 10,
    size: 2,
    byteOrder: 'big',
    of: 'an EtherType',
    example: 'arp, 0x88cc',
    names: names.etherTypes,
    hexadecimal: true,
  }),
  arp_op: numberType({
    id: 11,
    size: 2,
    byteOrder: 'big',
    of: 'an ARP operation',
    example: 'request',
    names: names.arpOperations,
  }),
  inet_proto: numberType({
    id: 12,
    size: 1,
    byteOrder: 'big',
    of: 'the name or number of a protocol',
    example: 'tcp',
    names: names.ipProtocols,
  }),
  inet_service: numberType({ id: 13, size: 2, byteOrder: 'big', of: 'a port', example: '8080' }),
  icmp_type: numberType({
    id: 14,
    size: 1,
    byteOrder: 'big',
    of: 'an ICMP type',
    example: 'echo-request',
    names: names.icmpTypes,
  }),
  tcp_flag: byte(15, 'a number of TCP flags'),
  mark: numberType({
    id: 19,
    size: 4,
    byteOrder: 'host',
    of: 'a packet mark',
    example: '0x00000001',
    hexadecimal: true,
  }),
  iface_index: hostNumber(20, 'the index of a link'),
  iface_type: numberType({ id: 21, size: 2, byteOrder: 'host', of: 'the type of a link', example: '1' }),
  realm: hostNumber(22, 'a routing realm'),
  classid: numberType({
    id: 23,
    size: 4,
    byteOrder: 'host',
    of: 'a tc class',
    example: '0x00010001',
    hexadecimal: true,
  }),
  uid: hostNumber(24, 'a user id'),
  gid: hostNumber(25, 'a group id'),
  ct_state: numberType({
    id: 26,
    size: 4,
    byteOrder: 'host',
    of: 'a connection state',
    example: 'new',
    names: names.ctStates,
  }),
  ct_dir: numberType({
    id: 27,
    size: 1,
    byteOrder: 'host',
    of: 'a direction of a connection',
    example: 'original',
    names: names.ctDirections,
  }),
  ct_status: hostNumber(28, 'a number of connection status bits'),
  icmpv6_type: numberType({
    id: 29,
    size: 1,
    byteOrder: 'big',
    of: 'an ICMPv6 type',
    example: 'nd-router-advert',
    names: names.icmpv6Types,
  }),
  pkt_type: numberType({
    id: 31,
    size: 1,
    byteOrder: 'host',
    of: 'a packet type',
    example: 'broadcast',
    names: names.packetTypes,
  }),
  icmp_code: byte(32, 'an ICMP code'),
  icmpv6_code: byte(33, 'an ICMPv6 code'),
  icmpx_code: byte(34, 'a code of ICMP and ICMPv6'),
  devgroup: hostNumber(35, 'a group of links'),
  dscp: byte(36, 'a DSCP'),
  ecn: byte(37, 'an ECN codepoint'),
  fib_addrtype: numberType({
    id: 38,
    size: 4,
    byteOrder: 'host',
    of: 'a type of address',
    example: 'local',
    names: names.addressTypes,
  }),
  boolean: byte(39, '0 or 1'),
  ifname,
  igmp_type: byte(42, 'an IGMP type'),
} as const;

/** nft's own name of a type of keys or data. */
export type DataTypeName = keyof typeof dataTypes;

const namesById: ReadonlyMap<number, DataTypeName> = new Map(
  Object.entries(dataTypes).map(([name, type]) => [type.id, name as DataTypeName]),
);

/** Bits of one type in the number of a concatenation; the first part is the most significant. */
const CONCATENATION_BITS = 6;

/** The number of a key or data type, for NFTA_SET_KEY_TYPE and NFTA_SET_DATA_TYPE. */
export function typeNumber(types: readonly DataTypeName[]): number {
  return types.reduce((sum, name) => sum * 2 ** CONCATENATION_BITS + dataTypes[name].id, 0);
}

/** The types a number stands for; absent when one of them is not in the table. */
export function typesOfNumber(number: number): readonly DataTypeName[] | undefined {
  const types: DataTypeName[] = [];
  for (let rest = number; rest > 0; rest = Math.floor(rest / 2 ** CONCATENATION_BITS)) {
    const name = namesById.get(rest % 2 ** CONCATENATION_BITS);
    if (name === undefined) return undefined;
    types.unshift(name);
  }
  return types.length === 0 ? undefined : types;
}
