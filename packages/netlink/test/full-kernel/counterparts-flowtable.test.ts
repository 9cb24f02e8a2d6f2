import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { Connection } from '../../src/connection/connection.ts';
import { openConnection } from '../../src/connection/open.ts';
import type { Request } from '../../src/message/request.ts';
import { nft } from '../../src/nft/nft.ts';
import { nftTransaction } from '../../src/nft/transaction.ts';
import { NETLINK_NETFILTER } from '../../src/uapi/netlink.ts';
import { type TestNamespace, testNamespace } from '../kernel/namespace.ts';

let ns: TestNamespace;
let connection: Connection;

beforeAll(async () => {
  ns = await testNamespace('flow');
  connection = await openConnection({ protocol: NETLINK_NETFILTER, netns: ns.path });
  for (const name of ['va', 'vb']) ns.run('ip', 'link', 'add', name, 'type', 'veth', 'peer', 'name', `${name}-peer`);
  ns.run('nft', 'add table inet f');
});
afterAll(async () => {
  await connection[Symbol.asyncDispose]();
  await ns[Symbol.asyncDispose]();
});

const name = { family: 'inet', table: 'f', name: 'fast' } as const;
const commit = async (...requests: readonly Request<unknown>[]): Promise<void> =>
  expect(await nftTransaction(connection, requests)).toMatchObject({ status: 'ok' });
/** As nft(8) prints them, in one line. */
const printed = (): string => ns.run('nft', 'list', 'flowtables').replace(/\s+/g, ' ').trim();

describe('flowtables made by us and by nft(8) are the same', () => {
  test('made, told, listed, given a device more, and gone', async () => {
    await commit(nft.flowtables.create({ ...name, devices: ['va'], priority: 5, flags: { counter: true } }));
    const ours = printed();
    expect(ours).toBe('table inet f { flowtable fast { hook ingress priority filter + 5 devices = { va } counter } }');
    expect(await connection.request(nft.flowtables.get(name))).toMatchObject({
      ...name,
      devices: ['va'],
      priority: 5,
      flags: { counter: true },
    });
    await commit(nft.flowtables.create({ ...name, devices: ['vb'], priority: 5, flags: { counter: true } }));
    expect(printed()).toContain('devices = { va, vb }');
    await commit(nft.flowtables.deleteDevices({ ...name, devices: ['vb'], priority: 5 }));
    expect(printed()).toBe(ours);
    await commit(nft.flowtables.delete(name));
    expect((await connection.dump(nft.flowtables.list())).items).toEqual([]);

    ns.run('nft', 'add flowtable inet f fast { hook ingress priority 5; devices = { va }; counter; }');
    expect(printed()).toBe(ours);
    const [theirs] = (await connection.dump(nft.flowtables.list({ table: 'f' }))).items;
    expect(theirs).toMatchObject({ ...name, devices: ['va'], priority: 5, flags: { counter: true } });
  });

  test('one that a rule refers to is not deleted', async () => {
    ns.run('nft', 'add chain inet f forward { type filter hook forward priority 0; }');
    await commit(
      nft.rules.append({
        family: 'inet',
        table: 'f',
        chain: 'forward',
        expressions: [{ name: 'flow_offload', data: { flowtable: 'fast' } }],
      }),
    );
    expect(ns.run('nft', 'list', 'chain', 'inet', 'f', 'forward')).toContain('flow add @fast');
    expect(await nftTransaction(connection, [nft.flowtables.delete(name)])).toMatchObject({
      status: 'failed',
      failures: [{ index: 0, error: { code: 'EBUSY' } }],
    });
    await commit(
      nft.rules.flush({ family: 'inet', table: 'f' }),
      nft.flowtables.delete(name),
      nft.flowtables.create({ ...name, devices: [], priority: 0 }),
    );
    await expect(connection.request(nft.flowtables.get({ ...name, name: 'none' }))).rejects.toMatchObject({
      code: 'ENOENT',
    });
  });
});
