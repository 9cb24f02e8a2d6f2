import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import {
  type Connection,
  type Expression,
  elementsOf,
  nft,
  nftTransaction,
  openConnection,
  type Request,
  type SetShape,
} from '../../src/index.ts';
import { NF_ACCEPT } from '../../src/uapi/netfilter.ts';
import { NETLINK_NETFILTER } from '../../src/uapi/netlink.ts';
import { NFT_JUMP } from '../../src/uapi/nf-tables.ts';
import { type TestNamespace, testNamespace } from './namespace.ts';

let ns: TestNamespace;
let connection: Connection;

beforeAll(async () => {
  ns = await testNamespace('nft');
  connection = await openConnection({ protocol: NETLINK_NETFILTER, netns: ns.path });
});
afterAll(async () => {
  await connection[Symbol.asyncDispose]();
  await ns[Symbol.asyncDispose]();
});
beforeEach(() => ns.run('nft', 'flush', 'ruleset'));

async function commit(...requests: readonly Request<unknown>[]): Promise<void> {
  expect(await nftTransaction(connection, requests)).toMatchObject({ status: 'ok' });
}

async function read(set: SetShape): Promise<ReturnType<typeof elementsOf>> {
  const { items } = await connection.dump(nft.elements.list(set));
  return elementsOf(set, items);
}

const ip = { family: 'ip', table: 'kcore' } as const;
const bridge = { family: 'bridge', table: 'kcore' } as const;

