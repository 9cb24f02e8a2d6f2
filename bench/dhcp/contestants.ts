import { findRivals } from './rivals.ts';
import { dnsmasq } from './servers/dnsmasq.ts';
import { kcore } from './servers/kcore.ts';
import { kea } from './servers/kea.ts';
import type { ServerKind } from './servers/server.ts';

export interface Servers {
  readonly ours: ServerKind;
  readonly kea: ServerKind;
  readonly dnsmasq: ServerKind;
}

export function findServers(): Servers {
  const rivals = findRivals();
  return { ours: kcore, kea: kea(rivals), dnsmasq: dnsmasq(rivals) };
}
