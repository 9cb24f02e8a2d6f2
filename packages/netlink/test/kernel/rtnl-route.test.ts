import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import {
  addresses,
  type Connection,
  createLink,
  neighbours,
  netconf,
  openConnection,
  routes,
  rules,
} from '../../src/index.ts';
import { NETLINK_ROUTE } from '../../src/uapi/netlink.ts';
import { AF_INET } from '../../src/uapi/socket.ts';
import { type TestNamespace, testNamespace } from './namespace.ts';

let ns: TestNamespace;
let connection: Connection;
let index: number;

beforeAll(async () => {
  ns = await testNamespace('route');
  connection = await openConnection({ protocol: NETLINK_ROUTE, netns: ns.path });
  ({ index } = await createLink(connection, { kind: 'bridge', name: 'br', flags: { up: true } }));
});
afterAll(async () => {
  await connection[Symbol.asyncDispose]();
  await ns[Symbol.asyncDispose]();
});

describe('addresses', () => {
  interface Shown {
    readonly addr_info: readonly { readonly local?: string; readonly prefixlen?: number; readonly label?: string }[];
  }
  const shown = (): Shown['addr_info'] =>
    ns.json<Shown[]>('ip', '-j', '-4', 'addr', 'show', 'dev', 'br').flatMap(({ addr_info }) => addr_info);

  test('made, made again, deleted; ip(8) sees them', async () => {
    await connection.request(addresses.create({ index, address: '10.0.0.1', prefix: 24 }));
    expect(shown()).toMatchObject([{ local: '10.0.0.1', prefixlen: 24 }]);
    await expect(
      connection.request(addresses.create({ index, address: '10.0.0.1', prefix: 24 })),
    ).rejects.toMatchObject({
      code: 'EEXIST',
      operation: `create address 10.0.0.1/24 of link #${index}`,
    });
    await connection.request(addresses.replace({ index, address: '10.0.0.1', prefix: 24 }));
    await connection.request(addresses.create({ index, address: '10.9.0.1', prefix: 32, peer: '10.9.0.2' }));
    expect((await connection.dump(addresses.list({ index, family: AF_INET }))).items).toMatchObject([
      { address: '10.0.0.1', prefix: 24, index, scope: 0, flags: { permanent: true } },
      { address: '10.9.0.1', prefix: 32, peer: '10.9.0.2' },
    ]);
    await connection.request(addresses.delete({ index, address: '10.9.0.1', prefix: 32, peer: '10.9.0.2' }));
    expect(shown()).toMatchObject([{ local: '10.0.0.1' }]);
  });

  test('those of ip(8), IPv6 included, with a filter by link', async () => {
    ns.run('ip', 'addr', 'add', '192.0.2.1/28', 'brd', '+', 'dev', 'br', 'label', 'br:x');
    ns.run('ip', 'addr', 'add', '2001:db8::1/64', 'dev', 'br', 'nodad');
    ns.run('ip', 'link', 'set', 'lo', 'up');
    const { items } = await connection.dump(addresses.list({ index }));
    expect(items).toEqual(
      expect.arrayContaining([
        expect.objectContaining({ address: '192.0.2.1', prefix: 28, broadcast: '192.0.2.15', label: 'br:x' }),
        expect.objectContaining({ address: '2001:db8::1', prefix: 64 }),
      ]),
    );
    expect(items.some(({ address }) => address === '127.0.0.1')).toBe(false);
    ns.run('ip', 'addr', 'del', '192.0.2.1/28', 'dev', 'br');
  });
});

