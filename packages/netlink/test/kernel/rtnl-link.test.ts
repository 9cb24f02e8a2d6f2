import { closeSync, openSync } from 'node:fs';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { Connection } from '../../src/connection/connection.ts';
import { openConnection } from '../../src/connection/open.ts';
import { NetlinkError } from '../../src/error.ts';
import { createLink } from '../../src/rtnl/link/create.ts';
import { dataOf, type Link } from '../../src/rtnl/link/link.ts';
import { links } from '../../src/rtnl/link/requests.ts';
import { NETLINK_ROUTE } from '../../src/uapi/netlink.ts';
import { type TestNamespace, testNamespace } from './namespace.ts';

interface IpLink {
  readonly ifindex: number;
  readonly ifname: string;
  readonly flags: readonly string[];
  readonly mtu: number;
  readonly address: string;
  readonly master?: string;
  readonly group: string;
  readonly ifalias?: string;
  readonly altnames?: readonly string[];
  readonly inet6_addr_gen_mode?: string;
  readonly linkinfo: {
    readonly info_kind?: string;
    readonly info_data?: Readonly<Record<string, unknown>>;
    readonly info_slave_data?: Readonly<Record<string, unknown>>;
  };
}

let ns: TestNamespace;
let connection: Connection;

beforeAll(async () => {
  ns = await testNamespace('link');
  connection = await openConnection({ protocol: NETLINK_ROUTE, netns: ns.path });
});
afterAll(async () => {
  await connection[Symbol.asyncDispose]();
  await ns[Symbol.asyncDispose]();
});

function ipLink(name: string): IpLink {
  const [link] = ns.json<IpLink[]>('ip', '-j', '-d', 'link', 'show', 'dev', name);
  if (link === undefined) throw new Error(`ip shows no link ${name}`);
  return link;
}

async function getLink(name: string): Promise<Link> {
  const link = await connection.request(links.get({ name }));
  if (link === undefined) throw new Error(`no link ${name}`);
  return link;
}

describe('links that we make, as ip(8) sees them', () => {
  test('R-02: a bridge with MAC, MTU, group, settings, then alias, alternative name and per-device settings', async () => {
    const made = await connection.request(
      links.create({
        kind: 'bridge',
        name: 'kbr-a',
        mac: '02:6b:00:00:00:01',
        mtu: 1450,
        group: 0x6b63,
        flags: { up: true },
        data: { multicastSnooping: false, stpState: 0, ageingTime: 12_300 },
      }),
    );
    expect(made).toMatchObject({ name: 'kbr-a', kind: 'bridge', mtu: 1450, mac: '02:6b:00:00:00:01' });
    const index = made?.index ?? 0;
    await connection.request(
      links.change(
        { index },
        {
          alias: 'kcore:a',
          addressFamilies: { ipv4: { conf: { forwarding: 1 } }, ipv6: { addressGeneration: 1 } },
        },
      ),
    );
    const longName = `kbr-${'n'.repeat(60)}`;
    await connection.request(links.addAltNames({ index }, [longName, 'other']));
    await connection.request(links.deleteAltNames({ name: 'kbr-a' }, ['other']));
    const seen = ipLink('kbr-a');
    expect(seen).toMatchObject({
      ifindex: index,
      address: '02:6b:00:00:00:01',
      mtu: 1450,
      group: String(0x6b63),
      ifalias: 'kcore:a',
      altnames: [longName],
      inet6_addr_gen_mode: 'none',
      linkinfo: { info_kind: 'bridge', info_data: { mcast_snooping: 0, stp_state: 0, ageing_time: 12_300 } },
    });
    expect(seen.flags).toContain('UP');
    expect(ns.run('cat', '/proc/sys/net/ipv4/conf/kbr-a/forwarding').trim()).toBe('1');
    expect(await getLink(longName)).toMatchObject({
      name: 'kbr-a',
      alias: 'kcore:a',
      properties: { altNames: [longName] },
    });
    expect((await getLink('kbr-a')).addressFamilies).toMatchObject({
      ipv4: { conf: { forwarding: 1, proxyArp: 0 } },
      ipv6: { addressGeneration: 1 },
    });
  });

  test('R-19: a vxlan device, a bridge port with learning off and neighbour suppression on', async () => {
    const bridge = await connection.request(links.create({ kind: 'bridge', name: 'kbr-v' }));
    const vxlan = await createLink(connection, {
      kind: 'vxlan',
      name: 'vxlan14416',
      mac: '02:6d:00:00:00:01',
      data: { vni: 14_416, local: '192.0.2.1', port: 4789, learning: false },
    });
    const { index } = vxlan;
    await connection.request(links.change({ index }, { master: bridge?.index ?? 0 }));
    await connection.request(
      links.change({ index }, { port: { learning: false, neighSuppress: true, hairpin: true } }),
    );
    expect(ipLink('vxlan14416')).toMatchObject({
      master: 'kbr-v',
      linkinfo: {
        info_kind: 'vxlan',
        info_data: { id: 14_416, local: '192.0.2.1', port: 4789, learning: false },
        info_slave_data: { learning: false, neigh_suppress: true, hairpin: true },
      },
    });
    await connection.request(links.change({ name: 'vxlan14416' }, { master: 0 }));
    expect(ipLink('vxlan14416').master).toBeUndefined();
  });

  test('a veth pair whose other end appears in another namespace by its own name', async () => {
    await using other = await testNamespace('peer');
    const fd = openSync(other.path, 'r');
    try {
      const made = await connection.request(
        links.create({
          kind: 'veth',
          name: 'tap-1',
          mtu: 1400,
          data: { peer: { name: 'eth0', mac: '52:54:00:00:00:01', mtu: 1400, netnsFd: fd } },
        }),
      );
      expect(made).toMatchObject({ name: 'tap-1', kind: 'veth' });
    } finally {
      closeSync(fd);
    }
    const [peer] = other.json<IpLink[]>('ip', '-j', '-d', 'link', 'show', 'dev', 'eth0');
    expect(peer).toMatchObject({ address: '52:54:00:00:00:01', mtu: 1400 });
    expect((await getLink('tap-1')).linkNetnsId).toBeTypeOf('number');
  });

  test('change by name, rename by index, up and down', async () => {
    const made = await connection.request(links.create({ kind: 'bridge', name: 'kbr-old' }));
    await connection.request(links.change({ name: 'kbr-old' }, { flags: { up: true }, mtu: 1300 }));
    expect(ipLink('kbr-old')).toMatchObject({ mtu: 1300 });
    await connection.request(links.change({ index: made?.index ?? 0 }, { flags: { up: false } }));
    await connection.request(links.change({ index: made?.index ?? 0 }, { name: 'kbr-new' }));
    expect(ipLink('kbr-new').flags).not.toContain('UP');
    expect(() => links.change({ name: 'kbr-new' }, { name: 'x' })).toThrow('renamed by its index');
    await connection.request(links.delete({ name: 'kbr-new' }));
    await expect(connection.request(links.get({ name: 'kbr-new' }))).rejects.toMatchObject({ code: 'ENODEV' });
  });
});

