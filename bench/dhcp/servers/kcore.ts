import path from 'node:path';
import { repository } from '../../support/places.ts';
import { BRIDGE, LEASE_SECONDS, RANGE, SUBNET } from '../segment.ts';
import { launch, type ServerKind } from './server.ts';

/** The stand-alone server of examples/, as it is built. No ARP probe before an offer: Kea and dnsmasq are run without. */
export const kcore: ServerKind = {
  name: 'kcore',
  preloads: false,
  start: (segment, directory) =>
    launch({
      segment,
      program: process.execPath,
      args: [
        path.join(repository, 'examples/dist/dhcp-server.js'),
        ...['--interface', BRIDGE, '--address', `${SUBNET.server}/${SUBNET.prefix}`],
        ...['--range', `${RANGE.first}-${RANGE.last}`, '--lease-seconds', String(LEASE_SECONDS)],
        ...['--dns', '1.1.1.1,8.8.8.8', '--no-probe', '--state', directory],
      ],
      ready: /^serving /m,
    }),
};
