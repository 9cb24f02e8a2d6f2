import type { DhcpStatus } from '@kcore/contract';
import type { LeaseTable } from '../leases/lease-table.ts';
import type { ServedNetwork } from '../respond/served-network.ts';
import type { DhcpCounters } from './counters.ts';

function usage({ range }: ServedNetwork, table: LeaseTable, now: number): DhcpStatus['addresses'] {
  const counts = { lease: 0, offer: 0, quarantine: 0 };
  for (const { kind, expiresAt } of table.holdings()) if (expiresAt > now) counts[kind] += 1;
  return {
    range: range === undefined ? 0 : Math.max(0, range.last - range.first + 1),
    active: counts.lease,
    offered: counts.offer,
    declined: counts.quarantine,
  };
}

/** What a network's server has done, and how full its range is, as agents report it. */
export function networkStatistics(
  network: ServedNetwork,
  table: LeaseTable,
  counters: DhcpCounters,
  now: number,
): DhcpStatus {
  const { discover, offer, request, ack, nak, decline, release, inform, dropped, unsent, probes } = counters;
  return {
    kind: 'dhcp',
    network: network.spec.network,
    messages: { discover, offer, request, ack, nak, decline, release, inform },
    dropped: { ...dropped },
    unsent,
    probes,
    addresses: usage(network, table, now),
  };
}
