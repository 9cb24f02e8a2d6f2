import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import {
  bitsPerSecond,
  type ClassSpec,
  type Connection,
  classes,
  type FilterSpec,
  filters,
  NETLINK_ROUTE,
  openConnection,
  type Qdisc,
  type QdiscSpec,
  qdiscs,
  type TrafficClass,
  type TrafficFilter,
  tbfLimit,
  tcHandle,
  u32Match,
} from '../../src/index.ts';
import { bothWays, type Links, type Row } from './both-ways.ts';
import { type TestNamespace, testNamespace } from './namespace.ts';

let ns: TestNamespace;
let connection: Connection;
let links: Links;

beforeAll(async () => {
  ns = await testNamespace('tc');
  connection = await openConnection({ protocol: NETLINK_ROUTE, netns: ns.path });
  for (const command of [
    'ip link add name va up type veth peer name pa',
    'ip link add name vb up type veth peer name pb',
    'tc qdisc add dev vb root handle 1: htb default 10',
    'tc qdisc add dev vb clsact',
    'tc class add dev vb parent 1: classid 1:1 htb rate 1gbit',
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

function qdiscRow(
  title: string,
  spec: Without<QdiscSpec, 'index'>,
  arguments_: string,
  expected: object,
  undo = 'root',
): Row {
  return {
    title,
    // The union's members differ in their options.
    ours: ({ va = 0 }) => [qdiscs.create({ ...spec, index: va } as QdiscSpec)],
    theirs: [`tc qdisc add dev va ${arguments_}`],
    undo: [`tc qdisc del dev va ${undo}`],
    shown: 'tc -j -s -d qdisc show dev va',
    list: ({ va = 0 }) => qdiscs.list({ index: va }),
    about: ({ kind }: Qdisc) => kind !== 'noqueue',
    expected: ({ va = 0 }) => [{ index: va, kind: spec.kind, ...expected }],
  };
}

describe('qdiscs made by us and by tc(8) are the same', () => {
  bothWays(
    () => ({ ns, connection, links }),
    [
      qdiscRow(
        'tbf by latency',
        {
          kind: 'tbf',
          options: { rate: bitsPerSecond(1e6), burst: 32_768, limit: tbfLimit({ rate: 125_000, burst: 32_768 }, 0.05) },
        },
        'root tbf rate 1mbit burst 32kb latency 50ms',
        { parent: 0xffff_ffff, options: { rate: 125_000, burst: 32_768, limit: 39_018 } },
      ),
      qdiscRow(
        'tbf with a peak rate and an overhead',
        {
          kind: 'tbf',
          handle: tcHandle(0x8001),
          options: {
            rate: bitsPerSecond(10e6),
            burst: 10_000,
            limit: 50_000,
            peakRate: bitsPerSecond(20e6),
            peakBurst: 1600,
            overhead: 20,
            minimumPacket: 64,
          },
        },
        'root handle 8001: tbf rate 10mbit burst 10000 limit 50000 peakrate 20mbit mtu 1600 overhead 20 mpu 64',
        {
          options: {
            rate: 1_250_000,
            burst: 10_000,
            peakRate: 2_500_000,
            peakBurst: 1600,
            overhead: 20,
            minimumPacket: 64,
          },
        },
      ),
      qdiscRow(
        'tbf beyond 32 bits',
        { kind: 'tbf', options: { rate: bitsPerSecond(40e9), burst: 5_000_000, limit: 10_000_000 } },
        'root tbf rate 40gbit burst 5000000 limit 10000000',
        { options: { rate: 5_000_000_000, limit: 10_000_000 } },
      ),
      qdiscRow(
        'htb',
        { kind: 'htb', handle: tcHandle(1), options: { defaultClass: 0x10, rateToQuantum: 7 } },
        'root handle 1: htb default 10 r2q 7',
        { handle: 0x1_0000, options: { defaultClass: 16, rateToQuantum: 7 } },
      ),
      qdiscRow('clsact', { kind: 'clsact' }, 'clsact', { handle: 0xffff_0000, parent: 0xffff_fff1 }, 'clsact'),
      qdiscRow('ingress', { kind: 'ingress' }, 'ingress', { kind: 'ingress' }, 'ingress'),
      qdiscRow('pfifo', { kind: 'pfifo', options: { limit: 77 } }, 'root pfifo limit 77', { options: { limit: 77 } }),
      qdiscRow('bfifo', { kind: 'bfifo', options: { limit: 77_000 } }, 'root bfifo limit 77000', {
        options: { limit: 77_000 },
      }),
    ],
  );
});

function classRow(
  title: string,
  options: Extract<ClassSpec, { kind: 'htb' }>['options'],
  arguments_: string,
  expected: object,
): Row {
  return {
    title,
    ours: ({ vb = 0 }) => [
      classes.create({ kind: 'htb', index: vb, parent: tcHandle(1, 1), handle: tcHandle(1, 0x20), options }),
    ],
    theirs: [`tc class add dev vb parent 1:1 classid 1:20 htb ${arguments_}`],
    undo: ['tc class del dev vb classid 1:20'],
    shown: 'tc -d -s class show dev vb classid 1:20 | grep "^class" | sed \'s/.*/["&"]/\'',
    list: ({ vb = 0 }) => classes.list({ index: vb, parent: tcHandle(1, 1) }),
    about: ({ handle }: TrafficClass) => handle === tcHandle(1, 0x20),
    expected: () => [{ kind: 'htb', parent: tcHandle(1, 1), options: expected }],
  };
}

describe('htb classes made by us and by tc(8) are the same', () => {
  bothWays(
    () => ({ ns, connection, links }),
    [
      classRow('a rate', { rate: bitsPerSecond(10e6) }, 'rate 10mbit', {
        rate: 1_250_000,
        ceil: 1_250_000,
        burst: 1600,
        level: 0,
      }),
      classRow(
        'ceiling, bursts, priority, quantum',
        {
          rate: bitsPerSecond(10e6),
          ceil: bitsPerSecond(100e6),
          burst: 20_000,
          ceilBurst: 30_000,
          priority: 3,
          quantum: 3000,
        },
        'rate 10mbit ceil 100mbit burst 20000 cburst 30000 prio 3 quantum 3000',
        { ceil: 12_500_000, burst: 20_000, ceilBurst: 30_000, priority: 3, quantum: 3000 },
      ),
      classRow(
        'beyond 32 bits, with an overhead',
        {
          rate: bitsPerSecond(40e9),
          ceil: bitsPerSecond(100e9),
          burst: 5_000_000,
          ceilBurst: 6_000_000,
          overhead: 24,
          quantum: 60_000,
        },
        'rate 40gbit ceil 100gbit burst 5000000 cburst 6000000 overhead 24 quantum 60000',
        { rate: 5_000_000_000, ceil: 12_500_000_000, overhead: 24 },
      ),
    ],
  );

  test('change, statistics, and a class that is in use', async () => {
    const { vb = 0 } = links;
    const spec = { kind: 'htb', index: vb, parent: tcHandle(1, 1), handle: tcHandle(1, 0x30) } as const;
    await connection.request(classes.create({ ...spec, options: { rate: 1000 } }));
    await expect(connection.request(classes.create({ ...spec, options: { rate: 1000 } }))).rejects.toMatchObject({
      code: 'EEXIST',
    });
    await connection.request(classes.replace({ ...spec, options: { rate: 2000 } }));
    await connection.request(classes.change({ ...spec, options: { rate: 3000 } }));
    const { items } = await connection.dump(classes.list({ index: vb }));
    expect(items.find(({ handle }) => handle === spec.handle)).toMatchObject({
      options: { rate: 3000 },
      statistics: { basic: { packets: 0 }, queue: { length: 0, drops: 0 } },
      details: { lends: 0, borrows: 0 },
    });
    await expect(connection.request(classes.delete({ index: vb, handle: tcHandle(1, 1) }))).rejects.toMatchObject({
      code: 'EBUSY',
    });
    await connection.request(classes.delete({ index: vb, handle: spec.handle }));
  });
});

function filterRow(
  title: string,
  spec: (links: Links) => Without<FilterSpec, 'index'>,
  arguments_: string,
  expected: (links: Links) => object,
  parent: 'ingress' | 'parent 1:' = 'ingress',
): Row {
  const hook = parent === 'ingress' ? 'ingress' : tcHandle(1);
  return {
    title,
    ours: (all) => [filters.create({ ...spec(all), index: all['vb'] ?? 0 } as FilterSpec)],
    theirs: [`tc filter add dev vb ${parent} ${arguments_}`],
    undo: ({ vb = 0 }) => [filters.deleteAll({ index: vb, parent: hook })],
    shown: `tc -j -d filter show dev vb ${parent}`,
    list: ({ vb = 0 }) => filters.list({ index: vb, parent: hook, kind: 'u32' }),
    about: ({ options }: TrafficFilter) => options !== undefined && 'selector' in options,
    expected: (all) => [{ kind: 'u32', ...expected(all) }],
  };
}

describe('u32 filters made by us and by tc(8) are the same', () => {
  const ip = { kind: 'u32', priority: 5, protocol: 0x0800 } as const;
  bothWays(
    () => ({ ns, connection, links }),
    [
      filterRow(
        'hosts and ports to a class',
        () => ({
          ...ip,
          parent: tcHandle(1),
          options: {
            classId: tcHandle(1, 1),
            selector: {
              keys: u32Match.ipv4({
                source: '10.0.0.0/8',
                destination: '192.0.2.1/32',
                ipProtocol: 6,
                sourcePort: 1000,
                destinationPort: 80,
              }),
            },
          },
        }),
        'protocol ip prio 5 u32 match ip src 10.0.0.0/8 match ip dst 192.0.2.1/32 match ip protocol 6 0xff match ip sport 1000 0xffff match ip dport 80 0xffff classid 1:1',
        () => ({ priority: 5, protocol: 0x0800, options: { classId: tcHandle(1, 1) } }),
        'parent 1:',
      ),
      filterRow(
        'everything, redirected',
        ({ pa = 0 }) => ({
          ...ip,
          parent: 'ingress',
          options: {
            selector: { keys: u32Match.any() },
            actions: [{ kind: 'mirred', options: { direction: 'egressRedirect', link: pa } }],
          },
        }),
        'protocol ip prio 5 u32 match u32 0 0 action mirred egress redirect dev pa',
        ({ pa = 0 }) => ({
          options: {
            actions: [{ kind: 'mirred', options: { direction: 'egressRedirect', link: pa, verdict: 'stolen' } }],
          },
        }),
      ),
      filterRow(
        'IPv6, mirrored into a link',
        ({ pa = 0 }) => ({
          kind: 'u32',
          priority: 6,
          protocol: 0x86dd,
          parent: 'ingress',
          options: {
            selector: { keys: u32Match.ipv6({ destination: '2001:db8::/48', ipProtocol: 17 }) },
            actions: [{ kind: 'mirred', options: { direction: 'ingressMirror', link: pa } }],
          },
        }),
        'protocol ipv6 prio 6 u32 match ip6 dst 2001:db8::/48 match ip6 protocol 17 0xff action mirred ingress mirror dev pa',
        () => ({
          protocol: 0x86dd,
          options: { actions: [{ options: { direction: 'ingressMirror', verdict: 'pipe' } }] },
        }),
      ),
    ],
  );

  test('one of several is deleted by its handle; priority 0 is refused', async () => {
    const { vb = 0 } = links;
    const make = (destination: string) =>
      filters.create({
        ...ip,
        index: vb,
        parent: tcHandle(1),
        options: { classId: tcHandle(1, 1), selector: { keys: u32Match.ipv4({ destination }) } },
      });
    await connection.request(make('10.0.0.1/32'));
    await connection.request(make('10.0.0.2/32'));
    const matching = async (): Promise<readonly TrafficFilter[]> =>
      (await connection.dump(filters.list({ index: vb, parent: tcHandle(1) }))).items.filter(
        ({ options }) => options !== undefined && 'selector' in options,
      );
    const [first] = await matching();
    await connection.request(
      filters.delete({
        index: vb,
        parent: tcHandle(1),
        priority: 5,
        protocol: 0x0800,
        kind: 'u32',
        handle: first?.handle ?? 0,
      }),
    );
    expect(await matching()).toMatchObject([
      { options: { selector: { keys: [{ value: 0x0a00_0002, mask: 0xffff_ffff, offset: 16 }] } } },
    ]);
    expect(() => filters.delete({ index: vb, parent: 'ingress', priority: 0 })).toThrow('deleteAll');
    await connection.request(filters.deleteAll({ index: vb, parent: tcHandle(1) }));
    expect(await matching()).toEqual([]);
  });
});

test('a limit holds: what exceeds it is counted as over the limit, in tc’s numbers', async () => {
  const { va = 0 } = links;
  ns.run('ip', 'link', 'set', 'pa', 'up');
  ns.run('ip', 'addr', 'add', '10.0.0.1/24', 'dev', 'va');
  ns.run('ip', 'neigh', 'add', '10.0.0.2', 'lladdr', '02:00:00:00:00:02', 'dev', 'va');
  await connection.request(
    qdiscs.replace({ kind: 'tbf', index: va, options: { rate: 1000, burst: 1600, limit: 3000 } }),
  );
  ns.run('sh', '-c', 'ping -q -c 20 -i 0.002 -s 1000 -w 1 10.0.0.2 || true');
  const [told] = (await connection.dump(qdiscs.list({ index: va }))).items.filter(({ kind }) => kind === 'tbf');
  const [shown] = ns.json<Record<string, number>[]>('tc', '-j', '-s', 'qdisc', 'show', 'dev', 'va');
  expect(told?.statistics?.queue?.drops).toBeGreaterThan(0);
  expect(told?.statistics?.queue?.overLimits).toBeGreaterThan(0);
  expect(shown?.['drops']).toBeGreaterThanOrEqual(told?.statistics?.queue?.drops ?? 0);
  await connection.request(
    qdiscs.change({ kind: 'tbf', index: va, options: { rate: 2000, burst: 1600, limit: 3000 } }),
  );
  expect(ns.json('tc', '-j', '-d', 'qdisc', 'show', 'dev', 'va')).toMatchObject([{ options: { rate: 2000 } }]);
  await connection.request(qdiscs.delete({ index: va }));
  await expect(connection.request(qdiscs.delete({ index: va }))).rejects.toMatchObject({ code: 'ENOENT' });
});

test('the tick is what the kernel says of itself', () => {
  // /proc/net/psched: microseconds to ticks, as numerator 0x3e8 over denominator 0x40.
  const [numerator = '', denominator = ''] = ns.run('cat', '/proc/net/psched').split(' ');
  expect(Number.parseInt(denominator, 16) / (Number.parseInt(numerator, 16) / 1000)).toBe(64);
});

test('what cannot be meant is refused before it is sent', () => {
  expect(() => tcHandle(0x1_0000)).toThrow('16 bits');
  expect(() => qdiscs.create({ kind: 'tbf', index: 1, options: { rate: 0, burst: 1, limit: 1 } }).measure()).toThrow(
    'whole bytes per second',
  );
});

describe('what does not fit is refused before it is sent', () => {
  test('a priority of more than 16 bits, which would be that of another filter, or of all', async () => {
    const { vb: index = 0 } = links;
    const parent = tcHandle(1);
    const options = { classId: tcHandle(1, 1), selector: { keys: u32Match.any() } };
    const priorities = (): readonly number[] => {
      const shown = JSON.parse(ns.run('tc', '-j', 'filter', 'show', 'dev', 'vb')) as readonly { pref: number }[];
      return [...new Set(shown.map(({ pref }) => pref))];
    };
    await connection.request(filters.create({ index, parent, kind: 'u32', priority: 10, options }));
    await connection.request(filters.create({ index, parent, kind: 'u32', priority: 65_535, options }));
    expect(priorities()).toEqual([10, 65_535]);
    expect(() => filters.create({ index, parent, kind: 'u32', priority: 65_546, options })).toThrow('priority: 65546');
    expect(() => filters.delete({ index, parent, priority: 65_536, protocol: 0 })).toThrow('priority: 65536');
    expect(priorities()).toEqual([10, 65_535]);
    await connection.request(filters.delete({ index, parent, priority: 65_535 }));
    expect(priorities()).toEqual([10]);
    await connection.request(filters.deleteAll({ index, parent }));
    expect(priorities()).toEqual([]);
  });

  test('a priority of a class above 7, which the kernel takes for 7', () => {
    ns.run('tc', 'class', 'add', 'dev', 'vb', 'parent', '1:1', 'classid', '1:99', 'htb', 'rate', '1mbit', 'prio', '9');
    expect(ns.run('tc', 'class', 'show', 'dev', 'vb', 'classid', '1:99')).toContain('prio 7');
    ns.run('tc', 'class', 'del', 'dev', 'vb', 'classid', '1:99');
    const options = { rate: 125_000, priority: 9 };
    const { vb: index = 0 } = links;
    const request = classes.create({
      index,
      kind: 'htb',
      parent: tcHandle(1, 1),
      handle: tcHandle(1, 0x99),
      options,
    });
    expect(() => request.measure()).toThrow('options.priority: 9');
  });
});
