import { formatIpv4, type Ipv4Number } from '@kcore/contract';
import { optionOf } from '../codec/options.ts';
import { clientOf } from '../leases/lease.ts';
import type { DhcpEvent, DropReason } from './decision.ts';
import type { Exchange } from './exchange.ts';

/** Which address a client that has none is to have. */
export type Choice =
  /** `known`: nobody else can be using it, so nobody has to be asked. */
  | { readonly kind: 'address'; readonly address: Ipv4Number; readonly known: boolean; readonly bound: boolean }
  | { readonly kind: 'none'; readonly reason: DropReason; readonly event: DhcpEvent | undefined };

/** Promises of one network at a time: more clients than that do not begin within half a minute, but a flood does. */
const MAX_OFFERS = 16_384;

function none(reason: DropReason, event?: DhcpEvent): Choice {
  return { kind: 'none', reason, event };
}

/** Whether a client without a binding may be leased this address now. */
export function isFree({ network, leases, client, now }: Exchange, address: Ipv4Number): boolean {
  const { range } = network;
  if (range === undefined || address < range.first || address > range.last || !network.leasable(address)) return false;
  const holding = leases.at(address);
  if (holding === undefined || holding.expiresAt <= now) return true;
  return holding.kind !== 'quarantine' && clientOf(holding) === client;
}

/** The lease or offer that the client still has on an address it may have. */
function own(exchange: Exchange): Choice | undefined {
  const { leases, client, now, network } = exchange;
  const holding = leases.ofClient(client);
  if (holding === undefined || !isFree(exchange, holding.address)) return undefined;
  const current = holding.expiresAt > now;
  const promised = current && (holding.kind === 'lease' || (holding.kind === 'offer' && holding.checked));
  const known = promised || network.spec.probe === false;
  return { kind: 'address', address: holding.address, known, bound: false };
}

function requested(exchange: Exchange): Ipv4Number | undefined {
  const address = optionOf(exchange.request.packet, 'requestedAddress');
  return address !== undefined && isFree(exchange, address) ? address : undefined;
}

function fromRange({ network, leases, now }: Exchange): Ipv4Number | undefined {
  if (network.range === undefined) return undefined;
  const { first, last } = network.range;
  return (
    leases.fresh(first, last, network.leasable) ?? leases.oldestExpired(first, last, network.leasable, now)?.address
  );
}

function chooseBound({ leases, mac, now }: Exchange, address: Ipv4Number): Choice {
  const holding = leases.at(address);
  if (holding?.kind === 'lease' && holding.mac !== mac && holding.expiresAt > now) {
    const message = `${formatIpv4(address)} is bound to ${mac}, but ${holding.mac} has it on lease; it is refused to the latter when that renews`;
    return none('address-held', { type: 'BindingHeld', message });
  }
  return { kind: 'address', address, known: true, bound: true };
}

function exhausted({ network, mac }: Exchange): Choice {
  const { start = '', end = '' } = network.spec.range ?? {};
  const message = `no free address in ${start}–${end} for ${mac}`;
  return none('pool-exhausted', { type: 'PoolExhausted', message });
}

/**
 * In this order: the binding, what the client has or had, what it asks for, an address nobody had yet, the one that
 * has been free for longest. Source: RFC 2131 §4.3.1.
 */
export function chooseAddress(exchange: Exchange): Choice {
  const { network, mac, leases, now } = exchange;
  const bound = network.bound.get(mac);
  if (bound !== undefined) return chooseBound(exchange, bound.address);
  if (network.range === undefined) return none('not-bound');
  const mine = own(exchange);
  if (mine !== undefined) return mine;
  if (leases.offers(now) >= MAX_OFFERS) return none('too-many-offers');
  const address = requested(exchange) ?? fromRange(exchange);
  if (address === undefined) return exhausted(exchange);
  return { kind: 'address', address, known: network.spec.probe === false, bound: false };
}
