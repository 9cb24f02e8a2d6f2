import { optionCode, optionOf } from '../codec/options.ts';
import type { Offer } from '../leases/lease.ts';
import { type Choice, chooseAddress } from './address.ts';
import type { Exchange, Verdict } from './exchange.ts';
import { acknowledge, leaseSeconds, nothing, probe, propose } from './verdicts.ts';

/** How long an offered address is kept for its client. */
export const OFFER_MILLISECONDS = 30_000;

export function offerOf({ client, mac, now }: Exchange, address: number, checked: boolean): Offer {
  const expiresAt = now + OFFER_MILLISECONDS;
  return client === mac ? { mac, address, expiresAt, checked } : { client, mac, address, expiresAt, checked };
}

/** RFC 8925 §3.3: who asks for option 108 can do without IPv4, and where that is wanted takes no address of the range. */
function canDoWithoutIpv4({ network, request, mac }: Exchange): boolean {
  if (network.spec.ipv6OnlySeconds === undefined || network.bound.has(mac)) return false;
  return optionOf(request.packet, 'parameterList')?.includes(optionCode('ipv6OnlyPreferred')) === true;
}

/** RFC 2563 §2: who gets no address and asks is told whether to choose a link-local one. */
function withoutAddress({ network, request }: Exchange, { reason, event }: Extract<Choice, { kind: 'none' }>): Verdict {
  const asked = network.spec.autoConfigure !== undefined && optionOf(request.packet, 'autoConfigure') !== undefined;
  const final = reason === 'pool-exhausted' || reason === 'not-bound';
  if (!asked || !final || network.spec.bindingsOnly) return nothing(reason, { event });
  return propose(0, undefined, undefined, event);
}

/** DISCOVER. Source: RFC 2131 §4.3.1; with option 80, RFC 4039 §3. */
export function discover(exchange: Exchange): Verdict {
  if (canDoWithoutIpv4(exchange)) return propose(0, leaseSeconds(exchange), undefined);
  const choice = chooseAddress(exchange);
  if (choice.kind === 'none') return withoutAddress(exchange, choice);
  const { address, known, bound } = choice;
  if (!known) return probe(offerOf(exchange, address, false));
  const { network, request, leases, client, now } = exchange;
  if (network.spec.rapidCommit === true && optionOf(request.packet, 'rapidCommit') === true) {
    return acknowledge(exchange, address);
  }
  // A lease that still runs holds its address by itself, and a bound address is nobody else's.
  const holding = leases.ofClient(client);
  const held = holding?.kind === 'lease' && holding.address === address && holding.expiresAt > now;
  return propose(address, leaseSeconds(exchange), bound || held ? undefined : offerOf(exchange, address, true));
}
