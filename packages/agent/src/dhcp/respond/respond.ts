import { contains } from '@kcore/contract';
import { optionOf } from '../codec/options.ts';
import { BOOTREQUEST, HTYPE_ETHERNET, type MessageType } from '../codec/packet.ts';
import { linkSelection } from '../codec/relay-agent.ts';
import type { LeaseView } from '../leases/lease.ts';
import { composeReply } from './compose.ts';
import type { Decision, DhcpRequest, DropReason } from './decision.ts';
import { deliveryOf } from './delivery.ts';
import { discover } from './discover.ts';
import { type Exchange, exchangeOf, type Verdict } from './exchange.ts';
import { decline, release } from './goodbye.ts';
import { inform } from './inform.ts';
import { request } from './request-states.ts';
import type { ServedNetwork } from './served-network.ts';
import { nothing } from './verdicts.ts';

/*
 * A request passes four stages, each a table: guards that turn it away, the handler of its message type, the handlers
 * that add options, and the delivery. What has to be durable before the reply leaves is part of the decision, so that
 * whoever serves cannot send first and store later.
 */

/** Turns away what must not be answered, whatever it says. */
type Guard = (exchange: Exchange) => DropReason | undefined;

const isRequest: Guard = ({ request: { packet } }) => (packet.op === BOOTREQUEST ? undefined : 'not-a-request');

const isEthernet: Guard = ({ request: { packet } }) =>
  packet.htype === HTYPE_ETHERNET && packet.hlen === 6 ? undefined : 'not-ethernet';

/** An address nobody can have: all zero, or a group. */
const isUnicastMac: Guard = ({ request: { packet } }) => {
  const group = ((packet.chaddr[0] ?? 0) & 1) === 1;
  return group || packet.mac === '00:00:00:00:00:00' ? 'not-ethernet' : undefined;
};

const isDhcp: Guard = ({ request: { packet }, type }) =>
  type !== undefined ? undefined : packet.options.has(53) ? 'unknown-message-type' : 'bootp';

/**
 * A relay agent must serve the network's own subnet, by its address or by link selection (RFC 3527), or a guest could
 * take leases of other networks by naming theirs.
 */
const isOwnRelay: Guard = ({ request: { packet }, network }) => {
  if (packet.giaddr === 0) return undefined;
  const agent = optionOf(packet, 'relayAgent');
  const link = (agent === undefined ? undefined : linkSelection(agent)) ?? packet.giaddr;
  return contains(network.subnet, link) ? undefined : 'unknown-relay';
};

const GUARDS: readonly Guard[] = [isRequest, isEthernet, isUnicastMac, isDhcp, isOwnRelay];

const unexpected = (): Verdict => nothing('not-a-request');

const HANDLERS: Readonly<Record<MessageType, (exchange: Exchange) => Verdict>> = {
  discover,
  request,
  decline,
  release,
  inform,
  offer: unexpected,
  ack: unexpected,
  nak: unexpected,
};

function verdictOf(exchange: Exchange): Verdict {
  for (const guard of GUARDS) {
    const reason = guard(exchange);
    if (reason !== undefined) return nothing(reason);
  }
  return exchange.type === undefined ? nothing('bootp') : HANDLERS[exchange.type](exchange);
}

/**
 * Decides what is to be done about one request, from its arguments alone.
 *
 * `now` is milliseconds since 1970. Source: RFC 2131, RFC 2132, RFC 3046, RFC 6842.
 */
export function respond(dhcpRequest: DhcpRequest, network: ServedNetwork, leases: LeaseView, now: number): Decision {
  const exchange = exchangeOf(dhcpRequest, network, leases, now);
  const verdict = verdictOf(exchange);
  if (verdict.kind !== 'answer') return verdict;
  const reply = composeReply(exchange, verdict);
  const { commit, offer, withdraw, event } = verdict;
  return { kind: 'reply', reply, delivery: deliveryOf(exchange, reply), commit, offer, withdraw, event };
}
