import { formatIpv4, type Ipv4Number } from '@kcore/contract';
import { optionOf } from '../codec/options.ts';
import type { Lease } from '../leases/lease.ts';
import { type Exchange, isAddressedToUs, type Verdict } from './exchange.ts';
import { nothing } from './verdicts.ts';

/** How long nobody is given an address that a client found in use. */
export const QUARANTINE_MILLISECONDS = 24 * 3600 * 1000;

function addressedToAnother(exchange: Exchange): boolean {
  const server = optionOf(exchange.request.packet, 'serverId');
  return server !== undefined && !isAddressedToUs(exchange, server);
}

/**
 * RELEASE: the lease is kept as expired, so that its holder gets the same address again if nobody took it meanwhile.
 * Only the holder can release. Source: RFC 2131 §4.3.4.
 */
export function release(exchange: Exchange): Verdict {
  if (addressedToAnother(exchange)) return nothing('other-server');
  const { leases, client, now, network } = exchange;
  const holding = leases.ofClient(client);
  if (holding === undefined || holding.address !== exchange.request.packet.ciaddr) return nothing('not-the-holder');
  if (holding.kind !== 'lease') return nothing('released', { withdraw: client });
  // Said again: nothing to write, or a guest could make the disk sync as often as it likes.
  if (holding.expiresAt <= now) return nothing('released');
  const { kind: _, ...lease } = holding;
  const released: Lease = { ...lease, network: network.spec.network, expiresAt: now, released: true };
  return nothing('released', { commit: [{ change: 'lease', lease: released }] });
}

/**
 * DECLINE: the client found that somebody uses the address. Only an address that it was given can be declined, and no
 * more than half of the range, or one client could close all of it. A bound address is not quarantined: its owner can
 * have no other, so a person has to look. Source: RFC 2131 §4.3.3.
 */
export function decline(exchange: Exchange): Verdict {
  if (addressedToAnother(exchange)) return nothing('other-server');
  const { network, client, mac, leases, request } = exchange;
  const address = optionOf(request.packet, 'requestedAddress');
  if (address === undefined) return nothing('no-address-named');
  const bound = network.bound.get(mac);
  if (bound?.address !== address && leases.ofClient(client)?.address !== address) return nothing('not-the-holder');
  const text = `${mac} found ${formatIpv4(address)} in use by somebody else`;
  if (bound?.address === address) {
    return nothing('declined', { event: { type: 'AddressDeclined', message: `${text}; it is bound to that client` } });
  }
  return hasRoomForQuarantine(exchange) ? quarantine(exchange, address, text) : putLast(exchange, text);
}

function hasRoomForQuarantine({ network: { range }, leases, now }: Exchange): boolean {
  return range === undefined || leases.quarantined(now) < (range.last - range.first + 1) / 2;
}

function quarantine({ network, mac, now }: Exchange, address: Ipv4Number, text: string): Verdict {
  const expiresAt = now + QUARANTINE_MILLISECONDS;
  return nothing('declined', {
    commit: [{ change: 'quarantine', network: network.spec.network, address, mac, expiresAt }],
    event: { type: 'AddressDeclined', message: `${text}; it is given to nobody for 24 h` },
  });
}

/** Free at once, as the last to be given out again. */
function putLast({ leases, client, now }: Exchange, text: string): Verdict {
  const message = `${text}; half of the range is declined already, so it stays in use`;
  const event = { type: 'AddressDeclined', message } as const;
  const holding = leases.ofClient(client);
  if (holding?.kind !== 'lease') return nothing('declined', { withdraw: client, event });
  const { kind: _, ...lease } = holding;
  return nothing('declined', { commit: [{ change: 'lease', lease: { ...lease, expiresAt: now } }], event });
}
