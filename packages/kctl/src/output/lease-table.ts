import { isIpv4, parseIpv4 } from '@kcore/contract';
import { remaining } from '../text/duration.ts';
import { type Column, NONE } from '../text/table.ts';
import type { LeaseView } from './objects.ts';
import { byName } from './order.ts';

export function leaseColumns(now: Date): readonly Column<LeaseView>[] {
  return [
    { heading: 'NETWORK', cell: ({ lease }) => lease.network },
    { heading: 'NODE', cell: ({ node }) => node },
    { heading: 'ADDRESS', cell: ({ lease }) => lease.address },
    { heading: 'MAC', cell: ({ lease }) => lease.mac },
    { heading: 'VM', cell: ({ vm }) => vm ?? NONE },
    { heading: 'EXPIRES', cell: ({ lease }) => remaining(lease.expiresAt, now) },
  ];
}

export function wideLeaseColumns(now: Date): readonly Column<LeaseView>[] {
  return [
    ...leaseColumns(now),
    { heading: 'HOSTNAME', cell: ({ lease }) => lease.hostname ?? NONE },
    { heading: 'CLIENT-ID', cell: ({ lease }) => lease.clientId ?? NONE },
    { heading: 'UNTIL', cell: ({ lease }) => lease.expiresAt },
  ];
}

function addressOrder(address: string): number {
  return isIpv4(address) ? parseIpv4(address) : 0;
}

export function byNetworkAndAddress(a: LeaseView, b: LeaseView): number {
  return (
    byName(a.lease.network, b.lease.network) ||
    byName(a.node, b.node) ||
    addressOrder(a.lease.address) - addressOrder(b.lease.address)
  );
}
