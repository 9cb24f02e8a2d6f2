import { mkdirSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { libraryPath, type Rivals } from '../rivals.ts';
import { BRIDGE, LEASE_SECONDS, RANGE, SUBNET } from '../segment.ts';
import { launch, preloadedAddress, preloadedMac, type ServerKind } from './server.ts';

const COLUMNS =
  'address,hwaddr,client_id,valid_lifetime,expire,subnet_id,fqdn_fwd,fqdn_rev,hostname,state,user_context';

function configuration(directory: string): object {
  return {
    Dhcp4: {
      'interfaces-config': { interfaces: [BRIDGE], 'dhcp-socket-type': 'raw' },
      // In memory, and each ACK's lease written to a file that is never synced.
      'lease-database': { type: 'memfile', persist: true, name: path.join(directory, 'kea.csv'), 'lfc-interval': 0 },
      'valid-lifetime': LEASE_SECONDS,
      'multi-threading': { 'enable-multi-threading': false },
      subnet4: [
        {
          id: 1,
          subnet: `${SUBNET.network}/${SUBNET.prefix}`,
          pools: [{ pool: `${RANGE.first} - ${RANGE.last}` }],
          'option-data': [
            { name: 'routers', data: SUBNET.server },
            { name: 'domain-name-servers', data: '1.1.1.1, 8.8.8.8' },
          ],
        },
      ],
      loggers: [{ name: 'kea-dhcp4', output_options: [{ output: 'stdout' }], severity: 'INFO' }],
    },
  };
}

/** One thread: two were not faster where it was tried. */
export function kea({ packages, why }: Rivals): ServerKind {
  return {
    name: 'Kea',
    preloads: true,
    ...(packages === undefined ? { missing: why } : {}),
    start: (segment, directory, preloaded) => {
      const expire = Math.floor(Date.now() / 1000) + LEASE_SECONDS;
      const rows = Array.from(
        { length: preloaded },
        (_, index) => `${preloadedAddress(index)},${preloadedMac(index)},,${LEASE_SECONDS},${expire},1,0,0,,0,\n`,
      );
      writeFileSync(path.join(directory, 'kea.csv'), `${COLUMNS}\n${rows.join('')}`);
      writeFileSync(path.join(directory, 'kea.json'), JSON.stringify(configuration(directory)));
      const run = path.join(directory, 'run');
      mkdirSync(run, { recursive: true });
      const root = packages ?? '';
      return launch({
        segment,
        program: path.join(root, 'usr/sbin/kea-dhcp4'),
        args: ['-c', path.join(directory, 'kea.json')],
        environment: {
          LD_LIBRARY_PATH: libraryPath(root),
          KEA_PIDFILE_DIR: run,
          KEA_LOCKFILE_DIR: run,
        },
        ready: /DHCP4_STARTED/,
      });
    },
  };
}
