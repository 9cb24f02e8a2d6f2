import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import {
  type Connection,
  createLink,
  type FdbEntry,
  type FdbSpec,
  fdb,
  links as linkRequests,
  NETLINK_ROUTE,
  nexthops,
  openConnection,
} from '../../src/index.ts';
import { bothWays, type Links, type Row } from './both-ways.ts';
import { type TestNamespace, testNamespace } from './namespace.ts';

let ns: TestNamespace;
let connection: Connection;
let links: Links;

beforeAll(async () => {
  ns = await testNamespace('fdbrows');
  connection = await openConnection({ protocol: NETLINK_ROUTE, netns: ns.path });
  const commands = [
    // What a link multicasts by itself would be learned while entries are compared.
    'echo 1 > /proc/sys/net/ipv6/conf/default/disable_ipv6',
    'ip link add name br up type bridge',
    'ip link add name vx up type vxlan id 7 dstport 4789 local 192.0.2.1 nolearning',
    'ip link add name ext up type vxlan external dstport 4790 local 192.0.2.1 nolearning',
    'ip link add name va up type veth peer name pa',
    'ip link set pa up',
    'ip link set va master br',
    'ip nexthop add id 1 via 192.0.2.5 fdb',
    'ip nexthop add id 2 via 192.0.2.6 fdb',
    'ip nexthop add id 10 group 1/2 fdb',
  ];
  for (const command of commands) ns.run('sh', '-c', command);
  const index = (name: string): number => Number(ns.run('cat', `/sys/class/net/${name}/ifindex`));
  links = { br: index('br'), vx: index('vx'), ext: index('ext'), va: index('va') };
});
afterAll(async () => {
  await connection[Symbol.asyncDispose]();
  await ns[Symbol.asyncDispose]();
});

const MAC = '52:54:00:00:00:42';
type Spec = FdbSpec extends infer S ? (S extends FdbSpec ? Omit<S, 'index' | 'mac'> : never) : never;

function row(
  title: string,
  link: 'vx' | 'ext' | 'va' | 'br',
  spec: (links: Links) => Spec,
  arguments_: string,
  expected: (links: Links) => object,
): Row {
  return {
    title,
    // The union's members differ in what else they have.
    ours: (all) => [fdb.create({ ...spec(all), index: all[link] ?? 0, mac: MAC } as FdbSpec)],
    theirs: [`bridge fdb add ${MAC} dev ${link} ${arguments_}`],
    undo: (all) => {
      const { where, vlan, ...rest } = spec(all) as { where: 'self'; vlan?: number; sourceVni?: number };
      const key = { where, index: all[link] ?? 0, mac: MAC, ...(vlan === undefined ? {} : { vlan }) };
      return [fdb.delete({ ...key, ...(rest.sourceVni === undefined ? {} : { sourceVni: rest.sourceVni }) })];
    },
    shown: `bridge -j -d -s fdb show dev ${link}`,
    list: (all) => fdb.list({ index: all[link] ?? 0 }),
    about: ({ mac }: FdbEntry) => mac === MAC,
    expected: (all) => [{ index: all[link], mac: MAC, ...expected(all) }],
  };
}

describe('forwarding entries made by us and by bridge(8) are the same', () => {
  bothWays(
    () => ({ ns, connection, links }),
    [
      row(
        'to a VTEP by VNI, port and link',
        'vx',
        ({ va = 0 }) => ({ where: 'self', destination: '192.0.2.9', vni: 99, port: 4790, outgoing: va }),
        'self permanent dst 192.0.2.9 vni 99 port 4790 via va',
        ({ va = 0 }) => ({
          where: 'self',
          state: 'permanent',
          destination: '192.0.2.9',
          vni: 99,
          port: 4790,
          outgoing: va,
        }),
      ),
      row(
        'learned elsewhere, for a router',
        'vx',
        () => ({
          where: 'self',
          destination: '192.0.2.9',
          state: 'static',
          flags: { externallyLearned: true, router: true },
        }),
        'self static dst 192.0.2.9 extern_learn router',
        () => ({ flags: { self: true, externallyLearned: true, router: true } }),
      ),
      row(
        'of one VNI of a device that takes all',
        'ext',
        () => ({ where: 'self', destination: '192.0.2.9', sourceVni: 500, vni: 501 }),
        'self permanent dst 192.0.2.9 src_vni 500 vni 501',
        () => ({ sourceVni: 500, vni: 501 }),
      ),
      row(
        'to a group of next hops',
        'vx',
        () => ({ where: 'self', nextHopId: 10 }),
        'self permanent nhid 10',
        () => ({ nextHopId: 10 }),
      ),
      row(
        'static in the bridge',
        'va',
        () => ({ where: 'master' }),
        'master static',
        ({ br = 0 }) => ({ where: 'master', state: 'static', master: br }),
      ),
      row(
        'sticky',
        'va',
        () => ({ where: 'master', flags: { sticky: true } }),
        'master static sticky',
        () => ({ flags: { sticky: true } }),
      ),
      row(
        'dynamic, learned elsewhere',
        'va',
        () => ({ where: 'master', state: 'dynamic', flags: { externallyLearned: true } }),
        'master dynamic extern_learn',
        () => ({ state: 'dynamic', flags: { externallyLearned: true } }),
      ),
      row(
        'local',
        'va',
        () => ({ where: 'master', state: 'permanent' }),
        'master permanent',
        () => ({ state: 'permanent' }),
      ),
      row(
        'of the bridge itself',
        'br',
        () => ({ where: 'self', state: 'permanent' }),
        'self permanent',
        () => ({ where: 'master' }),
      ),
    ],
  );
});

