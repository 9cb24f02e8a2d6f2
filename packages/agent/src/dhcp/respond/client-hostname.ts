import { decodeName } from '../codec/domain-search.ts';
import { optionOf } from '../codec/options.ts';
import type { DhcpPacket } from '../codec/packet.ts';

const MAX_HOSTNAME_LENGTH = 63;
/** Flags and two bytes that mean nothing any more come before the name. Source: RFC 4702 §2. */
const FQDN_HEADER = 3;
/** Flag E: the name is as in DNS, else it is text. */
const FQDN_ENCODED = 0x04;

function fqdn(packet: DhcpPacket): string | undefined {
  const value = optionOf(packet, 'fqdn');
  if (value === undefined || value.length <= FQDN_HEADER) return undefined;
  const name = value.subarray(FQDN_HEADER);
  if (((value[0] ?? 0) & FQDN_ENCODED) === 0) return Buffer.from(name).toString('latin1');
  // A client that knows only its first label sends it without the root's empty one.
  return decodeName(Uint8Array.of(...name, 0), 0)?.name;
}

/** What the client calls itself, without what could break a terminal or a file of one line a lease. */
export function clientHostname(packet: DhcpPacket): string | undefined {
  const told = optionOf(packet, 'hostname') ?? fqdn(packet);
  if (told === undefined) return undefined;
  const name = told.replaceAll(/[^A-Za-z0-9._-]/g, '').slice(0, MAX_HOSTNAME_LENGTH);
  return name === '' ? undefined : name;
}
