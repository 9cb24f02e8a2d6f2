import { expect, it, vi } from 'vitest';
import { openConnection } from '../../src/connection/open.ts';
import { openPacketSocket } from '../../src/packet/packet.ts';
import { openUdpSocket } from '../../src/packet/udp.ts';
import { fdb } from '../../src/rtnl/fdb.ts';
import { links } from '../../src/rtnl/link/requests.ts';
import { mdb } from '../../src/rtnl/mdb.ts';
import { NETLINK_ROUTE } from '../../src/uapi/netlink.ts';
import type { WatchSource } from '../../src/watch/source.ts';
import { sources } from '../../src/watch/sources.ts';
import { watch } from '../../src/watch/watch.ts';
import { bridgeWithPorts, mac, mirrored, SOON, until } from './mirrored.ts';
import { bridgeJson, ip, ipJson, Namespaces, scale } from './namespaces.ts';

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

it('follows a MAC from port to port of a bridge, by command and by its frames', async () => {
  await using namespaces = new Namespaces();
  const { path, name } = await namespaces.create('roaming');
  await bridgeWithPorts(name);
  await using mirror = await mirrored(sources.fdb, path);
  const ports = Object.fromEntries((await ipJson(name, 'link')).map((link) => [link['ifname'], link['ifindex']]));
  const portsOf = async (wanted: string) =>
    (await mirror.agree()).filter((entry) => entry.mac === wanted).map(({ index }) => index);

  const moved = mac(0x99);
  await bridgeJson(name, 'fdb', 'add', moved, 'dev', 'p1', 'master', 'dynamic');
  expect(await portsOf(moved)).toEqual([ports['p1']]);
  await bridgeJson(name, 'fdb', 'replace', moved, 'dev', 'p2', 'master', 'dynamic');
  expect(await portsOf(moved)).toEqual([ports['p2']]);

  // A virtual machine that migrates: the same source address behind one port, then behind the other.
  const guest = Buffer.from('020000000077', 'hex');
  const frame = Buffer.concat([
    Buffer.from('ffffffffffff', 'hex'),
    guest,
    Buffer.from('88b5', 'hex'),
    Buffer.alloc(46),
  ]);
  for (const n of [1, 2, 1]) {
    await using socket = await openPacketSocket({ device: `q${n}`, etherType: 0, netns: path });
    await socket.send([frame]);
    await vi.waitFor(async () => expect(await portsOf(mac(0x77))).toEqual([ports[`p${n}`]]), SOON);
  }
  await bridgeJson(name, 'fdb', 'del', moved, 'dev', 'p2', 'master');
  expect(await portsOf(moved)).toEqual([]);
});

it('keeps the entry that a bridge silently takes over from a port that goes or takes another MAC', async () => {
  for (const end of [
    ['set', 'p1', 'nomaster'],
    ['delete', 'p1'],
    ['set', 'p1', 'address', mac(4)],
  ]) {
    await using namespaces = new Namespaces();
    const { path, name } = await namespaces.create('taken');
    await bridgeWithPorts(name);
    await ip(name, 'link', 'set', 'br0', 'address', mac(2));
    await ip(name, 'link', 'set', 'p1', 'nomaster');
    await ip(name, 'link', 'set', 'p1', 'address', mac(3));
    await ip(name, 'link', 'set', 'p1', 'master', 'br0');
    // The entry is the port's, which was there first.
    await ip(name, 'link', 'set', 'br0', 'address', mac(3));
    await using mirror = await mirrored(sources.fdb, path);
    const ofMac = async () =>
      (await mirror.agree()).filter((entry) => entry.mac === mac(3) && entry.where === 'master');
    const [before] = await ofMac();
    expect(before?.index).not.toBe(before?.master);
    await ip(name, 'link', ...end);
    await vi.waitFor(async () => {
      const [after] = await ofMac();
      expect(after?.index).toBe(after?.master);
    }, SOON);
    await ip(name, 'link', 'delete', 'br0');
    expect(await ofMac()).toEqual([]);
  }
});

