import type { ArpPacket } from '../codec/arp.ts';
import type { Holding, LeaseView } from '../leases/lease.ts';

/**
 * What somebody else's ARP stands against: an address that was looked for and is on offer, or one on lease. Undefined
 * when it is nobody's, its holder's own, or being looked for at this moment.
 *
 * A question from 0.0.0.0 is somebody about to take the address (RFC 5227 §2.1.1). Its holder defends a leased one.
 */
export function claimAgainst(
  { senderMac, senderAddress, targetAddress }: ArpPacket,
  leases: LeaseView,
  now: number,
): Extract<Holding, { kind: 'offer' | 'lease' }> | undefined {
  const asks = senderAddress === 0;
  const holding = leases.at(asks ? targetAddress : senderAddress);
  if (holding === undefined || holding.expiresAt <= now || holding.mac === senderMac) return undefined;
  switch (holding.kind) {
    case 'offer':
      return holding.checked ? holding : undefined;
    case 'lease':
      return asks ? undefined : holding;
    case 'quarantine':
      return undefined;
  }
}
