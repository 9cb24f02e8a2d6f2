import { contains } from '@kcore/contract';
import type { Exchange, Verdict } from './exchange.ts';
import { nothing } from './verdicts.ts';

/** INFORM: a client with an address of its own wants only the network's settings. Source: RFC 2131 §4.3.5. */
export function inform({ request, network, client }: Exchange): Verdict {
  const { ciaddr } = request.packet;
  if (ciaddr === 0) return nothing('no-address-named');
  if (!contains(network.subnet, ciaddr)) return nothing('wrong-subnet');
  if (network.spec.bindingsOnly && !network.bound.has(client)) return nothing('not-bound');
  return { kind: 'answer', type: 'ack', address: 0, commit: [] };
}
