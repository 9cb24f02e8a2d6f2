import { spawn } from 'node:child_process';
import { closeSync, openSync } from 'node:fs';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { Connection } from '../../src/connection/connection.ts';
import { openConnection } from '../../src/connection/open.ts';
import { createLink } from '../../src/rtnl/link/create.ts';
import { links } from '../../src/rtnl/link/requests.ts';
import { NETLINK_ROUTE } from '../../src/uapi/netlink.ts';
import { getLink, ip, ipLink } from '../link-rows.ts';
import { type TestNamespace, testNamespace } from './namespace.ts';

let ns: TestNamespace;
let connection: Connection;

beforeAll(async () => {
  ns = await testNamespace('attributes');
  connection = await openConnection({ protocol: NETLINK_ROUTE, netns: ns.path });
});
afterAll(async () => {
  await connection[Symbol.asyncDispose]();
  await ns[Symbol.asyncDispose]();
});

describe('attributes of any link', () => {
  test('what we set, ip(8) shows, and we read', async () => {
    const { index } = await createLink(connection, {
      kind: 'veth',
      name: 'every',
      index: 77,
      mac: '02:00:00:00:00:aa',
      broadcast: 'ff:ff:ff:ff:ff:fe',
      mtu: 1400,
      group: 5,
      txQueueLength: 333,
      txQueues: 2,
      rxQueues: 3,
      gsoMaxSize: 30_000,
      gsoMaxSegments: 40,
      groMaxSize: 40_000,
      linkMode: 1,
      data: { peer: { name: 'every-peer' } },
    });
    expect(index).toBe(77);
    await connection.request(
      links.change(
        { index },
        {
          alias: 'what: is this?',
          flags: { noArp: true, allMulticast: true, promiscuous: true, multicast: false, debug: true },
        },
      ),
    );
    const expected = {
      ifindex: 77,
      address: '02:00:00:00:00:aa',
      broadcast: 'ff:ff:ff:ff:ff:fe',
      mtu: 1400,
      min_mtu: 68,
      max_mtu: 65_535,
      group: '5',
      txqlen: 333,
      num_tx_queues: 2,
      num_rx_queues: 3,
      gso_max_size: 30_000,
      gso_max_segs: 40,
      gro_max_size: 40_000,
      linkmode: 'DORMANT',
      ifalias: 'what: is this?',
      promiscuity: 1,
      allmulti: 1,
    };
    const seen = ipLink(ns.name, 'every');
    expect(seen).toMatchObject(expected);
    expect(seen['flags']).toEqual(expect.arrayContaining(['NOARP', 'PROMISC', 'ALLMULTI', 'DEBUG', 'BROADCAST']));
    expect(seen['flags']).not.toContain('MULTICAST');
    const link = await getLink(connection, 'every');
    expect(link).toMatchObject({
      index: 77,
      mac: '02:00:00:00:00:aa',
      broadcast: 'ff:ff:ff:ff:ff:fe',
      mtu: 1400,
      minMtu: 68,
      maxMtu: 65_535,
      group: 5,
      txQueueLength: 333,
      txQueues: 2,
      rxQueues: 3,
      gsoMaxSize: 30_000,
      gsoMaxSegments: 40,
      groMaxSize: 40_000,
      linkMode: 1,
      alias: 'what: is this?',
      promiscuity: 1,
      allMulticast: 1,
      qdisc: 'noop',
      flags: { noArp: true, allMulticast: true, promiscuous: true, debug: true, broadcast: true },
    });
    expect(link.flags.multicast).toBeUndefined();
    expect(link.unknown, 'attributes without a name').toBeUndefined();
    expect(link.addressFamilies?.unknown?.map(({ type }) => type) ?? []).toEqual([]);
  });

  test('a protocol keeps a link down, for reasons that are told', async () => {
    const { index } = await createLink(connection, { kind: 'vxlan', name: 'pd', data: { vni: 3, port: 4789 } });
    await connection.request(
      links.change({ index }, { protocolDown: true, protocolDownReason: { mask: 6, value: 2 } }),
    );
    expect(ipLink(ns.name, 'pd')).toMatchObject({ proto_down: true, proto_down_reason: ['1'] });
    expect(await getLink(connection, 'pd')).toMatchObject({ protocolDown: true, protocolDownReason: { value: 2 } });
  });

  test('every link of the namespace is read without an attribute that has no name', async () => {
    const { items } = await connection.dump(links.list({ virtualFunctions: true }));
    expect(items.map(({ name, unknown }) => [name, unknown?.map(({ type }) => type)])).toEqual(
      items.map(({ name }) => [name, undefined]),
    );
  });

  test('flags that only the kernel changes are refused before they are sent', () => {
    expect(() => links.change({ index: 1 }, { flags: { running: true, up: true } })).toThrow('running');
  });

  test('statistics are those that ip(8) shows', async () => {
    ip(ns.name, 'link', 'add', 'counts', 'type', 'veth', 'peer', 'name', 'counts-peer');
    for (const name of ['counts', 'counts-peer']) ip(ns.name, 'link', 'set', name, 'up');
    ip(ns.name, 'address', 'add', '10.9.9.1/24', 'dev', 'counts');
    try {
      ns.run('ping', '-c', '1', '-W', '1', '10.9.9.2');
    } catch {
      // Nobody answers; the requests were counted.
    }
    // IPv6 announces itself meanwhile: read until ip tells the same before and after.
    for (let attempt = 0; ; attempt += 1) {
      const before = ipLink(ns.name, 'counts')['stats64'] as { rx: Record<string, number>; tx: Record<string, number> };
      const link = await connection.request(links.get({ name: 'counts' }));
      const after = ipLink(ns.name, 'counts')['stats64'];
      if (JSON.stringify(before) !== JSON.stringify(after) && attempt < 20) continue;
      expect(before.tx['packets']).toBeGreaterThan(0);
      expect(link?.statistics).toMatchObject({
        txPackets: BigInt(before.tx['packets'] ?? -1),
        txBytes: BigInt(before.tx['bytes'] ?? -1),
        rxPackets: BigInt(before.rx['packets'] ?? -1),
        rxDropped: BigInt(before.rx['dropped'] ?? -1),
      });
      break;
    }
  });

  test('per-device settings of IPv4 and IPv6 are told by their names', async () => {
    ns.run('sysctl', '-qw', 'net.ipv4.conf.every-peer.arp_evict_nocarrier=0', 'net.ipv6.conf.every-peer.accept_ra=2');
    const { index } = await getLink(connection, 'every-peer');
    const token = '::aaaa:0:0:1';
    await connection.request(
      links.change({ index }, { addressFamilies: { ipv4: { conf: { rpFilter: 2, arpIgnore: 1, tag: 7 } } } }),
    );
    ip(ns.name, 'link', 'set', 'every-peer', 'up');
    await connection.request(links.change({ index }, { addressFamilies: { ipv6: { token } } }));
    expect(ip(ns.name, 'token', 'show', 'dev', 'every-peer')).toContain(token);
    const { addressFamilies } = await getLink(connection, 'every-peer');
    expect(addressFamilies?.ipv4?.conf).toMatchObject({ rpFilter: 2, arpIgnore: 1, tag: 7, arpEvictNocarrier: 0 });
    expect(addressFamilies?.ipv6).toMatchObject({ token, conf: { acceptRa: 2, dadTransmits: 1 } });
    for (const name of ['rp_filter', 'arp_ignore', 'tag']) {
      const told =
        addressFamilies?.ipv4?.conf?.[name === 'rp_filter' ? 'rpFilter' : name === 'tag' ? 'tag' : 'arpIgnore'];
      expect(ns.run('sysctl', '-n', `net.ipv4.conf.every-peer.${name}`).trim()).toBe(String(told));
    }
  });
});

