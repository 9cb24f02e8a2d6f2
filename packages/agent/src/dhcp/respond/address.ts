import { formatIpv4, type Ipv4Number } from '@kcore/contract';
import { optionOf } from '../codec/options.ts';
import type { DhcpEvent, DropReason } from './decision.ts';
import type { Exchange } from './exchange.ts';

/** Which address a client that has none is to have. */
export type Choice =
  /** `known`: nobody else can be using it, so nobody has to be asked. */
  | { readonly kind: 'address'; readonly address: Ipv4Number; readonly known: boolean; readonly bound: boolean }
  | { readonly kind: 'none'; readonly reason: DropReason; readonly event?: DhcpEvent };

/** Whether an unknown MAC may be leased this address now. */
export function isFree({ network, leases, client, now }: Exchange, address: Ipv4Number): boolean {
  const { range } = network;
  if (range === undefined || address < range.first || address > range.last || !network.leasable(address)) return false;
  const holding = leases.at(address);
  if (holding === undefined || holding.expiresAt <= now) return true;
  return holding.mac === client && holding.kind !== 'quarantine';
}

/** The lease or offer that the client still has on an address it may have. */
function own(exchange: Exchange): Choice | undefined {
  const holding = exchange.leases.ofClient(exchange.client);
  if (holding === undefined || !isFree(exchange, holding.address)) return undefined;
  const current = holding.expiresAt > exchange.now;
  const promised = current && (holding.kind === 'lease' || (holding.kind === 'offer' && holding.checked));
  const known = promised || exchange.network.spec.probe === false;
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

function chooseBound({ leases, client, now }: Exchange, address: Ipv4Number): Choice {
  const holding = leases.at(address);
  if (holding?.kind === 'lease' && holding.mac !== client && holding.expiresAt > now) {
    const message = `${formatIpv4(address)} is bound to ${client}, but ${holding.mac} has it on lease; it is refused to the latter when that renews`;
    return { kind: 'none', reason: 'address-held', event: { type: 'BindingHeld', message } };
  }
  return { kind: 'address', address, known: true, bound: true };
}

/**
 * In this order: the binding, what the client has or had, what it asks for, an address nobody had yet, the one that
 * has been free for longest. Source: RFC 2131 §4.3.1.
 */
export function chooseAddress(exchange: Exchange): Choice {
  const { network, client } = exchange;
  const bound = network.bound.get(client);
  if (bound !== undefined) return chooseBound(exchange, bound.address);
  if (network.range === undefined) return { kind: 'none', reason: 'not-bound' };
  const mine = own(exchange);
  if (mine !== undefined) return mine;
  const address = requested(exchange) ?? fromRange(exchange);
  if (address === undefined) {
    const { start = '', end = '' } = network.spec.range ?? {};
    const message = `no free address in ${start}–${end} for ${client}`;
    return { kind: 'none', reason: 'pool-exhausted', event: { type: 'PoolExhausted', message } };
  }
  return { kind: 'address', address, known: network.spec.probe === false, bound: false };
}
