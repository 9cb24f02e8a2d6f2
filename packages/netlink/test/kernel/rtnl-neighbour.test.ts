import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import {
  AF_INET,
  type Connection,
  createLink,
  NETLINK_ROUTE,
  type Neighbour,
  type NeighbourSpec,
  neighbours,
  neighbourTables,
  openConnection,
} from '../../src/index.ts';
import { bothWays, type Links, type Row } from './both-ways.ts';
import { type TestNamespace, testNamespace } from './namespace.ts';

let ns: TestNamespace;
let connection: Connection;
let links: Links;

beforeAll(async () => {
  ns = await testNamespace('neigh');
  connection = await openConnection({ protocol: NETLINK_ROUTE, netns: ns.path });
  ns.run('ip', 'link', 'add', 'va', 'up', 'type', 'veth', 'peer', 'name', 'pa');
  ns.run('ip', 'link', 'set', 'pa', 'up');
  ns.run('ip', 'addr', 'add', '10.0.0.1/24', 'dev', 'va');
  links = {
    va: Number(ns.run('cat', '/sys/class/net/va/ifindex')),
    br: (await createLink(connection, { kind: 'bridge', name: 'br' })).index,
  };
});
afterAll(async () => {
  await connection[Symbol.asyncDispose]();
  await ns[Symbol.asyncDispose]();
});

const MAC = '02:00:00:00:00:09';

function row(title: string, spec: Omit<NeighbourSpec, 'index'>, arguments_: string, expected: object): Row {
  const proxy = spec.flags?.proxy === true ? { proxy: true } : {};
  return {
    title,
    ours: ({ va = 0 }) => [neighbours.create({ ...spec, index: va })],
    theirs: [`ip neigh add ${arguments_} dev va`],
    undo: [`ip neigh del ${'proxy' in proxy ? 'proxy ' : ''}${spec.address} dev va`],
    shown: `ip -j -d neigh show ${'proxy' in proxy ? 'proxy' : `to ${spec.address} nud all`}`,
    list: ({ va = 0 }) => neighbours.list({ index: va, ...proxy }),
    about: ({ address, state }: Neighbour) => address === spec.address && state.failed !== true,
    expected: ({ va = 0 }) => [{ index: va, address: spec.address, ...expected }],
  };
}

describe('neighbours made by us and by ip(8) are the same', () => {
  bothWays(
    () => ({ ns, connection, links }),
    [
      row('permanent', { address: '10.0.0.9', mac: MAC }, `10.0.0.9 lladdr ${MAC}`, {
        mac: MAC,
        state: { permanent: true },
      }),
      row(
        'reachable, of a router',
        { address: '10.0.0.10', mac: MAC, state: { reachable: true }, flags: { router: true } },
        `10.0.0.10 lladdr ${MAC} nud reachable router`,
        { state: { reachable: true }, flags: { router: true } },
      ),
      row(
        'without ARP, by a protocol',
        { address: '10.0.0.11', mac: MAC, state: { noArp: true }, protocol: 42 },
        `10.0.0.11 lladdr ${MAC} nud noarp protocol babel`,
        { state: { noArp: true }, protocol: 42 },
      ),
      row(
        'learned elsewhere',
        { address: '10.0.0.12', mac: MAC, state: { stale: true }, flags: { externallyLearned: true } },
        `10.0.0.12 lladdr ${MAC} nud stale extern_learn`,
        { flags: { externallyLearned: true } },
      ),
      row('a proxy', { address: '10.0.0.13', flags: { proxy: true } }, 'proxy 10.0.0.13', { flags: { proxy: true } }),
      row('IPv6', { address: '2001:db8::9', mac: MAC, state: { permanent: true } }, `2001:db8::9 lladdr ${MAC}`, {
        family: 10,
        mac: MAC,
      }),
    ],
  );
});

test('managed by the kernel; used, and so resolved', async () => {
  const index = links['va'] ?? 0;
  await connection.request(neighbours.create({ index, address: '10.0.0.20', extendedFlags: { managed: true } }));
  expect(await connection.request(neighbours.get({ index, address: '10.0.0.20' }))).toMatchObject({
    extendedFlags: { managed: true },
  });
  const [shown] = ns.json<Record<string, unknown>[]>('ip', '-j', 'neigh', 'show', 'to', '10.0.0.20', 'nud', 'all');
  expect(shown).toHaveProperty('managed');
  await connection.request(neighbours.create({ index, address: '10.0.0.21', flags: { use: true } }));
  expect((await connection.request(neighbours.get({ index, address: '10.0.0.21' })))?.state).not.toEqual({});
});

