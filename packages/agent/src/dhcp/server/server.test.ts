import { afterEach, describe, expect, test } from 'vitest';
import type { LogDisk } from '../log/log-disk.ts';
import { type ClientMessage, clientMessage } from '../testing/client.ts';
import { A, B, C, Host, lease, network, say, sent } from '../testing/host.ts';
import { settle } from '../testing/manual-clock.ts';

const hex = (byte: number): string => byte.toString(16).padStart(2, '0');
const LOG_PATH = '/state/leases.log';

const hosts: Host[] = [];
function host(): Host {
  const made = new Host();
  hosts.push(made);
  return made;
}
afterEach(async () => {
  await Promise.all(hosts.splice(0).map((made) => made.stop()));
});

describe('serving', () => {
  test('R-04: a lease, told to the MAC that asked', async () => {
    const { sockets, start, clock } = bound(host());
    const link = sockets.addLink('kbr-lan');
    const server = await start(network());
    expect(await say(link, { type: 'discover', mac: A })).toEqual([`offer 10.77.0.100 to ${A} at 10.77.0.100`]);
    expect(await say(link, { type: 'request', mac: A, requested: '10.77.0.100', server: '10.77.0.1' })).toEqual([
      `ack 10.77.0.100 to ${A} at 10.77.0.100`,
    ]);
    expect(server.leases()).toEqual([
      {
        kind: 'lease',
        network: 'lan',
        mac: A,
        address: '10.77.0.100',
        state: 'active',
        origin: 'dynamic',
        expiresAt: '2026-01-01T01:00:00.000Z',
      },
    ]);
    expect(server.exportLeases('lan')).toBe(`1767229200 ${A} 10.77.0.100 * *\n`);
    expect(server.counters().get('lan')).toMatchObject({ discover: 1, offer: 1, request: 1, ack: 1, dropped: {} });
    await clock.advance(3_600_000);
    expect([server.leases(), server.exportLeases()]).toEqual([[], '']);
  });

  test('the same MAC on two bridges has two leases, and each answer leaves on its own bridge', async () => {
    const { sockets, start } = bound(host());
    const [one, two] = [sockets.addLink('kbr-lan'), sockets.addLink('kbr-two')];
    await start(
      network(),
      network({ network: 'two', link: 'kbr-two', range: { start: '10.77.0.7', end: '10.77.0.8' } }),
    );
    expect([await lease(one, A), await lease(two, A)]).toEqual(['10.77.0.100', '10.77.0.7']);
    expect([sent(one), sent(two)]).toEqual([[], []]);
  });

  test('a relay agent gets a datagram on port 67', async () => {
    const { sockets, start } = bound(host());
    const link = sockets.addLink('kbr-lan');
    await start(network());
    await say(link, { type: 'discover', mac: A, giaddr: '10.77.0.2' });
    expect(link.datagrams.map(({ address, port }) => `${address}:${port}`)).toEqual(['10.77.0.2:67']);
  });

  test('garbage is counted by what is wrong with it', async () => {
    const { sockets, start } = bound(host());
    const link = sockets.addLink('kbr-lan');
    const server = await start(network());
    link.receiveDatagram(new Uint8Array(10));
    link.receiveDatagram(new Uint8Array(300));
    await say(link, { type: 'discover', mac: A, giaddr: '192.168.0.1' });
    expect(server.counters().get('lan')?.dropped).toEqual({ 'too-short': 1, 'no-magic-cookie': 1, 'unknown-relay': 1 });
  });
});

