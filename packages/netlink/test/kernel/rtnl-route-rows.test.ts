import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import {
  type Connection,
  links as linkRequests,
  NETLINK_ROUTE,
  openConnection,
  type Route,
  type RouteSpec,
  routes,
} from '../../src/index.ts';
import { bothWays, type Links, type Row } from './both-ways.ts';
import { type TestNamespace, testNamespace } from './namespace.ts';

let ns: TestNamespace;
let connection: Connection;
let links: Links;

beforeAll(async () => {
  ns = await testNamespace('routes');
  connection = await openConnection({ protocol: NETLINK_ROUTE, netns: ns.path });
  const made: Record<string, number> = {};
  for (const name of ['a', 'b']) {
    ns.run('ip', 'link', 'add', `v${name}`, 'up', 'type', 'veth', 'peer', 'name', `p${name}`);
    ns.run('ip', 'link', 'set', `p${name}`, 'up');
    made[name] = (await connection.request(linkRequests.get({ name: `v${name}` })))?.index ?? 0;
  }
  links = made;
  ns.run('ip', 'link', 'set', 'lo', 'up');
  ns.run('ip', 'addr', 'add', '10.0.0.1/24', 'dev', 'va');
  ns.run('ip', 'addr', 'add', '10.0.1.1/24', 'dev', 'vb');
  ns.run('ip', 'addr', 'add', '2001:db8::1/64', 'dev', 'va', 'nodad');
  ns.run('ip', 'addr', 'add', '2001:db8:1::1/64', 'dev', 'vb', 'nodad');
  ns.run('ip', 'nexthop', 'add', 'id', '7', 'via', '10.0.0.9', 'dev', 'va');
});
afterAll(async () => {
  await connection[Symbol.asyncDispose]();
  await ns[Symbol.asyncDispose]();
});

const TABLE = 4711;

/** In a table of its own, so that nothing else is in sight. */
function row(
  title: string,
  spec: (links: Links) => Omit<RouteSpec, 'table'>,
  arguments_: string,
  expected: (links: Links) => object,
): Row {
  const family = spec({}).destination.includes(':') ? '-6' : '-4';
  const inTable = arguments_.replace(/\S+\/\d+|default/, `$& table ${TABLE}`);
  const [named = ''] = /^.*? table \d+( from \S+| tos \S+)?/.exec(inTable) ?? [];
  return {
    title,
    ours: (all) => [routes.create({ ...spec(all), table: TABLE })],
    theirs: [`ip ${family} route add ${inTable}`],
    undo: [`ip ${family} route del ${named}`],
    shown: `out=$(ip -j -d ${family} route show table ${TABLE} 2>/dev/null) && echo "$out" || echo '[]'`,
    list: () => routes.list({ table: TABLE }),
    about: (route: Route) => route.table === TABLE,
    expected: (all) => [expected(all)],
  };
}