test('one entry without a dump', async () => {
  const { va = 0, vx = 0 } = links;
  await connection.request(
    fdb.create({ where: 'master', index: va, mac: MAC, activity: { notify: { enabled: true } } }),
  );
  expect(await connection.request(fdb.get({ where: 'master', index: va, mac: MAC }))).toMatchObject({
    mac: MAC,
    state: 'static',
    activity: { notify: { enabled: true } },
    cacheInfo: { updated: expect.any(Number) },
  });
  await connection.request(fdb.create({ where: 'self', index: vx, mac: MAC, destination: '192.0.2.9' }));
  expect(await connection.request(fdb.get({ where: 'self', index: vx, mac: MAC }))).toMatchObject({
    destination: '192.0.2.9',
  });
  await expect(
    connection.request(fdb.get({ where: 'self', index: vx, mac: '52:54:00:00:00:99' })),
  ).rejects.toMatchObject({ code: 'ENOENT' });
  await connection.request(fdb.delete({ where: 'master', index: va, mac: MAC }));
  await connection.request(fdb.delete({ where: 'self', index: vx, mac: MAC }));
});

describe('a flush deletes in the kernel what agrees', () => {
  const mac = (n: number): string => `52:54:00:00:01:0${n}`;
  const left = async (index: number): Promise<string[]> =>
    (await connection.dump(fdb.list({ index }))).items
      .map((entry) => entry.mac)
      .filter((one) => one.startsWith('52:54:00:00:01'))
      .sort();

  test('of a bridge: by state, flags and port', async () => {
    const { br = 0, va = 0 } = links;
    await connection.request(fdb.create({ where: 'master', index: va, mac: mac(1) }));
    await connection.request(fdb.create({ where: 'master', index: va, mac: mac(2), state: 'dynamic' }));
    await connection.request(
      fdb.create({ where: 'master', index: va, mac: mac(3), flags: { externallyLearned: true } }),
    );
    await connection.request(fdb.create({ where: 'master', index: va, mac: mac(4), state: 'permanent' }));
    await connection.request(fdb.flush({ where: 'self', index: br, flags: { externallyLearned: true } }));
    expect(await left(va)).toEqual([mac(1), mac(2), mac(4)]);
    await connection.request(fdb.flush({ where: 'self', index: br, state: 'dynamic', outgoing: va }));
    expect(await left(va)).toEqual([mac(1), mac(4)]);
    await connection.request(fdb.flush({ where: 'master', index: va, state: 'static' }));
    expect(await left(va)).toEqual([mac(4)]);
    await connection.request(fdb.delete({ where: 'master', index: va, mac: mac(4) }));
  });

  test('of a vxlan device: by destination and VNI; then all', async () => {
    const { vx = 0 } = links;
    for (const n of [1, 2, 3]) {
      await connection.request(
        fdb.create({ where: 'self', index: vx, mac: mac(n), destination: `192.0.2.1${n}`, vni: 70 + n }),
      );
    }
    await connection.request(fdb.flush({ where: 'self', index: vx, destination: '192.0.2.11' }));
    expect(await left(vx)).toEqual([mac(2), mac(3)]);
    await connection.request(fdb.flush({ where: 'self', index: vx, vni: 72 }));
    expect(await left(vx)).toEqual([mac(3)]);
    await connection.request(fdb.flush({ where: 'self', index: vx }));
    expect(await left(vx)).toEqual([]);
  });
});

test('a group of next hops may change below an entry', async () => {
  const { vx = 0 } = links;
  await connection.request(fdb.create({ where: 'self', index: vx, mac: MAC, nextHopId: 10 }));
  await connection.request(nexthops.replace({ id: 10, group: [{ id: 2 }], fdb: true }));
  expect(ns.json('ip', '-j', 'nexthop', 'show', 'id', '10')).toMatchObject([{ id: 10, group: [{ id: 2 }], fdb: null }]);
  await connection.request(fdb.delete({ where: 'self', index: vx, mac: MAC }));
});

test('a MAC that moves is one entry; a second destination by create is refused', async () => {
  const spare = await createLink(connection, { kind: 'vxlan', name: 'vy', data: { vni: 8, port: 4791 } });
  const spec = { where: 'self', index: spare.index, mac: MAC } as const;
  await connection.request(fdb.create({ ...spec, destination: '192.0.2.1' }));
  await expect(connection.request(fdb.create({ ...spec, destination: '192.0.2.2' }))).rejects.toMatchObject({
    code: 'EEXIST',
  });
  await connection.request(fdb.replace({ ...spec, destination: '192.0.2.2' }));
  expect((await connection.dump(fdb.list({ index: spare.index }))).items).toMatchObject([{ destination: '192.0.2.2' }]);
  await connection.request(linkRequests.delete({ index: spare.index }));
});
