import { expect, test } from 'vitest';
import { createConfigurator, wantedLink } from './configurator.ts';
import { type DhcpLease, parseReport } from './dhcp-client.ts';
import type { GuestLink, WantedLink } from './links.ts';
import { type GuestInterface, parseNetworkConfig } from './network-config.ts';

const STATIC = `
version: 2
ethernets:
  eth0:
    match: {macaddress: "52:54:00:0B:9D:9F"}
    set-name: eth0
    mtu: 1450
    addresses: [10.250.0.2/24]
    routes: [{to: 0.0.0.0/0, via: 10.250.0.1, metric: 100}]
    nameservers: {addresses: [1.1.1.1, 8.8.8.8]}
`;
const DHCP = 'network: {version: 2, ethernets: {eth0: {match: {macaddress: "52:54:00:7b:11:e3"}, dhcp4: true}}}';

test('R-14: the guest reads its static addressing from network-config version 2', () => {
  expect(parseNetworkConfig(STATIC)).toEqual([
    {
      mac: '52:54:00:0b:9d:9f',
      name: 'eth0',
      mtu: 1450,
      dhcp4: false,
      addresses: ['10.250.0.2/24'],
      routes: [{ to: '0.0.0.0/0', via: '10.250.0.1', metric: 100 }],
      nameservers: ['1.1.1.1', '8.8.8.8'],
    },
  ]);
});

test.each([
  ['version: 1', 'network.version must be 2, not 1'],
  ['{version: 2, bridges: {}}', 'network.bridges is not understood by a namespace guest'],
  ['{version: 2, ethernets: {eth0: {dhcp4: true}}}', 'ethernets.eth0.match must be a mapping'],
  [
    '{version: 2, ethernets: {eth0: {match: {macaddress: "02:00:00:00:00:01"}, wakeonlan: true}}}',
    'ethernets.eth0.wakeonlan is not understood by a namespace guest',
  ],
])('a guest refuses by name what it does not do: %s', (text, message) => {
  expect(() => parseNetworkConfig(text)).toThrow(message);
});

test.each([
  ['bound|10.240.0.100|24|10.240.0.1|1.1.1.1 8.8.8.8|1450', '10.240.0.100/24', 1450],
  ['renew|10.240.0.100|24|10.240.0.1|1.1.1.1|', '10.240.0.100/24', undefined],
])('a lease of udhcpc becomes an address and a default route: %s', (line, address, mtu) => {
  const [wanted] = parseNetworkConfig(DHCP);
  expect(wantedLink(wanted as GuestInterface, parseReport(line)?.lease)).toEqual({
    name: 'eth0',
    ...(mtu === undefined ? {} : { mtu }),
    addresses: [address],
    routes: [{ to: '0.0.0.0/0', via: '10.240.0.1' }],
  });
});

test('udhcpc: deconfig takes the lease away, leasefail says nothing', () => {
  expect(parseReport('deconfig|||||')).toEqual({ lease: undefined });
  expect(parseReport('leasefail|||||')).toBeUndefined();
});

function harness(text: string) {
  const held = { interfaces: parseNetworkConfig(text) };
  const plugged: GuestLink[] = [];
  const done: (WantedLink & { index: number })[] = [];
  const clients: {
    device: string;
    stopped: boolean;
    lease: (lease: DhcpLease | undefined) => void;
    end: () => void;
  }[] = [];
  const nameservers: (readonly string[])[] = [];
  const configurator = createConfigurator({
    interfaces: () => held.interfaces,
    links: {
      list: async () => [...plugged],
      configure: async (index, wanted) => {
        done.push({ index, ...wanted });
      },
    },
    dhcp: (device, lease, end) => {
      const client = { device, stopped: false, lease, end };
      clients.push(client);
      return {
        stop: () => {
          client.stopped = true;
        },
      };
    },
    onChanged: () => undefined,
    onEnded: () => undefined,
    log: () => undefined,
    onNameservers: (list) => nameservers.push(list),
  });
  const reseed = (other: string): void => {
    held.interfaces = parseNetworkConfig(other);
  };
  return { plugged, done, clients, nameservers, configurator, reseed };
}

test('R-51: a NIC that was pulled and plugged in again is configured again', async () => {
  const { plugged, done, configurator, nameservers } = harness(STATIC);
  await configurator.look();
  expect(done).toEqual([]);
  plugged.push({ index: 3, name: 'nic0', mac: '52:54:00:0b:9d:9f' });
  await configurator.look();
  plugged.splice(0);
  await configurator.look();
  expect(configurator.addresses()).toEqual([]);
  plugged.push({ index: 7, name: 'nic0', mac: '52:54:00:0b:9d:9f' });
  await configurator.look();
  expect(done.map(({ index, name, addresses }) => [index, name, ...addresses])).toEqual([
    [3, 'eth0', '10.250.0.2/24'],
    [7, 'eth0', '10.250.0.2/24'],
  ]);
  expect(nameservers.at(-1)).toEqual(['1.1.1.1', '8.8.8.8']);
});

test('a DHCP client runs on the link it was started on, and a new one on the next', async () => {
  const { plugged, done, clients, configurator } = harness(DHCP);
  plugged.push({ index: 3, name: 'nic0', mac: '52:54:00:7b:11:e3' });
  await configurator.look();
  await configurator.look();
  expect(clients.map(({ device }) => device)).toEqual(['eth0']);
  clients[0]?.lease({ address: '10.240.0.100', prefix: 24, routers: ['10.240.0.1'], nameservers: [] });
  await configurator.look();
  expect(done.at(-1)?.addresses).toEqual(['10.240.0.100/24']);
  plugged.splice(0, 1, { index: 9, name: 'nic0', mac: '52:54:00:7b:11:e3' });
  await configurator.look();
  expect(clients.map(({ stopped }) => stopped)).toEqual([true, false]);
  expect(done.at(-1)).toMatchObject({ index: 9, addresses: [] });
});

test('a DHCP client that ended is started again at the next look', async () => {
  const { plugged, clients, configurator } = harness(DHCP);
  plugged.push({ index: 3, name: 'nic0', mac: '52:54:00:7b:11:e3' });
  await configurator.look();
  clients[0]?.end();
  await configurator.look();
  expect(clients).toHaveLength(2);
});

test('a NIC that its seed names no more is let go of, and a new one is configured', async () => {
  const { plugged, done, clients, configurator, reseed } = harness(DHCP);
  plugged.push({ index: 3, name: 'nic0', mac: '52:54:00:7b:11:e3' });
  await configurator.look();
  reseed(STATIC);
  plugged.push({ index: 4, name: 'nic1', mac: '52:54:00:0b:9d:9f' });
  await configurator.look();
  expect(clients.map(({ stopped }) => stopped)).toEqual([true]);
  expect(configurator.addresses()).toEqual(['10.250.0.2/24']);
  expect(done.at(-1)).toMatchObject({ index: 4 });
});

test('of two default routes by DHCP, each has the metric that the seed gives it', () => {
  const [wanted] = parseNetworkConfig(
    'version: 2\nethernets: {eth1: {match: {macaddress: "02:00:00:00:00:01"}, dhcp4: true, dhcp4-overrides: {route-metric: 200}}}',
  );
  const lease = parseReport('bound|10.240.0.100|24|10.240.0.1||')?.lease;
  expect(wantedLink(wanted as GuestInterface, lease).routes).toEqual([
    { to: '0.0.0.0/0', via: '10.240.0.1', metric: 200 },
  ]);
});
