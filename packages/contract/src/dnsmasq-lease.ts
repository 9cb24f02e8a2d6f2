import type { LeaseStatus } from './status.ts';

/** Whatever a client calls itself, a line stays a line of five words. */
function word(text: string | undefined): string {
  const safe = text?.replaceAll(/[^\x21-\x7e]/g, '') ?? '';
  return safe === '' ? '*' : safe;
}

/**
 * A lease as a line of dnsmasq's lease file, for programs that read those: `<expiry, seconds since 1970; 0 for never>
 * <MAC> <address> <hostname or *> <client identifier or *>`.
 */
export function dnsmasqLease({ mac, address, hostname, clientId, expiresAt }: LeaseStatus): string {
  const seconds = expiresAt === undefined ? 0 : Math.floor(Date.parse(expiresAt) / 1000);
  const id = clientId?.match(/../g)?.join(':');
  return `${seconds} ${mac} ${address} ${word(hostname)} ${word(id)}`;
}
