import type { Ipv4Number } from '@kcore/contract';
import { toHex } from '../codec/mac.ts';
import { optionOf } from '../codec/options.ts';
import type { Lease, LeaseChange } from '../leases/lease.ts';
import type { DhcpEvent, DropReason } from './decision.ts';
import type { Exchange, Verdict } from './exchange.ts';

/** Shortest lease given to a client that asks for less, seconds. */
const MINIMUM_LEASE_SECONDS = 60;
/** Longer client identifiers and names are cut: they are kept for display only. */
const MAX_CLIENT_ID_BYTES = 64;
const MAX_HOSTNAME_LENGTH = 63;

export function nothing(
  reason: DropReason,
  effects: { commit?: readonly LeaseChange[]; withdraw?: string; event?: DhcpEvent } = {},
): Verdict {
  return { kind: 'nothing', reason, commit: [], ...effects };
}

/** A client may ask for a shorter lease than the network's, never for a longer one. */
export function leaseSeconds({ request, network }: Exchange): number {
  const configured = network.spec.leaseSeconds;
  const wanted = optionOf(request.packet, 'leaseTime');
  if (wanted === undefined) return configured;
  return Math.min(configured, Math.max(wanted, MINIMUM_LEASE_SECONDS));
}

/** What the client calls itself, without what could break a terminal or a file of one line a lease. */
function clientHostname(exchange: Exchange): string | undefined {
  const name = optionOf(exchange.request.packet, 'hostname')?.replaceAll(/[^A-Za-z0-9._-]/g, '');
  return name === undefined || name === '' ? undefined : name.slice(0, MAX_HOSTNAME_LENGTH);
}

function leaseOf(exchange: Exchange, address: Ipv4Number, expiresAt: number): Lease {
  const bound = exchange.network.bound.get(exchange.client);
  const hostname = bound?.hostname ?? clientHostname(exchange);
  const clientId = optionOf(exchange.request.packet, 'clientId');
  return {
    network: exchange.network.spec.network,
    mac: exchange.client,
    address,
    expiresAt,
    origin: bound?.address === address ? 'binding' : 'dynamic',
    ...(hostname === undefined ? {} : { hostname }),
    ...(clientId === undefined ? {} : { clientId: toHex(clientId.subarray(0, MAX_CLIENT_ID_BYTES)) }),
  };
}

/** Gives the address, which is durable before the client is told. */
export function acknowledge(exchange: Exchange, address: Ipv4Number): Verdict {
  const seconds = leaseSeconds(exchange);
  const lease = leaseOf(exchange, address, exchange.now + seconds * 1000);
  return { kind: 'answer', type: 'ack', address, leaseSeconds: seconds, commit: [{ change: 'lease', lease }] };
}

/**
 * Tells the client to stop using what it asked for and to begin anew. A lease that it holds where a binding says
 * otherwise ends with it: the client must not use the address any more, so somebody else may.
 */
export function refuse(exchange: Exchange, message: string): Verdict {
  const { network, client, leases } = exchange;
  const held = leases.ofClient(client);
  const bound = network.bound.get(client);
  const stale =
    held?.kind === 'lease' && (bound === undefined ? !network.leasable(held.address) : bound.address !== held.address);
  const commit: LeaseChange[] = stale
    ? [{ change: 'forget', network: network.spec.network, address: held.address }]
    : [];
  return { kind: 'answer', type: 'nak', address: 0, message, commit };
}