it('has forwarding entries of bridges and vxlan devices, each destination of a MAC, and no addresses that others let in', async () => {
  await using namespaces = new Namespaces();
  const { path, name } = await namespaces.create('kinds');
  await bridgeWithPorts(name);
  await ip(name, 'link', 'add', 'vx', 'up', 'type', 'vxlan', 'id', '5', 'dstport', '4789');
  await ip(name, 'link', 'set', 'vx', 'master', 'br0');
  await using mirror = await mirrored(sources.fdb, path);
  await bridgeJson(name, 'fdb', 'add', mac(9), 'dev', 'q1', 'self');
  for (const n of [1, 2, 3]) {
    await bridgeJson(name, 'fdb', 'append', mac(0).replace('02', '00'), 'dev', 'vx', 'dst', `192.0.2.${n}`);
    await bridgeJson(name, 'fdb', 'replace', mac(8), 'dev', 'vx', 'dst', `192.0.2.${n}`);
  }
  await bridgeJson(name, 'fdb', 'del', mac(0).replace('02', '00'), 'dev', 'vx', 'dst', '192.0.2.2');
  const entries = await mirror.agree();
  const destinations = entries.filter(({ destination }) => destination !== undefined);
  expect(destinations.map((entry) => `${entry.mac} ${entry.destination}`).sort()).toEqual([
    `${mac(0).replace('02', '00')} 192.0.2.1`,
    `${mac(0).replace('02', '00')} 192.0.2.3`,
    `${mac(8)} 192.0.2.3`,
  ]);
  const all = await bridgeJson(name, 'fdb', 'show');
  const unnoticed = all.filter((entry) => (entry['flags'] as string[]).includes('self') && entry['ifname'] !== 'vx');
  expect(unnoticed.map((entry) => entry['mac'])).toContain(mac(9));
  expect(entries).toHaveLength(all.length - unnoticed.length);
  await ip(name, 'link', 'delete', 'vx');
  expect((await mirror.agree()).filter(({ where }) => where === 'self')).toEqual([]);
});

it('tells addresses apart that differ in their peer, and takes one whose peer changed for the same', async () => {
  await using namespaces = new Namespaces();
  const { path, name } = await namespaces.create('peers');
  await ip(name, 'link', 'add', 'br0', 'up', 'type', 'bridge');
  await using mirror = await mirrored(sources.addresses, path);
  const peers = async () =>
    (await mirror.agree()).flatMap(({ address, peer }) => (peer === undefined ? [] : [`${address} ${peer}`])).sort();
  await ip(name, 'address', 'add', '10.9.0.1', 'peer', '10.9.0.2/32', 'dev', 'br0');
  await ip(name, 'address', 'add', '10.9.0.1', 'peer', '10.9.0.3/32', 'dev', 'br0');
  expect(await peers()).toEqual(['10.9.0.1 10.9.0.2', '10.9.0.1 10.9.0.3']);
  await ip(name, 'address', 'delete', '10.9.0.1', 'peer', '10.9.0.2/32', 'dev', 'br0');
  expect(await peers()).toEqual(['10.9.0.1 10.9.0.3']);
  await ip(name, 'address', 'add', '2001:db8::1', 'peer', '2001:db8::2/64', 'dev', 'br0', 'nodad');
  await ip(name, 'address', 'change', '2001:db8::1', 'peer', '2001:db8::3/64', 'dev', 'br0');
  expect(await peers()).toEqual(['10.9.0.1 10.9.0.3', '2001:db8::1 2001:db8::3']);
  await ip(name, 'link', 'delete', 'br0');
  expect(await peers()).toEqual([]);
});

