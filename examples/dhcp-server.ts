/**
 * A DHCP server for one link, without anything else of kcore:
 *
 *   node examples/dist/dhcp-server.js --interface br0 --address 10.78.0.1/24 --range 10.78.0.100-10.78.0.199 \
 *     --dns 1.1.1.1,8.8.8.8 --reservation 52:54:00:0b:9d:9f=10.78.0.50 --state /var/lib/br0-dhcp
 *
 * It prints `serving br0` when it is ready, and each event as a line; it runs until SIGTERM or SIGINT. SIGUSR1 prints its
 * leases as a dnsmasq lease file, SIGUSR2 its counters as JSON. It needs CAP_NET_RAW and CAP_NET_BIND_SERVICE.
 */
import { once } from 'node:events';
import { parseArgs } from 'node:util';
import { kernelPacketSockets, systemClock } from '@kcore/agent';
import { createDhcpServer, type DhcpNetwork } from '@kcore/agent/dhcp';

const USAGE =
  'usage: dhcp-server --interface NAME --address ADDRESS/LEN --range FIRST-LAST --state DIR [--lease-seconds N] ' +
  '[--dns A,B] [--domain NAME] [--mtu N] [--reservation MAC=ADDRESS]… [--option CODE=HEX]… [--rapid-commit] [--no-probe]';

class UsageError extends Error {}

function required(value: string | undefined, flag: string): string {
  if (value === undefined) throw new UsageError(`--${flag} is missing`);
  return value;
}

/** The two parts of `left<separator>right`. */
function pair(text: string, separator: string, flag: string): [string, string] {
  const [left, right, ...more] = text.split(separator);
  if (left === undefined || right === undefined || left === '' || right === '' || more.length > 0) {
    throw new UsageError(`--${flag} '${text}': expected two parts with '${separator}' between them`);
  }
  return [left, right];
}

function whole(text: string, flag: string): number {
  if (!/^\d{1,10}$/.test(text)) throw new UsageError(`--${flag} '${text}' is not a number`);
  return Number(text);
}

interface Settings {
  readonly network: DhcpNetwork;
  readonly directory: string;
}

function settings(args: readonly string[]): Settings {
  const text = { type: 'string' } as const;
  const list = { type: 'string', multiple: true, default: [] as string[] } as const;
  const { values } = parseArgs({
    args: [...args],
    options: {
      interface: text,
      address: text,
      range: text,
      state: text,
      'lease-seconds': { ...text, default: '43200' },
      dns: text,
      domain: text,
      mtu: text,
      reservation: list,
      option: list,
      'rapid-commit': { type: 'boolean', default: false },
      'no-probe': { type: 'boolean', default: false },
    },
  });
  const link = required(values.interface, 'interface');
  const [serverAddress, prefix] = pair(required(values.address, 'address'), '/', 'address');
  const [start, end] = pair(required(values.range, 'range'), '-', 'range');
  const network: DhcpNetwork = {
    network: link,
    link,
    serverAddress,
    prefix: whole(prefix, 'address'),
    range: { start, end },
    leaseSeconds: whole(values['lease-seconds'], 'lease-seconds'),
    router: serverAddress,
    dns: values.dns?.split(',') ?? [],
    ...(values.domain === undefined ? {} : { domain: values.domain }),
    ...(values.mtu === undefined ? {} : { mtu: whole(values.mtu, 'mtu') }),
    options: values.option.map((one) => {
      const [code, hex] = pair(one, '=', 'option');
      return { code: whole(code, 'option'), hex };
    }),
    bindings: [],
    reservations: values.reservation.map((one) => {
      const [mac, address] = pair(one, '=', 'reservation');
      return { mac, address };
    }),
    bindingsOnly: false,
    rapidCommit: values['rapid-commit'],
    probe: !values['no-probe'],
  };
  return { network, directory: required(values.state, 'state') };
}

async function run({ network, directory }: Settings): Promise<void> {
  const misconfigured: string[] = [];
  await using server = await createDhcpServer({
    sockets: kernelPacketSockets(),
    directory,
    clock: systemClock,
    onEvent: (type, object, message) => {
      console.log(`${type} ${object}: ${message}`);
      if (type === 'NetworkMisconfigured') misconfigured.push(message);
    },
  });
  await server.setNetworks([network]);
  // A server of many networks serves the others; this one has no other.
  if (misconfigured.length > 0) throw new UsageError(misconfigured.join('; '));
  process.on('SIGUSR1', () => process.stdout.write(server.exportLeases()));
  process.on('SIGUSR2', () => console.log(JSON.stringify(server.statistics())));
  console.log(`serving ${network.network}`);
  await Promise.race([once(process, 'SIGTERM'), once(process, 'SIGINT')]);
}

try {
  await run(settings(process.argv.slice(2)));
} catch (error) {
  const usage = error instanceof UsageError || (error instanceof TypeError && 'code' in error);
  console.error(`Error: ${error instanceof Error ? error.message : error}${usage ? `\n${USAGE}` : ''}`);
  process.exitCode = usage ? 2 : 1;
}
