import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import type { Connection } from '../../src/connection/connection.ts';
import { openConnection } from '../../src/connection/open.ts';
import type { Request } from '../../src/message/request.ts';
import { elementsOf } from '../../src/nft/element-decode.ts';
import type { Expression } from '../../src/nft/expression/expression.ts';
import { nft } from '../../src/nft/nft.ts';
import type { SetShape } from '../../src/nft/set.ts';
import { nftTransaction } from '../../src/nft/transaction.ts';
import { NETLINK_NETFILTER } from '../../src/uapi/netlink.ts';
import { NFT_REG_1 } from '../../src/uapi/nf-tables.ts';
import { NFT_CMP_EQ, NFT_CMP_NEQ, NFT_META_L4PROTO, NFT_META_SECMARK } from '../../src/uapi/nf-tables-expr.ts';
import { NFT_OBJECT_SECMARK } from '../../src/uapi/nf-tables-object.ts';
import { type TestNamespace, testNamespace } from '../kernel/namespace.ts';

// A security module gives contexts their meaning. Debian's kernel starts with AppArmor and no profile but the one that
// it has itself, `unconfined`; that is a context, and any other is not (ENOENT), SELinux's included.
let ns: TestNamespace;
let connection: Connection;

beforeAll(async () => {
  ns = await testNamespace('secmark');
  ns.run('ip', 'link', 'set', 'lo', 'up');
  connection = await openConnection({ protocol: NETLINK_NETFILTER, netns: ns.path });
});
afterAll(async () => {
  await connection[Symbol.asyncDispose]();
  await ns[Symbol.asyncDispose]();
});
beforeEach(() => ns.run('nft', 'flush', 'ruleset'));

const table = { family: 'inet', table: 't' } as const;
const chain = { ...table, chain: 'c' };
const name = { ...table, kind: 'secmark', name: 's' } as const;
const data = { context: 'unconfined' };
const byPort: SetShape = { ...table, name: 'm', key: ['inet_service'], object: 'secmark' };
const setMark: Expression = { name: 'objref', data: { type: NFT_OBJECT_SECMARK, object: 's' } };
const setMarkByPort: readonly Expression[] = [
  { name: 'meta', data: { key: NFT_META_L4PROTO, destination: NFT_REG_1 } },
  { name: 'cmp', data: { source: NFT_REG_1, operator: NFT_CMP_EQ, data: { value: Uint8Array.of(6) } } },
  { name: 'payload', data: { destination: NFT_REG_1, base: 2, offset: 2, length: 2 } },
  { name: 'objref', data: { source: NFT_REG_1, set: 'm' } },
];
/** What nft(8) is given for the same. */
const theirs = `table inet t {
  secmark s { "unconfined"; }
  map m { type inet_service : secmark; elements = { 22 : "s" }; }
  chain c { type filter hook output priority 0; policy accept; meta secmark set "s"; meta secmark set tcp dport map @m; }
}`;

async function commit(...requests: readonly Request<unknown>[]): Promise<void> {
  expect(await nftTransaction(connection, requests)).toMatchObject({ status: 'ok' });
}

async function writeOurs(): Promise<void> {
  const base = { type: 'filter', hook: 'output', priority: 0, policy: 'accept' } as const;
  await commit(
    nft.tables.create({ family: 'inet', name: 't' }),
    nft.objects.create({ ...name, data }),
    nft.sets.create(byPort),
    ...nft.elements.add(byPort, [{ key: ['22'], object: 's' }]),
    nft.chains.create({ ...table, name: 'c', base }),
    nft.rules.append({ ...chain, expressions: [setMark] }),
    nft.rules.append({ ...chain, expressions: setMarkByPort }),
  );
}

