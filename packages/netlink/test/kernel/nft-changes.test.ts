import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import {
  type Connection,
  type Expression,
  nft,
  nftTransaction,
  openConnection,
  type Request,
  type SetShape,
  type TransactionResult,
} from '../../src/index.ts';
import { NF_ACCEPT } from '../../src/uapi/netfilter.ts';
import { NETLINK_NETFILTER } from '../../src/uapi/netlink.ts';
import { type TestNamespace, testNamespace } from './namespace.ts';

let ns: TestNamespace;
let connection: Connection;

beforeAll(async () => {
  ns = await testNamespace('nftc');
  connection = await openConnection({ protocol: NETLINK_NETFILTER, netns: ns.path });
  ns.run('ip', 'link', 'add', 'v0', 'type', 'veth', 'peer', 'name', 'v1');
});
afterAll(async () => {
  await connection[Symbol.asyncDispose]();
  await ns[Symbol.asyncDispose]();
});
beforeEach(() => ns.run('nft', 'flush', 'ruleset'));

async function commit<const R extends readonly Request<unknown>[]>(...requests: R) {
  const result = await nftTransaction(connection, requests);
  const told = result.status === 'failed' ? result.failures.map(({ error }) => error.message) : [result.status];
  expect(told).toEqual(['ok']);
  if (result.status !== 'ok') throw new Error('not ok');
  return result.values;
}

function printed(...what: readonly string[]): string {
  return ns.run('nft', ...what).replace(/\s+/g, ' ');
}

const t = { family: 'ip', table: 't' } as const;
const table = { family: 'ip', name: 't' } as const;
const accept: Expression = { name: 'immediate', data: { destination: 0, data: { verdict: { code: NF_ACCEPT } } } };
const counter: Expression = { name: 'counter', data: { packets: 5n, bytes: 9n } };
const base = { type: 'filter', hook: 'input', priority: 0, policy: 'accept' } as const;

describe('tables', () => {
  test('asleep and awake again; told with their handle; destroyed twice', async () => {
    const [made] = await commit(nft.tables.create({ ...table, flags: { dormant: true } }, { echo: true }));
    expect(made).toMatchObject({ ...table, flags: { dormant: true }, handle: expect.any(BigInt) });
    expect(printed('list', 'ruleset')).toContain('flags dormant');
    await commit(nft.tables.create(table));
    // Flags that were not given are left as they are: a live firewall is not changed by the way.
    expect(printed('list', 'ruleset')).toContain('flags dormant');
    await commit(nft.tables.create({ ...table, flags: {} }));
    expect(printed('list', 'ruleset')).not.toContain('dormant');
    expect(await connection.request(nft.tables.get(table))).toMatchObject({ ...table, flags: {} });
    await commit(nft.tables.delete({ family: 'ip', handle: made?.handle ?? 0n }));
    await commit(nft.tables.destroy(table));
    expect(printed('list', 'ruleset')).toBe('');
  });

  test('one with an owner is refused to others, and gone with its socket, unless it persists', async () => {
    await using owner = await openConnection({ protocol: NETLINK_NETFILTER, netns: ns.path });
    const owned = nft.tables.create({ ...table, flags: { owner: true } });
    const kept = nft.tables.create({ family: 'ip', name: 'kept', flags: { owner: true, persist: true } });
    expect(await nftTransaction(owner, [owned, kept])).toMatchObject({ status: 'ok' });
    expect(await nftTransaction(connection, [nft.tables.delete(table)])).toMatchObject({
      status: 'failed',
      failures: [{ index: 0, error: { code: 'EPERM' } }],
    });
    expect(await connection.request(nft.tables.get(table))).toMatchObject({
      flags: { owner: true },
      owner: expect.any(Number),
    });
    await owner[Symbol.asyncDispose]();
    const { items } = await connection.dump(nft.tables.list());
    expect(items.map(({ name }) => name)).toEqual(['kept']);
  });
});

