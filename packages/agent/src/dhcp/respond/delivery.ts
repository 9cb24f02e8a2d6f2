import { BROADCAST_FLAG } from '../codec/packet.ts';
import type { Delivery, DhcpReply } from './decision.ts';
import type { Exchange } from './exchange.ts';
import { informAddress } from './inform.ts';

const BROADCAST: Delivery = { to: 'broadcast' };

/**
 * Source: RFC 2131 §4.1. A client that has an address is on this link (its address was checked to be of the subnet), so
 * it is reached by its MAC like one that has none yet: no ARP, and no neighbour table that a boot storm could fill.
 */
export function deliveryOf({ request, type, mac }: Exchange, reply: DhcpReply): Delivery {
  const { packet } = request;
  if (packet.giaddr !== 0) return { to: 'relay', address: packet.giaddr };
  if (reply.type === 'nak') return BROADCAST;
  if (type === 'inform') return { to: 'client', mac, address: informAddress(request) };
  if (packet.ciaddr !== 0) return { to: 'client', mac, address: packet.ciaddr };
  // An OFFER of no address (RFC 8925, RFC 2563) has none to go to.
  if ((packet.flags & BROADCAST_FLAG) !== 0 || reply.packet.yiaddr === 0) return BROADCAST;
  return { to: 'client', mac, address: reply.packet.yiaddr };
}
