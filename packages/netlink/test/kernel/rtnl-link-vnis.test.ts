import { expect, test } from 'vitest';
import { openConnection } from '../../src/connection/open.ts';
import { createLink } from '../../src/rtnl/link/create.ts';
import { vnis } from '../../src/rtnl/link/vni-filter.ts';
import { NETLINK_ROUTE } from '../../src/uapi/netlink.ts';
import { testNamespace } from './namespace.ts';

test('VNIs of a filtering vxlan device, as bridge(8) shows them, and as it adds them', async () => {
  await using ns = await testNamespace('vnis');
  await using connection = await openConnection({ protocol: NETLINK_ROUTE, netns: ns.path });
  const data = { collectMetadata: true, vniFilter: true, learning: false, port: 4789 };
  const { index } = await createLink(connection, { kind: 'vxlan', name: 'vx', data });
  await createLink(connection, { kind: 'vxlan', name: 'other', data: { ...data, port: 4790 } });
  await connection.request(vnis.add({ index, vnis: [{ first: 100 }, { first: 200, last: 203, group: '192.0.2.9' }] }));
  expect(ns.json('bridge', '-j', 'vni', 'show', 'dev', 'vx')).toMatchObject([
    { ifname: 'vx', vnis: [{ vni: 100 }, { vni: 200, vniEnd: 203, remote: '192.0.2.9' }] },
  ]);
  ns.run('bridge', 'vni', 'add', 'vni', '300-301', 'remote', '198.51.100.9', 'dev', 'vx');
  const ranges = async () => (await connection.dump(vnis.list({ index }))).items.flatMap(({ entries }) => entries);
  expect(await ranges()).toMatchObject([
    { first: 100 },
    { first: 200, last: 203, group: '192.0.2.9' },
    { first: 300, last: 301, group: '198.51.100.9' },
  ]);
  await connection.request(vnis.delete({ index, vnis: [{ first: 201, last: 203 }] }));
  expect((await ranges()).map(({ first, last }) => [first, last])).toEqual([
    [100, undefined],
    [200, undefined],
    [300, 301],
  ]);
  const { items } = await connection.dump(vnis.list({ index, statistics: true }));
  expect(items.flatMap(({ entries }) => entries)[0]).toMatchObject({
    first: 100,
    statistics: { rxBytes: 0n, txErrors: 0n },
  });
  const plain = await createLink(connection, { kind: 'vxlan', name: 'plain', data: { vni: 1, port: 4791 } });
  const outcomes = await connection.batch([
    vnis.add({ index, vnis: [{ first: 100 }] }),
    vnis.delete({ index, vnis: [{ first: 9 }] }),
    vnis.add({ index: plain.index, vnis: [{ first: 9 }] }),
  ]);
  expect(outcomes.map((outcome) => (outcome.status === 'failed' ? outcome.error.code : outcome.status))).toEqual([
    'ok',
    'ENOENT',
    'EOPNOTSUPP',
  ]);
  expect(() => vnis.add({ index, vnis: [] })).toThrow('none is given');
});