describe('chains', () => {
  test('renamed; counters of the policy; by handle', async () => {
    const [, made] = await commit(
      nft.tables.create(table),
      nft.chains.create({ ...t, name: 'a', base: { ...base, counters: { packets: 3n, bytes: 7n } } }, { echo: true }),
    );
    const handle = made?.handle ?? 0n;
    await commit(nft.chains.rename({ ...t, name: 'a', handle }, 'b'));
    expect(await connection.request(nft.chains.get({ ...t, name: 'b' }))).toMatchObject({
      handle,
      base: { counters: { packets: 3n, bytes: 7n } },
    });
    expect(printed('list', 'ruleset')).toContain('chain b {');
    await commit(nft.chains.delete({ ...t, handle }));
    await commit(nft.chains.destroy({ ...t, name: 'b' }));
    expect(printed('list', 'ruleset')).not.toContain('chain');
  });

  test('devices of a netdev chain are added and taken off; egress; hooks that need or cannot have devices', async () => {
    const dev = { family: 'netdev', table: 'd', name: 'c' } as const;
    const at = (...devices: readonly string[]) => ({ ...base, hook: 'ingress' as const, devices });
    await commit(
      nft.tables.create({ family: 'netdev', name: 'd' }),
      nft.chains.create({ ...dev, base: at('v0') }),
      nft.chains.create({ ...dev, name: 'e', base: { ...at('v0', 'v1'), hook: 'egress' } }),
    );
    await commit(nft.chains.create({ ...dev, base: at('v1') }));
    expect(printed('list', 'ruleset')).toContain('hook ingress devices = { v0, v1 }');
    expect(printed('list', 'ruleset')).toContain('hook egress devices = { v0, v1 }');
    await commit(nft.chains.deleteDevices({ ...dev, base: at('v0') }));
    expect(await connection.request(nft.chains.get(dev))).toMatchObject({ base: { hook: 'ingress', devices: ['v1'] } });
    expect(() => nft.chains.create({ ...t, name: 'x', base: { ...base, devices: ['v0'] } })).toThrow('has no devices');
    expect(() =>
      nft.chains.create({ family: 'inet', table: 'd', name: 'x', base: { ...base, hook: 'ingress' } }),
    ).toThrow('needs devices');
  });

  test('a chain of one rule is made with it, and gone with it', async () => {
    const [, , , , rule] = await commit(
      nft.tables.create(table),
      nft.chains.create({ ...t, name: 'c' }),
      nft.chains.createBinding({ ...t, id: 7 }),
      nft.rules.append({ ...t, chainId: 7, expressions: [counter] }),
      nft.rules.append(
        {
          ...t,
          chain: 'c',
          expressions: [{ name: 'immediate', data: { destination: 0, data: { verdict: { code: -3, chainId: 7 } } } }],
        },
        undefined,
        { echo: true },
      ),
    );
    expect(printed('list', 'chain', 'ip', 't', 'c')).toContain('jump { counter packets 5 bytes 9 }');
    expect((await connection.dump(nft.chains.list())).items).toMatchObject([{ name: 'c' }, { binding: true }]);
    await commit(nft.rules.delete({ ...t, chain: 'c', handle: rule?.handle ?? 0n }));
    expect((await connection.dump(nft.chains.list())).items).toMatchObject([{ name: 'c' }]);
  });
});

