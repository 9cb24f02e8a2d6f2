import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import {
  type Connection,
  type DataTypeName,
  type Expression,
  nft,
  nftTransaction,
  openConnection,
  type Request,
  type SetSpec,
} from '../../src/index.ts';
import { NETLINK_NETFILTER } from '../../src/uapi/netlink.ts';
import * as x from '../../src/uapi/nf-tables-expr.ts';
import { type TestNamespace, testNamespace } from './namespace.ts';

/* What we write, nft(8) prints as meant; and we read it as we wrote it. */

let ns: TestNamespace;
let connection: Connection;

beforeAll(async () => {
  ns = await testNamespace('nftw');
  connection = await openConnection({ protocol: NETLINK_NETFILTER, netns: ns.path });
  ns.run('ip', 'link', 'add', 'v0', 'type', 'veth', 'peer', 'name', 'v1');
});
afterAll(async () => {
  await connection[Symbol.asyncDispose]();
  await ns[Symbol.asyncDispose]();
});
beforeEach(() => ns.run('nft', 'flush', 'ruleset'));

async function commit(...requests: readonly Request<unknown>[]): Promise<readonly unknown[]> {
  const result = await nftTransaction(connection, requests);
  const told = result.status === 'failed' ? result.failures.map(({ error }) => error.message) : [result.status];
  expect(told).toEqual(['ok']);
  return result.status === 'ok' ? result.values : [];
}

function printed(...what: readonly string[]): string {
  return ns.run('nft', ...what).replace(/\s+/g, ' ');
}

const host = (value: number): Uint8Array => Uint8Array.from([value & 255, (value >> 8) & 255, value >> 16, 0]);
const bytes = (...values: readonly number[]): { readonly value: Uint8Array } => ({ value: Uint8Array.from(values) });
const load = (key: number): Expression => ({ name: 'meta', data: { key, destination: 1 } });
const loadIp = (offset: number, length: number, destination = 1): Expression => ({
  name: 'payload',
  data: { destination, base: x.NFT_PAYLOAD_NETWORK_HEADER, offset, length },
});
const equals = (...values: readonly number[]): Expression => ({
  name: 'cmp',
  data: { source: 1, operator: x.NFT_CMP_EQ, data: bytes(...values) },
});
const put = (destination: number, ...values: readonly number[]): Expression => ({
  name: 'immediate',
  data: { destination, data: bytes(...values) },
});
const tcp = [load(x.NFT_META_L4PROTO), equals(6)];
const LONG_RATE = { rate: 10n, unit: 1n, burst: 6, type: x.NFT_LIMIT_PKTS, flags: 0 };

