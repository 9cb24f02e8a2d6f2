import { optionOf } from '../codec/options.ts';
import type { Offer } from '../leases/lease.ts';
import { type Choice, chooseAddress } from './address.ts';
import type { Exchange, Verdict } from './exchange.ts';
import { acknowledge, leaseSeconds, nothing } from './verdicts.ts';

/** How long an offered address is kept for its client. */
export const OFFER_MILLISECONDS = 30_000;

export function offerOf(exchange: Exchange, choice: Extract<Choice, { kind: 'address' }>): Offer {
  return {
    mac: exchange.client,
    address: choice.address,
    expiresAt: exchange.now + OFFER_MILLISECONDS,
    checked: choice.known,
  };
}

/** DISCOVER. Source: RFC 2131 §4.3.1; with option 80, RFC 4039 §3. */
export function discover(exchange: Exchange): Verdict {
  const choice = chooseAddress(exchange);
  if (choice.kind === 'none') {
    return nothing(choice.reason, choice.event === undefined ? {} : { event: choice.event });
  }
  const offer = offerOf(exchange, choice);
  if (!choice.known) return { kind: 'probe', offer, commit: [] };
  const { network, request, leases, client } = exchange;
  if (network.spec.rapidCommit === true && optionOf(request.packet, 'rapidCommit') === true) {
    return acknowledge(exchange, choice.address);
  }
  const seconds = leaseSeconds(exchange);
  const answer = { kind: 'answer', type: 'offer', address: choice.address, leaseSeconds: seconds, commit: [] } as const;
  // A lease that still runs holds its address by itself, and a bound address is nobody else's.
  const holding = leases.ofClient(client);
  const held = holding?.kind === 'lease' && holding.address === choice.address && holding.expiresAt > exchange.now;
  return choice.bound || held ? answer : { ...answer, offer };
}
