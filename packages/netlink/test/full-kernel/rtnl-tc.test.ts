import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import {
  type Connection,
  type FilterSpec,
  filters,
  NETLINK_ROUTE,
  openConnection,
  type Qdisc,
  qdiscs,
  type TrafficFilter,
  tcHandle,
  u32Match,
} from '../../src/index.ts';
import { bothWays, type Links, type Row } from '../kernel/both-ways.ts';
import { type TestNamespace, testNamespace } from '../kernel/namespace.ts';

// Kinds that small kernels lack: fq_codel, matchall, and the actions police and gact.
let ns: TestNamespace;
let connection: Connection;
let links: Links;

beforeAll(async () => {
  ns = await testNamespace('fulltc');
  connection = await openConnection({ protocol: NETLINK_ROUTE, netns: ns.path });
  for (const command of [
    'ip link add name va up type veth peer name pa',
    'ip link add name vb up type veth peer name pb',
    'tc qdisc add dev vb clsact',
  ])
    ns.run('sh', '-c', command);
  const index = (name: string): number => Number(ns.run('cat', `/sys/class/net/${name}/ifindex`));
  links = { va: index('va'), vb: index('vb'), pa: index('pa') };
});
afterAll(async () => {
  await connection[Symbol.asyncDispose]();
  await ns[Symbol.asyncDispose]();
});

type Without<T, K extends PropertyKey> = T extends unknown ? Omit<T, K> : never;

function filterRow(
  title: string,
  spec: (links: Links) => Without<FilterSpec, 'index' | 'parent'>,
  arguments_: string,
  expected: object,
): Row {
  return {
    title,
    ours: (all) => [filters.create({ ...spec(all), index: all['vb'] ?? 0, parent: 'ingress' } as FilterSpec)],
    theirs: [`tc filter add dev vb ingress ${arguments_}`],
    undo: ({ vb = 0 }) => [filters.deleteAll({ index: vb, parent: 'ingress' })],
    shown: 'tc -j -d filter show dev vb ingress',
    list: ({ vb = 0 }) => filters.list({ index: vb, parent: 'ingress' }),
    about: ({ options }: TrafficFilter) => options !== undefined && 'actions' in options,
    expected: () => [expected],
  };
}

describe('filters with actions made by us and by tc(8) are the same', () => {
  bothWays(
    () => ({ ns, connection, links }),
    [
      filterRow(
        'matchall drops',
        () => ({
          kind: 'matchall',
          priority: 5,
          options: { actions: [{ kind: 'gact', options: { verdict: 'drop' } }] },
        }),
        'prio 5 matchall action drop',
        { kind: 'matchall', protocol: 3, options: { actions: [{ kind: 'gact', options: { verdict: 'drop' } }] } },
      ),
      filterRow(
        'matchall at a rate, then redirected',
        ({ pa = 0 }) => ({
          kind: 'matchall',
          priority: 5,
          options: {
            actions: [
              { kind: 'police', options: { rate: 125_000, burst: 10_240, conform: 'pipe' } },
              { kind: 'mirred', options: { direction: 'egressRedirect', link: pa } },
            ],
          },
        }),
        'prio 5 matchall action police rate 1mbit burst 10k conform-exceed drop/pipe action mirred egress redirect dev pa',
        {
          options: {
            actions: [
              { kind: 'police', options: { rate: 125_000, burst: 10_240, exceed: 'drop', conform: 'pipe' } },
              { kind: 'mirred' },
            ],
          },
        },
      ),
      filterRow(
        'u32 at a rate beyond 32 bits, with a peak',
        () => ({
          kind: 'u32',
          priority: 6,
          protocol: 0x800,
          options: {
            selector: { keys: u32Match.ipv4({ source: '10.0.0.0/8' }) },
            actions: [
              {
                kind: 'police',
                options: { rate: 5_000_000_000, burst: 5_000_000, mtu: 1500, overhead: 8, exceed: 'ok', conform: 'ok' },
              },
            ],
          },
        }),
        'protocol ip prio 6 u32 match ip src 10.0.0.0/8 action police rate 40gbit burst 5000000 mtu 1500 overhead 8 conform-exceed ok/ok',
        { options: { actions: [{ options: { rate: 5_000_000_000, mtu: 1500, overhead: 8, exceed: 'ok' } }] } },
      ),
      filterRow(
        'packets per second',
        () => ({
          kind: 'matchall',
          priority: 7,
          options: { actions: [{ kind: 'police', options: { packetRate: 1000, packetBurst: 100 } }] },
        }),
        'prio 7 matchall action police pkts_rate 1000 pkts_burst 100 conform-exceed drop',
        { options: { actions: [{ options: { packetRate: 1000, packetBurst: 100, exceed: 'drop' } }] } },
      ),
    ],
  );
});

describe('fq_codel made by us and by tc(8) is the same', () => {
  const options = {
    target: 5000,
    interval: 100_000,
    limit: 1000,
    flows: 64,
    quantum: 1514,
    ecn: 1,
    memoryLimit: 4_194_304,
    markThreshold: 2000,
  } as const;
  bothWays(
    () => ({ ns, connection, links }),
    [
      {
        title: 'with all its options',
        ours: ({ va = 0 }) => [qdiscs.create({ kind: 'fq_codel', index: va, handle: tcHandle(0x10), options })],
        theirs: [
          'tc qdisc add dev va root handle 10: fq_codel target 5ms interval 100ms limit 1000 flows 64 quantum 1514 ecn memory_limit 4mb ce_threshold 2ms',
        ],
        undo: ['tc qdisc del dev va root'],
        shown: 'tc -j -d qdisc show dev va',
        list: ({ va = 0 }) => qdiscs.list({ index: va }),
        about: ({ handle }: Qdisc) => handle === tcHandle(0x10),
        expected: () => [{ kind: 'fq_codel', options: { limit: 1000, flows: 64, ecn: 1, memoryLimit: 4_194_304 } }],
      },
    ],
  );

  test('its own counters are told', async () => {
    const { va = 0 } = links;
    await connection.request(qdiscs.create({ kind: 'fq_codel', index: va }));
    const { items } = await connection.dump(qdiscs.list({ index: va }));
    expect(items).toMatchObject([
      { details: { type: 0, ecnMarks: 0, memoryUsed: 0 }, statistics: { queue: { drops: 0 } } },
    ]);
    await connection.request(qdiscs.delete({ index: va }));
  });
});
