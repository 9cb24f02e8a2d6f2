import { dnsmasqLease, isIpv4, type LeaseStatus, parseIpv4 } from '@kcore/contract';
import { remaining } from '../text/duration.ts';
import { type Column, NONE } from '../text/table.ts';
import type { LeaseView } from './objects.ts';
import { byName } from './order.ts';

/** The state, as of now: a node says after some seconds only that a lease ran out. */
function leaseState({ state, expiresAt }: LeaseStatus, now: Date): LeaseStatus['state'] {
  const over = expiresAt !== undefined && Date.parse(expiresAt) <= now.getTime();
  return state === 'active' && over ? 'expired' : state;
}

function timeLeft({ expiresAt }: LeaseStatus, now: Date): string {
  return expiresAt === undefined ? 'never' : remaining(expiresAt, now);
}

/** Leases that run, as dnsmasq writes them. */
export function dnsmasqLines({ lease }: LeaseView, now: Date): readonly string[] {
  return leaseState(lease, now) === 'active' ? [dnsmasqLease(lease)] : [];
}

export function leaseColumns(now: Date): readonly Column<LeaseView>[] {
  return [
    { heading: 'NETWORK', cell: ({ lease }) => lease.network },
    { heading: 'NODE', cell: ({ node }) => node },
    { heading: 'ADDRESS', cell: ({ lease }) => lease.address },
    { heading: 'MAC', cell: ({ lease }) => lease.mac },
    { heading: 'VM', cell: ({ vm }) => vm ?? NONE },
    { heading: 'STATE', cell: ({ lease }) => leaseState(lease, now) },
    { heading: 'EXPIRES', cell: ({ lease }) => timeLeft(lease, now) },
  ];
}

export function wideLeaseColumns(now: Date): readonly Column<LeaseView>[] {
  return [
    ...leaseColumns(now),
    { heading: 'HOSTNAME', cell: ({ lease }) => lease.hostname ?? NONE },
    { heading: 'CLIENT-ID', cell: ({ lease }) => lease.clientId ?? NONE },
    { heading: 'ORIGIN', cell: ({ lease }) => lease.origin ?? NONE },
    { heading: 'UNTIL', cell: ({ lease }) => lease.expiresAt ?? NONE },
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
