import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import type { Connection } from '../../src/connection/connection.ts';
import { openConnection } from '../../src/connection/open.ts';
import type { Request } from '../../src/message/request.ts';
import type { Expression } from '../../src/nft/expression/expression.ts';
import { nft } from '../../src/nft/nft.ts';
import type { ObjectContent } from '../../src/nft/object/object.ts';
import { nftTransaction } from '../../src/nft/transaction.ts';
import { NETLINK_NETFILTER } from '../../src/uapi/netlink.ts';
import { NFT_REG_1 } from '../../src/uapi/nf-tables.ts';
import {
  NFT_TUNNEL_ID,
  NFT_TUNNEL_MODE_RX,
  NFT_TUNNEL_MODE_TX,
  NFT_TUNNEL_PATH,
} from '../../src/uapi/nf-tables-expr.ts';
import { NFT_OBJECT_TUNNEL } from '../../src/uapi/nf-tables-object.ts';
import { type TestNamespace, testNamespace } from '../kernel/namespace.ts';

// nft(8) of Debian 12 is no witness of tunnel objects: it has no syntax for them, and ends itself (an assertion) when it
// lists one. That nft 1.1.7 writes them as we do, src/nft/object/tunnel-object.test.ts holds; here the witness is the
// kernel, which refuses what it does not know, and in nft-tunnel-packets.test.ts the packets that it sends.
let ns: TestNamespace;
let connection: Connection;

beforeAll(async () => {
  ns = await testNamespace('nfttun');
  connection = await openConnection({ protocol: NETLINK_NETFILTER, netns: ns.path });
});
afterAll(async () => {
  await connection[Symbol.asyncDispose]();
  await ns[Symbol.asyncDispose]();
});
beforeEach(() => ns.run('nft', 'flush', 'ruleset'));

type Tunnel = (ObjectContent & { readonly kind: 'tunnel' })['data'];

const table = { family: 'netdev', table: 't' } as const;
const chain = { ...table, chain: 'c' };
const name = { ...table, kind: 'tunnel', name: 'o' } as const;
const ip = { source: '10.0.0.1', destination: '10.0.0.2' };
/** What the kernel tells where nothing was given. */
const defaults = { sourcePort: 0, destinationPort: 0, flags: 0, tos: 0, ttl: 255, options: {} };

async function commit(...requests: readonly Request<unknown>[]): Promise<void> {
  expect(await nftTransaction(connection, requests)).toMatchObject({ status: 'ok' });
}

async function refusal(request: Request<unknown>): Promise<unknown> {
  const result = await nftTransaction(connection, [request]);
  return result.status === 'failed' ? result.failures.map(({ error }) => error.code) : result.status;
}

async function makeTable(): Promise<void> {
  await commit(nft.tables.create({ family: 'netdev', name: 't' }), nft.chains.create({ ...table, name: 'c' }));
}

