import ipaddr from 'ipaddr.js';
import { invalidArgument } from './errors.ts';

/** An IPv4 address as an unsigned 32-bit number in host order: `10.0.0.1` is 0x0a000001. */
export type Ipv4Number = number;

export interface Subnet {
  /** The network address. */
  readonly network: Ipv4Number;
  readonly prefix: number;
}

/** Only the dotted form with four decimal parts: `010.1` or `0x0a.0.0.1` are accepted by some parsers and read differently by others. */
export function isIpv4(text: string): boolean {
  return ipaddr.IPv4.isValidFourPartDecimal(text) && !/(^|\.)0\d/.test(text);
}

export function parseIpv4(text: string): Ipv4Number {
  if (!isIpv4(text)) throw invalidArgument(`'${text}' is not an IPv4 address (for example 10.0.0.1)`);
  return ipaddr.IPv4.parse(text).octets.reduce((sum, octet) => sum * 256 + octet, 0);
}

export function formatIpv4(address: Ipv4Number): string {
  return [24, 16, 8, 0].map((shift) => (address >>> shift) & 255).join('.');
}

/** Prefix length of a contiguous netmask; the text of the error is R-39's. */
export function prefixOfNetmask(netmask: string): number {
  const prefix = isIpv4(netmask) ? ipaddr.IPv4.parse(netmask).prefixLengthFromSubnetMask() : null;
  if (prefix === null) {
    throw invalidArgument('internal_netmask must be contiguous (for example 255.255.255.0)', {
      field: 'internalNetmask',
    });
  }
  return prefix;
}

export function netmaskOfPrefix(prefix: number): string {
  return formatIpv4(prefix === 0 ? 0 : (0xffff_ffff << (32 - prefix)) >>> 0);
}

export function subnetSize(prefix: number): number {
  return 2 ** (32 - prefix);
}

export function subnetOf(address: Ipv4Number, prefix: number): Subnet {
  return { network: address - (address % subnetSize(prefix)), prefix };
}

/** `a.b.c.d/len`; bits beyond the prefix are cleared. */
export function parseSubnet(text: string): Subnet {
  const [address = '', length = ''] = text.split('/');
  if (!/^\d{1,2}$/.test(length) || Number(length) > 32)
    throw invalidArgument(`'${text}' is not a subnet (for example 10.0.0.0/24)`);
  return subnetOf(parseIpv4(address), Number(length));
}

export function formatSubnet(subnet: Subnet): string {
  return `${formatIpv4(subnet.network)}/${subnet.prefix}`;
}

export function broadcastOf(subnet: Subnet): Ipv4Number {
  return subnet.network + subnetSize(subnet.prefix) - 1;
}

export function contains(subnet: Subnet, address: Ipv4Number): boolean {
  return address >= subnet.network && address <= broadcastOf(subnet);
}

export function overlaps(a: Subnet, b: Subnet): boolean {
  return a.network <= broadcastOf(b) && b.network <= broadcastOf(a);
}