describe('routes made by us and by ip(8) are the same', () => {
  bothWays(
    () => ({ ns, connection, links }),
    [
      row(
        'by a gateway, with metric, protocol and source',
        ({ a = 0 }) => ({
          destination: '10.9.0.0/16',
          via: '10.0.0.2',
          outgoing: a,
          metric: 50,
          protocol: 4,
          preferredSource: '10.0.0.1',
        }),
        '10.9.0.0/16 via 10.0.0.2 dev va metric 50 proto static src 10.0.0.1',
        ({ a = 0 }) => ({
          via: '10.0.0.2',
          outgoing: a,
          metric: 50,
          protocol: 4,
          preferredSource: '10.0.0.1',
          type: 'unicast',
          scope: 0,
        }),
      ),
      row(
        'direct, with a TOS',
        ({ a = 0 }) => ({ destination: '10.9.0.0/16', outgoing: a, tos: 0x10 }),
        '10.9.0.0/16 tos 0x10 dev va',
        () => ({ scope: 253, tos: 0x10 }),
      ),
      row(
        'a gateway that no route leads to',
        ({ a = 0 }) => ({ destination: '10.9.0.0/16', via: '192.0.2.1', outgoing: a, flags: { onLink: true } }),
        '10.9.0.0/16 via 192.0.2.1 dev va onlink',
        () => ({ flags: { onLink: true }, via: '192.0.2.1' }),
      ),
      row(
        'a gateway of the other family',
        ({ a = 0 }) => ({ destination: '10.9.0.0/16', via: '2001:db8::2', outgoing: a }),
        '10.9.0.0/16 via inet6 2001:db8::2 dev va',
        () => ({ via: '2001:db8::2', family: 2 }),
      ),
      row(
        'two ways with weights, one on link',
        ({ a = 0, b = 0 }) => ({
          destination: '10.9.0.0/16',
          multipath: [
            { via: '10.0.0.2', outgoing: a, weight: 3 },
            { via: '192.0.2.1', outgoing: b, weight: 256, flags: { onLink: true } },
          ],
        }),
        '10.9.0.0/16 nexthop via 10.0.0.2 dev va weight 3 nexthop via 192.0.2.1 dev vb weight 256 onlink',
        ({ a = 0, b = 0 }) => ({
          multipath: [
            { via: '10.0.0.2', outgoing: a, weight: 3 },
            { via: '192.0.2.1', outgoing: b, weight: 256, flags: { onLink: true } },
          ],
        }),
      ),
      row(
        'two ways, one by the other family',
        ({ a = 0, b = 0 }) => ({
          destination: '10.9.0.0/16',
          multipath: [
            { via: '10.0.0.2', outgoing: a },
            { via: '2001:db8:1::9', outgoing: b },
          ],
        }),
        '10.9.0.0/16 nexthop via 10.0.0.2 dev va nexthop via inet6 2001:db8:1::9 dev vb',
        () => ({ multipath: [{ via: '10.0.0.2', weight: 1 }, { via: '2001:db8:1::9' }] }),
      ),
      row(
        'metrics, two of them locked',
        ({ a = 0 }) => ({
          destination: '10.9.0.0/16',
          outgoing: a,
          metrics: {
            lock: { mtu: true, rtoMin: true },
            mtu: 1400,
            window: 65_000,
            advertisedMss: 1360,
            initialCongestionWindow: 20,
            initialReceiveWindow: 30,
            hopLimit: 9,
            quickAck: 1,
            rtoMin: 300,
            features: { ecn: true },
            congestionControl: 'reno',
            reordering: 5,
            slowStartThreshold: 44,
            congestionWindow: 12,
            fastOpenNoCookie: 1,
          },
        }),
        '10.9.0.0/16 dev va mtu lock 1400 window 65000 advmss 1360 initcwnd 20 initrwnd 30 hoplimit 9 quickack 1 rto_min 300ms features ecn congctl reno reordering 5 ssthresh 44 cwnd 12 fastopen_no_cookie 1',
        () => ({
          metrics: {
            lock: { mtu: true, rtoMin: true },
            mtu: 1400,
            congestionControl: 'reno',
            rtoMin: 300,
            features: { ecn: true },
          },
        }),
      ),
      row(
        'of a nexthop object',
        () => ({ destination: '10.9.0.0/16', nextHopId: 7 }),
        '10.9.0.0/16 nhid 7',
        ({ a = 0 }) => ({ nextHopId: 7, via: '10.0.0.9', outgoing: a }),
      ),
      row(
        'realms',
        ({ a = 0 }) => ({ destination: '10.9.0.0/16', outgoing: a, realms: (3 << 16) | 5 }),
        '10.9.0.0/16 dev va realms 3/5',
        () => ({ realms: (3 << 16) | 5 }),
      ),
      ...(['blackhole', 'unreachable', 'prohibit', 'throw'] as const).map((type) =>
        row(
          type,
          () => ({ destination: '10.9.0.0/16', type }),
          `${type} 10.9.0.0/16`,
          () => ({ type }),
        ),
      ),
      row(
        'local',
        ({ a = 0 }) => ({ destination: '10.9.0.0/16', type: 'local', outgoing: a }),
        'local 10.9.0.0/16 dev va',
        () => ({ type: 'local', scope: 254 }),
      ),
      row(
        'MPLS encapsulation stays bytes',
        ({ a = 0 }) => ({
          destination: '10.9.0.0/16',
          via: '10.0.0.2',
          outgoing: a,
          encapType: 2,
          encap: Uint8Array.from([12, 0, 1, 0, 0, 0, 0, 0, 0, 0, 0, 9, 8, 0, 2, 0, 10, 0, 0, 7]),
        }),
        '10.9.0.0/16 encap ip id 9 dst 10.0.0.7 via 10.0.0.2 dev va',
        () => ({ encapType: 2 }),
      ),
      row(
        'IPv6 by a gateway, with a preference and an end',
        ({ a = 0 }) => ({
          destination: '2001:db8:9::/48',
          via: '2001:db8::2',
          outgoing: a,
          preference: 'high',
          expires: 3000,
          metric: 1024,
        }),
        '2001:db8:9::/48 via 2001:db8::2 dev va pref high expires 3000',
        () => ({ preference: 'high', cacheInfo: { expires: expect.closeTo(300_000, -4) } }),
      ),
      row(
        'IPv6 with two ways',
        ({ a = 0, b = 0 }) => ({
          destination: '2001:db8:9::/48',
          metric: 9,
          multipath: [
            { via: '2001:db8::2', outgoing: a, weight: 2 },
            { via: '2001:db8:1::2', outgoing: b },
          ],
        }),
        '2001:db8:9::/48 metric 9 nexthop via 2001:db8::2 dev va weight 2 nexthop via 2001:db8:1::2 dev vb',
        () => ({ multipath: [{ weight: 2 }, { via: '2001:db8:1::2', weight: 1 }] }),
      ),
      row(
        'IPv6 unreachable default',
        () => ({ destination: '::/0', type: 'unreachable', metric: 1024 }),
        'unreachable default',
        () => ({ type: 'unreachable', destination: '::/0' }),
      ),
      row(
        'IPv6 from a source',
        ({ a = 0 }) => ({ destination: '2001:db8:9::/48', source: '2001:db8:7::/64', outgoing: a, metric: 1024 }),
        '2001:db8:9::/48 from 2001:db8:7::/64 dev va',
        () => ({ source: '2001:db8:7::/64' }),
      ),
    ],
  );
});

