import { type Connection, conntrack } from '@kcore/netlink';
import type { ConntrackFilter } from '../model/kernel.ts';

/** IPPROTO_*. */
const PROTOCOLS = { tcp: 6, udp: 17 } as const;

/**
 * Ends tracked connections whose original destination is one of these: their next packet is judged anew. One dump for
 * all filters, because the kernel's table may be long.
 */
export async function endConnections(filters: readonly ConntrackFilter[], netfilter: Connection): Promise<number> {
  if (filters.length === 0) return 0;
  const wanted = new Set(filters.map(({ protocol, address, port }) => `${PROTOCOLS[protocol]} ${address} ${port}`));
  const { items } = await netfilter.dump(conntrack.list());
  const ending = items.filter(({ original }) => {
    const { ip, protocol } = original ?? {};
    return wanted.has(`${protocol?.number} ${ip?.destination} ${protocol?.destinationPort}`);
  });
  const outcomes = await netfilter.batch(ending.map((entry) => conntrack.delete(entry)));
  return outcomes.filter(({ status }) => status === 'ok').length;
}