describe('tunnel objects', () => {
  const geneve = [
    { class: 0x102, type: 0x81, data: Uint8Array.of(1, 2, 3, 4) },
    { class: 0x103, type: 0x82, data: Uint8Array.of(5, 6, 7, 8, 9, 10, 11, 12) },
  ];
  test.each<readonly [string, Tunnel, Tunnel]>([
    ['of all', { id: 0x12_3456, ip, flags: 7, tos: 8, ttl: 7, sourcePort: 1234, destinationPort: 4790 }, {}],
    ['of IPv6', { id: 5, ip6: { source: '2001:db8::1', destination: '2001:db8::2', flowLabel: 0x1_2345 } }, {}],
    ['of the least', { id: 5, ip: { destination: '10.0.0.2' } }, { ip: { ...ip, source: '0.0.0.0' } }],
    ['of VXLAN', { id: 5, ip, options: { vxlan: { gbp: 99 } } }, {}],
    ['of ERSPAN 1', { id: 5, ip, options: { erspan: { version: 1, index: 258 } } }, {}],
    ['of ERSPAN 2', { id: 5, ip, options: { erspan: { version: 2, hardwareId: 17, direction: 1 } } }, {}],
    ['of Geneve', { id: 5, ip, options: { geneve } }, {}],
  ])('%s are told as they were made, also when that is written back', async (_title, data, told) => {
    await makeTable();
    await commit(nft.objects.create({ ...name, data }));
    const [first] = (await connection.dump(nft.objects.list({ ...table, kind: 'tunnel' }))).items;
    if (first === undefined) throw new Error('no object');
    expect(first).toEqual({ ...name, data: { ...defaults, ...data, ...told }, use: 0, handle: expect.any(BigInt) });
    await commit(nft.objects.delete(name), nft.objects.create(first));
    expect(await connection.request(nft.objects.get(name))).toEqual({ ...first, handle: expect.any(BigInt) });
  });

  test.each<readonly [string, Tunnel, string]>([
    ['without an id', { ip }, 'EINVAL'],
    ['without addresses', { id: 5 }, 'EINVAL'],
    ['without a destination', { id: 5, ip: { source: '10.0.0.1' } }, 'EINVAL'],
    ['with flags that there are not', { id: 5, ip, flags: 8 }, 'EOPNOTSUPP'],
    ['of ERSPAN 3', { id: 5, ip, options: { erspan: { version: 3, index: 1 } } }, 'EOPNOTSUPP'],
    ['of ERSPAN 2 with an index', { id: 5, ip, options: { erspan: { version: 2, index: 1 } } }, 'EINVAL'],
    ['of two kinds', { id: 5, ip, options: { vxlan: { gbp: 1 }, geneve } }, 'EINVAL'],
    [
      'of Geneve with three bytes',
      { id: 5, ip, options: { geneve: [{ class: 1, type: 1, data: new Uint8Array(3) }] } },
      'EINVAL',
    ],
  ])('%s are refused', async (_title, data, code) => {
    await makeTable();
    expect(await refusal(nft.objects.create({ ...name, data }))).toEqual([code]);
  });

  test('and the expression are for tables of netdev only', async () => {
    const elsewhere = { family: 'ip', table: 't' } as const;
    await commit(nft.tables.create({ family: 'ip', name: 't' }), nft.chains.create({ ...elsewhere, name: 'c' }));
    expect(await refusal(nft.objects.create({ ...name, ...elsewhere, data: { id: 5, ip } }))).toEqual(['ENOENT']);
    const load: Expression = { name: 'tunnel', data: { key: NFT_TUNNEL_PATH, destination: NFT_REG_1 } };
    const rule = nft.rules.append({ ...elsewhere, chain: 'c', expressions: [load] });
    expect(await refusal(rule)).toEqual(['ENOENT']);
  });

  test('made again stay as they are', async () => {
    await makeTable();
    const again = { ...name, data: { id: 6, ip } };
    await commit(nft.objects.create({ ...name, data: { id: 5, ip } }), nft.objects.create(again));
    expect(await connection.request(nft.objects.get(name))).toMatchObject({ data: { id: 5 } });
    expect(await refusal(nft.objects.create(again, { exclusive: true }))).toEqual(['EEXIST']);
  });

  test('are not deleted while a rule uses them', async () => {
    await makeTable();
    const use: Expression = { name: 'objref', data: { type: NFT_OBJECT_TUNNEL, object: 'o' } };
    await commit(
      nft.objects.create({ ...name, data: { id: 5, ip } }),
      nft.rules.append({ ...chain, expressions: [use] }),
    );
    expect((await connection.dump(nft.rules.list(chain))).items).toMatchObject([{ expressions: [use] }]);
    expect(await connection.request(nft.objects.get(name))).toMatchObject({ use: 1 });
    expect(await refusal(nft.objects.delete(name))).toEqual(['EBUSY']);
    await commit(nft.rules.flush(chain), nft.objects.delete(name));
    expect((await connection.dump(nft.objects.list())).items).toEqual([]);
    await expect(connection.request(nft.objects.get(name))).rejects.toMatchObject({ code: 'ENOENT' });
  });
});

describe('the tunnel expression', () => {
  test.each<readonly [string, number, number]>([
    ['path', NFT_TUNNEL_PATH, NFT_TUNNEL_MODE_RX],
    ['id', NFT_TUNNEL_ID, NFT_TUNNEL_MODE_TX],
  ])('%s is told as it was made, and nft(8) reads it', async (word, key, mode) => {
    await makeTable();
    const load: Expression = { name: 'tunnel', data: { key, destination: NFT_REG_1, mode } };
    await commit(nft.rules.append({ ...chain, expressions: [load] }));
    expect((await connection.dump(nft.rules.list(chain))).items).toMatchObject([{ expressions: [load] }]);
    // It has no syntax for the expression, and fails after it has told it.
    const debugged = ns.run('sh', '-c', 'nft --debug=netlink list chain netdev t c 2>/dev/null || true');
    expect(debugged).toContain(`[ tunnel load ${word} => reg 1 ]`);
  });

  test.each<readonly [string, number, number]>([
    ['a key', 2, NFT_TUNNEL_MODE_RX],
    ['a mode', NFT_TUNNEL_ID, 3],
  ])('of %s that there is not is refused', async (_title, key, mode) => {
    await makeTable();
    const expressions: Expression[] = [{ name: 'tunnel', data: { key, destination: NFT_REG_1, mode } }];
    expect(await refusal(nft.rules.append({ ...chain, expressions }))).toEqual(['EOPNOTSUPP']);
  });
});
