import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import {
  type Connection,
  NETLINK_ROUTE,
  type Nexthop,
  type NexthopSpec,
  nexthops,
  openConnection,
  routes,
} from '../../src/index.ts';
import { bothWays, type Links, type Row } from './both-ways.ts';
import { type TestNamespace, testNamespace } from './namespace.ts';

let ns: TestNamespace;
let connection: Connection;
let links: Links;

beforeAll(async () => {
  ns = await testNamespace('nexthop');
  connection = await openConnection({ protocol: NETLINK_ROUTE, netns: ns.path });
  for (const name of ['a', 'b']) {
    ns.run('ip', 'link', 'add', `v${name}`, 'up', 'type', 'veth', 'peer', 'name', `p${name}`);
    ns.run('ip', 'link', 'set', `p${name}`, 'up');
  }
  ns.run('ip', 'link', 'set', 'lo', 'up');
  ns.run('ip', 'addr', 'add', '10.0.0.1/24', 'dev', 'va');
  ns.run('ip', 'addr', 'add', '10.0.1.1/24', 'dev', 'vb');
  ns.run('ip', 'addr', 'add', '2001:db8::1/64', 'dev', 'va', 'nodad');
  ns.run('ip', 'nexthop', 'add', 'id', '1', 'via', '10.0.0.2', 'dev', 'va');
  ns.run('ip', 'nexthop', 'add', 'id', '2', 'via', '10.0.1.2', 'dev', 'vb');
  const index = (name: string): number => Number(ns.run('cat', `/sys/class/net/${name}/ifindex`));
  links = { a: index('va'), b: index('vb') };
});
afterAll(async () => {
  await connection[Symbol.asyncDispose]();
  await ns[Symbol.asyncDispose]();
});

const ID = 77;

function row(
  title: string,
  spec: (links: Links) => NexthopSpec,
  arguments_: string,
  expected: (links: Links) => object,
): Row {
  return {
    title,
    ours: (all) => [nexthops.create({ ...spec(all), id: ID })],
    theirs: [`ip nexthop add id ${ID} ${arguments_}`],
    undo: [`ip nexthop del id ${ID}`],
    shown: 'ip -j -d nexthop show',
    list: () => nexthops.list(),
    about: ({ id }: Nexthop) => id === ID,
    expected: (all) => [{ id: ID, ...expected(all) }],
  };
}

describe('nexthop objects made by us and by ip(8) are the same', () => {
  bothWays(
    () => ({ ns, connection, links }),
    [
      row(
        'a gateway',
        ({ a = 0 }) => ({ via: '10.0.0.9', outgoing: a, protocol: 4 }),
        'via 10.0.0.9 dev va proto static',
        ({ a = 0 }) => ({ via: '10.0.0.9', outgoing: a, family: 2, protocol: 4 }),
      ),
      row(
        'on link',
        ({ a = 0 }) => ({ via: '192.0.2.1', outgoing: a, flags: { onLink: true } }),
        'via 192.0.2.1 dev va onlink',
        () => ({ flags: { onLink: true } }),
      ),
      row(
        'IPv6',
        ({ a = 0 }) => ({ via: '2001:db8::9', outgoing: a }),
        'via 2001:db8::9 dev va',
        () => ({ family: 10, via: '2001:db8::9' }),
      ),
      row(
        'a link',
        ({ a = 0 }) => ({ outgoing: a }),
        'dev va',
        ({ a = 0 }) => ({ outgoing: a, family: 2 }),
      ),
      row(
        'a blackhole',
        () => ({ blackhole: true }),
        'blackhole',
        () => ({ blackhole: true }),
      ),
      row(
        'for FDB entries',
        () => ({ via: '192.0.2.5', fdb: true }),
        'via 192.0.2.5 fdb',
        () => ({ fdb: true }),
      ),
      row(
        'a group with weights',
        () => ({ group: [{ id: 1, weight: 3 }, { id: 2 }] }),
        'group 1,3/2',
        () => ({
          group: [
            { id: 1, weight: 3 },
            { id: 2, weight: 1 },
          ],
          groupType: 'multipath',
          family: 0,
        }),
      ),
      row(
        'a resilient group',
        () => ({
          group: [{ id: 1 }, { id: 2 }],
          groupType: 'resilient',
          resilient: { buckets: 8, idleTimer: 6000, unbalancedTimer: 30_000 },
        }),
        'group 1/2 type resilient buckets 8 idle_timer 60 unbalanced_timer 300',
        () => ({ groupType: 'resilient', resilient: { buckets: 8, idleTimer: 6000, unbalancedTimer: 30_000 } }),
      ),
      row(
        'an encapsulation stays bytes',
        ({ a = 0 }) => ({
          via: '10.0.0.9',
          outgoing: a,
          encapType: 2,
          encap: Uint8Array.from([12, 0, 1, 0, 0, 0, 0, 0, 0, 0, 0, 9, 8, 0, 2, 0, 10, 0, 0, 7]),
        }),
        'encap ip id 9 dst 10.0.0.7 via 10.0.0.9 dev va',
        () => ({ encapType: 2, encap: expect.any(Uint8Array) }),
      ),
    ],
  );
});