describe('links that ip(8) makes, as we read them', () => {
  test('kinds with a table, and one without keeps its data', async () => {
    ns.run('ip', 'link', 'add', 'br-ip', 'type', 'bridge', 'stp_state', '1', 'forward_delay', '400');
    ns.run(
      'ip',
      'link',
      'add',
      'vx-ip',
      'type',
      'vxlan',
      'id',
      '77',
      'dstport',
      '4790',
      'local',
      '192.0.2.9',
      'ttl',
      '9',
      'nolearning',
    );
    ns.run('ip', 'link', 'set', 'vx-ip', 'master', 'br-ip');
    ns.run('ip', 'tuntap', 'add', 'dev', 'tap-ip', 'mode', 'tap', 'user', '1000', 'vnet_hdr');
    const bridge = await getLink('br-ip');
    expect(dataOf(bridge, 'bridge')).toMatchObject({ stpState: 1, forwardDelay: 400 });
    expect(dataOf(bridge, 'vxlan')).toBeUndefined();
    const vxlan = await getLink('vx-ip');
    expect(dataOf(vxlan, 'vxlan')).toMatchObject({ vni: 77, port: 4790, local: '192.0.2.9', ttl: 9, learning: false });
    expect(vxlan).toMatchObject({
      master: bridge.index,
      slaveKind: 'bridge',
      port: { learning: true, hairpin: false },
    });
    expect(dataOf(await getLink('tap-ip'), 'tun')).toMatchObject({
      owner: 1000,
      type: 2,
      vnetHeader: true,
      persist: true,
    });
  });

  test('lists are filtered by kind and by master', async () => {
    const { items } = await connection.dump(links.list({ kind: 'vxlan' }));
    expect(items.map(({ name }) => name).sort()).toEqual(['vx-ip', 'vxlan14416']);
    const bridge = await getLink('br-ip');
    const ports = await connection.dump(links.list({ master: bridge.index }));
    expect(ports.items.map(({ name }) => name)).toEqual(['vx-ip']);
    const all = await connection.dump(links.list());
    expect(all.items.map(({ name }) => name)).toEqual(expect.arrayContaining(['lo', 'br-ip', 'tap-ip']));
  });
});

describe('errors', () => {
  test('EEXIST names the operation; a bad VNI names the attribute and says the kernel’s words', async () => {
    await connection.request(links.create({ kind: 'bridge', name: 'kbr-twice' }));
    await expect(connection.request(links.create({ kind: 'bridge', name: 'kbr-twice' }))).rejects.toThrow(
      'create link kbr-twice: EEXIST',
    );
    const bad = connection.request(
      links.create({ kind: 'vxlan', name: 'vx-bad', data: { vni: 0x0100_0000, port: 4789 } }),
    );
    await expect(bad).rejects.toBeInstanceOf(NetlinkError);
    await expect(bad).rejects.toMatchObject({
      attribute: 'linkinfo.data.vni',
      kernelMessage: expect.stringMatching(/VXLAN|ID/i),
    });
  });

  test('what cannot be meant is refused before it is sent', () => {
    expect(() => links.deleteGroupBlindly(0)).toThrow('group 0');
    expect(() => links.delete({ index: 0 })).toThrow('indices begin at 1');
    expect(() => links.get({ name: '' })).toThrow('empty');
  });
});

test('a group of links is deleted at once and blindly, others stay', async () => {
  for (const name of ['g-1', 'g-2']) await connection.request(links.create({ kind: 'bridge', name, group: 77 }));
  await connection.request(links.create({ kind: 'bridge', name: 'g-3', group: 78 }));
  await connection.request(links.deleteGroupBlindly(77));
  const { items } = await connection.dump(links.list({ kind: 'bridge' }));
  expect(items.map(({ name }) => name)).toContain('g-3');
  expect(items.map(({ name }) => name)).not.toContain('g-1');
});