/** The chain that a rule is tried in, the rule, and what nft prints. */
const rules: readonly [chain: 'in' | 'nat' | 'pre' | 'dev', printed: string, rule: readonly Expression[]][] = [
  ['in', 'ip saddr 10.0.0.1', [loadIp(12, 4), equals(10, 0, 0, 1)]],
  [
    'in',
    'ip ttl set 3',
    [
      put(1, 3),
      {
        name: 'payload',
        data: {
          source: 1,
          base: 1,
          offset: 8,
          length: 1,
          checksumType: x.NFT_PAYLOAD_CSUM_INET,
          checksumOffset: 10,
          checksumFlags: 0,
        },
      },
    ],
  ],
  ['in', 'meta mark set 0x00000005', [put(1, ...host(5)), { name: 'meta', data: { key: x.NFT_META_MARK, source: 1 } }]],
  ['in', 'ct mark 0x00000007', [{ name: 'ct', data: { key: x.NFT_CT_MARK, destination: 1 } }, equals(...host(7))]],
  ['in', 'ct zone 5', [{ name: 'ct', data: { key: x.NFT_CT_ZONE, destination: 1 } }, equals(5, 0)]],
  ['in', 'ct mark set 0x00000009', [put(1, ...host(9)), { name: 'ct', data: { key: x.NFT_CT_MARK, source: 1 } }]],
  [
    'in',
    'ct original ip saddr 10.0.0.1',
    [{ name: 'ct', data: { key: x.NFT_CT_SRC_IP, destination: 1, direction: 0 } }, equals(10, 0, 0, 1)],
  ],
  [
    'in',
    'meta mark & 0x000000ff == 0x00000001',
    [
      load(x.NFT_META_MARK),
      {
        name: 'bitwise',
        data: {
          source: 1,
          destination: 1,
          length: 4,
          operator: x.NFT_BITWISE_MASK_XOR,
          mask: { value: host(255) },
          xor: { value: host(0) },
        },
      },
      equals(...host(1)),
    ],
  ],
  [
    'in',
    'meta mark set meta mark << 3',
    [
      load(x.NFT_META_MARK),
      {
        name: 'bitwise',
        data: { source: 1, destination: 1, length: 4, operator: x.NFT_BITWISE_LSHIFT, data: { value: host(3) } },
      },
      { name: 'meta', data: { key: x.NFT_META_MARK, source: 1 } },
    ],
  ],
  [
    'in',
    'meta mark 0x00000005-0x00000009',
    [
      load(x.NFT_META_MARK),
      { name: 'byteorder', data: { source: 1, destination: 1, operator: x.NFT_BYTEORDER_HTON, length: 4, size: 4 } },
      { name: 'range', data: { source: 1, operator: x.NFT_RANGE_EQ, from: bytes(0, 0, 0, 5), to: bytes(0, 0, 0, 9) } },
    ],
  ],
  ['in', 'counter packets 1 bytes 2', [{ name: 'counter', data: { packets: 1n, bytes: 2n } }]],
  ['in', 'limit rate 10/second burst 6 packets', [{ name: 'limit', data: LONG_RATE }]],
  [
    'in',
    'limit rate over 1 mbytes/minute burst 64 kbytes',
    [
      {
        name: 'limit',
        data: { rate: 1n << 20n, unit: 60n, burst: 1 << 16, type: x.NFT_LIMIT_PKT_BYTES, flags: x.NFT_LIMIT_F_INV },
      },
    ],
  ],
  [
    'in',
    'quota over 100 mbytes used 1 mbytes',
    [{ name: 'quota', data: { bytes: 100n << 20n, flags: x.NFT_QUOTA_F_INV, consumed: 1n << 20n } }],
  ],
  ['in', 'ct count over 20', [{ name: 'connlimit', data: { count: 20, flags: x.NFT_CONNLIMIT_F_INV } }]],
  [
    'in',
    'log prefix "p" group 3 snaplen 128 queue-threshold 10',
    [{ name: 'log', data: { group: 3, snapLength: 128, queueThreshold: 10, prefix: 'p' } }],
  ],
  ['in', 'log level info flags tcp sequence', [{ name: 'log', data: { level: x.NFT_LOGLEVEL_INFO, flags: 1 } }]],
  ['in', 'reject with tcp reset', [...tcp, { name: 'reject', data: { type: x.NFT_REJECT_TCP_RST, code: 0 } }]],
  ['in', 'reject with icmp host-unreachable', [{ name: 'reject', data: { type: x.NFT_REJECT_ICMP_UNREACH, code: 1 } }]],
  [
    'in',
    'fib saddr . iif oif 0',
    [
      {
        name: 'fib',
        data: { destination: 1, result: x.NFT_FIB_RESULT_OIF, flags: x.NFTA_FIB_F_SADDR | x.NFTA_FIB_F_IIF },
      },
      equals(0, 0, 0, 0),
    ],
  ],
  [
    'in',
    'fib daddr type local',
    [
      { name: 'fib', data: { destination: 1, result: x.NFT_FIB_RESULT_ADDRTYPE, flags: x.NFTA_FIB_F_DADDR } },
      equals(...host(2)),
    ],
  ],
  [
    'in',
    'meta mark set jhash ip saddr mod 16 seed 0x5 offset 3',
    [
      loadIp(12, 4, 2),
      {
        name: 'hash',
        data: { source: 2, destination: 1, length: 4, modulus: 16, seed: 5, offset: 3, type: x.NFT_HASH_JENKINS },
      },
      { name: 'meta', data: { key: x.NFT_META_MARK, source: 1 } },
    ],
  ],
  [
    'in',
    'meta mark set symhash mod 8',
    [
      { name: 'hash', data: { destination: 1, modulus: 8, type: x.NFT_HASH_SYM } },
      { name: 'meta', data: { key: x.NFT_META_MARK, source: 1 } },
    ],
  ],
  [
    'in',
    'meta mark set numgen random mod 10 offset 2',
    [
      { name: 'numgen', data: { destination: 1, modulus: 10, type: x.NFT_NG_RANDOM, offset: 2 } },
      { name: 'meta', data: { key: x.NFT_META_MARK, source: 1 } },
    ],
  ],
  [
    'in',
    'rt ip nexthop 10.0.0.1',
    [{ name: 'rt', data: { key: x.NFT_RT_NEXTHOP4, destination: 1 } }, equals(10, 0, 0, 1)],
  ],
  [
    'in',
    'socket transparent 1',
    [{ name: 'socket', data: { key: x.NFT_SOCKET_TRANSPARENT, destination: 1 } }, equals(1)],
  ],
  [
    'in',
    'tcp option maxseg size set 1400',
    [
      ...tcp,
      put(1, 5, 120),
      { name: 'exthdr', data: { source: 1, type: 2, offset: 2, length: 2, operator: x.NFT_EXTHDR_OP_TCPOPT } },
    ],
  ],
  [
    'in',
    'reset tcp option sack-perm',
    [...tcp, { name: 'exthdr', data: { type: 4, operator: x.NFT_EXTHDR_OP_TCPOPT } }],
  ],
  [
    'in',
    'osf name "Linux"',
    [{ name: 'osf', data: { destination: 1, ttl: 0 } }, equals(...Buffer.from('Linux'.padEnd(16, '\0')))],
  ],
  [
    'in',
    'synproxy mss 1460 wscale 7 timestamp sack-perm',
    [...tcp, { name: 'synproxy', data: { mss: 1460, windowScale: 7, flags: 15 } }],
  ],
  [
    'in',
    'ipsec in reqid 1',
    [{ name: 'xfrm', data: { destination: 1, key: x.NFT_XFRM_KEY_REQID, direction: 0, state: 0 } }, equals(...host(1))],
  ],
  ['in', 'dup to 10.0.0.1', [put(1, 10, 0, 0, 1), { name: 'dup', data: { address: 1 } }]],
  ['in', 'counter name "c"', [{ name: 'objref', data: { type: 1, object: 'c' } }]],
  ['in', 'ip saddr @s', [loadIp(12, 4), { name: 'lookup', data: { set: 's', source: 1, flags: 0 } }]],
  [
    'in',
    'ip saddr != @s',
    [loadIp(12, 4), { name: 'lookup', data: { set: 's', source: 1, flags: x.NFT_LOOKUP_F_INV } }],
  ],
  [
    'in',
    'add @d { ip saddr timeout 30s limit rate 10/second burst 6 packets }',
    [
      loadIp(12, 4),
      {
        name: 'dynset',
        data: {
          set: 'd',
          operator: x.NFT_DYNSET_OP_ADD,
          key: 1,
          timeout: 30_000n,
          expression: { name: 'limit', data: LONG_RATE },
        },
      },
    ],
  ],
  [
    'in',
    'update @d { ip saddr counter }',
    [
      loadIp(12, 4),
      {
        name: 'dynset',
        data: { set: 'd', operator: x.NFT_DYNSET_OP_UPDATE, key: 1, expression: { name: 'counter', data: {} } },
      },
    ],
  ],
  [
    'nat',
    'snat to 192.0.2.1-192.0.2.9',
    [
      put(1, 192, 0, 2, 1),
      put(2, 192, 0, 2, 9),
      { name: 'nat', data: { type: x.NFT_NAT_SNAT, family: 2, addressMin: 1, addressMax: 2 } },
    ],
  ],
  [
    'nat',
    'masquerade to :1024-65535 random',
    [...tcp, put(1, 4, 0), put(2, 255, 255), { name: 'masq', data: { portMin: 1, portMax: 2, flags: 4 } }],
  ],
  ['pre', 'notrack', [{ name: 'notrack' }]],
  ['pre', 'tproxy to :80', [...tcp, put(1, 0, 80), { name: 'tproxy', data: { family: 2, port: 1 } }]],
  ['dev', 'fwd to "lo"', [put(1, ...host(1)), { name: 'fwd', data: { device: 1 } }]],
  ['dev', 'dup to "lo"', [put(1, ...host(1)), { name: 'dup', data: { device: 1 } }]],
];