describe('sets and maps: nft(8) prints what we write, and we read back what we wrote', () => {
  const cases: readonly [string, SetShape, Parameters<typeof nft.elements.add>[1], string][] = [
    [
      'addresses',
      { ...ip, name: 's', key: ['ipv4_addr'] },
      [{ key: ['10.0.0.1'] }, { key: ['10.0.0.2'], comment: 'web-01' }],
      'set s { type ipv4_addr elements = { 10.0.0.1, 10.0.0.2 comment "web-01" } }',
    ],
    [
      'prefixes, a range, neighbours that touch, and the end of the address space',
      { ...ip, name: 's', key: ['ipv4_addr'], interval: true },
      [
        { key: ['10.0.0.0/24'] },
        { key: ['10.0.1.0/24'] },
        { key: ['10.9.0.3-10.9.0.9'] },
        { key: ['192.0.2.1'] },
        { key: ['240.0.0.0/4'] },
      ],
      'set s { type ipv4_addr flags interval elements = { 10.0.0.0/24, 10.0.1.0/24, 10.9.0.3-10.9.0.9, 192.0.2.1, 240.0.0.0/4 } }',
    ],
    [
      'a concatenated key',
      { ...bridge, name: 's', key: ['ifname', 'ether_addr', 'ipv4_addr'] },
      [{ key: ['tap-0b9d9f06', '52:54:00:01:02:03', '10.0.0.5'] }],
      'set s { type ifname . ether_addr . ipv4_addr elements = { "tap-0b9d9f06" . 52:54:00:01:02:03 . 10.0.0.5 } }',
    ],
    [
      'names of interfaces, in host order',
      { ...bridge, name: 's', key: ['ifname'] },
      [{ key: ['vxlan14416'] }],
      'set s { type ifname elements = { "vxlan14416" } }',
    ],
    [
      'ports and protocols',
      { ...ip, name: 's', key: ['inet_proto', 'inet_service'] },
      [{ key: ['udp', '4789'] }],
      'set s { type inet_proto . inet_service elements = { udp . 4789 } }',
    ],
    [
      'a map to an address and a port',
      { ...ip, name: 's', key: ['ipv4_addr', 'inet_proto', 'inet_service'], data: ['ipv4_addr', 'inet_service'] },
      [{ key: ['192.0.2.1', 'tcp', '8080'], value: ['10.0.0.5', '80'] }],
      'map s { type ipv4_addr . inet_proto . inet_service : ipv4_addr . inet_service elements = { 192.0.2.1 . tcp . 8080 : 10.0.0.5 . 80 } }',
    ],
    [
      'a verdict map of prefixes',
      { ...ip, name: 's', key: ['ipv4_addr'], interval: true, data: 'verdict' },
      [
        { key: ['10.0.0.0/24'], value: ['jump net-1'] },
        { key: ['10.0.1.0/24'], value: ['drop'] },
      ],
      'map s { type ipv4_addr : verdict flags interval elements = { 10.0.0.0/24 : jump net-1, 10.0.1.0/24 : drop } }',
    ],
    [
      'a verdict map of interfaces',
      { ...ip, name: 's', key: ['ifname'], data: 'verdict' },
      [{ key: ['kbr-private'], value: ['goto net-1'] }],
      'map s { type ifname : verdict elements = { "kbr-private" : goto net-1 } }',
    ],
  ];
  test.each(cases)('%s', async (_title, shape, elements, printed) => {
    const { family, table } = shape;
    await commit(
      nft.tables.create({ family, name: table }),
      nft.chains.create({ family, table, name: 'net-1' }),
      nft.sets.create(shape),
      ...nft.elements.add(shape, elements),
    );
    const listed = ns.run('nft', 'list', shape.data === undefined ? 'set' : 'map', family, table, 's');
    expect(listed.replace(/\s+/g, ' ')).toContain(printed);
    expect([...(await read(shape))].sort((a, b) => a.key.join().localeCompare(b.key.join()))).toEqual(elements);
    const { items } = await connection.dump(nft.sets.list({ family, table }));
    expect(items.map(nft.sets.shapeOf)).toEqual([{ interval: false, ...shape }]);

    await commit(...nft.elements.delete(shape, elements.slice(0, 1)));
    expect(await read(shape)).toHaveLength(elements.length - 1);
    expect(ns.run('nft', 'list', 'ruleset')).not.toContain(`${elements[0]?.key.join(' . ')}`);
    await commit(...nft.elements.add(shape, elements), ...nft.elements.add(shape, elements));
    expect(await read(shape)).toHaveLength(elements.length);
  });

  test('what nft(8) writes we read as the same text', async () => {
    ns.run(
      'nft',
      'add table ip t; add chain ip t c; add set ip t i { type ipv4_addr; flags interval; elements = { 10.0.0.0/24, 10.0.3.7, 10.1.0.0-10.1.0.9 }; }; ' +
        'add map ip t v { type ipv4_addr : verdict; flags interval; elements = { 10.0.0.0/24 : jump c, 224.0.0.0/3 : accept }; }; ' +
        'add map ip t d { type inet_proto . inet_service : ipv4_addr . inet_service; elements = { tcp . 8080 : 10.0.0.5 . 80 }; }; ' +
        'add set ip t f { typeof ct mark; elements = { 5 }; }',
    );
    const { items } = await connection.dump(nft.sets.list({ family: 'ip', table: 't' }));
    const texts: Record<string, unknown> = {};
    for (const set of items) {
      const shape = nft.sets.shapeOf(set);
      if (shape !== undefined) texts[set.name] = await read(shape);
    }
    expect(texts).toEqual({
      i: [{ key: ['10.0.0.0/24'] }, { key: ['10.0.3.7'] }, { key: ['10.1.0.0-10.1.0.9'] }],
      v: [
        { key: ['10.0.0.0/24'], value: ['jump c'] },
        { key: ['224.0.0.0/3'], value: ['accept'] },
      ],
      d: [{ key: ['tcp', '8080'], value: ['10.0.0.5', '80'] }],
      f: [{ key: ['0x00000005'] }],
    });
  });

  test('more elements than one attribute holds are several messages of one transaction', async () => {
    const shape: SetShape = { ...bridge, name: 's', key: ['ifname', 'ether_addr', 'ipv4_addr'] };
    const all = Array.from({ length: 5_000 }, (_, n) => ({
      key: [`tap-${n}`, '52:54:00:00:00:01', `10.0.${n >> 8}.${n & 255}`],
    }));
    const adds = nft.elements.add(shape, all);
    expect(adds.length).toBeGreaterThan(2);
    await commit(nft.tables.create({ family: 'bridge', name: 'kcore' }), nft.sets.create(shape), ...adds);
    expect(await read(shape)).toHaveLength(5_000);
    expect(ns.run('nft', 'list', 'set', 'bridge', 'kcore', 's').match(/tap-/g)).toHaveLength(5_000);
    await commit(nft.elements.flush(shape));
    expect(await read(shape)).toEqual([]);
  });
});

