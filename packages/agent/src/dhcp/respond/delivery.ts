import { BROADCAST_FLAG } from '../codec/packet.ts';
import type { Delivery, DhcpReply } from './decision.ts';
import type { Exchange } from './exchange.ts';

/**
 * Source: RFC 2131 §4.1. A client that has an address is on this link (its address was checked to be of the subnet), so
 * it is reached by its MAC like one that has none yet: no ARP, and no neighbour table that a boot storm could fill.
 */
export function deliveryOf({ request: { packet } }: Exchange, reply: DhcpReply): Delivery {
  if (packet.giaddr !== 0) return { to: 'relay', address: packet.giaddr };
  if (reply.type === 'nak') return { to: 'broadcast' };
  if (packet.ciaddr !== 0) return { to: 'client', mac: packet.mac, address: packet.ciaddr };
  if ((packet.flags & BROADCAST_FLAG) !== 0) return { to: 'broadcast' };
  return { to: 'client', mac: packet.mac, address: reply.packet.yiaddr };
}