async function expectRead(): Promise<void> {
  const { items } = await connection.dump(nft.objects.list({ ...table, kind: 'secmark' }));
  expect(items).toEqual([{ ...name, data, use: 2, handle: expect.any(BigInt) }]);
  expect(await connection.request(nft.objects.get(name))).toEqual(items[0]);
  const [map] = (await connection.dump(nft.sets.list(table))).items;
  expect(map).toMatchObject({ name: 'm', key: ['inet_service'], object: 'secmark' });
  expect(elementsOf(byPort, (await connection.dump(nft.elements.list(byPort))).items)).toEqual([
    { key: ['22'], object: 's' },
  ]);
  const rules = (await connection.dump(nft.rules.list(chain))).items;
  expect(rules.map(({ expressions }) => expressions)).toMatchObject([[setMark], setMarkByPort]);
}

describe('secmark', () => {
  test('made by us and by nft(8) is the same: an object, a map, rules', async () => {
    await writeOurs();
    await expectRead();
    const ours = ns.run('nft', 'list', 'ruleset');
    expect(ours).toContain('meta secmark set "s"');
    expect(ours).toContain('meta secmark set tcp dport map @m');
    ns.run('nft', 'flush ruleset');
    ns.run('sh', '-c', `nft -f - <<'END'\n${theirs}\nEND`);
    await expectRead();
    expect(ns.run('nft', 'list', 'ruleset')).toBe(ours);
  });

  test('made again stays as it is', async () => {
    await writeOurs();
    const again = { ...name, data: { context: '&unconfined' } };
    await commit(nft.objects.create(again));
    expect(await connection.request(nft.objects.get(name))).toMatchObject({ data });
    expect(await nftTransaction(connection, [nft.objects.create(again, { exclusive: true })])).toMatchObject({
      failures: [{ error: { code: 'EEXIST' } }],
    });
  });

  test('is not deleted while a rule or a map uses it', async () => {
    await writeOurs();
    const deletion = nft.objects.delete(name);
    const busy = { status: 'failed', failures: [{ index: 0, error: { code: 'EBUSY' } }] };
    expect(await nftTransaction(connection, [deletion])).toMatchObject(busy);
    await commit(nft.rules.flush(chain));
    expect(await nftTransaction(connection, [deletion])).toMatchObject(busy);
    await commit(nft.sets.delete(byPort), deletion);
    expect(ns.json('nft', '-j', 'list', 'secmarks')).toEqual({ nftables: [expect.anything()] });
  });

  test('marks packets: a rule before it sees none, one after it does', async () => {
    const counted: readonly Expression[] = [
      { name: 'meta', data: { key: NFT_META_SECMARK, destination: NFT_REG_1 } },
      { name: 'cmp', data: { source: NFT_REG_1, operator: NFT_CMP_NEQ, data: { value: new Uint8Array(4) } } },
      { name: 'counter' },
    ];
    await writeOurs();
    await commit(
      nft.rules.insert({ ...chain, expressions: counted, comment: 'before' }),
      nft.rules.append({ ...chain, expressions: counted, comment: 'after' }),
    );
    // Nobody listens there.
    ns.run('bash', '-c', 'echo -n x > /dev/udp/127.0.0.1/9 || true');
    const { items } = await connection.dump(nft.rules.list(chain));
    const packets = (comment: string): unknown =>
      items.find((rule) => rule.comment === comment)?.expressions.find((expression) => expression.name === 'counter')
        ?.data;
    expect(packets('before')).toMatchObject({ packets: 0n });
    // The packet, and the ICMP error that comes of it.
    expect(packets('after')).toMatchObject({ packets: 2n });
  });

  test.each([
    ['of a profile that is not loaded', { context: 'kcore' }, 'ENOENT'],
    ['of SELinux, while AppArmor rules', { context: 'system_u:object_r:ssh_server_packet_t:s0' }, 'ENOENT'],
    ['that is empty', { context: '' }, 'EINVAL'],
    ['longer than 4096', { context: 'a'.repeat(4097) }, 'ERANGE'],
    ['that is missing', {}, 'EINVAL'],
  ])('a context %s is refused', async (_title, content, code) => {
    await commit(nft.tables.create({ family: 'inet', name: 't' }));
    expect(await nftTransaction(connection, [nft.objects.create({ ...name, data: content })])).toMatchObject({
      status: 'failed',
      failures: [{ index: 0, error: { code } }],
    });
  });
});
