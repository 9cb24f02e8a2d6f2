import { contains, formatIpv4, type Ipv4Number } from '@kcore/contract';
import { optionOf } from '../codec/options.ts';
import { isFree } from './address.ts';
import { offerOf } from './discover.ts';
import type { Exchange, Verdict } from './exchange.ts';
import { acknowledge, nothing, refuse } from './verdicts.ts';

/** The four things a REQUEST can be. Source: RFC 2131 §4.3.2, table 4. */
type Claim =
  /** The client took somebody's offer. */
  | { readonly state: 'selecting'; readonly server: Ipv4Number; readonly address: Ipv4Number | undefined }
  /** It restarted and remembers an address. */
  | { readonly state: 'init-reboot'; readonly address: Ipv4Number }
  /** It uses an address and wants to go on; unicast or broadcast makes no difference to the answer. */
  | { readonly state: 'renewing'; readonly address: Ipv4Number }
  | { readonly state: 'unclear' };

function claimOf({ request }: Exchange): Claim {
  const { packet } = request;
  const server = optionOf(packet, 'serverId');
  const address = optionOf(packet, 'requestedAddress');
  if (server !== undefined) return { state: 'selecting', server, address };
  if (packet.ciaddr !== 0) return { state: 'renewing', address: packet.ciaddr };
  return address === undefined ? { state: 'unclear' } : { state: 'init-reboot', address };
}

function chosenAnother(exchange: Exchange, server: Ipv4Number): Verdict {
  const message = `${exchange.client} took the offer of another DHCP server, ${formatIpv4(server)}`;
  return nothing('other-server', { withdraw: exchange.client, event: { type: 'ForeignDhcpServer', message } });
}

/** A MAC that has a binding gets exactly that, whatever lease it remembers. */
function boundClaim(exchange: Exchange, address: Ipv4Number, bound: Ipv4Number): Verdict {
  if (address !== bound) return refuse(exchange, 'the address of this client has changed');
  const holding = exchange.leases.at(address);
  const held = holding?.kind === 'lease' && holding.mac !== exchange.client && holding.expiresAt > exchange.now;
  return held ? refuse(exchange, 'the address is still leased to another client') : acknowledge(exchange, address);
}

/**
 * Without a lease of its own the client may go on if the address is free: this server alone gives addresses on its
 * network, and after a lost store the client knows more than the server does.
 */
function dynamicClaim(exchange: Exchange, claim: Exclude<Claim, { state: 'unclear' }>, address: Ipv4Number): Verdict {
  const { leases, client, now, network } = exchange;
  if (!contains(network.subnet, address)) return refuse(exchange, 'the address is not on this network');
  if (!isFree(exchange, address)) return refuse(exchange, 'the address is not available');
  const holding = leases.ofClient(client);
  const current = holding !== undefined && holding.expiresAt > now ? holding : undefined;
  if (current !== undefined && current.address !== address) return refuse(exchange, 'this client has another address');
  const promised = current?.kind === 'lease' || (current?.kind === 'offer' && current.checked);
  // A client that renews is using the address: asking the link for it would only find the client.
  if (!promised && claim.state !== 'renewing' && network.spec.probe !== false) {
    const offer = offerOf(exchange, { kind: 'address', address, known: false, bound: false });
    return { kind: 'probe', offer, commit: [] };
  }
  return acknowledge(exchange, address);
}

/** REQUEST in all its states. Source: RFC 2131 §4.3.2. */
export function request(exchange: Exchange): Verdict {
  const claim = claimOf(exchange);
  if (claim.state === 'unclear') return nothing('no-address-named');
  if (claim.state === 'selecting' && claim.server !== exchange.network.server)
    return chosenAnother(exchange, claim.server);
  // Some clients send SELECTING with ciaddr in place of option 50.
  const address = claim.address ?? exchange.request.packet.ciaddr;
  if (address === 0) return nothing('no-address-named');
  const bound = exchange.network.bound.get(exchange.client);
  if (bound !== undefined) return boundClaim(exchange, address, bound.address);
  if (exchange.network.spec.bindingsOnly) return nothing('not-bound');
  return dynamicClaim(exchange, claim, address);
}
