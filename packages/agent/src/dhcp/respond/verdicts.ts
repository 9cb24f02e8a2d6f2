import type { Ipv4Number } from '@kcore/contract';
import { toHex } from '../codec/mac.ts';
import { optionOf } from '../codec/options.ts';
import { INFINITE_EXPIRY, INFINITE_SECONDS, type Lease, type LeaseChange, type Offer } from '../leases/lease.ts';
import { clientHostname } from './client-hostname.ts';
import type { DhcpEvent, DropReason } from './decision.ts';
import type { Exchange, Verdict } from './exchange.ts';
import { formerKey, MAX_CLIENT_ID_BYTES } from './identity.ts';

/** Shortest lease given to a client that asks for less, seconds. */
const MINIMUM_LEASE_SECONDS = 60;
const NO_CHANGES: readonly LeaseChange[] = [];

export function nothing(
  reason: DropReason,
  effects: { commit?: readonly LeaseChange[]; withdraw?: string; event?: DhcpEvent | undefined } = {},
): Verdict {
  const { commit = NO_CHANGES, withdraw, event } = effects;
  return { kind: 'nothing', reason, commit, offer: undefined, withdraw, event };
}

/** The link has to be asked for the address first. */
export function probe(offer: Offer): Verdict {
  return { kind: 'probe', commit: NO_CHANGES, offer, withdraw: undefined, event: undefined };
}

/** Promises an address, or 0 to say that there is none. `offer`: to be remembered. */
export function propose(
  address: Ipv4Number,
  leaseSeconds: number | undefined,
  offer: Offer | undefined,
  event?: DhcpEvent,
): Verdict {
  return {
    kind: 'answer',
    type: 'offer',
    address,
    leaseSeconds,
    message: undefined,
    commit: NO_CHANGES,
    offer,
    withdraw: undefined,
    event,
  };
}

/** A client may ask for a shorter lease than the network's, never for a longer one. */
export function leaseSeconds({ request, network }: Exchange): number {
  const configured = network.spec.leaseSeconds;
  const wanted = optionOf(request.packet, 'leaseTime');
  if (wanted === undefined) return configured;
  return Math.min(configured, Math.max(wanted, MINIMUM_LEASE_SECONDS));
}

function leaseOf(exchange: Exchange, address: Ipv4Number, seconds: number): Lease {
  const { network, client, mac, now, request } = exchange;
  const bound = network.bound.get(mac);
  const expiresAt = seconds === INFINITE_SECONDS ? INFINITE_EXPIRY : now + seconds * 1000;
  const origin = bound?.address === address ? 'binding' : 'dynamic';
  // Filled in place: objects of few shapes, because one is made for each ACK.
  const lease: { -readonly [K in keyof Lease]: Lease[K] } = {
    network: network.spec.network,
    mac,
    address,
    expiresAt,
    origin,
  };
  const hostname = bound?.hostname ?? clientHostname(request.packet);
  if (hostname !== undefined) lease.hostname = hostname;
  const clientId = optionOf(request.packet, 'clientId');
  if (clientId !== undefined) lease.clientId = toHex(clientId.subarray(0, MAX_CLIENT_ID_BYTES));
  if (client !== mac) lease.client = client;
  return lease;
}

/** What a MAC that was bound since holds under its identifier: it is its binding now, so that lease is over. */
function former(exchange: Exchange, keep: Ipv4Number): readonly LeaseChange[] {
  const { network, mac, leases, request } = exchange;
  const key = network.bound.has(mac) ? formerKey(request.packet) : undefined;
  const held = key === undefined ? undefined : leases.ofClient(key);
  if (held?.kind !== 'lease' || held.mac !== mac || held.address === keep) return NO_CHANGES;
  return [{ change: 'forget', network: network.spec.network, address: held.address }];
}

/** Gives the address, which is durable before the client is told. */
export function acknowledge(exchange: Exchange, address: Ipv4Number): Verdict {
  const seconds = leaseSeconds(exchange);
  const change: LeaseChange = { change: 'lease', lease: leaseOf(exchange, address, seconds) };
  const over = former(exchange, address);
  return {
    kind: 'answer',
    type: 'ack',
    address,
    leaseSeconds: seconds,
    message: undefined,
    commit: over.length === 0 ? [change] : [...over, change],
    offer: undefined,
    withdraw: undefined,
    event: undefined,
  };
}

/** Tells the network's settings without a lease (ACK to INFORM). */
export function inform(): Verdict {
  return {
    kind: 'answer',
    type: 'ack',
    address: 0,
    leaseSeconds: undefined,
    message: undefined,
    commit: NO_CHANGES,
    offer: undefined,
    withdraw: undefined,
    event: undefined,
  };
}

/**
 * Tells the client to stop using what it asked for and to begin anew. A lease that it holds where a binding says
 * otherwise ends with it: the client must not use the address any more, so somebody else may.
 */
export function refuse(exchange: Exchange, message: string): Verdict {
  const { network, client, mac, leases } = exchange;
  const held = leases.ofClient(client);
  const bound = network.bound.get(mac);
  const stale =
    held?.kind === 'lease' && (bound === undefined ? !network.leasable(held.address) : bound.address !== held.address);
  const over: readonly LeaseChange[] = stale
    ? [{ change: 'forget', network: network.spec.network, address: held.address }]
    : NO_CHANGES;
  const commit = [...over, ...former(exchange, 0)];
  return {
    kind: 'answer',
    type: 'nak',
    address: 0,
    leaseSeconds: undefined,
    message,
    commit,
    offer: undefined,
    withdraw: undefined,
    event: undefined,
  };
}