describe('tables, chains and rules', () => {
  const accept: Expression = { name: 'immediate', data: { destination: 0, data: { verdict: { code: NF_ACCEPT } } } };

  test('base chains of every hook, a policy, comments; read back', async () => {
    const base = { type: 'filter', priority: -7, policy: 'accept' } as const;
    const hooks = ['prerouting', 'input', 'forward', 'output', 'postrouting'] as const;
    await commit(
      nft.tables.create({ family: 'inet', name: 'f', comment: 'all of it' }),
      ...hooks.map((hook) => nft.chains.create({ family: 'inet', table: 'f', name: hook, base: { ...base, hook } })),
      nft.chains.create({ family: 'inet', table: 'f', name: 'plain', comment: 'a chain' }),
    );
    await commit(
      nft.chains.create({
        family: 'inet',
        table: 'f',
        name: 'input',
        base: { ...base, hook: 'input', policy: 'drop' },
      }),
    );
    const listed = ns.run('nft', 'list', 'table', 'inet', 'f');
    expect(listed).toContain('comment "all of it"');
    expect(listed).toContain('comment "a chain"');
    for (const hook of hooks)
      expect(listed).toContain(
        `type filter hook ${hook} priority filter - 7; policy ${hook === 'input' ? 'drop' : 'accept'};`,
      );
    const { items } = await connection.dump(nft.chains.list({ family: 'inet', table: 'f' }));
    expect(items).toEqual([
      ...hooks.map((hook) =>
        expect.objectContaining({ name: hook, base: { ...base, hook, policy: hook === 'input' ? 'drop' : 'accept' } }),
      ),
      expect.objectContaining({ name: 'plain', comment: 'a chain' }),
    ]);
    expect((await connection.dump(nft.tables.list({ family: 'inet' }))).items).toMatchObject([
      { name: 'f', comment: 'all of it' },
    ]);
    expect(() =>
      nft.chains.create({ family: 'netdev', table: 'f', name: 'x', base: { ...base, hook: 'forward' } }),
    ).toThrow('have no hook forward');
  });

  test('rules in order, with expressions and comments; nft(8) prints them; flush empties the chain', async () => {
    const chain = { ...ip, chain: 'c' };
    const rule = (comment: string, ...expressions: Expression[]): Request<void> =>
      nft.rules.append({ ...chain, expressions, comment });
    await commit(
      nft.tables.create({ family: 'ip', name: 'kcore' }),
      nft.chains.create({ ...ip, name: 'c' }),
      nft.chains.create({ ...ip, name: 'other' }),
      rule(
        'limited',
        { name: 'limit', data: { rate: 5n, unit: 1n, burst: 10, type: 0, flags: 0 } },
        { name: 'log', data: { prefix: 'seen ' } },
        { name: 'counter' },
        accept,
      ),
      rule(
        'range',
        { name: 'payload', data: { destination: 1, base: 1, offset: 12, length: 4 } },
        {
          name: 'range',
          data: {
            source: 1,
            operator: 0,
            from: { value: Uint8Array.of(10, 0, 0, 1) },
            to: { value: Uint8Array.of(10, 0, 0, 9) },
          },
        },
        { name: 'reject', data: { type: 0, code: 3 } },
      ),
      rule('jump', {
        name: 'immediate',
        data: { destination: 0, data: { verdict: { code: NFT_JUMP, chain: 'other' } } },
      }),
      nft.rules.insert({ ...chain, expressions: [accept], comment: 'first' }),
    );
    const printed = ns.run('nft', 'list', 'chain', 'ip', 'kcore', 'c').replace(/\s+/g, ' ');
    expect(printed).toContain(
      'accept comment "first" limit rate 5/second burst 10 packets log prefix "seen " counter packets 0 bytes 0 accept comment "limited" ip saddr 10.0.0.1-10.0.0.9 reject comment "range" jump other comment "jump"',
    );
    const { items } = await connection.dump(nft.rules.list({ family: 'ip', table: 'kcore', chain: 'c' }));
    expect(items.map(({ comment }) => comment)).toEqual(['first', 'limited', 'range', 'jump']);
    expect(items[1]?.expressions).toMatchObject([
      { name: 'limit', data: { rate: 5n, unit: 1n, burst: 10 } },
      { name: 'log', data: { prefix: 'seen ' } },
      { name: 'counter', data: { bytes: 0n, packets: 0n } },
      { name: 'immediate', data: { data: { verdict: { code: NF_ACCEPT } } } },
    ]);
    await commit(nft.rules.delete({ ...chain, handle: items[2]?.handle ?? 0n }));
    expect(ns.run('nft', 'list', 'chain', 'ip', 'kcore', 'c')).not.toContain('reject');
    await commit(nft.rules.flush(chain));
    expect((await connection.dump(nft.rules.list({ ...ip, chain: 'c' }))).items).toEqual([]);
  });

  test('rules that nft(8) writes are written back as they were read, bit for bit', async () => {
    const rules = [
      'ip saddr 10.0.0.0/24 ip daddr != 10.1.0.0/20 ct state established,related counter accept',
      'meta l4proto tcp th dport 8080 dnat to 10.0.0.5:80',
      'iifname "eth*" meta pkttype broadcast masquerade random',
      'tcp dport { 22, 80 } redirect to :8080',
      'ip ttl set 3 limit rate over 1 mbytes/second drop',
      'ct mark set 0x5 meta mark set ct mark reject with icmp host-unreachable',
    ];
    ns.run(
      'nft',
      `add table ip kcore; add chain ip kcore a { type nat hook prerouting priority 0; }; add chain ip kcore b; ${rules
        .map((rule, index) => `add rule ip kcore ${index === 1 || index === 3 ? 'a' : 'b'} ${rule} comment "r${index}"`)
        .join('; ')}`,
    );
    const before = ns.run('nft', '-s', 'list', 'table', 'ip', 'kcore');
    const { items } = await connection.dump(nft.rules.list({ family: 'ip', table: 'kcore' }));
    expect(items).toHaveLength(rules.length);
    // An anonymous set dies with its rule, so that one cannot be written back.
    const writable = items.filter(({ comment }) => comment !== 'r3');
    await commit(
      ...writable.map((rule) => nft.rules.delete({ ...rule, handle: rule.handle ?? 0n })),
      ...writable.map(({ handle: _, ...rule }) => nft.rules.append(rule)),
    );
    const order = (text: string): string[] => text.split('\n').sort();
    expect(order(ns.run('nft', '-s', 'list', 'table', 'ip', 'kcore'))).toEqual(order(before));
  });
});

