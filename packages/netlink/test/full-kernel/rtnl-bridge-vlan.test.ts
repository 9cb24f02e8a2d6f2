import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import {
  bridgeVlans,
  type Connection,
  links as linkRequests,
  NETLINK_ROUTE,
  openConnection,
  type VlanChange,
  type VlanDatabase,
  type VlanMembership,
  vlanDatabase,
} from '../../src/index.ts';
import { bothWays, type Links, type Row } from '../kernel/both-ways.ts';
import { type TestNamespace, testNamespace } from '../kernel/namespace.ts';

let ns: TestNamespace;
let connection: Connection;
let links: Links;

beforeAll(async () => {
  ns = await testNamespace('vlan');
  connection = await openConnection({ protocol: NETLINK_ROUTE, netns: ns.path });
  for (const command of [
    'ip link add name br up type bridge vlan_filtering 1 vlan_default_pvid 0 vlan_stats_per_port 1',
    'ip link add name va up type veth peer name pa',
    'ip link set va master br',
    'ip link add name vx up type vxlan external dstport 4790 local 192.0.2.1 nolearning',
    'ip link set vx master br',
    'bridge link set dev vx vlan_tunnel on',
  ])
    ns.run('sh', '-c', command);
  const index = (name: string): number => Number(ns.run('cat', `/sys/class/net/${name}/ifindex`));
  links = { br: index('br'), va: index('va'), vx: index('vx') };
});
afterAll(async () => {
  await connection[Symbol.asyncDispose]();
  await ns[Symbol.asyncDispose]();
});

function row(
  title: string,
  link: 'va' | 'br' | 'vx',
  change: Omit<VlanChange, 'index'>,
  theirs: readonly string[],
  expected: object,
  shown = 'vlan show',
): Row {
  const wanted = (all: Links): VlanChange => ({ ...change, index: all[link] ?? 0 });
  return {
    title,
    ours: (all) => [bridgeVlans.add(wanted(all))],
    theirs,
    undo: (all) => [bridgeVlans.delete(wanted(all))],
    shown: `bridge -j -d ${shown}`,
    list: (all) => bridgeVlans.list({ index: all[link] ?? 0 }),
    about: ({ vlans, tunnels }: VlanMembership) => vlans.length + tunnels.length > 0,
    expected: (all) => [{ index: all[link], name: link, ...expected }],
  };
}

describe('VLANs set by us and by bridge(8) are the same', () => {
  bothWays(
    () => ({ ns, connection, links }),
    [
      row(
        'one of a port, PVID and untagged',
        'va',
        { vlans: [{ first: 10, pvid: true, untagged: true }] },
        ['bridge vlan add dev va vid 10 pvid untagged'],
        { master: expect.any(Number), vlans: [{ first: 10, pvid: true, untagged: true }], tunnels: [] },
      ),
      row('a range', 'va', { vlans: [{ first: 100, last: 4094 }] }, ['bridge vlan add dev va vid 100-4094'], {
        vlans: [{ first: 100, last: 4094 }],
      }),
      row(
        'several at once',
        'va',
        { vlans: [{ first: 5, untagged: true }, { first: 20, last: 29 }, { first: 40 }] },
        ['bridge vlan add dev va vid 5 untagged', 'bridge vlan add dev va vid 20-29', 'bridge vlan add dev va vid 40'],
        { vlans: [{ first: 5, untagged: true }, { first: 20, last: 29 }, { first: 40 }] },
      ),
      row(
        'of the bridge itself',
        'br',
        { where: 'self', vlans: [{ first: 10 }] },
        ['bridge vlan add dev br vid 10 self'],
        { vlans: [{ first: 10 }] },
      ),
      row(
        'by the master, as is the default',
        'va',
        { where: 'master', vlans: [{ first: 11 }] },
        ['bridge vlan add dev va vid 11 master'],
        { vlans: [{ first: 11 }] },
      ),
      row(
        'tunnels',
        'vx',
        { vlans: [{ first: 30, last: 32 }], tunnels: [{ first: 30, last: 32, tunnelId: 3000 }] },
        ['bridge vlan add dev vx vid 30-32', 'bridge vlan add dev vx vid 30-32 tunnel_info id 3000-3002'],
        { vlans: [{ first: 30, last: 32 }], tunnels: [{ first: 30, last: 32, tunnelId: 3000 }] },
        'vlan tunnelshow',
      ),
    ],
  );
});

test('lists by bridge; a port that is told by its link has its VLANs too', async () => {
  const { br = 0, va = 0, vx = 0 } = links;
  await connection.request(bridgeVlans.add({ index: va, vlans: [{ first: 7 }] }));
  const { items } = await connection.dump(bridgeVlans.list({ master: br }));
  expect(items.map(({ index }) => index).sort()).toEqual([br, va, vx].sort());
  expect(items.find(({ index }) => index === br)).not.toHaveProperty('master');
  await connection.request(bridgeVlans.delete({ index: va, vlans: [{ first: 7 }] }));
});

