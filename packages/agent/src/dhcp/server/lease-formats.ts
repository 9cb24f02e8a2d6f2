import { formatIpv4, type LeaseStatus } from '@kcore/contract';
import type { Lease } from '../leases/lease.ts';

/** A lease as agents report it and `kctl get leases` shows it. */
export function leaseStatus(lease: Lease): LeaseStatus {
  return {
    kind: 'lease',
    network: lease.network,
    mac: lease.mac,
    address: formatIpv4(lease.address),
    ...(lease.hostname === undefined ? {} : { hostname: lease.hostname }),
    ...(lease.clientId === undefined ? {} : { clientId: lease.clientId }),
    expiresAt: new Date(lease.expiresAt).toISOString(),
  };
}

function colons(hex: string): string {
  return hex.match(/../g)?.join(':') ?? '';
}

/**
 * dnsmasq's lease file, for programs that read it: one line a lease, `<expiry, seconds since 1970> <MAC> <address>
 * <hostname or *> <client identifier or *>`. Only leases that run at `now` (milliseconds).
 */
export function dnsmasqLeases(leases: Iterable<Lease>, now: number): string {
  const lines: string[] = [];
  for (const { expiresAt, mac, address, hostname, clientId } of leases) {
    if (expiresAt <= now) continue;
    const seconds = Math.floor(expiresAt / 1000);
    const id = clientId === undefined || clientId === '' ? '*' : colons(clientId);
    lines.push(`${seconds} ${mac} ${formatIpv4(address)} ${hostname ?? '*'} ${id}\n`);
  }
  return lines.join('');
}