describe('routes', () => {
  interface Shown {
    readonly dst: string;
    readonly type?: string;
    readonly gateway?: string;
    readonly dev?: string;
    readonly metric?: number;
    readonly protocol?: string;
  }
  const shown = (table: string): Shown[] => ns.json<Shown[]>('ip', '-j', 'route', 'show', 'table', table);

  test('unicast, default by a gateway, unreachable, in tables above 255', async () => {
    const of = { table: 70_001, protocol: 0x6b } as const;
    await connection.request(routes.create({ ...of, destination: '10.5.0.0/16', outgoing: index }));
    await connection.request(
      routes.create({ ...of, destination: '0.0.0.0/0', via: '10.0.0.254', outgoing: index, metric: 5 }),
    );
    await connection.request(routes.create({ ...of, destination: '0.0.0.0/0', type: 'unreachable', metric: 4_000 }));
    expect(shown('70001')).toEqual([
      expect.objectContaining({ dst: 'default', gateway: '10.0.0.254', dev: 'br', metric: 5, protocol: '107' }),
      expect.objectContaining({ type: 'unreachable', dst: 'default', metric: 4_000 }),
      expect.objectContaining({ dst: '10.5.0.0/16', dev: 'br', protocol: '107', scope: 'link' }),
    ]);
    const { items } = await connection.dump(routes.list({ table: 70_001 }));
    expect(items).toEqual([
      expect.objectContaining({
        destination: '0.0.0.0/0',
        type: 'unicast',
        via: '10.0.0.254',
        outgoing: index,
        metric: 5,
        protocol: 0x6b,
        table: 70_001,
      }),
      expect.objectContaining({ destination: '0.0.0.0/0', type: 'unreachable', metric: 4_000 }),
      expect.objectContaining({ destination: '10.5.0.0/16', type: 'unicast', outgoing: index }),
    ]);
    await connection.request(
      routes.replace({ ...of, destination: '0.0.0.0/0', via: '10.0.0.253', outgoing: index, metric: 5 }),
    );
    await connection.request(
      routes.delete({ table: 70_001, destination: '0.0.0.0/0', type: 'unreachable', metric: 4_000 }),
    );
    expect(shown('70001')).toMatchObject([{ gateway: '10.0.0.253' }, { dst: '10.5.0.0/16' }]);
  });

  test('lists agree with the filter; a table without routes is an empty list, not an error', async () => {
    expect((await connection.dump(routes.list({ table: 4_242 }))).items).toEqual([]);
    ns.run('ip', 'route', 'add', 'blackhole', '198.51.100.0/24', 'table', '7', 'proto', 'static');
    expect((await connection.dump(routes.list({ table: 7 }))).items).toMatchObject([
      { destination: '198.51.100.0/24', type: 'blackhole', protocol: 4 },
    ]);
    const { items } = await connection.dump(routes.list({ protocol: 0x6b, family: AF_INET }));
    expect(items.map(({ protocol }) => protocol)).toEqual([0x6b, 0x6b]);
  });

  test('a gateway that is not reachable is the kernel’s own error', async () => {
    await expect(
      connection.request(routes.create({ destination: '10.77.0.0/24', via: '203.0.113.1', outgoing: index })),
    ).rejects.toMatchObject({ code: 'ENETUNREACH', kernelMessage: 'Nexthop has invalid gateway' });
    expect(() => routes.create({ destination: '10.77.0.0' })).toThrow('is not a prefix');
  });
});

describe('rules', () => {
  test('by source, by incoming link, marked with a protocol; deleted again', async () => {
    const protocol = 0x6b;
    await connection.request(rules.create({ priority: 100, table: 70_001, from: '192.0.2.7/32', protocol }));
    await connection.request(rules.create({ priority: 101, table: 70_001, incomingLink: 'kbr-none', protocol }));
    const shown = ns.json<Record<string, unknown>[]>('ip', '-j', 'rule', 'show');
    expect(shown).toEqual(
      expect.arrayContaining([
        expect.objectContaining({ priority: 100, src: '192.0.2.7', table: '70001' }),
        expect.objectContaining({ priority: 101, src: 'all', iif: 'kbr-none', table: '70001' }),
      ]),
    );
    expect((await connection.dump(rules.list({ family: AF_INET, protocol }))).items).toMatchObject([
      { priority: 100, table: 70_001, from: '192.0.2.7/32', action: 'table', protocol },
      { priority: 101, table: 70_001, incomingLink: 'kbr-none', flags: { incomingDetached: true } },
    ]);
    await connection.request(rules.delete({ priority: 100, table: 70_001, from: '192.0.2.7/32', protocol }));
    await connection.request(rules.delete({ priority: 101 }));
    expect((await connection.dump(rules.list({ protocol }))).items).toEqual([]);
    await expect(connection.request(rules.delete({ priority: 101 }))).rejects.toMatchObject({ code: 'ENOENT' });
  });
});

describe('neighbours', () => {
  test('permanent ones of ours, and those of ip(8)', async () => {
    await connection.request(neighbours.create({ index, address: '10.0.0.9', mac: '02:00:00:00:00:09' }));
    ns.run('ip', 'neigh', 'add', '10.0.0.10', 'lladdr', '02:00:00:00:00:0a', 'dev', 'br', 'nud', 'reachable');
    expect(ns.json('ip', '-j', 'neigh', 'show', 'dev', 'br', 'nud', 'permanent')).toMatchObject([
      { dst: '10.0.0.9', lladdr: '02:00:00:00:00:09', state: ['PERMANENT'] },
    ]);
    await connection.request(neighbours.replace({ index, address: '10.0.0.9', mac: '02:00:00:00:00:19' }));
    const { items } = await connection.dump(neighbours.list({ family: AF_INET, index }));
    expect(
      items.filter(({ address }) => address.startsWith('10.')).sort((a, b) => a.address.localeCompare(b.address)),
    ).toMatchObject([
      { address: '10.0.0.10', mac: '02:00:00:00:00:0a', state: { reachable: true } },
      { address: '10.0.0.9', mac: '02:00:00:00:00:19', state: { permanent: true }, index },
    ]);
    await connection.request(neighbours.delete({ index, address: '10.0.0.9' }));
    await expect(connection.request(neighbours.delete({ index, address: '10.0.0.99' }))).rejects.toMatchObject({
      code: 'ENOENT',
    });
  });
});

test('netconf tells forwarding of each link and of all', async () => {
  ns.run('sh', '-c', 'echo 1 > /proc/sys/net/ipv4/conf/br/forwarding');
  const { items } = await connection.dump(netconf.list({ family: AF_INET }));
  expect(items).toEqual(
    expect.arrayContaining([
      expect.objectContaining({ of: 'all', forwarding: 0 }),
      expect.objectContaining({ of: index, forwarding: 1 }),
    ]),
  );
});
