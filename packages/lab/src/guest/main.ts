import { readFile, watch } from 'node:fs/promises';
import { join } from 'node:path';
import { parse } from 'yaml';
import { openAnswering } from '../answering.ts';
import { writeAtomically } from '../atomic-file.ts';
import { createConfigurator } from './configurator.ts';
import { startDhcpClient } from './dhcp-client.ts';
import { openGuestLinks } from './kernel-links.ts';
import { parseNetworkConfig } from './network-config.ts';

// One guest: a process in a network namespace of its own that does what an operating system does with its seed.
// Called with the directory of its seed and the path of udhcpc.
const [directory, udhcpc] = process.argv.slice(2);
if (!directory || !udhcpc) throw new Error('usage: guest DIRECTORY UDHCPC');

/** A NIC that could not be configured, or a DHCP client that ended, is tried again after this time, milliseconds. */
const RETRY = 1_000;

const NETWORK_CONFIG = 'network-config';

const log = (line: string): void => {
  process.stdout.write(`${new Date().toISOString()} ${line}\n`);
};

const metaData: unknown = parse(await readFile(join(directory, 'meta-data'), 'utf8'));
const hostname = String((metaData as Readonly<Record<string, unknown>> | null)?.['local-hostname'] ?? 'localhost');
const readInterfaces = async () => parseNetworkConfig(await readFile(join(directory, NETWORK_CONFIG), 'utf8'));
// Watched before it is read for the first time, so that no change is missed.
const reseeded = watch(directory);
const seed = { interfaces: await readInterfaces() };

const links = await openGuestLinks();
const nameservers = { written: '' };
const configurator = createConfigurator({
  interfaces: () => seed.interfaces,
  links,
  dhcp: (device, onLease, onEnd) => startDhcpClient({ program: udhcpc, directory, device, hostname, onLease, onEnd }),
  onChanged: () => look(),
  onEnded: () => lookLater(),
  log,
  onNameservers: (list) => {
    const text = list.map((address) => `nameserver ${address}\n`).join('');
    if (text === nameservers.written) return;
    nameservers.written = text;
    writeAtomically(join(directory, 'resolv.conf'), text).catch((error: unknown) => log(String(error)));
  },
});

/** Its NICs are others: its host writes the document anew. */
async function followSeed(): Promise<void> {
  for await (const { filename } of reseeded) {
    if (filename !== NETWORK_CONFIG) continue;
    try {
      seed.interfaces = await readInterfaces();
      look();
    } catch (error) {
      log(String(error));
    }
  }
}

function look(): void {
  configurator.look().then(
    (settled) => {
      if (!settled) lookLater();
    },
    (error: unknown) => {
      log(String(error));
      lookLater();
    },
  );
}

function lookLater(): void {
  setTimeout(look, RETRY);
}

process.once('SIGTERM', () => {
  configurator.stop();
  process.exit(0);
});
look();
void followSeed();
await openAnswering({
  tcpPort: 80,
  udpPort: 7,
  answer: (remote) => {
    const addresses = configurator.addresses().map((address) => address.split('/')[0]);
    return `${hostname} (${addresses.join(', ') || 'no address'}) sees you as ${remote}`;
  },
});
log(`${hostname} is up`);
for await (const _ of links.changes()) look();
