import { dnsmasqLease, formatIpv4, type LeaseStatus } from '@kcore/contract';
import { type Holding, INFINITE_EXPIRY, type Lease } from '../leases/lease.ts';

function expiry(expiresAt: number): Pick<LeaseStatus, 'expiresAt'> {
  return expiresAt === INFINITE_EXPIRY ? {} : { expiresAt: new Date(expiresAt).toISOString() };
}

function stateOf({ expiresAt, released }: Lease, now: number): LeaseStatus['state'] {
  if (expiresAt > now) return 'active';
  return released === true ? 'released' : 'expired';
}

/**
 * What holds an address, as agents report it and `kctl get leases` shows it. Undefined for a promise or a quarantine
 * that is over: nobody needs to know of it, while a lease that is over is kept for its client.
 */
export function leaseStatus(network: string, holding: Holding, now: number): LeaseStatus | undefined {
  const { mac, expiresAt } = holding;
  const common = { kind: 'lease', network, mac, address: formatIpv4(holding.address) } as const;
  if (holding.kind !== 'lease') {
    if (expiresAt <= now) return undefined;
    return { ...common, state: holding.kind === 'offer' ? 'offered' : 'declined', ...expiry(expiresAt) };
  }
  const { origin, hostname, clientId } = holding;
  return {
    ...common,
    state: stateOf(holding, now),
    origin,
    ...(hostname === undefined ? {} : { hostname }),
    ...(clientId === undefined ? {} : { clientId }),
    ...expiry(expiresAt),
  };
}

/** dnsmasq's lease file, for programs that read it. Only leases that run. */
export function dnsmasqLeases(leases: Iterable<LeaseStatus>): string {
  const lines: string[] = [];
  for (const lease of leases) if (lease.state === 'active') lines.push(`${dnsmasqLease(lease)}\n`);
  return lines.join('');
}