describe('rules of typed expressions', () => {
  test('nft(8) prints each as meant, and we read each as we wrote it', async () => {
    const t = { family: 'ip', table: 't' } as const;
    const dev = { family: 'netdev', table: 'd' } as const;
    const base = { type: 'filter', priority: 0, policy: 'accept' } as const;
    const rulesOf = rules.map(([chain, , expressions], index) =>
      nft.rules.append({ ...(chain === 'dev' ? dev : t), chain, expressions, comment: `r${index}` }),
    );
    await commit(
      nft.tables.create({ family: 'ip', name: 't' }),
      nft.tables.create({ family: 'netdev', name: 'd' }),
      nft.chains.create({ ...t, name: 'in', base: { ...base, hook: 'input' } }),
      nft.chains.create({ ...t, name: 'pre', base: { ...base, hook: 'prerouting', priority: -300 } }),
      nft.chains.create({ ...t, name: 'nat', base: { ...base, type: 'nat', hook: 'postrouting', priority: 100 } }),
      nft.chains.create({ ...dev, name: 'dev', base: { ...base, hook: 'ingress', devices: ['v0'] } }),
      nft.objects.create({ ...t, name: 'c', kind: 'counter', data: {} }),
      nft.sets.create({ ...t, name: 's', key: ['ipv4_addr'] }),
      nft.sets.create({ ...t, name: 'd', key: ['ipv4_addr'], dynamic: true, timeouts: true, size: 100 }),
      ...rulesOf,
    );
    const lines = ns.run('nft', 'list', 'ruleset').split('\n');
    const shown = rules.map((_, index) => lines.find((line) => line.includes(`comment "r${index}"`))?.trim());
    const prefixes = /^(meta l4proto tcp |meta l4proto 6 )?/;
    expect(shown.map((line) => line?.replace(prefixes, '').replace(/ comment "r\d+"$/, ''))).toEqual(
      rules.map(([, text]) => text),
    );
    const read = [...(await connection.dump(nft.rules.list())).items];
    const comparable = (list: readonly Expression[]): unknown =>
      list.map(({ name, data }) => ({ name, data: withoutZeros(data ?? {}) }));
    for (const [index, [, , expressions]] of rules.entries()) {
      const rule = read.find(({ comment }) => comment === `r${index}`);
      expect(comparable(rule?.expressions ?? [])).toMatchObject(comparable(expressions) as object);
    }
  });
});

