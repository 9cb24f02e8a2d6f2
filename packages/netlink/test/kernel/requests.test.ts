import { describe, expect, it } from 'vitest';
import type { Connection } from '../../src/connection/connection.ts';
import { openConnection } from '../../src/connection/open.ts';
import { NetlinkError } from '../../src/error.ts';
import { fdb } from '../../src/rtnl/fdb.ts';
import { links } from '../../src/rtnl/link/requests.ts';
import { NETLINK_ROUTE } from '../../src/uapi/netlink.ts';
import { bridgeJson, ipJson, Namespaces } from './namespaces.ts';

const mac = (n: number): string =>
  `02:00:00:00:${(n >> 8).toString(16).padStart(2, '0')}:${(n & 255).toString(16).padStart(2, '0')}`;
const vxlan = {
  kind: 'vxlan',
  name: 'vx100',
  data: { vni: 100, local: '192.0.2.1', port: 4789, learning: false },
} as const;

async function createVxlan(connection: Connection): Promise<number> {
  await connection.request(links.create(vxlan));
  const link = await connection.request(links.get({ name: 'vx100' }));
  return link?.index ?? 0;
}

describe('requests against the kernel', () => {
  it('creates links as `ip -d` sees them, and learns the index from the echo', async () => {
    await using namespaces = new Namespaces();
    const { name, path } = await namespaces.create('create');
    await using connection = await openConnection({ protocol: NETLINK_ROUTE, netns: path });
    const bridge = await connection.request(links.create({ kind: 'bridge', name: 'br0' }));
    const [seenBridge] = await ipJson(name, 'link', 'show', 'dev', 'br0');
    expect(seenBridge?.['ifindex']).toBe(bridge?.index);
    // The kernel announces a vxlan before it comes to the echo, and then has nothing to tell any more.
    expect(await connection.request(links.create(vxlan))).toBeUndefined();
    const [seen] = await ipJson(name, 'link', 'show', 'dev', 'vx100');
    expect(seen?.['linkinfo']).toMatchObject({
      info_kind: 'vxlan',
      info_data: { id: 100, local: '192.0.2.1', port: 4789, learning: false },
    });
  });

  it('names the attribute that the kernel points at, with its text', async () => {
    await using connection = await openConnection({ protocol: NETLINK_ROUTE, netns: { private: true } });
    const wrong = links.create({ ...vxlan, data: { ...vxlan.data, vni: 0x100_0000 } });
    const error = await connection.request(wrong).catch((caught: unknown) => caught);
    expect(error).toBeInstanceOf(NetlinkError);
    expect(error).toMatchObject({
      errno: 34,
      code: 'ERANGE',
      attribute: 'linkinfo.data.vni',
      operation: 'create link vx100',
    });
    expect((error as Error).message).toMatch(/create link vx100: ERANGE: .*VXLAN ID.*\(linkinfo\.data\.vni\)/);
  });

  it('keeps the answers of calls in parallel apart, on one connection and on several that race', async () => {
    await using namespaces = new Namespaces();
    const { name, path } = await namespaces.create('parallel');
    const connections = await Promise.all(
      Array.from({ length: 4 }, () => openConnection({ protocol: NETLINK_ROUTE, netns: path })),
    );
    const names = Array.from({ length: 25 }, (_, n) => `br${n}`);
    // Each connection makes all of them: one of the four wins each, and lists go on in between.
    const calls = connections.flatMap((connection) =>
      names.flatMap((link) => [
        connection.request(links.create({ kind: 'bridge', name: link })).then(
          (made) => ({ link, made: made?.name }),
          (error: unknown) => ({ link, error }),
        ),
        connection.dump(links.list()).then(({ items }) => {
          expect(items.some(({ name: listed }) => listed === 'lo')).toBe(true);
        }),
      ]),
    );
    const made = (await Promise.all(calls)).filter((result) => result !== undefined);
    const won = made.filter((result) => 'made' in result);
    expect(won.map(({ link }) => link).sort()).toEqual([...names].sort());
    // The echo is that of the link asked for, and not of one that another call made at the same time.
    for (const result of won) expect(result.made).toBe(result.link);
    for (const { link, error } of made.filter((result) => 'error' in result)) {
      expect(error).toMatchObject({ code: 'EEXIST', operation: `create link ${link}` });
    }
    expect((await ipJson(name, 'link', 'show', 'type', 'bridge')).map(({ ifname }) => ifname).sort()).toEqual(
      [...names].sort(),
    );
    await Promise.all(connections.map((connection) => connection[Symbol.asyncDispose]()));
  });

  it('tells the policy that an attribute failed', async () => {
    await using connection = await openConnection({ protocol: NETLINK_ROUTE, netns: { private: true } });
    const [, outcome] = await connection.batch([
      links.create({ kind: 'bridge', name: 'br0' }),
      links.change({ name: 'br0' }, { kind: 'bridge', data: { vlanDefaultPvid: 1 }, linkMode: 9 }),
      links.create({ kind: 'vlan', name: 'v1', parent: 1, data: { id: 5000 } }),
    ]);
    expect(outcome?.status).toBe('ok');
    const error = await connection
      .request(links.change({ name: 'br0' }, { addressFamilies: { ipv6: { addressGeneration: 77 } } }))
      .catch((caught: unknown) => caught);
    expect(error).toBeInstanceOf(NetlinkError);
    expect((error as NetlinkError).code).toBe('EINVAL');
  });

  it('settles each request of a batch by itself: ten duplicates of a thousand fail, the rest is there', async () => {
    await using namespaces = new Namespaces();
    const { name, path } = await namespaces.create('batch');
    await using connection = await openConnection({ protocol: NETLINK_ROUTE, netns: path });
    const index = await createVxlan(connection);
    const entry = (n: number) => fdb.create({ where: 'self', index, mac: mac(n), destination: '192.0.2.2' });
    const outcomes = await connection.batch(Array.from({ length: 1000 }, (_, n) => entry(n % 100 === 99 ? n - 1 : n)));
    const failed = outcomes
      .map((outcome, n) => (outcome.status === 'failed' ? [n, outcome.error.code] : []))
      .filter((f) => f.length > 0);
    expect(failed).toEqual(Array.from({ length: 10 }, (_, n) => [n * 100 + 99, 'EEXIST']));
    expect(outcomes.filter(({ status }) => status === 'ok')).toHaveLength(990);
    expect((await bridgeJson(name, 'fdb', 'show', 'dev', 'vx100')).length).toBe(990);
  });

  it('reports acknowledgements that were lost as unknown, neither done nor failed, and goes on', async () => {
    await using namespaces = new Namespaces();
    const { path, name } = await namespaces.create('enobufs');
    // The least that the kernel grants: it holds a few errors of the many in a chunk.
    await using roomy = await openConnection({ protocol: NETLINK_ROUTE, netns: path });
    await using connection = await openConnection({ protocol: NETLINK_ROUTE, netns: path, receiveBuffer: 1 });
    const index = await createVxlan(roomy);
    const entry = (n: number) => fdb.create({ where: 'self', index, mac: mac(n), destination: '192.0.2.2' });
    await roomy.batch(Array.from({ length: 40 }, (_, n) => entry(n)));
    // 40 duplicates answer with more errors than the buffer holds; the new ones behind them are silent. What no longer
    // fits the first chunk, of 8 KiB, has its own proof.
    const outcomes = await connection.batch(Array.from({ length: 260 }, (_, n) => entry(n)));
    const counted = (status: string): number => outcomes.filter((outcome) => outcome.status === status).length;
    const [failed, unknown] = [counted('failed'), counted('unknown')];
    expect(failed).toBeGreaterThan(0);
    expect(failed).toBeLessThan(40);
    // Those whose error came are first, those that lost theirs or may have come next, those of the next chunk are certain.
    expect(outcomes.map(({ status }) => status)).toEqual([
      ...new Array<string>(failed).fill('failed'),
      ...new Array<string>(unknown).fill('unknown'),
      ...new Array<string>(260 - failed - unknown).fill('ok'),
    ]);
    expect(counted('ok')).toBeGreaterThan(0);
    for (const outcome of outcomes) if (outcome.status === 'unknown') expect(outcome.error.message).toMatch(/ENOBUFS/);
    expect((await bridgeJson(name, 'fdb', 'show', 'dev', 'vx100')).length).toBe(260);
    const one = fdb.create({ where: 'self', index, mac: mac(300), destination: '192.0.2.2' });
    await expect(connection.request(one)).resolves.toBeUndefined();
  });

  it('lists what is there, and filters by master', async () => {
    await using connection = await openConnection({ protocol: NETLINK_ROUTE, netns: { private: true } });
    await connection.request(links.create({ kind: 'bridge', name: 'br0', index: 50 }));
    await connection.request(links.create({ ...vxlan, master: 50 }));
    const ports = await connection.dump(links.list({ master: 50 }));
    expect(ports).toMatchObject({ items: [{ name: 'vx100', kind: 'vxlan' }], interrupted: false });
    const all = await connection.dump(links.list());
    expect(all.items.map((link) => link.name).sort()).toEqual(['br0', 'lo', 'vx100']);
  });
});