it('has the neighbours whose hardware address is known, whatever becomes of the others', async () => {
  await using namespaces = new Namespaces();
  const { path, name } = await namespaces.create('known');
  await ip(name, 'link', 'add', 'v0', 'type', 'veth', 'peer', 'name', 'v1');
  for (const link of ['v0', 'v1']) await ip(name, 'link', 'set', link, 'up');
  await ip(name, 'address', 'add', '10.3.0.1/24', 'dev', 'v0');
  await ip(name, 'neighbour', 'add', '10.3.0.8', 'dev', 'v0', 'lladdr', mac(8), 'nud', 'stale');
  await ip(name, 'neighbour', 'add', '10.3.0.9', 'dev', 'v0', 'lladdr', mac(9), 'nud', 'noarp');
  await using mirror = await mirrored(sources.neighbours, path);
  const known = async () => (await mirror.agree()).map(({ address }) => address).sort();
  const states = async () =>
    Object.fromEntries(
      (await ipJson(name, 'neighbour', 'show', 'nud', 'all')).map((entry) => [entry['dst'], entry['state']]),
    );
  expect(await known()).toEqual(['10.3.0.8']);
  // Multicast makes NOARP entries, packets to who does not answer INCOMPLETE ones, and to a stale one DELAY.
  await using socket = await openUdpSocket({ device: 'v0', port: 9999, broadcast: false, netns: path });
  for (const address of ['10.3.0.7', '10.3.0.8', '239.1.1.1']) {
    await socket.send([{ data: Buffer.from('x'), address, port: 9 }]);
  }
  await vi.waitFor(
    async () =>
      expect(await states()).toMatchObject({
        '10.3.0.7': ['INCOMPLETE'],
        '10.3.0.8': ['DELAY'],
        '239.1.1.1': ['NOARP'],
      }),
    SOON,
  );
  expect(await known()).toEqual(['10.3.0.8']);
  await ip(name, 'neighbour', 'replace', '10.3.0.9', 'dev', 'v0', 'lladdr', mac(9), 'nud', 'reachable');
  await ip(name, 'neighbour', 'add', 'proxy', '10.3.0.9', 'dev', 'v0');
  await ip(name, 'neighbour', 'replace', '10.3.0.6', 'dev', 'v0', 'lladdr', mac(6), 'nud', 'permanent');
  expect(await known()).toEqual(['10.3.0.6', '10.3.0.8', '10.3.0.9']);
  await ip(name, 'neighbour', 'change', '10.3.0.8', 'dev', 'v0', 'nud', 'failed');
  await ip(name, 'neighbour', 'replace', '10.3.0.9', 'dev', 'v0', 'lladdr', mac(9), 'nud', 'noarp');
  expect(await known()).toEqual(['10.3.0.6']);
  await ip(name, 'link', 'delete', 'v0');
  expect(await known()).toEqual([]);
});

it('hears of the settings of a port that the bridge alone tells', async () => {
  await using namespaces = new Namespaces();
  const { path, name } = await namespaces.create('port');
  await bridgeWithPorts(name);
  await using mirror = await mirrored(sources.links, path);
  await bridgeJson(name, 'link', 'set', 'dev', 'p1', 'learning', 'off');
  await vi.waitFor(async () => {
    const links = await mirror.agree();
    expect(links.find((link) => link.name === 'p1')?.port?.learning).toBe(false);
  }, SOON);
});

it('hears of the link that a rule names', async () => {
  await using namespaces = new Namespaces();
  const { path, name } = await namespaces.create('named');
  await ip(name, 'rule', 'add', 'iif', 'br0', 'table', '77');
  await using mirror = await mirrored(sources.rules, path);
  const detached = async () => (await mirror.agree()).map(({ flags }) => flags.incomingDetached === true);
  expect(await detached()).toContain(true);
  await ip(name, 'link', 'add', 'br0', 'type', 'bridge');
  await vi.waitFor(async () => expect(await detached()).not.toContain(true), SOON);
  await ip(name, 'link', 'set', 'br0', 'name', 'br1');
  await vi.waitFor(async () => expect(await detached()).toContain(true), SOON);
});