/** The kernel tells zeros that were left out, and leaves out some that were given. */
function withoutZeros(data: object): object {
  return Object.fromEntries(Object.entries(data).filter(([, value]) => value !== 0 && value !== 0n));
}

describe('sets and maps', () => {
  const t = { family: 'ip', table: 't' } as const;
  const spec = (rest: Omit<SetSpec, 'family' | 'table' | 'name'>): SetSpec => ({ ...t, name: 's', ...rest });
  const pair: readonly DataTypeName[] = ['ipv4_addr', 'inet_service'];
  const cases: readonly [string, SetSpec, Parameters<typeof nft.elements.add>[1], string][] = [
    [
      'ranges in a concatenation',
      spec({ key: ['ipv4_addr', 'inet_service', 'inet_proto'], interval: true }),
      [{ key: ['10.0.0.0/8', '80-90', 'tcp'] }, { key: ['192.0.2.1-192.0.2.9', '53', 'udp'], comment: 'dns' }],
      'type ipv4_addr . inet_service . inet_proto flags interval elements = { 10.0.0.0/8 . 80-90 . tcp, 192.0.2.1-192.0.2.9 . 53 . udp comment "dns" }',
    ],
    [
      'IPv6 prefixes',
      spec({ key: ['ipv6_addr'], interval: true }),
      [{ key: ['2001:db8::/32'] }, { key: ['fe80::1'] }],
      'type ipv6_addr flags interval elements = { 2001:db8::/32, fe80::1 }',
    ],
    [
      'ranges of numbers in host order',
      spec({ key: ['mark'], interval: true }),
      [{ key: ['0x00000005-0x00000064'] }, { key: ['0x000000c8'] }],
      'type mark flags interval elements = { 0x00000005-0x00000064, 0x000000c8 }',
    ],
    [
      'a counter of each element',
      spec({ key: ['ipv4_addr'], expressions: [{ name: 'counter', data: { packets: 0n, bytes: 0n } }] }),
      [{ key: ['10.0.0.1'], expressions: [{ name: 'counter', data: { packets: 3n, bytes: 90n } }] }],
      'type ipv4_addr counter elements = { 10.0.0.1 counter packets 3 bytes 90 }',
    ],
    [
      'a map to objects',
      spec({ key: ['ipv4_addr'], object: 'counter' }),
      [{ key: ['10.0.0.1'], object: 'c' }],
      'type ipv4_addr : counter elements = { 10.0.0.1 : "c" }',
    ],
    [
      'an element for what no other is for',
      spec({ key: ['ipv4_addr'], interval: true, data: 'verdict' }),
      [
        { key: ['10.0.0.0/8'], value: ['accept'] },
        { key: ['*'], value: ['drop'] },
      ],
      'type ipv4_addr : verdict flags interval elements = { 10.0.0.0/8 : accept, * : drop }',
    ],
    [
      'auto-merge, a size, a policy and a comment',
      spec({ key: ['ipv4_addr'], interval: true, autoMerge: true, size: 100, policy: 'memory', comment: 'bad' }),
      [{ key: ['240.0.0.0/4'], comment: 'end' }],
      'type ipv4_addr policy memory size 100 flags interval auto-merge comment "bad" elements = { 240.0.0.0/4 comment "end" }',
    ],
    [
      'names of numbers',
      spec({ key: ['icmp_type', 'ct_state', 'pkt_type'] }),
      [{ key: ['echo-request', 'new', 'broadcast'] }],
      'type icmp_type . ct_state . pkt_type elements = { echo-request . new . broadcast }',
    ],
    [
      'a map of a concatenation to another',
      spec({ key: pair, data: pair }),
      [{ key: ['192.0.2.1', '80'], value: ['10.0.0.5', '8080'] }],
      'type ipv4_addr . inet_service : ipv4_addr . inet_service elements = { 192.0.2.1 . 80 : 10.0.0.5 . 8080 }',
    ],
  ];
  test.each(cases)('%s', async (_title, set, elements, text) => {
    await commit(
      nft.tables.create({ family: 'ip', name: 't' }),
      nft.objects.create({ ...t, name: 'c', kind: 'counter', data: {} }),
      nft.sets.create(set),
      ...nft.elements.add(set, elements),
    );
    expect(printed('list', 'ruleset')).toContain(text);
    const { items } = await connection.dump(nft.elements.list(set));
    const read = nft.elements.of(set, items);
    expect([...read].sort((a, b) => a.key.join().localeCompare(b.key.join()))).toEqual(
      [...elements].sort((a, b) => a.key.join().localeCompare(b.key.join())),
    );
    const [kernelSet] = (await connection.dump(nft.sets.list({ family: 'ip', table: 't' }))).items;
    const { key, interval = false, data, object } = set;
    expect(kernelSet && nft.sets.shapeOf(kernelSet)).toEqual({
      ...t,
      name: 's',
      key,
      interval,
      ...(data && { data }),
      ...(object && { object }),
    });
    await commit(...nft.elements.delete(set, elements));
    expect(
      (await connection.dump(nft.elements.list(set))).items.flat().filter(({ flags }) => flags === undefined),
    ).toEqual([]);
  });

  test('timeouts: of the set, of an element, none; what is left of them', async () => {
    const set = spec({ key: ['ipv4_addr'], timeout: 3_600_000n, gcInterval: 10_000 });
    const shape = { ...t, name: 's', key: ['ipv4_addr'], timeouts: true } as const;
    await commit(
      nft.tables.create({ family: 'ip', name: 't' }),
      nft.sets.create(set),
      ...nft.elements.add(shape, [{ key: ['10.0.0.1'] }, { key: ['10.0.0.2'], timeout: 60_000n, expiration: 30_000n }]),
    );
    expect(printed('list', 'set', 'ip', 't', 's')).toMatch(
      /timeout 1h gc-interval 10s elements = \{.*10.0.0.2 timeout 1m expires (30s|2\ds\d*ms)/,
    );
    const read = nft.elements.of(shape, (await connection.dump(nft.elements.list(shape))).items);
    const second = read.find(({ key }) => key[0] === '10.0.0.2');
    expect(second).toMatchObject({ timeout: 60_000n });
    expect(Number(second?.expiration)).toBeLessThanOrEqual(30_000);
  });

  test('one element is asked for by its key; counters of elements begin anew', async () => {
    const set = spec({ key: ['ipv4_addr'], expressions: [{ name: 'counter', data: {} }] });
    const counted = { name: 'counter', data: { packets: 3n, bytes: 90n } } as const;
    await commit(
      nft.tables.create({ family: 'ip', name: 't' }),
      nft.sets.create(set),
      ...nft.elements.add(set, [{ key: ['10.0.0.1'], expressions: [counted], comment: 'one' }, { key: ['10.0.0.2'] }]),
    );
    const [get] = nft.elements.get(set, [{ key: ['10.0.0.1'] }]);
    if (get === undefined) throw new Error('no request');
    expect(await connection.request(get)).toEqual([{ key: ['10.0.0.1'], expressions: [counted], comment: 'one' }]);
    const [absent] = nft.elements.get(set, [{ key: ['10.9.9.9'] }]);
    await expect(connection.request(absent ?? get)).rejects.toMatchObject({ code: 'ENOENT' });
    await connection.dump(nft.elements.reset(set));
    expect(await connection.request(get)).toMatchObject([
      { expressions: [{ name: 'counter', data: { packets: 0n, bytes: 0n } }] },
    ]);
  });
});
