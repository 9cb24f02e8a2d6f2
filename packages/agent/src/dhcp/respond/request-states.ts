import { contains, type Ipv4Number } from '@kcore/contract';
import { optionOf } from '../codec/options.ts';
import { isFree } from './address.ts';
import { offerOf } from './discover.ts';
import { type Exchange, isAddressedToUs, type Verdict } from './exchange.ts';
import { foreignServer } from './foreign-server.ts';
import { acknowledge, nothing, probe, refuse } from './verdicts.ts';

/** What a REQUEST can be. Source: RFC 2131 §4.3.2, table 4. */
type State =
  /** The client took somebody's offer. */
  | 'selecting'
  /** It restarted and remembers an address. */
  | 'init-reboot'
  /** It uses an address and wants to go on; unicast or broadcast makes no difference to the answer. */
  | 'renewing';

function stateOf(exchange: Exchange, server: Ipv4Number | undefined): State {
  if (server !== undefined) return 'selecting';
  return exchange.request.packet.ciaddr === 0 ? 'init-reboot' : 'renewing';
}

/** A MAC that has a binding gets exactly that, whatever lease it remembers. */
function boundClaim(exchange: Exchange, address: Ipv4Number, bound: Ipv4Number): Verdict {
  if (address !== bound) return refuse(exchange, 'the address of this client has changed');
  const holding = exchange.leases.at(address);
  const held = holding?.kind === 'lease' && holding.mac !== exchange.mac && holding.expiresAt > exchange.now;
  return held ? refuse(exchange, 'the address is still leased to another client') : acknowledge(exchange, address);
}

/**
 * Without a lease of its own the client may go on if the address is free: this server alone gives addresses on its
 * network, and after a lost store the client knows more than the server does.
 */
function dynamicClaim(exchange: Exchange, state: State, address: Ipv4Number): Verdict {
  const { leases, client, now, network } = exchange;
  if (!contains(network.subnet, address)) return refuse(exchange, 'the address is not on this network');
  if (!isFree(exchange, address)) return refuse(exchange, 'the address is not available');
  const holding = leases.ofClient(client);
  const current = holding !== undefined && holding.expiresAt > now ? holding : undefined;
  if (current !== undefined && current.address !== address) return refuse(exchange, 'this client has another address');
  const promised = current?.kind === 'lease' || (current?.kind === 'offer' && current.checked);
  // A client that renews is using the address: asking the link for it would only find the client.
  if (!promised && state !== 'renewing' && network.spec.probe !== false) {
    return probe(offerOf(exchange, address, false));
  }
  return acknowledge(exchange, address);
}

/** REQUEST in all its states. Source: RFC 2131 §4.3.2. */
export function request(exchange: Exchange): Verdict {
  const { packet } = exchange.request;
  const server = optionOf(packet, 'serverId');
  const state = stateOf(exchange, server);
  if (server !== undefined && !isAddressedToUs(exchange, server)) {
    return nothing('other-server', { withdraw: exchange.client, event: foreignServer(server) });
  }
  // Renewing clients name their address in ciaddr; some do so in place of option 50 when they take an offer, too.
  const named = optionOf(packet, 'requestedAddress');
  const address = state === 'renewing' ? packet.ciaddr : (named ?? packet.ciaddr);
  if (address === 0) return nothing('no-address-named');
  const bound = exchange.network.bound.get(exchange.mac);
  if (bound !== undefined) return boundClaim(exchange, address, bound.address);
  if (exchange.network.spec.bindingsOnly) return nothing('not-bound');
  return dynamicClaim(exchange, state, address);
}
