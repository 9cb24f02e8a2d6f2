import { writeFileSync } from 'node:fs';
import path from 'node:path';
import type { Rivals } from '../rivals.ts';
import { BRIDGE, LEASE_SECONDS, RANGE, SUBNET } from '../segment.ts';
import { launch, preloadedAddress, preloadedMac, type ServerKind } from './server.ts';

/**
 * As hypervisors run it, one process a network. `--no-ping`: otherwise it waits three seconds for an echo before each
 * offer, several clients at a time. Its lease file is written anew and synced once an ACK.
 */
export function dnsmasq({ dnsmasq: program, why }: Rivals): ServerKind {
  return {
    name: 'dnsmasq',
    preloads: true,
    ...(program === undefined ? { missing: why } : {}),
    start: (segment, directory, preloaded) => {
      const file = path.join(directory, 'dnsmasq.leases');
      const expiry = Math.floor(Date.now() / 1000) + LEASE_SECONDS;
      const lines = Array.from(
        { length: preloaded },
        (_, index) => `${expiry} ${preloadedMac(index)} ${preloadedAddress(index)} * *\n`,
      );
      writeFileSync(file, lines.join(''));
      return launch({
        segment,
        program: program ?? '',
        args: [
          ...['--keep-in-foreground', '--conf-file=/dev/null', '--pid-file=', '--user=root', '--log-facility=-'],
          ...['--no-resolv', '--no-hosts', '--no-poll', '--port=0', '--except-interface=lo', '--bind-interfaces'],
          ...[`--interface=${BRIDGE}`, '--dhcp-authoritative', '--dhcp-no-override', '--no-ping', '--quiet-dhcp'],
          `--dhcp-range=${RANGE.first},${RANGE.last},${SUBNET.netmask},${LEASE_SECONDS}`,
          ...['--dhcp-option=option:dns-server,1.1.1.1,8.8.8.8', '--dhcp-lease-max=70000', `--dhcp-leasefile=${file}`],
        ],
        ready: /DHCP, (IP range|sockets bound)/,
      });
    },
  };
}
