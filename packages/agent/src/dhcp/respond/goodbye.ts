import { formatIpv4 } from '@kcore/contract';
import { optionOf } from '../codec/options.ts';
import type { Exchange, Verdict } from './exchange.ts';
import { nothing } from './verdicts.ts';

/** How long nobody is given an address that a client found in use. */
export const QUARANTINE_MILLISECONDS = 24 * 3600 * 1000;

function addressedToAnother({ request, network }: Exchange): boolean {
  const server = optionOf(request.packet, 'serverId');
  return server !== undefined && server !== network.server;
}

/**
 * RELEASE: the lease is kept as expired, so that its holder gets the same address again if nobody took it meanwhile.
 * Only the holder can release. Source: RFC 2131 §4.3.4.
 */
export function release(exchange: Exchange): Verdict {
  if (addressedToAnother(exchange)) return nothing('other-server');
  const holding = exchange.leases.ofClient(exchange.client);
  const { ciaddr } = exchange.request.packet;
  if (holding === undefined || holding.address !== ciaddr) return nothing('not-the-holder');
  if (holding.kind !== 'lease') return nothing('released', { withdraw: exchange.client });
  const { kind: _, ...lease } = holding;
  return nothing('released', { commit: [{ change: 'lease', lease: { ...lease, expiresAt: exchange.now } }] });
}

/**
 * DECLINE: the client found that somebody uses the address. Only an address that it was given can be declined, or one
 * client could close the whole range. A bound address is not quarantined: its owner can have no other, so a person has
 * to look. Source: RFC 2131 §4.3.3.
 */
export function decline(exchange: Exchange): Verdict {
  if (addressedToAnother(exchange)) return nothing('other-server');
  const { network, client, leases, now, request } = exchange;
  const address = optionOf(request.packet, 'requestedAddress');
  const holding = leases.ofClient(client);
  const bound = network.bound.get(client);
  if (address === undefined) return nothing('no-address-named');
  if (bound?.address !== address && holding?.address !== address) return nothing('not-the-holder');
  const text = `${client} found ${formatIpv4(address)} in use by somebody else`;
  if (bound?.address === address) {
    return nothing('declined', { event: { type: 'AddressDeclined', message: `${text}; it is bound to that client` } });
  }
  const expiresAt = now + QUARANTINE_MILLISECONDS;
  return nothing('declined', {
    commit: [{ change: 'quarantine', network: network.spec.network, address, mac: client, expiresAt }],
    event: { type: 'AddressDeclined', message: `${text}; it is given to nobody for 24 h` },
  });
}