describe('alternative names', () => {
  test('are added, select a link whatever their length, and are taken away', async () => {
    const { index } = await createLink(connection, { kind: 'bridge', name: 'br-alt' });
    const long = 'a-name-of-more-than-fifteen-bytes';
    await connection.request(links.addAltNames({ name: 'br-alt' }, ['short', long]));
    expect(ipLink(ns.name, 'br-alt')['altnames']).toEqual(['short', long]);
    for (const name of ['short', long]) {
      expect(await getLink(connection, name)).toMatchObject({ index, properties: { altNames: ['short', long] } });
    }
    await connection.request(links.change({ name: long }, { mtu: 1300 }));
    await connection.request(links.deleteAltNames({ name: long }, ['short']));
    expect(ipLink(ns.name, 'br-alt')).toMatchObject({ altnames: [long], mtu: 1300 });
    await expect(connection.request(links.addAltNames({ index }, [long]))).rejects.toMatchObject({ code: 'EEXIST' });
    await connection.request(links.delete({ name: long }));
    await expect(getLink(connection, 'br-alt')).rejects.toMatchObject({ code: 'ENODEV' });
    expect(() => links.addAltNames({ index }, [])).toThrow('none');
  });
});

describe('ports of a bridge', () => {
  test('every setting is written as ip(8) shows it, and read', async () => {
    const bridge = await createLink(connection, { kind: 'bridge', name: 'br-port' });
    const spare = await createLink(connection, { kind: 'ifb', name: 'spare', master: bridge.index });
    const { index } = await createLink(connection, {
      kind: 'ifb',
      name: 'port',
      master: bridge.index,
    });
    for (const name of ['br-port', 'port']) ip(ns.name, 'link', 'set', name, 'up');
    const port = {
      state: 0,
      priority: 31,
      cost: 77,
      hairpin: true,
      guard: true,
      rootBlock: true,
      fastLeave: true,
      learning: false,
      unicastFlood: false,
      proxyArp: true,
      proxyArpWifi: true,
      multicastRouter: 2,
      multicastFlood: false,
      multicastToUnicast: true,
      broadcastFlood: false,
      vlanTunnel: true,
      groupForwardMask: 8,
      neighSuppress: true,
      isolated: true,
      locked: true,
      backupPort: spare.index,
      multicastHostsLimit: 99,
    };
    await connection.request(links.change({ index }, { port }));
    expect(ipLink(ns.name, 'port').linkinfo?.info_slave_data).toMatchObject({
      state: 'disabled',
      priority: 31,
      cost: 77,
      hairpin: true,
      guard: true,
      root_block: true,
      fastleave: true,
      learning: false,
      flood: false,
      proxy_arp: true,
      proxy_arp_wifi: true,
      multicast_router: 2,
      mcast_flood: false,
      mcast_to_unicast: true,
      bcast_flood: false,
      vlan_tunnel: true,
      group_fwd_mask: '0x8',
      neigh_suppress: true,
      isolated: true,
      locked: true,
      backup_port: 'spare',
    });
    const told = links.portOf(await getLink(connection, 'port'), 'bridge');
    expect(told).toMatchObject({ ...port, number: 2, configPending: 0 });
    expect(told?.unknown).toBeUndefined();
  });

  test('are refused for a link that is no port, by the kernel; and with anything else, before they are sent', async () => {
    const { index } = await createLink(connection, { kind: 'ifb', name: 'alone' });
    await expect(connection.request(links.change({ index }, { port: { learning: false } }))).rejects.toMatchObject({
      code: 'EOPNOTSUPP',
    });
    expect(() => links.change({ index }, { port: { learning: false }, master: 3 })).toThrow('by themselves');
    expect(() => links.change({ name: 'alone' }, { port: { learning: false } })).toThrow('selected by index');
  });
});