test('an id that the kernel chooses is told; replace moves routes; delete takes them along', async () => {
  const made = await connection.request(nexthops.create({ via: '10.0.0.50', outgoing: links['a'] ?? 0 }));
  expect(made).toMatchObject({ id: expect.any(Number), via: '10.0.0.50' });
  const id = made?.id ?? 0;
  expect(id).toBeGreaterThan(0);
  await connection.request(routes.create({ destination: '10.9.0.0/16', nextHopId: id }));
  await connection.request(nexthops.replace({ id, via: '10.0.1.50', outgoing: links['b'] ?? 0 }));
  expect(ns.json('ip', '-j', 'route', 'show', '10.9.0.0/16')).toMatchObject([
    { nhid: id, gateway: '10.0.1.50', dev: 'vb' },
  ]);
  await connection.request(nexthops.delete(id));
  expect(ns.json('ip', '-j', 'route', 'show', '10.9.0.0/16')).toEqual([]);
  await expect(connection.request(nexthops.delete(id))).rejects.toMatchObject({ code: 'ENOENT' });
  await expect(connection.request(nexthops.get(id))).rejects.toMatchObject({ code: 'ENOENT' });
});

test('lists by link, groups and FDB', async () => {
  ns.run('ip', 'nexthop', 'add', 'id', '20', 'group', '1/2');
  ns.run('ip', 'nexthop', 'add', 'id', '21', 'via', '192.0.2.9', 'fdb');
  const ids = async (filter: Parameters<typeof nexthops.list>[0]): Promise<number[]> =>
    (await connection.dump(nexthops.list(filter))).items.map(({ id }) => id);
  expect(await ids({ outgoing: links['a'] ?? 0 })).toEqual([1]);
  expect(await ids({ groups: true })).toEqual([20]);
  expect(await ids({ fdb: true })).toEqual([21]);
  expect(await ids({})).toEqual([1, 2, 20, 21]);
  ns.run('ip', 'nexthop', 'del', 'id', '20');
  ns.run('ip', 'nexthop', 'del', 'id', '21');
});

test('buckets of a resilient group', async () => {
  await connection.request(
    nexthops.create({ id: 30, group: [{ id: 1 }, { id: 2 }], groupType: 'resilient', resilient: { buckets: 4 } }),
  );
  const { items } = await connection.dump(nexthops.listBuckets({ group: 30 }));
  const shown = ns.json<{ bucket: { index: number; nhid: number } }[]>(
    'ip',
    '-j',
    'nexthop',
    'bucket',
    'show',
    'id',
    '30',
  );
  expect(items.map(({ bucket, nextHopId }) => [bucket, nextHopId])).toEqual(
    shown.map(({ bucket }) => [bucket.index, bucket.nhid]),
  );
  expect(items).toHaveLength(4);
  expect((await connection.dump(nexthops.listBuckets({ group: 30, nextHopId: 2 }))).items).toHaveLength(2);
  expect(await connection.request(nexthops.getBucket({ group: 30, bucket: 3 }))).toMatchObject({
    group: 30,
    bucket: 3,
  });
  await connection.request(nexthops.delete(30));
});

test('weights of 16 bits and statistics, where the kernel has them', async () => {
  const made = connection.request(
    nexthops.create({
      id: 40,
      group: [
        { id: 1, weight: 1000 },
        { id: 2, weight: 65_535 },
      ],
    }),
  );
  const [outcome] = await Promise.allSettled([made]);
  if (outcome?.status === 'rejected') {
    // Kernels before 6.13 refuse what is not zero in the upper byte.
    expect(outcome.reason).toMatchObject({ code: 'EINVAL' });
    return;
  }
  const told = await connection.request(nexthops.get(40, { statistics: true }));
  expect(told).toMatchObject({
    group: [
      { id: 1, weight: 1000 },
      { id: 2, weight: 65_535 },
    ],
    statistics: [
      { id: 1, packets: 0n },
      { id: 2, packets: 0n },
    ],
  });
  await connection.request(nexthops.delete(40));
  expect(() => nexthops.create({ group: [{ id: 1, weight: 65_536 }] })).toThrow('no weight from 1 to 65535');
});
