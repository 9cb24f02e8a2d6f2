/*
 * kcore's DHCP server as a process of its own, told what to do by lines of JSON on its standard input, so that it can be
 * tried by the same script as other servers: killed, starved, and compared.
 */
import { createInterface } from 'node:readline';
import { kernelPacketSockets, systemClock } from '@kcore/agent';
import { createDhcpServer } from '@kcore/agent/dhcp';

const tell = (value) => process.stdout.write(`${JSON.stringify(value)}\n`);

try {
  const server = await createDhcpServer({
    sockets: kernelPacketSockets(),
    directory: process.argv[2] ?? '',
    clock: systemClock,
    onEvent: (type, object, message) => tell({ event: type, object, message }),
  });
  const orders = {
    serve: ({ networks }) => server.setNetworks(networks),
    release: ({ network, mac }) => server.release(network, mac),
    leases: () => server.exportLeases(),
    counters: () => Object.fromEntries(server.counters()),
    usage: () => ({ rss: process.memoryUsage.rss(), cpu: process.cpuUsage() }),
  };
  process.on('SIGTERM', () => void server[Symbol.asyncDispose]().then(() => process.exit(0)));
  tell({ event: 'Started' });
  for await (const line of createInterface({ input: process.stdin })) {
    const { id, order, ...more } = JSON.parse(line);
    try {
      tell({ id, result: (await orders[order](more)) ?? null });
    } catch (error) {
      tell({ id, error: error instanceof Error ? error.message : String(error) });
    }
  }
  // Whoever gave the orders is gone.
  process.exit(0);
} catch (error) {
  console.error(`Error: ${error instanceof Error ? error.message : error}`);
  process.exit(1);
}
