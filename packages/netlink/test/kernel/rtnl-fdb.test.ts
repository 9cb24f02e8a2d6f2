import { afterAll, beforeAll, expect, test } from 'vitest';
import { type Connection, createLink, fdb, links, openConnection } from '../../src/index.ts';
import { NETLINK_ROUTE } from '../../src/uapi/netlink.ts';
import { type TestNamespace, testNamespace } from './namespace.ts';

interface Shown {
  readonly mac: string;
  readonly ifname?: string;
  readonly dst?: string;
  readonly master?: string;
  readonly state: string;
  readonly flags: readonly string[];
}

const FLOOD = '00:00:00:00:00:00';

let ns: TestNamespace;
let connection: Connection;
let bridge: number;
let vxlan: number;

beforeAll(async () => {
  ns = await testNamespace('fdb');
  connection = await openConnection({ protocol: NETLINK_ROUTE, netns: ns.path });
  bridge = (await createLink(connection, { kind: 'bridge', name: 'kbr', mac: '02:6b:00:00:00:01' })).index;
  const data = { vni: 7, local: '192.0.2.1', port: 4789, learning: false };
  vxlan = (await createLink(connection, { kind: 'vxlan', name: 'vx7', mac: '02:6d:00:00:00:01', data })).index;
  await connection.request(links.change({ index: vxlan }, { master: bridge, flags: { up: true } }));
  await connection.request(links.change({ index: bridge }, { flags: { up: true } }));
});
afterAll(async () => {
  await connection[Symbol.asyncDispose]();
  await ns[Symbol.asyncDispose]();
});

const shown = (): Shown[] => ns.json<Shown[]>('bridge', '-j', 'fdb', 'show', 'dev', 'vx7');

test('R-19: flood entries are appended one by one, MACs lead to VTEPs, the bridge learns them as static', async () => {
  for (const destination of ['192.0.2.2', '192.0.2.3'])
    await connection.request(fdb.append({ where: 'self', index: vxlan, mac: FLOOD, destination }));
  await connection.request(
    fdb.create({ where: 'self', index: vxlan, mac: '52:54:00:00:00:05', destination: '192.0.2.2' }),
  );
  await connection.request(fdb.create({ where: 'master', index: vxlan, mac: '52:54:00:00:00:05' }));
  expect(shown()).toEqual(
    expect.arrayContaining([
      expect.objectContaining({ mac: FLOOD, dst: '192.0.2.2', state: 'permanent', flags: ['self'] }),
      expect.objectContaining({ mac: FLOOD, dst: '192.0.2.3', state: 'permanent' }),
      expect.objectContaining({ mac: '52:54:00:00:00:05', dst: '192.0.2.2', state: 'permanent', flags: ['self'] }),
      expect.objectContaining({ mac: '52:54:00:00:00:05', master: 'kbr', state: 'static' }),
    ]),
  );
});

test('one dump tells the entries of bridges and vxlan devices alike', async () => {
  ns.run('bridge', 'fdb', 'append', '52:54:00:00:00:06', 'dev', 'vx7', 'dst', '192.0.2.9', 'port', '4790', 'vni', '9');
  ns.run('bridge', 'fdb', 'add', '52:54:00:00:00:07', 'dev', 'vx7', 'master', 'dynamic');
  const { items } = await connection.dump(fdb.list());
  const found = (mac: string): unknown[] => items.filter((entry) => entry.mac === mac);
  expect(found(FLOOD)).toMatchObject([
    { where: 'self', index: vxlan, destination: '192.0.2.2', state: 'permanent' },
    { where: 'self', index: vxlan, destination: '192.0.2.3', state: 'permanent' },
  ]);
  expect(found('52:54:00:00:00:05')).toEqual(
    expect.arrayContaining([
      expect.objectContaining({ where: 'self', destination: '192.0.2.2', state: 'permanent' }),
      expect.objectContaining({ where: 'master', master: bridge, index: vxlan, state: 'static' }),
    ]),
  );
  expect(found('52:54:00:00:00:06')).toMatchObject([{ where: 'self', destination: '192.0.2.9', port: 4790, vni: 9 }]);
  expect(found('52:54:00:00:00:07')).toMatchObject([{ where: 'master', state: 'dynamic' }]);
  expect(found('02:6b:00:00:00:01')).toEqual(
    expect.arrayContaining([expect.objectContaining({ where: 'master', index: bridge, state: 'permanent' })]),
  );
  const ofVxlan = await connection.dump(fdb.list({ index: vxlan }));
  expect(new Set(ofVxlan.items.map(({ index }) => index))).toEqual(new Set([vxlan]));
});

test('deleting one destination leaves the others; replace moves a MAC', async () => {
  await connection.request(fdb.delete({ where: 'self', index: vxlan, mac: FLOOD, destination: '192.0.2.2' }));
  await connection.request(
    fdb.replace({ where: 'self', index: vxlan, mac: '52:54:00:00:00:05', destination: '192.0.2.3' }),
  );
  await connection.request(fdb.delete({ where: 'master', index: vxlan, mac: '52:54:00:00:00:05' }));
  const left = shown();
  expect(left.filter(({ mac }) => mac === FLOOD)).toMatchObject([{ dst: '192.0.2.3' }]);
  expect(left.filter(({ mac }) => mac === '52:54:00:00:00:05')).toMatchObject([{ dst: '192.0.2.3' }]);
  await expect(
    connection.request(fdb.delete({ where: 'self', index: vxlan, mac: '52:54:00:00:00:99', destination: '192.0.2.2' })),
  ).rejects.toMatchObject({ code: 'ENOENT' });
});

test('a batch of 1000 entries takes each for itself', async () => {
  const mac = (n: number): string =>
    `52:54:01:00:${(n >> 8).toString(16).padStart(2, '0')}:${(n & 255).toString(16).padStart(2, '0')}`;
  const entries = Array.from(
    { length: 1000 },
    (_, n) => ({ where: 'self', index: vxlan, mac: mac(n), destination: '192.0.2.3' }) as const,
  );
  const outcomes = await connection.batch([...entries, ...entries.slice(0, 3)].map((entry) => fdb.create(entry)));
  expect(outcomes.filter(({ status }) => status === 'ok')).toHaveLength(1000);
  expect(outcomes.slice(1000)).toMatchObject([{ status: 'failed', error: { code: 'EEXIST' } }, {}, {}]);
  expect(shown().filter((entry) => entry.mac.startsWith('52:54:01'))).toHaveLength(1000);
});