describe('R-50: a lease is durable before it is told', () => {
  test('no ACK while the sync runs, and one when it is done', async () => {
    const made = host();
    const link = made.sockets.addLink('kbr-lan');
    let release = (): void => {};
    const open = async (path: string, create: boolean): ReturnType<LogDisk['open']> => {
      const file = await (create ? made.memory.create(path) : made.memory.open(path));
      return {
        ...file,
        writeThrough: async (bytes, position) => {
          if (held) await new Promise<void>((resolve) => (release = resolve));
          await file.writeThrough(bytes, position);
        },
      };
    };
    let held = false;
    made.disk = {
      read: (path) => made.memory.read(path),
      rename: (from, to) => made.memory.rename(from, to),
      remove: (path) => made.memory.remove(path),
      open: (path) => open(path, false),
      create: (path) => open(path, true),
    };
    await made.start(network());
    const request: ClientMessage = { type: 'request', mac: A, requested: '10.77.0.100', server: '10.77.0.1' };
    await say(link, { type: 'discover', mac: A });
    held = true;
    expect(await say(link, request)).toEqual([]);
    // Others are offered addresses meanwhile.
    expect(await say(link, { type: 'discover', mac: B })).toEqual([`offer 10.77.0.101 to ${B} at 10.77.0.101`]);
    held = false;
    release();
    await settle();
    expect(sent(link)).toEqual([`ack 10.77.0.100 to ${A} at 10.77.0.100`]);
  });

  test.each(['write', 'sync'] as const)(
    'when the %s fails nothing is told; when it works again, leases are given again',
    async (op) => {
      const { sockets, start, memory, events, clock } = bound(host());
      const link = sockets.addLink('kbr-lan');
      const server = await start(network());
      expect(await lease(link, A)).toBe('10.77.0.100');
      memory.fault = (operation) => {
        if (operation.op === op) throw Object.assign(new Error('ENOSPC: no space left on device'), { code: 'ENOSPC' });
      };
      expect(await lease(link, B)).toBeUndefined();
      expect(events).toEqual(['LeaseStoreFailed leases.log']);
      expect(server.leases()).toHaveLength(1);
      expect(server.counters().get('lan')?.dropped).toEqual({ 'not-stored': 1 });
      memory.fault = () => {};
      await clock.advance(1001);
      expect(await lease(link, B)).toBe('10.77.0.101');
      expect(events).toEqual(['LeaseStoreFailed leases.log', 'LeaseStoreRecovered leases.log']);
    },
  );

  test('R-52: after a restart every lease is there, and INIT-REBOOT gets its address', async () => {
    const made = host();
    const link = made.sockets.addLink('kbr-lan');
    await made.start(network());
    await lease(link, A);
    await lease(link, B);
    await made.stop();
    await made.start(network());
    expect(await say(link, { type: 'request', mac: B, requested: '10.77.0.101' })).toEqual([
      `ack 10.77.0.101 to ${B} at 10.77.0.101`,
    ]);
    expect(await say(link, { type: 'request', mac: B, requested: '10.77.0.100' })).toEqual([
      'nak 0.0.0.0 to ff:ff:ff:ff:ff:ff at 255.255.255.255',
    ]);
  });

  test('a damaged log stops the start with what to do, and stays as it is', async () => {
    const made = host();
    made.memory.set(LOG_PATH, new Uint8Array(64));
    await expect(made.start(network())).rejects.toThrow('move it away to start without leases');
    expect(made.memory.content(LOG_PATH)).toEqual(new Uint8Array(64));
  });
});