test('MAC sources of a macvlan are added, set, deleted and flushed', async () => {
  ip(ns.name, 'link', 'add', 'mv-lower', 'type', 'veth', 'peer', 'name', 'mv-peer');
  const parent = (await getLink(connection, 'mv-lower')).index;
  const { index } = await createLink(connection, { kind: 'macvlan', name: 'mv', parent, data: { mode: 'source' } });
  const sources = async () => links.dataOf(await getLink(connection, 'mv'), 'macvlan')?.macAddresses ?? [];
  const change = (data: object) => connection.request(links.change({ index }, { kind: 'macvlan', data }));
  await change({ macAddressMode: 'set', macAddresses: ['02:00:00:00:00:01', '02:00:00:00:00:02'] });
  await change({ macAddressMode: 'add', macAddress: '02:00:00:00:00:03' });
  expect([...(await sources())].sort()).toEqual(['02:00:00:00:00:01', '02:00:00:00:00:02', '02:00:00:00:00:03']);
  expect(ipLink(ns.name, 'mv').linkinfo?.info_data).toMatchObject({ mode: 'source', macaddr_count: 3 });
  await change({ macAddressMode: 'del', macAddress: '02:00:00:00:00:01' });
  expect(await sources()).toHaveLength(2);
  await change({ macAddressMode: 'flush' });
  expect(await sources()).toEqual([]);
});