describe('rules', () => {
  const rule = (comment: string, expressions: readonly Expression[] = [counter]) =>
    ({ ...t, chain: 'c', expressions, comment }) as const;
  const comments = async (): Promise<readonly (string | undefined)[]> =>
    (await connection.dump(nft.rules.list(t))).items.map(({ comment }) => comment);

  test('placed behind and before others, by handle and by the id of the same transaction; replaced; asked for; reset', async () => {
    const [, , first] = await commit(
      nft.tables.create(table),
      nft.chains.create({ ...t, name: 'c' }),
      nft.rules.append({ ...rule('b'), id: 1 }, undefined, { echo: true }),
      nft.rules.append(rule('z')),
      nft.rules.append(rule('c'), { id: 1 }),
      nft.rules.insert(rule('a'), { id: 1 }),
    );
    const handle = first?.handle ?? 0n;
    expect(await comments()).toEqual(['a', 'b', 'c', 'z']);
    await commit(nft.rules.append(rule('b1'), handle), nft.rules.insert(rule('a1'), { handle }));
    expect(await comments()).toEqual(['a', 'a1', 'b', 'b1', 'c', 'z']);
    const [replaced] = await commit(nft.rules.replace(handle, rule('B', [accept]), { echo: true }));
    expect(await comments()).toEqual(['a', 'a1', 'B', 'b1', 'c', 'z']);
    const found = await connection.request(nft.rules.get({ ...t, chain: 'c', handle: replaced?.handle ?? 0n }));
    expect(found).toMatchObject({ comment: 'B', expressions: [{ name: 'immediate' }] });
    const told = (await connection.dump(nft.rules.reset({ ...t, chain: 'c' }))).items;
    expect(told[0]?.expressions).toEqual([counter]);
    const after = (await connection.dump(nft.rules.list(t))).items;
    expect(after[0]?.expressions).toEqual([{ name: 'counter', data: { packets: 0n, bytes: 0n } }]);
    await commit(nft.rules.flush(t));
    expect(await comments()).toEqual([]);
  });

  test('user data that is not nft’s is kept', async () => {
    const userData = Uint8Array.from(Buffer.from('some program’s own'));
    const { comment: _, ...bare } = rule('');
    await commit(
      nft.tables.create(table),
      nft.chains.create({ ...t, name: 'c' }),
      nft.rules.append({ ...bare, userData }),
    );
    expect((await connection.dump(nft.rules.list(t))).items).toMatchObject([{ userData }]);
  });
});

describe('objects', () => {
  test('of each kind: nft(8) prints them, and we read what we wrote', async () => {
    const objects = [
      { kind: 'counter', name: 'o1', data: { bytes: 9n, packets: 5n }, comment: 'five' },
      { kind: 'quota', name: 'o2', data: { bytes: 1000n, flags: 1, consumed: 10n } },
      { kind: 'limit', name: 'o3', data: { rate: 10n, unit: 1n, burst: 6, type: 0, flags: 0 } },
      { kind: 'ctHelper', name: 'o4', data: { helper: 'ftp', family: 2, protocol: 6 } },
      { kind: 'ctTimeout', name: 'o5', data: { family: 2, protocol: 17, timeouts: { unreplied: 33, replied: 133 } } },
      { kind: 'ctExpectation', name: 'o6', data: { family: 2, protocol: 17, port: 5060, timeout: 1000, size: 12 } },
      { kind: 'synproxy', name: 'o7', data: { mss: 1460, windowScale: 7, flags: 15 } },
    ] as const;
    await commit(nft.tables.create(table), ...objects.map((object) => nft.objects.create({ ...t, ...object })));
    const text = printed('list', 'ruleset');
    for (const part of [
      'counter o1 { comment "five" packets 5 bytes 9 }',
      'quota o2 { over 1000 bytes used 10 bytes }',
      'limit o3 { rate 10/second burst 6 packets }',
      'ct helper o4 { type "ftp" protocol tcp',
      'unreplied : 33, replied : 133',
      'protocol udp dport 5060 timeout 1s size 12',
      'mss 1460 wscale 7 timestamp sack-perm',
    ])
      expect(text).toContain(part);
    const { items } = await connection.dump(nft.objects.list(t));
    expect([...items].sort((a, b) => a.name.localeCompare(b.name))).toMatchObject(objects);
  });

  test('asked for, reset, deleted, in use', async () => {
    const o = { ...t, kind: 'counter', name: 'o' } as const;
    await commit(
      nft.tables.create(table),
      nft.objects.create({ ...o, data: { packets: 5n, bytes: 9n } }),
      nft.chains.create({ ...t, name: 'c' }),
      nft.rules.append({ ...t, chain: 'c', expressions: [{ name: 'objref', data: { type: 1, object: 'o' } }] }),
    );
    expect(await connection.request(nft.objects.getAndReset(o))).toMatchObject({ data: { packets: 5n, bytes: 9n } });
    expect(await connection.request(nft.objects.get(o))).toMatchObject({ data: { packets: 0n, bytes: 0n }, use: 1 });
    expect(await nftTransaction(connection, [nft.objects.delete(o)])).toMatchObject({
      status: 'failed',
      failures: [{ error: { code: 'EBUSY' } }],
    });
    await commit(nft.rules.flush(t), nft.objects.delete(o), nft.objects.destroy(o));
    expect((await connection.dump(nft.objects.list(t))).items).toEqual([]);
  });
});

