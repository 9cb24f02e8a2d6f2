import { execFileSync } from 'node:child_process';
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { Connection } from '../../src/connection/connection.ts';
import { openConnection } from '../../src/connection/open.ts';
import { links } from '../../src/rtnl/link/requests.ts';
import { NETLINK_ROUTE } from '../../src/uapi/netlink.ts';
import { type TestNamespace, testNamespace } from '../kernel/namespace.ts';
import { kindRows, LOWER } from '../kind-rows.ts';
import { checkRow, getLink, ip, ipLink } from '../link-rows.ts';

// The tunnels' modules make a device in each namespace that comes later, `tunl0` and such, unless told not to.
let ns: TestNamespace;
let connection: Connection;

beforeAll(async () => {
  execFileSync('sysctl', ['-qw', 'net.core.fb_tunnels_only_for_init_net=2']);
  // Foo-over-udp is not loaded for the asking.
  execFileSync('modprobe', ['-a', 'fou']);
  ns = await testNamespace('kinds');
  connection = await openConnection({ protocol: NETLINK_ROUTE, netns: ns.path });
  ip(ns.name, 'link', 'add', 'lower', 'index', String(LOWER), 'type', 'dummy');
});
afterAll(async () => {
  await connection[Symbol.asyncDispose]();
  await ns[Symbol.asyncDispose]();
});

test.each(kindRows.map((row) => [row.kind, row.title ?? 'with its options', row] as const))(
  'kind %s: %s: ip(8) reads what we write, we read what it writes',
  async (_kind, _title, row) => {
    await checkRow(connection, ns.name, row);
  },
);

test('ports of a bond and of a VRF: their settings are told and changed', async () => {
  for (const words of [
    'bond0 type bond mode active-backup miimon 100',
    'vrf0 type vrf table 90',
    'p1 type dummy',
    'p2 type dummy',
  ]) {
    ip(ns.name, 'link', 'add', ...words.split(' '));
  }
  const [bond, vrf, p1, p2] = await Promise.all(['bond0', 'vrf0', 'p1', 'p2'].map((name) => getLink(connection, name)));
  const outcomes = await connection.batch([
    links.change({ index: p1?.index ?? 0 }, { master: bond?.index ?? 0 }),
    links.change({ index: p1?.index ?? 0 }, { bondPort: { queueId: 3, priority: 77 } }),
    links.change({ index: bond?.index ?? 0 }, { kind: 'bond', data: { primary: p1?.index ?? 0 } }),
    links.change({ index: p2?.index ?? 0 }, { master: vrf?.index ?? 0 }),
  ]);
  expect(outcomes.map(({ status }) => status)).toEqual(['ok', 'ok', 'ok', 'ok']);
  expect(ipLink(ns.name, 'p1').linkinfo).toMatchObject({
    info_slave_kind: 'bond',
    info_slave_data: { queue_id: 3, prio: 77 },
  });
  expect(ipLink(ns.name, 'bond0').linkinfo?.info_data).toMatchObject({ primary: 'p1' });
  const port = await getLink(connection, 'p1');
  expect(links.portOf(port, 'bond')).toMatchObject({ queueId: 3, priority: 77, linkFailures: 0 });
  expect(links.portOf(port, 'bond')?.unknown).toBeUndefined();
  expect(links.portOf(port, 'vrf')).toBeUndefined();
  expect(links.portOf(await getLink(connection, 'p2'), 'vrf')).toEqual({ table: 90 });
});