const inTable = async (): Promise<readonly Route[]> => (await connection.dump(routes.list({ table: TABLE }))).items;

test('append goes behind, prepend in front, change needs one, replace takes the first', async () => {
  const { a = 0, b = 0 } = links;
  const of = { table: TABLE, destination: '10.8.0.0/16', outgoing: a } as const;
  await expect(connection.request(routes.change({ ...of, via: '10.0.0.2' }))).rejects.toMatchObject({ code: 'ENOENT' });
  await connection.request(routes.create({ ...of, via: '10.0.0.2' }));
  await connection.request(routes.append({ ...of, via: '10.0.0.3' }));
  await connection.request(routes.prepend({ ...of, via: '10.0.0.4' }));
  const shown = (): unknown[] =>
    ns.json<{ gateway: string }[]>('ip', '-j', 'route', 'show', 'table', String(TABLE)).map(({ gateway }) => gateway);
  expect(shown()).toEqual(['10.0.0.4', '10.0.0.2', '10.0.0.3']);
  await connection.request(routes.replace({ ...of, via: '10.0.1.5', outgoing: b }));
  expect(shown()).toEqual(['10.0.1.5', '10.0.0.2', '10.0.0.3']);
  await connection.request(routes.change({ ...of, via: '10.0.0.6' }));
  expect(shown()).toEqual(['10.0.0.6', '10.0.0.2', '10.0.0.3']);
  await connection.request(routes.delete({ ...of, via: '10.0.0.2' }));
  expect((await inTable()).map(({ via }) => via)).toEqual(['10.0.0.6', '10.0.0.3']);
  ns.run('ip', 'route', 'flush', 'table', String(TABLE));
});