describe('transactions', () => {
  const table = nft.tables.create({ family: 'ip', name: 'kcore' });

  test('one refused request undoes all; each refusal names its request', async () => {
    const result = await nftTransaction(connection, [
      table,
      nft.sets.delete({ ...ip, name: 'none' }),
      nft.chains.create({ ...ip, name: 'c' }),
      nft.chains.delete({ ...ip, name: 'absent' }),
    ]);
    expect(result).toMatchObject({
      status: 'failed',
      failures: [
        { index: 1, error: { code: 'ENOENT', operation: 'delete set ip kcore none', attribute: 'name' } },
        { index: 3, error: { code: 'ENOENT', operation: 'delete chain ip kcore absent' } },
      ],
    });
    expect(ns.run('nft', 'list', 'ruleset')).toBe('');
  });

  test('an element’s error points at the element', async () => {
    const shape: SetShape = { ...ip, name: 's', key: ['ipv4_addr'] };
    await commit(table, nft.sets.create(shape), ...nft.elements.add(shape, [{ key: ['10.0.0.2'] }]));
    const result = await nftTransaction(
      connection,
      nft.elements.add(shape, [{ key: ['10.0.0.1'] }, { key: ['10.0.0.2'] }], { exclusive: true }),
    );
    expect(result).toMatchObject({
      status: 'failed',
      failures: [{ index: 0, error: { code: 'EEXIST', attribute: expect.stringMatching(/^elements\.1/) } }],
    });
    expect(await read(shape)).toEqual([{ key: ['10.0.0.2'] }]);
  });

  test('a transaction for a generation that has passed is stale and changes nothing', async () => {
    const { id } = await connection.request(nft.generation());
    expect(await nftTransaction(connection, [table], { generation: id })).toMatchObject({ status: 'ok' });
    expect((await connection.request(nft.generation())).id).not.toBe(id);
    expect(
      await nftTransaction(connection, [nft.chains.create({ ...ip, name: 'late' })], { generation: id }),
    ).toMatchObject({ status: 'stale', error: { code: 'ERESTART' } });
    expect(ns.run('nft', 'list', 'ruleset')).not.toContain('late');
  });

  test('2000 messages are one transaction, proven by one acknowledgement', async () => {
    const chains = Array.from({ length: 2_000 }, (_, n) => nft.chains.create({ ...ip, name: `c${n}` }));
    await commit(table, ...chains);
    expect((await connection.dump(nft.chains.list({ family: 'ip' }))).items).toHaveLength(2_000);
  });
});