describe('networks come, change and go', () => {
  test('a bridge that is made again is served again', async () => {
    const { sockets, start, clock } = bound(host());
    const first = sockets.addLink('kbr-lan');
    const server = await start(network());
    expect(await lease(first, A)).toBe('10.77.0.100');
    sockets.deleteLink('kbr-lan');
    await settle();
    const second = sockets.addLink('kbr-lan');
    server.linksChanged();
    await settle();
    expect(await say(second, { type: 'request', mac: A, ciaddr: '10.77.0.100' })).toHaveLength(1);
    sockets.deleteLink('kbr-lan');
    await settle();
    const third = sockets.addLink('kbr-lan');
    // Nobody said so: it is found all the same.
    await clock.advance(2000);
    expect(await say(third, { type: 'request', mac: A, ciaddr: '10.77.0.100' })).toHaveLength(1);
  });

  test('a link that does not exist yet does not keep the others waiting', async () => {
    const { sockets, start } = bound(host());
    const link = sockets.addLink('kbr-lan');
    const server = await start(network({ network: 'late', link: 'kbr-late' }), network());
    expect(await lease(link, A)).toBe('10.77.0.100');
    const late = sockets.addLink('kbr-late');
    server.linksChanged();
    await settle();
    expect(await lease(late, A)).toBe('10.77.0.100');
  });

  test('a binding made at run time holds at once', async () => {
    const { sockets, start } = bound(host());
    const link = sockets.addLink('kbr-lan');
    const server = await start(network());
    expect(await lease(link, A)).toBe('10.77.0.100');
    await server.setNetworks([network({ bindings: [{ mac: A, address: '10.77.0.50' }] })]);
    expect(await say(link, { type: 'request', mac: A, ciaddr: '10.77.0.100' })).toEqual([
      'nak 0.0.0.0 to ff:ff:ff:ff:ff:ff at 255.255.255.255',
    ]);
    expect(await lease(link, A)).toBe('10.77.0.50');
  });

  test('with its binding the lease of a VM goes at once, also when that happened while the agent was down', async () => {
    const made = host();
    const link = made.sockets.addLink('kbr-lan');
    const binding = { mac: A, address: '10.77.0.50' };
    const server = await made.start(network({ bindings: [binding] }));
    expect(await lease(link, A)).toBe('10.77.0.50');
    await server.setNetworks([network({ bindings: [{ ...binding, mac: B }] })]);
    expect(server.leases()).toEqual([]);
    expect(await lease(link, B)).toBe('10.77.0.50');
    await made.stop();
    const again = await made.start(network());
    expect(again.leases()).toEqual([]);
  });

  test('R-53: a network that is not known yet after a restart keeps its leases', async () => {
    const made = host();
    const link = made.sockets.addLink('kbr-lan');
    await made.start(network());
    await lease(link, A);
    await made.stop();
    const server = await made.start();
    expect(server.leases()).toHaveLength(1);
    await server.setNetworks([network()]);
    await settle();
    expect(await say(link, { type: 'request', mac: A, requested: '10.77.0.100' })).toHaveLength(1);
  });

  test('a network that is taken away is not served any more', async () => {
    const { sockets, start } = bound(host());
    const link = sockets.addLink('kbr-lan');
    const server = await start(network());
    await server.setNetworks([]);
    expect(await say(link, { type: 'discover', mac: A })).toEqual([]);
    expect(server.counters().size).toBe(0);
  });

  test('release() frees the address and is durable', async () => {
    const made = host();
    const link = made.sockets.addLink('kbr-lan');
    const server = await made.start(network());
    await lease(link, A);
    await server.release('lan', A.toUpperCase());
    expect(server.leases()).toEqual([]);
    expect(await lease(link, B)).toBe('10.77.0.100');
    await made.stop();
    expect((await made.start(network())).leases().map(({ mac }) => mac)).toEqual([B]);
  });

  test('a malformed network is told and stays as it was; the others are served', async () => {
    const { sockets, start, events } = bound(host());
    const link = sockets.addLink('kbr-lan');
    const server = await start(network());
    await server.setNetworks([network({ network: 'bad', serverAddress: 'x' }), network({ dns: ['no address'] })]);
    expect(events).toEqual(['NetworkMisconfigured bad', 'NetworkMisconfigured lan']);
    expect(await lease(link, A)).toBe('10.77.0.100');
  });

  test('who listens for leases is told of each address that changed, gathered and bounded', async () => {
    const { sockets, start, clock } = bound(host());
    const link = sockets.addLink('kbr-lan');
    const server = await start(network());
    const calls: string[][] = [];
    const unsubscribe = server.onLeases((places) => {
      calls.push(places.map(({ address }) => `${address} ${server.holding('lan', address)?.state}`));
    });
    await say(link, { type: 'discover', mac: A });
    expect(calls.splice(0)).toEqual([['10.77.0.100 offered']]);
    await lease(link, A);
    await lease(link, B);
    expect(calls).toEqual([]);
    await clock.advance(200);
    expect(calls.splice(0)).toEqual([['10.77.0.100 active', '10.77.0.101 active']]);
    await server.release('lan', A);
    await clock.advance(200);
    expect(calls.splice(0)).toEqual([['10.77.0.100 undefined']]);
    await say(link, { type: 'release', mac: B, ciaddr: '10.77.0.101' });
    await clock.advance(200);
    expect(calls.splice(0)).toEqual([['10.77.0.101 released']]);
    unsubscribe();
    await lease(link, A);
    await clock.advance(1000);
    expect(calls).toEqual([]);
  });

  test('a flood of clients is told bit by bit', async () => {
    const { sockets, start, clock } = bound(host());
    const link = sockets.addLink('kbr-lan');
    const server = await start(network({ prefix: 16, range: { start: '10.77.1.0', end: '10.77.9.255' } }));
    const calls: number[] = [];
    server.onLeases((places) => calls.push(places.length));
    for (let count = 0; count < 1200; count++)
      link.receiveDatagram(
        clientMessage({ type: 'discover', mac: `02:00:00:00:${hex(count >> 8)}:${hex(count & 255)}` }),
      );
    await settle();
    await clock.advance(400);
    expect([Math.max(...calls), calls.reduce((sum, one) => sum + one, 0)]).toEqual([500, 1200]);
  });

  test('a restart knows clients and the states of leases as before', async () => {
    const made = host();
    const { sockets, start } = bound(made);
    const link = sockets.addLink('kbr-lan');
    await start(network());
    const options = [{ code: 61, value: Uint8Array.of(0xff, 1, 2, 3) }];
    await say(link, { type: 'discover', mac: A, options });
    await say(link, { type: 'request', mac: A, requested: '10.77.0.100', server: '10.77.0.1', options });
    await lease(link, B);
    await say(link, { type: 'release', mac: B, ciaddr: '10.77.0.101' });
    await made.stop();
    const server = await start(network());
    expect(server.holdings().map(({ address, state, clientId }) => [address, state, clientId])).toEqual([
      ['10.77.0.100', 'active', 'ff010203'],
      ['10.77.0.101', 'released', undefined],
    ]);
    expect(await say(link, { type: 'request', mac: A, ciaddr: '10.77.0.100' })).toEqual([
      'nak 0.0.0.0 to ff:ff:ff:ff:ff:ff at 255.255.255.255',
    ]);
    expect(await say(link, { type: 'request', mac: A, ciaddr: '10.77.0.100', options })).toEqual([
      `ack 10.77.0.100 to ${A} at 10.77.0.100`,
    ]);
  });

  test('counters, and how full the range is', async () => {
    const { sockets, start } = bound(host());
    const link = sockets.addLink('kbr-lan');
    const server = await start(network());
    await lease(link, A);
    await say(link, { type: 'discover', mac: B });
    await say(link, { type: 'discover', mac: C });
    await say(link, { type: 'decline', mac: A, requested: '10.77.0.100' });
    expect(server.statistics()).toEqual([
      {
        kind: 'dhcp',
        network: 'lan',
        messages: { discover: 3, offer: 2, request: 1, ack: 1, nak: 0, decline: 1, release: 0, inform: 0 },
        dropped: { 'pool-exhausted': 1 },
        unsent: 0,
        probes: 0,
        addresses: { range: 2, active: 0, offered: 1, declined: 1 },
      },
    ]);
  });

  test('when the clock of the host is set, no lease ends early or late, and a restart agrees', async () => {
    const made = host();
    const { sockets, start, clock, events } = bound(made);
    const link = sockets.addLink('kbr-lan');
    const server = await start(network());
    await lease(link, A);
    clock.set(Date.UTC(2036, 0, 1));
    expect(server.leases().map(({ expiresAt }) => expiresAt)).toEqual(['2036-01-01T01:00:00.000Z']);
    expect(await lease(link, B)).toBe('10.77.0.101');
    expect(await say(link, { type: 'discover', mac: C })).toEqual([]);
    expect(events).toContain('ClockJumped leases.log');
    await made.stop();
    const again = await start(network());
    expect(again.leases()).toHaveLength(2);
    clock.set(Date.UTC(2026, 0, 1));
    expect(again.leases()).toHaveLength(2);
    await clock.advance(3_600_000);
    expect(again.leases()).toEqual([]);
  });
});

test('events are told once a minute, whatever guests send', async () => {
  const { sockets, start, events, clock } = bound(host());
  const link = sockets.addLink('kbr-lan');
  await start(network());
  const foreign: ClientMessage = { type: 'request', mac: A, requested: '10.77.0.9', server: '10.77.0.66' };
  for (let count = 0; count < 5; count++) await say(link, foreign);
  for (let count = 0; count < 30; count++) await say(link, { ...foreign, server: `10.77.0.${100 + count}` });
  expect(events).toHaveLength(10);
  expect(new Set(events)).toEqual(new Set(['ForeignDhcpServer lan']));
  await clock.advance(60_000);
  await say(link, foreign);
  expect(events).toHaveLength(11);
});

/** The parts of a host under their own names. */
function bound(made: Host): Pick<Host, 'sockets' | 'clock' | 'memory' | 'events'> & { start: Host['start'] } {
  const { sockets, clock, memory, events } = made;
  return { sockets, clock, memory, events, start: (...networks) => made.start(...networks) };
}