test('the kernel filters a list by table, link, type and protocol, and a multipath route is found by each of its links', async () => {
  const { a = 0, b = 0 } = links;
  ns.run('ip', 'route', 'add', '10.7.0.0/16', 'table', String(TABLE), 'nexthop', 'dev', 'va', 'nexthop', 'dev', 'vb');
  ns.run('ip', 'route', 'add', 'blackhole', '10.6.0.0/16', 'table', String(TABLE), 'proto', 'bird');
  ns.run('ip', '-6', 'route', 'add', '2001:db8:7::/48', 'dev', 'vb', 'table', String(TABLE));
  const destinations = async (filter: Parameters<typeof routes.list>[0]): Promise<string[]> =>
    (await connection.dump(routes.list(filter))).items.map(({ destination }) => destination).sort();
  expect(await destinations({ table: TABLE })).toEqual(['10.6.0.0/16', '10.7.0.0/16', '2001:db8:7::/48']);
  expect(await destinations({ table: TABLE, family: 2 })).toEqual(['10.6.0.0/16', '10.7.0.0/16']);
  expect(await destinations({ table: TABLE, outgoing: a })).toEqual(['10.7.0.0/16']);
  expect(await destinations({ table: TABLE, outgoing: b })).toEqual(['10.7.0.0/16', '2001:db8:7::/48']);
  expect(await destinations({ type: 'blackhole' })).toEqual(['10.6.0.0/16']);
  expect(await destinations({ protocol: 12 })).toEqual(['10.6.0.0/16']);
  expect(await destinations({ table: 99_999, family: 2 })).toEqual([]);
  ns.run('ip', 'route', 'flush', 'table', String(TABLE));
  ns.run('ip', '-6', 'route', 'flush', 'table', String(TABLE));
});

test('a lookup tells what ip route get tells, and the entry of the table when it is asked for that', async () => {
  const { a = 0 } = links;
  ns.run('ip', 'route', 'add', '10.9.0.0/16', 'via', '10.0.0.2', 'metric', '50');
  ns.run('ip', 'rule', 'add', 'fwmark', '9', 'lookup', '900');
  ns.run('ip', 'route', 'add', '10.9.0.0/16', 'via', '10.0.1.2', 'table', '900');
  ns.run('ip', 'route', 'add', 'unreachable', '10.10.0.0/16');
  const [shown] = ns.json<Record<string, unknown>[]>('ip', '-j', 'route', 'get', '10.9.1.1');
  const found = await connection.request(routes.get('10.9.1.1'));
  expect(found).toMatchObject({
    destination: '10.9.1.1/32',
    via: shown?.['gateway'],
    preferredSource: shown?.['prefsrc'],
    outgoing: a,
    table: 254,
  });
  expect(await connection.request(routes.get('10.9.1.1', { fibMatch: true }))).toMatchObject({
    destination: '10.9.0.0/16',
    metric: 50,
  });
  expect(await connection.request(routes.get('10.9.1.1', { mark: 9 }))).toMatchObject({ via: '10.0.1.2', table: 900 });
  expect(
    await connection.request(
      routes.get('10.9.1.1', {
        outgoing: a,
        source: '10.0.0.1',
        ipProtocol: 6,
        destinationPort: 80,
        sourcePort: 9,
        uid: 0,
      }),
    ),
  ).toMatchObject({ via: '10.0.0.2' });
  expect(await connection.request(routes.get('2001:db8::7'))).toMatchObject({
    destination: '2001:db8::7/128',
    outgoing: a,
  });
  ns.run('sh', '-c', 'echo 1 > /proc/sys/net/ipv4/conf/all/forwarding');
  expect(
    await connection.request(routes.get('10.9.1.1', { incoming: links['b'] ?? 0, source: '10.0.1.7' })),
  ).toMatchObject({ incoming: links['b'] });
  await expect(connection.request(routes.get('10.10.0.1'))).rejects.toMatchObject({ code: 'EHOSTUNREACH' });
  await expect(connection.request(routes.get('192.0.2.77'))).rejects.toMatchObject({ code: 'ENETUNREACH' });
});

test('weights that do not fit are refused by name', () => {
  const of = { destination: '10.0.0.0/8', multipath: [{ via: '10.0.0.2', weight: 257 }] } as const;
  expect(() => routes.create(of)).toThrow('257 is no weight from 1 to 256');
});