test('what cannot be meant is refused before it is sent', () => {
  expect(() => bridgeVlans.add({ index: 3, vlans: [{ first: 0 }] })).toThrow('no VLANs');
  expect(() => bridgeVlans.add({ index: 3, vlans: [{ first: 9, last: 8 }] })).toThrow('no VLANs');
  expect(() => bridgeVlans.add({ index: 3, vlans: [{ first: 1, last: 8, pvid: true }] })).toThrow('one PVID');
  expect(() => bridgeVlans.add({ index: 3 })).toThrow('none are given');
});

describe('the VLAN database', () => {
  const databaseRow = (
    title: string,
    ours: Row['ours'],
    theirs: readonly string[],
    expected: object,
    list: Row['list'],
    shown: string,
    about: (item: VlanDatabase) => boolean,
  ): Row => ({
    title,
    ours,
    theirs,
    undo: ({ br = 0, va = 0 }) => [
      vlanDatabase.delete({ index: va, vlans: [{ first: 50, last: 52 }] }),
      vlanDatabase.delete({ index: br, vlans: [{ first: 50, last: 52 }] }),
    ],
    shown: `bridge -j -d ${shown}`,
    list,
    about,
    expected: () => [expected],
  });
  const hasEntries = ({ entries }: VlanDatabase): boolean => entries.length > 0;
  const base = ({ br = 0, va = 0 }: Links) => [
    vlanDatabase.add({ index: br, vlans: [{ first: 50, last: 52 }] }),
    vlanDatabase.add({ index: va, vlans: [{ first: 50, last: 52, untagged: true }] }),
  ];
  const theirBase = ['bridge vlan add dev br vid 50-52 self', 'bridge vlan add dev va vid 50-52 untagged'];

  bothWays(
    () => ({ ns, connection, links }),
    [
      databaseRow(
        'a range of a port',
        base,
        theirBase,
        { entries: [{ first: 50, last: 52, untagged: true, state: 3 }] },
        ({ va = 0 }) => vlanDatabase.list({ index: va }),
        'vlan show dev va',
        hasEntries,
      ),
      databaseRow(
        'options of VLANs of a port',
        (all) => [
          ...base(all),
          vlanDatabase.setOptions({ index: all['va'] ?? 0, first: 51, state: 4, multicastRouter: 2 }),
        ],
        [...theirBase, 'bridge vlan set dev va vid 51 state blocking mcast_router 2'],
        {
          entries: [
            { first: 50, state: 3 },
            { first: 51, state: 4 },
            { first: 52, state: 3 },
          ],
        },
        ({ va = 0 }) => vlanDatabase.list({ index: va }),
        'vlan show dev va',
        hasEntries,
      ),
    ],
  );

  test('statistics by VLAN', async () => {
    for (const request of base(links)) await connection.request(request);
    const { items } = await connection.dump(vlanDatabase.list({ index: links['va'] ?? 0, statistics: true }));
    expect(items).toMatchObject([
      {
        entries: [
          { first: 50, statistics: { receivedBytes: 0n, sentPackets: expect.any(BigInt) } },
          { first: 51 },
          { first: 52 },
        ],
      },
    ]);
  });

  test('options of the bridge as a whole', async () => {
    const { br = 0 } = links;
    ns.run('ip', 'link', 'set', 'dev', 'br', 'type', 'bridge', 'mcast_vlan_snooping', '1');
    await connection.request(
      vlanDatabase.setGlobalOptions({
        index: br,
        first: 50,
        last: 51,
        multicastSnooping: 1,
        querier: 1,
        queryInterval: 2000,
        igmpVersion: 3,
      }),
    );
    const shown = ns.json<{ vlans: Record<string, unknown>[] }[]>(
      'bridge',
      '-j',
      '-d',
      'vlan',
      'global',
      'show',
      'dev',
      'br',
    );
    expect(shown[0]?.vlans).toMatchObject([
      { vlan: 50, vlanEnd: 51, mcast_querier: 1, mcast_query_interval: 2000, mcast_igmp_version: 3 },
      { vlan: 52, mcast_querier: 0 },
    ]);
    const { items } = await connection.dump(vlanDatabase.list({ index: br, global: true }));
    expect(items).toMatchObject([
      {
        globalOptions: [
          { first: 50, last: 51, querier: 1, queryInterval: 2000 },
          { first: 52, querier: 0 },
        ],
      },
    ]);
  });
});

test('a bridge may be deleted with all of it', async () => {
  await connection.request(linkRequests.delete({ name: 'br' }));
  expect((await connection.dump(bridgeVlans.list())).items).toEqual([]);
});