it('follows multicast databases of bridges and vxlan devices', async () => {
  await using namespaces = new Namespaces();
  const { path, name } = await namespaces.create('mdb');
  await bridgeWithPorts(name);
  await ip(name, 'link', 'set', 'br0', 'type', 'bridge', 'mcast_igmp_version', '3');
  const vxlan = ['type', 'vxlan', 'external', 'vnifilter', 'dstport', '4790', 'local', '192.0.2.1'];
  await ip(name, 'link', 'add', 'vx', 'up', ...vxlan);
  const indices = Object.fromEntries(
    (await ipJson(name, 'link')).map((link) => [String(link['ifname']), Number(link['ifindex'])]),
  );
  const { br0 = 0, p1 = 0, p2 = 0, vx = 0 } = indices;
  await using connection = await openConnection({ protocol: NETLINK_ROUTE, netns: path });
  await using mirror = await mirrored(sources.mdb, path);
  const told = async () =>
    (await mirror.agree())
      .filter(({ group }) => group.startsWith('239.'))
      .map((entry) => [entry.group, entry.source ?? '', entry.destination ?? ''].join(' ').trim())
      .sort();
  const list = { index: br0, port: p1, group: '239.1.1.2', mode: 'include', sources: ['192.0.2.7'] } as const;
  await connection.request(mdb.create({ index: br0, port: p1, group: '239.1.1.1' }));
  await connection.request(mdb.create({ index: br0, port: p2, group: '239.1.1.1', state: 'temporary' }));
  await connection.request(mdb.create(list));
  expect(await told()).toEqual(['239.1.1.1', '239.1.1.1', '239.1.1.2', '239.1.1.2 192.0.2.7']);
  await connection.request(mdb.replace({ ...list, sources: ['192.0.2.8'] }));
  expect(await told()).toEqual(['239.1.1.1', '239.1.1.1', '239.1.1.2', '239.1.1.2 192.0.2.8']);

  const tunnelled = { index: vx, port: vx, group: '239.1.1.3', sourceVni: 5 } as const;
  await connection.request(mdb.create({ ...tunnelled, destination: '192.0.2.1' }));
  await connection.request(mdb.create({ ...tunnelled, destination: '192.0.2.2' }));
  await connection.request(mdb.delete({ ...tunnelled, destination: '192.0.2.1' }));
  expect((await told()).at(-1)).toBe('239.1.1.3  192.0.2.2');
  await ip(name, 'link', 'set', 'p1', 'nomaster');
  expect(await told()).toEqual(['239.1.1.1', '239.1.1.3  192.0.2.2']);
  await ip(name, 'link', 'delete', 'br0');
  await ip(name, 'link', 'delete', 'vx');
  expect(await told()).toEqual([]);
});

it('follows nexthops, and notices those that fall silently with a link', async () => {
  await using namespaces = new Namespaces();
  const { path, name } = await namespaces.create('nexthops');
  for (const n of [1, 2]) {
    await ip(name, 'link', 'add', `br${n}`, 'up', 'type', 'bridge');
    await ip(name, 'address', 'add', `10.${n}.0.1/24`, 'dev', `br${n}`);
  }
  await using mirror = await mirrored(sources.nexthops, path);
  const told = async () =>
    (await mirror.agree()).map(({ id, via, group }) => `${id} ${via ?? group?.map((member) => member.id)}`).sort();
  for (const n of [1, 2]) await ip(name, 'nexthop', 'add', 'id', `${n}`, 'via', `10.${n}.0.2`, 'dev', `br${n}`);
  await ip(name, 'nexthop', 'add', 'id', '3', 'group', '1/2', 'type', 'resilient', 'buckets', '4');
  expect(await told()).toEqual(['1 10.1.0.2', '2 10.2.0.2', '3 1,2']);
  await ip(name, 'nexthop', 'replace', 'id', '1', 'via', '10.1.0.3', 'dev', 'br1');
  expect(await told()).toEqual(['1 10.1.0.3', '2 10.2.0.2', '3 1,2']);
  await ip(name, 'link', 'set', 'br1', 'down');
  await vi.waitFor(async () => expect(await told()).toEqual(['2 10.2.0.2', '3 2']), SOON);
  await ip(name, 'link', 'delete', 'br2');
  await vi.waitFor(async () => expect(await told()).toEqual([]), SOON);
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
