import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type Connection, type Mdb, type MdbSpec, mdb, NETLINK_ROUTE, openConnection } from '../../src/index.ts';
import { bothWays, type Links, type Row } from './both-ways.ts';
import { type TestNamespace, testNamespace } from './namespace.ts';

let ns: TestNamespace;
let connection: Connection;
let links: Links;

beforeAll(async () => {
  ns = await testNamespace('mdb');
  connection = await openConnection({ protocol: NETLINK_ROUTE, netns: ns.path });
  for (const command of [
    // The host's own IPv6 groups would be among the entries.
    'echo 1 > /proc/sys/net/ipv6/conf/default/disable_ipv6',
    'ip link add name br up type bridge mcast_igmp_version 3 mcast_mld_version 2',
    'ip link add name va up type veth peer name pa',
    'ip link set pa up',
    'ip link set va master br',
    'ip link add name vx up type vxlan external vnifilter dstport 4790 local 192.0.2.1 nolearning',
  ])
    ns.run('sh', '-c', command);
  const index = (name: string): number => Number(ns.run('cat', `/sys/class/net/${name}/ifindex`));
  links = { br: index('br'), va: index('va'), vx: index('vx') };
});
afterAll(async () => {
  await connection[Symbol.asyncDispose]();
  await ns[Symbol.asyncDispose]();
});

type Spec = Omit<MdbSpec, 'index' | 'port'>;

function row(title: string, spec: Spec, arguments_: string, expected: object): Row {
  const whole = ({ br = 0, va = 0 }: Links): MdbSpec => ({ ...spec, index: br, port: va });
  return {
    title,
    ours: (all) => [mdb.create(whole(all))],
    theirs: [`bridge mdb add dev br port va ${arguments_}`],
    undo: (all) => {
      const { index, port, group, vlan, source, state } = whole(all);
      return [
        mdb.delete({
          index,
          port,
          group,
          ...(vlan === undefined ? {} : { vlan }),
          ...(source === undefined ? {} : { source }),
          ...(state === undefined ? {} : { state }),
        }),
      ];
    },
    shown: 'bridge -j -d mdb show dev br',
    list: ({ br = 0 }) => mdb.list({ index: br }),
    about: ({ entries }: Mdb) => entries.length > 0,
    expected: ({ br = 0, va = 0 }) => [{ index: br, entries: [{ port: va, group: spec.group, ...expected }] }],
  };
}

describe('multicast groups set by us and by bridge(8) are the same', () => {
  bothWays(
    () => ({ ns, connection, links }),
    [
      row('IPv4, permanent', { group: '239.1.1.1' }, 'grp 239.1.1.1 permanent', { state: 'permanent', vlan: 0 }),
      row('IPv4, temporary', { group: '239.1.1.2', state: 'temporary' }, 'grp 239.1.1.2 temp', { state: 'temporary' }),
      row('IPv6', { group: 'ff0e::1' }, 'grp ff0e::1 permanent', { group: 'ff0e::1' }),
      row('a MAC address', { group: '01:00:5e:7f:00:01' }, 'grp 01:00:5e:7f:00:01 permanent', {}),
      row('of one source', { group: '239.1.1.3', source: '10.0.0.7' }, 'grp 239.1.1.3 src 10.0.0.7 permanent', {
        source: '10.0.0.7',
      }),
    ],
  );
});

test('sources with a mode, replaced, got, and flushed, by a kernel that can', async () => {
  const { br = 0, va = 0 } = links;
  const spec = { index: br, port: va, group: '239.2.2.2', protocol: 186 } as const;
  await connection.request(mdb.create({ ...spec, sources: ['10.0.0.1', '10.0.0.2'], mode: 'include' }));
  const entry = async (): Promise<unknown> =>
    (await connection.request(mdb.get({ index: br, group: spec.group })))?.entries.find(
      ({ source }) => source === undefined,
    );
  expect(await entry()).toMatchObject({
    mode: 'include',
    sources: [{ address: '10.0.0.2' }, { address: '10.0.0.1' }],
    protocol: 186,
  });
  await connection.request(mdb.replace({ ...spec, sources: ['10.0.0.3'], mode: 'exclude' }));
  expect(await entry()).toMatchObject({ mode: 'exclude', sources: [{ address: '10.0.0.3' }] });
  const shown = JSON.stringify(ns.json('bridge', '-j', '-d', 'mdb', 'show', 'dev', 'br'));
  expect(shown).toContain('"filter_mode":"exclude"');
  expect(shown).toContain('10.0.0.3');
  await connection.request(mdb.create({ index: br, port: va, group: '239.2.2.3' }));
  await connection.request(mdb.flush({ index: br, protocol: 186 }));
  const left = (await connection.dump(mdb.list({ index: br }))).items.flatMap(({ entries }) => entries);
  expect(left).toMatchObject([{ group: '239.2.2.3' }]);
  await connection.request(mdb.flush({ index: br }));
  expect(ns.json<{ mdb: unknown[] }[]>('bridge', '-j', 'mdb', 'show', 'dev', 'br')[0]?.mdb).toEqual([]);
});

test('router ports', async () => {
  ns.run('bridge', 'link', 'set', 'dev', 'va', 'mcast_router', '2');
  const { br = 0, va = 0 } = links;
  expect((await connection.dump(mdb.list({ index: br }))).items).toMatchObject([
    { index: br, routers: [{ port: va, type: 2 }] },
  ]);
});

test('of a vxlan device: to a VTEP', async () => {
  const { vx = 0 } = links;
  const spec = {
    index: vx,
    port: vx,
    group: '239.3.3.3',
    destination: '192.0.2.9',
    sourceVni: 10,
    vni: 11,
    destinationPort: 4791,
  } as const;
  await connection.request(mdb.create(spec));
  expect((await connection.dump(mdb.list({ index: vx }))).items).toMatchObject([
    {
      index: vx,
      entries: [
        { group: '239.3.3.3', destination: '192.0.2.9', sourceVni: 10, vni: 11, destinationPort: 4791, port: vx },
      ],
    },
  ]);
  await connection.request(
    mdb.delete({
      index: vx,
      port: vx,
      group: '239.3.3.3',
      destination: '192.0.2.9',
      sourceVni: 10,
      vni: 11,
      destinationPort: 4791,
    }),
  );
  expect((await connection.dump(mdb.list({ index: vx }))).items.flatMap(({ entries }) => entries)).toEqual([]);
});

test('what is not there, and what is there already', async () => {
  const { br = 0, va = 0 } = links;
  const spec = { index: br, port: va, group: '239.4.4.4' } as const;
  await expect(connection.request(mdb.delete(spec))).rejects.toMatchObject({ code: 'EINVAL' });
  await connection.request(mdb.create(spec));
  await expect(connection.request(mdb.create(spec))).rejects.toMatchObject({ code: 'EEXIST' });
  await connection.request(mdb.delete(spec));
});
