import { toHex } from '../codec/mac.ts';
import { optionOf } from '../codec/options.ts';
import type { DhcpPacket } from '../codec/packet.ts';
import type { LeaseView } from '../leases/lease.ts';
import type { ServedNetwork } from './served-network.ts';

/*
 * Who a client is. A NIC of the platform is its MAC, whatever its firmware, initramfs and system send as identifier, and
 * whatever clones of it send. Others are their client identifier (RFC 2131 §4.2), and their MAC when they send none.
 *
 * An identifier is copied with a machine's disk, a MAC is not. So while a lease of an identifier runs under one MAC,
 * another MAC that sends the same is taken for a copy and known by its MAC: two NICs never share an address, and a
 * machine whose NIC was replaced has its old address again once the lease is over.
 */

/** A DUID has at most 130 bytes (RFC 8415 §11.1), its type and the IAID before it five (RFC 4361 §6.1). */
export const MAX_CLIENT_ID_BYTES = 160;
const ETHERNET_ID_BYTES = 7;
const ETHERNET = 1;

/** `01` and the MAC: says no more than chaddr does, so what boots without an identifier is the same client. */
function isOwnMac(id: Uint8Array, { chaddr }: DhcpPacket): boolean {
  if (id.length !== ETHERNET_ID_BYTES || id[0] !== ETHERNET) return false;
  for (let index = 0; index < 6; index++) if (id[index + 1] !== chaddr[index]) return false;
  return true;
}

/** The identifier in hexadecimal, if the client is to be known by it. RFC 2132 §9.14: at least two bytes. */
function identifier(packet: DhcpPacket): string | undefined {
  const id = optionOf(packet, 'clientId');
  const usable = id !== undefined && id.length >= 2 && id.length <= MAX_CLIENT_ID_BYTES && !isOwnMac(id, packet);
  return usable ? toHex(id) : undefined;
}

const keyOf = (id: string): string => `id:${id}`;

/** The key under which leases know the client. */
export function identify(packet: DhcpPacket, network: ServedNetwork, leases: LeaseView, now: number): string {
  const { mac } = packet;
  if (network.spec.bindingsOnly || network.bound.has(mac)) return mac;
  const id = identifier(packet);
  if (id === undefined) return mac;
  const key = keyOf(id);
  const held = leases.ofClient(key);
  if (held?.mac === mac) return key;
  const own = leases.ofClient(mac);
  if (own?.kind === 'lease' && own.clientId === id) return mac;
  return held !== undefined && held.expiresAt > now ? mac : key;
}

/** What a MAC that has a binding now may still hold from when it was known by its identifier. */
export function formerKey(packet: DhcpPacket): string | undefined {
  const id = identifier(packet);
  return id === undefined ? undefined : keyOf(id);
}