describe('other namespaces', () => {
  test('a link goes there by a descriptor, a process or an id, and can be made there', async () => {
    await using other = await testNamespace('other');
    const idle = spawn('ip', ['netns', 'exec', other.name, 'sleep', '60'], { stdio: 'ignore' });
    const fd = openSync(other.path, 'r');
    try {
      ip(ns.name, 'netns', 'set', other.name, '9');
      // A bridge cannot leave its namespace.
      for (const name of ['by-fd', 'by-pid', 'by-id']) {
        await createLink(connection, { kind: 'veth', name, data: { peer: { name: `${name}-peer` } } });
      }
      // The process is in the namespace as soon as it has become `sleep`.
      await expect.poll(() => other.run('ip', 'netns', 'identify', String(idle.pid)).trim()).toBe(other.name);
      await connection.request(links.change({ name: 'by-fd' }, { netnsFd: fd }));
      await connection.request(links.change({ name: 'by-pid' }, { netnsPid: idle.pid ?? 0 }));
      await connection.request(links.change({ name: 'by-id' }, { targetNetnsId: 9, newIndex: 555 }));
      await connection.request(links.create({ kind: 'bridge', name: 'made-there', netnsFd: fd }));
      const names = JSON.parse(other.run('ip', '-j', 'link')) as { ifname: string; ifindex: number }[];
      expect(names.map(({ ifname }) => ifname)).toEqual(
        expect.arrayContaining(['by-fd', 'by-pid', 'by-id', 'made-there']),
      );
      expect(names.find(({ ifname }) => ifname === 'by-id')?.ifindex).toBe(555);
      const there = await connection.request(links.get({ name: 'made-there' }, { netnsId: 9 }));
      expect(there?.name).toBe('made-there');
      const { items } = await connection.dump(links.list({ netnsId: 9, kind: 'veth' }));
      expect(items.map(({ name }) => name).sort()).toEqual(['by-fd', 'by-id', 'by-pid']);
      // On a NIC of this namespace, in the other one: where its parent is, is told by that one's id of this one.
      await createLink(connection, { kind: 'veth', name: 'stem', data: { peer: { name: 'stem-peer' } } });
      const parent = (await getLink(connection, 'stem')).index;
      await connection.request(
        links.create({ kind: 'macvlan', name: 'branch', parent, netnsFd: fd, data: { mode: 'bridge' } }),
      );
      await using inside = await openConnection({ protocol: NETLINK_ROUTE, netns: other.path });
      expect(await getLink(inside, 'branch')).toMatchObject({ parent, linkNetnsId: expect.any(Number) });
      await expect(createLink(connection, { kind: 'bridge', name: 'x', netnsFd: fd })).rejects.toThrow(
        'another namespace',
      );
    } finally {
      closeSync(fd);
      idle.kill();
    }
  });
});

test('what the kernel would forget or misunderstand is refused before it is sent', () => {
  const bridge = { kind: 'bridge', name: 'x' } as const;
  expect(() => links.create({ kind: 'vxlan', name: 'vx', data: { port: 4789 } })).toThrow('without a vni');
  expect(() => links.create({ kind: 'vxlan', name: 'vx', data: { vni: 1, vniFilter: true } })).toThrow(
    'collectMetadata',
  );
  expect(() => links.create({ ...bridge, alias: 'lost' } as never)).toThrow(
    'alias: the kernel forgets it of a new link; set it by links.change',
  );
  expect(() => links.create({ ...bridge, addressFamilies: {} } as never)).toThrow(
    'addressFamilies: the kernel takes none',
  );
  expect(() => links.create({ kind: 'tun', name: 'tap0' })).toThrow('openTap');
  expect(() => links.create({ ...bridge, name: '' })).toThrow('empty');
  const unknown = links.create({ ...bridge, data: { stpp: 1 } as never });
  expect(() => unknown.measure()).toThrow('linkinfo.data.stpp: no such attribute');
});