describe('what is refused', () => {
  const shape: SetShape = { ...t, name: 's', key: ['ipv4_addr'] };
  const address = (index: number): { readonly key: readonly string[] } => ({
    key: [`10.${index >> 16}.${(index >> 8) & 255}.${index & 255}`],
  });
  const guilty = (result: TransactionResult): unknown =>
    result.status === 'failed'
      ? result.failures.map(({ index, element, error }) => [index, element, error.code])
      : result;

  test('of a bulk of elements the guilty one is named, in whichever message it went', async () => {
    await commit(nft.tables.create(table), nft.sets.create(shape), ...nft.elements.add(shape, [address(9_000)]));
    const adds = nft.elements.add(
      shape,
      Array.from({ length: 10_000 }, (_, index) => address(index)),
      { exclusive: true },
    );
    expect(guilty(await nftTransaction(connection, adds))).toEqual([[2, 9_000, 'EEXIST']]);
    const deletes = nft.elements.delete(shape, [address(9_000), address(5)]);
    expect(guilty(await nftTransaction(connection, deletes))).toEqual([[0, 1, 'ENOENT']]);
    expect((await connection.dump(nft.elements.list(shape))).items.flat()).toHaveLength(1);
  });

  test('of a bulk of ranges, too', async () => {
    const ranges: SetShape = { ...shape, interval: true };
    await commit(
      nft.tables.create(table),
      nft.sets.create(ranges),
      ...nft.elements.add(ranges, [{ key: ['10.5.0.0/16'] }]),
    );
    const keys = ['10.1.0.0/16', '10.2.0.0/16', '10.5.128.0/17', '10.7.0.0/16'];
    const result = await nftTransaction(
      connection,
      nft.elements.add(
        ranges,
        keys.map((key) => ({ key: [key] })),
      ),
    );
    expect(guilty(result)).toEqual([[0, 2, 'EEXIST']]);
  });

  test('what does not fit the socket says so, and nothing changed', async () => {
    await using small = await openConnection({ protocol: NETLINK_NETFILTER, netns: ns.path, sendBuffer: 65_536 });
    const adds = nft.elements.add(
      shape,
      Array.from({ length: 20_000 }, (_, index) => address(index)),
    );
    const all = [nft.tables.create(table), nft.sets.create(shape), ...adds];
    const result = await nftTransaction(small, all);
    expect(result).toMatchObject({
      status: 'refused',
      error: { code: 'EMSGSIZE', message: expect.stringContaining('larger sendBuffer') },
    });
    expect(printed('list', 'ruleset')).toBe('');
    await commit(...all);
    expect((await connection.dump(nft.elements.list(shape))).items.flat()).toHaveLength(20_000);
  });

  test('chains that jump to each other are refused as a whole', async () => {
    const jump = (chain: string, to: string) =>
      nft.rules.append({
        ...t,
        chain,
        expressions: [{ name: 'immediate', data: { destination: 0, data: { verdict: { code: -3, chain: to } } } }],
      });
    const result = await nftTransaction(connection, [
      nft.tables.create(table),
      nft.chains.create({ ...t, name: 'a', base }),
      nft.chains.create({ ...t, name: 'b' }),
      jump('a', 'b'),
      jump('b', 'b'),
    ]);
    expect(['failed', 'refused']).toContain(result.status);
    expect(printed('list', 'ruleset')).toBe('');
  });
});