test('get by address, change of what is there, and what is not there', async () => {
  const index = links['va'] ?? 0;
  await expect(connection.request(neighbours.change({ index, address: '10.0.0.30', mac: MAC }))).rejects.toMatchObject({
    code: 'ENOENT',
  });
  await connection.request(neighbours.create({ index, address: '10.0.0.30', mac: MAC }));
  await connection.request(neighbours.change({ index, address: '10.0.0.30', mac: '02:00:00:00:00:30' }));
  expect(await connection.request(neighbours.get({ index, address: '10.0.0.30' }))).toMatchObject({
    mac: '02:00:00:00:00:30',
    family: AF_INET,
    index,
    cacheInfo: { references: expect.any(Number) },
  });
  await connection.request(neighbours.delete({ index, address: '10.0.0.30' }));
  await expect(connection.request(neighbours.get({ index, address: '10.0.0.250' }))).rejects.toMatchObject({
    code: 'ENOENT',
  });
});

test('lists by link and by master', async () => {
  const { va = 0, br = 0 } = links;
  await connection.request(neighbours.replace({ index: va, address: '10.0.0.40', mac: MAC }));
  await connection.request(neighbours.replace({ index: br, address: '10.0.0.41', mac: MAC }));
  const of = async (filter: Parameters<typeof neighbours.list>[0]): Promise<string[]> =>
    (await connection.dump(neighbours.list(filter))).items
      .map(({ address }) => address)
      .filter((address) => /\.4[01]$/.test(address));
  expect(await of({ index: va })).toEqual(['10.0.0.40']);
  expect(await of({ index: br })).toEqual(['10.0.0.41']);
  expect((await of({})).sort()).toEqual(['10.0.0.40', '10.0.0.41']);
  ns.run('ip', 'link', 'set', 'va', 'master', 'br');
  expect(await of({ master: br })).toEqual(['10.0.0.40']);
  ns.run('ip', 'link', 'set', 'va', 'nomaster');
});

describe('neighbour tables', () => {
  test('are told as ip ntable tells them', async () => {
    const { items } = await connection.dump(neighbourTables.list({ family: AF_INET, index: links['va'] ?? 0 }));
    const shown = ns.json<Record<string, number>[]>(
      'ip',
      '-j',
      '-s',
      'ntable',
      'show',
      'dev',
      'va',
      'name',
      'arp_cache',
    );
    expect(items).toHaveLength(1);
    expect(items[0]).toMatchObject({
      name: 'arp_cache',
      parameters: {
        baseReachableTime: shown[0]?.['base_reachable'],
        retransmitTime: shown[0]?.['retrans'],
        staleTime: shown[0]?.['gc_stale'],
        delayProbeTime: shown[0]?.['delay_probe'],
        unicastProbes: shown[0]?.['ucast_probes'],
        multicastProbes: shown[0]?.['mcast_probes'],
        proxyQueueLength: shown[0]?.['proxy_queue'],
      },
    });
    const [table] = (await connection.dump(neighbourTables.list({ family: AF_INET }))).items;
    expect(table).toMatchObject({
      name: 'arp_cache',
      threshold3: expect.any(Number),
      config: { keyLength: 4 },
      statistics: { lookups: expect.any(BigInt) },
    });
  });

  test('parameters of a link are changed; thresholds are the host’s', async () => {
    const index = links['va'] ?? 0;
    await connection.request(
      neighbourTables.change({
        name: 'arp_cache',
        family: AF_INET,
        parameters: { index, baseReachableTime: 12_000, unicastProbes: 5, staleTime: 90_000 },
      }),
    );
    expect(ns.run('cat', '/proc/sys/net/ipv4/neigh/va/base_reachable_time_ms').trim()).toBe('12000');
    expect(ns.run('cat', '/proc/sys/net/ipv4/neigh/va/ucast_solicit').trim()).toBe('5');
    expect(ns.run('cat', '/proc/sys/net/ipv4/neigh/va/gc_stale_time').trim()).toBe('90');
    await expect(
      connection.request(neighbourTables.change({ name: 'arp_cache', family: AF_INET, threshold3: 4096 })),
    ).rejects.toMatchObject({ code: 'ENOENT' });
  });
});
