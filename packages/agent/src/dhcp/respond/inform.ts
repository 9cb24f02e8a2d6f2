import { contains, type Ipv4Number } from '@kcore/contract';
import type { DhcpRequest } from './decision.ts';
import type { Exchange, Verdict } from './exchange.ts';
import { nothing, inform as settings } from './verdicts.ts';

/** ciaddr, or where the datagram came from: some clients fill in the latter only. */
export function informAddress({ packet, source }: DhcpRequest): Ipv4Number {
  return packet.ciaddr === 0 ? source : packet.ciaddr;
}

/** INFORM: a client with an address of its own wants only the network's settings. Source: RFC 2131 §4.3.5. */
export function inform({ request, network, mac }: Exchange): Verdict {
  const address = informAddress(request);
  if (address === 0) return nothing('no-address-named');
  if (!contains(network.subnet, address)) return nothing('wrong-subnet');
  if (network.spec.bindingsOnly && !network.bound.has(mac)) return nothing('not-bound');
  return settings();
}
