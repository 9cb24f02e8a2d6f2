import { expect, it } from 'vitest';
import { openConnection } from '../../src/connection/open.ts';
import { fdb } from '../../src/rtnl/fdb.ts';
import { links } from '../../src/rtnl/link/requests.ts';
import { NETLINK_ROUTE } from '../../src/uapi/netlink.ts';
import type { WatchSource } from '../../src/watch/source.ts';
import { sources } from '../../src/watch/sources.ts';
import { watch } from '../../src/watch/watch.ts';
import type { WatchEvent } from '../../src/watch/watcher.ts';
import { bridgeJson, ip, ipJson, Namespaces, scale } from './namespaces.ts';

const mac = (n: number): string =>
  `02:00:00:00:${(n >> 8).toString(16).padStart(2, '0')}:${(n & 255).toString(16).padStart(2, '0')}`;

/** Takes events until one is the last. */
async function until<T>(
  events: AsyncIterator<WatchEvent<T>>,
  last: (event: WatchEvent<T>) => boolean,
): Promise<readonly WatchEvent<T>[]> {
  const seen: WatchEvent<T>[] = [];
  for (;;) {
    const { value, done } = await events.next();
    if (done === true) throw new Error('the watcher ended');
    seen.push(value);
    if (last(value)) return seen;
  }
}

it('tells links as they are and as somebody else changes them', async () => {
  await using namespaces = new Namespaces();
  const { path, name } = await namespaces.create('links');
  await ip(name, 'link', 'add', 'br0', 'type', 'bridge');
  await using watcher = await watch(sources.links, { netns: path });
  const events = watcher[Symbol.asyncIterator]();
  const first = await until(events, ({ type }) => type === 'synced');
  expect(first.map((event) => (event.type === 'synced' ? event.after : event.item.name))).toEqual([
    'lo',
    'br0',
    'start',
  ]);
  await ip(name, 'link', 'add', 'v0', 'type', 'veth', 'peer', 'name', 'v1');
  await ip(name, 'link', 'set', 'v0', 'master', 'br0');
  await until(events, (event) => event.type === 'set' && event.item.name === 'v0' && event.item.master !== undefined);
  // A bridge says RTM_DELLINK of a port that leaves it: the link is still there.
  await ip(name, 'link', 'set', 'v0', 'nomaster');
  const left = await until(
    events,
    (event) => event.type === 'set' && event.item.name === 'v0' && event.item.master === undefined,
  );
  expect(left.filter(({ type }) => type === 'delete')).toEqual([]);
  await ip(name, 'link', 'delete', 'v0');
  await until(events, (event) => event.type === 'delete' && event.item.name === 'v0');
  await ip(name, 'link', 'add', 'last', 'type', 'bridge');
  await until(events, (event) => event.type === 'set' && event.item.name === 'last');
  const names = (await ipJson(name, 'link')).map((link) => link['ifname']);
  expect([...watcher.items.values()].map((link) => link.name).sort()).toEqual(names.sort());
});

it('has the same forwarding database as `bridge` after overruns that lost most of it', async () => {
  await using namespaces = new Namespaces();
  const { path, name } = await namespaces.create('fdb');
  await using connection = await openConnection({ protocol: NETLINK_ROUTE, netns: path });
  await connection.request(links.create({ kind: 'vxlan', name: 'vx', data: { vni: 5, port: 4789, learning: false } }));
  const index = (await connection.request(links.get({ name: 'vx' })))?.index ?? 0;
  const entry = (n: number, destination = '192.0.2.2') => ({ where: 'self', index, mac: mac(n), destination }) as const;
  // The least that the kernel grants: a few notifications.
  await using watcher = await watch(sources.fdb, { netns: path, receiveBuffer: 1 });
  const events = watcher[Symbol.asyncIterator]();
  await until(events, ({ type }) => type === 'synced');
  const count = 1000 * scale();
  await connection.batch(Array.from({ length: count }, (_, n) => fdb.create(entry(n))));
  await connection.batch(Array.from({ length: count / 2 }, (_, n) => fdb.delete(entry(n * 2))));
  await connection.batch(Array.from({ length: 10 }, (_, n) => fdb.replace(entry(n * 2 + 1, '192.0.2.9'))));
  await until(events, (event) => event.type === 'synced' && event.after === 'overrun');
  const told = (): readonly string[] => [...watcher.items.values()].map((e) => `${e.mac} ${e.destination}`).sort();
  const there = (await bridgeJson(name, 'fdb', 'show', 'dev', 'vx')).map((e) => `${e['mac']} ${e['dst']}`).sort();
  expect(there).toHaveLength(count / 2);
  // An overrun may follow another: each is made good, so the reader gets there.
  while (told().join() !== there.join()) await events.next();
  expect(told()).toEqual(there);
});

it('notices routes that fall silently with a link', async () => {
  await using namespaces = new Namespaces();
  const { path, name } = await namespaces.create('routes');
  await ip(name, 'link', 'add', 'br0', 'up', 'type', 'bridge');
  await ip(name, 'address', 'add', '10.1.0.1/24', 'dev', 'br0');
  await ip(name, 'route', 'add', '10.2.0.0/16', 'via', '10.1.0.2');
  await using watcher = await watch(sources.routes, { netns: path });
  const events = watcher[Symbol.asyncIterator]();
  const first = await until(events, ({ type }) => type === 'synced');
  expect(first.some((event) => event.type === 'set' && event.item.destination === '10.2.0.0/16')).toBe(true);
  await ip(name, 'link', 'set', 'br0', 'down');
  await until(events, (event) => event.type === 'delete' && event.item.destination === '10.2.0.0/16');
});

it.each(['addresses', 'neighbours', 'rules'] as const)('tells %s and their end', async (kind) => {
  await using namespaces = new Namespaces();
  const { path, name } = await namespaces.create(kind);
  await ip(name, 'link', 'add', 'br0', 'up', 'type', 'bridge');
  const what = {
    addresses: ['address', ['10.3.0.1/24', 'dev', 'br0']],
    neighbours: ['neighbour', ['10.3.0.2', 'dev', 'br0', 'lladdr', mac(1)]],
    rules: ['rule', ['from', '10.3.0.0/24', 'table', '77']],
  } as const;
  const [command, words] = what[kind];
  await using watcher = await watch(sources[kind] as unknown as WatchSource<object>, { netns: path });
  const events = watcher[Symbol.asyncIterator]();
  await until(events, ({ type }) => type === 'synced');
  const before = watcher.items.size;
  await ip(name, command, 'add', ...words);
  await until(events, (event) => event.type === 'set' && JSON.stringify(event.item).includes('10.3.0.'));
  await ip(name, command, 'delete', ...words);
  await until(events, (event) => event.type === 'delete' && JSON.stringify(event.item).includes('10.3.0.'));
  expect(watcher.items.size).toBe(before);
});

it('ends when its signal aborts', async () => {
  const abort = new AbortController();
  const watcher = await watch(sources.links, { signal: abort.signal });
  const events = watcher[Symbol.asyncIterator]();
  await until(events, ({ type }) => type === 'synced');
  const next = events.next();
  abort.abort();
  expect(await next).toMatchObject({ done: true });
  await expect(watch(sources.links, { signal: AbortSignal.abort(new Error('too late')) })).rejects.toThrow('too late');
});
