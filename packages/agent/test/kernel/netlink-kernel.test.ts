import { createKernel, type Kernel, type Resource } from '@kcore/agent';
import { describe, expect, it } from 'vitest';
import { creation, deletion, netlinkHost, type TestHost, woken } from './hosts.ts';
import { inNamespace, type TestNamespace, testNamespace, witness } from './witness.ts';

type NetlinkHost = TestHost & { readonly namespace: TestNamespace };

async function openHost(): Promise<NetlinkHost> {
  const host = await netlinkHost();
  if (host.namespace === undefined) throw new Error('a netlink host has a namespace');
  return { ...host, namespace: host.namespace };
}

const bridge: Resource = {
  kind: 'link',
  type: 'bridge',
  name: 'kbr-t',
  owned: true,
  alias: 'kcore:t',
  mac: '02:00:5e:10:00:01',
  up: true,
  multicastSnooping: false,
  ipv6LinkLocal: false,
  forwarding: true,
};
const tap = (name: string): Resource => ({
  kind: 'link',
  type: 'tap',
  name,
  owned: true,
  alias: 'kcore:vm',
  owner: 64_321,
  vnetHeader: true,
  multiQueue: false,
  up: true,
  master: 'kbr-t',
  port: { learning: true, neighSuppress: false, hairpin: false },
  ipv6LinkLocal: false,
});
const address: Resource = { kind: 'address', link: 'kbr-t', address: '10.7.0.1', prefix: 24 };
const neighbour: Resource = { kind: 'neighbour', link: 'kbr-t', address: '10.7.0.9', mac: '02:00:00:00:00:09' };
const rule: Resource = { kind: 'rule', priority: 500, table: 1000, incomingLink: 'kbr-t' };
const route: Resource = { kind: 'route', table: 1000, destination: '0.0.0.0/0', type: 'unreachable' };

describe('what iproute2 sees', () => {
  it('of links: the mark, no link-local addresses, forwarding, the port', async () => {
    await using host = await openHost();
    await host.kernel.apply(creation(bridge, tap('tap-a')));
    const links = await witness(host.namespace, 'ip', '-d', '-j', 'link', 'show');
    const [seenBridge, seenTap] = ['kbr-t', 'tap-a'].map((name) => links.find((link) => link['ifname'] === name));
    expect(seenBridge).toMatchObject({
      ifalias: 'kcore:t',
      address: '02:00:5e:10:00:01',
      inet6_addr_gen_mode: 'none',
    });
    expect(seenBridge).toMatchObject({ group: String(0x6b63), linkinfo: { info_data: { mcast_snooping: 0 } } });
    expect(seenTap).toMatchObject({ ifalias: 'kcore:vm', master: 'kbr-t', inet6_addr_gen_mode: 'none' });
    expect(seenTap).toMatchObject({
      linkinfo: { info_data: { type: 'tap', user: 64_321, vnet_hdr: true, persist: true } },
    });
    const forwarding = await inNamespace(host.namespace, 'cat', '/proc/sys/net/ipv4/conf/kbr-t/forwarding');
    expect(forwarding.trim()).toBe('1');
    expect((await inNamespace(host.namespace, 'cat', '/proc/sys/net/ipv4/ip_forward')).trim()).toBe('0');
  });

  it('of a veth: its peer in the namespace of the guest from the first moment, with name, MAC and MTU', async () => {
    await using host = await openHost();
    await using guest = await testNamespace('guest');
    const veth: Resource = {
      kind: 'link',
      type: 'veth',
      name: 'veth-a',
      owned: true,
      alias: 'kcore:vm',
      mtu: 1450,
      up: true,
      master: 'kbr-t',
      peer: { name: 'nic0', mac: '02:00:00:00:00:07', mtu: 1450, netns: guest.path },
    };
    expect((await host.kernel.apply(creation(bridge, veth))).map(({ status }) => status)).toEqual(['ok', 'ok']);
    const nics = await witness(guest, 'ip', '-d', '-j', 'link', 'show', 'dev', 'nic0');
    expect(nics[0]).toMatchObject({ address: '02:00:00:00:00:07', mtu: 1450 });
    const { state, facts } = await host.kernel.observe(new Set());
    expect(state.get('link veth-a')).toMatchObject({ type: 'veth', mtu: 1450, master: 'kbr-t' });
    expect(facts.features).toMatchObject({ bridge: true, vxlan: true });
  });

  it('a veth whose guest is gone fails with the path, and leaves nothing', async () => {
    await using host = await openHost();
    const veth: Resource = {
      kind: 'link',
      type: 'veth',
      name: 'veth-a',
      owned: true,
      peer: { name: 'nic0', mac: '02:00:00:00:00:07', mtu: 1450, netns: '/run/netns/kct-gone' },
    };
    const [result] = await host.kernel.apply(creation(veth));
    expect(result).toMatchObject({ status: 'failed', code: 'ENOENT', message: expect.stringContaining('kct-gone') });
    expect((await witness(host.namespace, 'ip', '-j', 'link')).map((link) => link['ifname'])).toEqual(['lo']);
  });

  it('takes up a link that a crash left without its alias', async () => {
    await using host = await openHost();
    await inNamespace(host.namespace, 'ip', 'link', 'add', 'name', 'kbr-t', 'group', String(0x6b63), 'type', 'bridge');
    expect((await host.kernel.observe(new Set())).state.get('link kbr-t')).toMatchObject({ owned: true });
    expect(await host.kernel.apply(creation(bridge))).toEqual([{ status: 'ok' }]);
    expect((await host.kernel.observe(new Set())).state.get('link kbr-t')).toMatchObject({
      alias: 'kcore:t',
      up: true,
    });
  });
});

it('takes the routes that come with its own addresses for no fact of the host, those of others for one', async () => {
  await using host = await openHost();
  await host.addNic('eno1');
  await host.kernel.apply(creation(bridge, address));
  for (const step of ['address add 192.0.2.7/24 dev eno1', 'route add 198.51.100.0/24 via 192.0.2.1 table 77']) {
    await inNamespace(host.namespace, 'ip', ...step.split(' '));
  }
  const { facts } = await host.kernel.observe(new Set());
  expect([...facts.routes].sort((a, b) => b.table - a.table)).toEqual([
    { table: 254, destination: '192.0.2.0/24', link: 'eno1', metric: 0 },
    { table: 77, destination: '198.51.100.0/24', link: 'eno1', via: '192.0.2.1', metric: 0 },
  ]);
  expect(facts.addresses).toEqual([{ link: 'eno1', address: '192.0.2.7', prefix: 24 }]);
});

describe('deleting many links', () => {
  const many = Array.from({ length: 12 }, (_, n) => tap(`tap-${n}`));

  it('deletes them all', async () => {
    await using host = await openHost();
    await host.kernel.apply(creation(bridge, ...many));
    const results = await host.kernel.apply(deletion(...many));
    expect(results.filter(({ status }) => status !== 'ok')).toEqual([]);
    expect((await witness(host.namespace, 'ip', '-j', 'link')).map((link) => link['ifname'])).toEqual(['lo', 'kbr-t']);
  });

  it('never takes a link of others along that happens to be in the group', async () => {
    await using host = await openHost();
    await host.addNic('eno1');
    await inNamespace(host.namespace, 'ip', 'link', 'set', 'dev', 'eno1', 'group', String(0x6b64));
    await inNamespace(host.namespace, 'ip', 'link', 'set', 'dev', 'eno1', 'alias', 'mine');
    await host.kernel.apply(creation(bridge, ...many));
    const results = await host.kernel.apply(deletion(...many));
    expect(results.filter(({ status }) => status !== 'ok')).toEqual([]);
    const left = (await witness(host.namespace, 'ip', '-j', 'link')).map((link) => link['ifname']);
    expect(left).toContain('eno1');
    expect(left).toHaveLength(4);
  });
});

describe('wakeups', () => {
  const made: readonly Resource[] = [bridge, tap('tap-a'), address, neighbour, route, rule];

  /** A host with kcore's objects, looked at once: what was done so far is known. */
  async function quietHost(): Promise<NetlinkHost> {
    const host = await openHost();
    await host.addNic('eno1');
    await host.kernel.apply(creation(...made));
    await settle(host.kernel, host.namespace);
    return host;
  }

  it.each([
    ['link kbr-t changed', 'ip link set dev kbr-t mtu 1400'],
    ['link kbr-t changed', 'ip link set dev kbr-t down'],
    ['link tap-a deleted', 'ip link delete dev tap-a'],
    ['link tap-a changed', 'ip link set dev tap-a nomaster'],
    ['link tap-a changed', 'bridge link set dev tap-a hairpin on'],
    ['link eno1 changed', 'ip link set dev eno1 mtu 1400'],
    ['address kbr-t 10.7.0.1/24 deleted', 'ip address delete 10.7.0.1/24 dev kbr-t'],
    ['address eno1 192.0.2.7/24 created', 'ip address add 192.0.2.7/24 dev eno1'],
    ['neighbour kbr-t 10.7.0.9 deleted', 'ip neighbour delete 10.7.0.9 dev kbr-t'],
    [
      'neighbour kbr-t 10.7.0.9 changed',
      'ip neighbour replace 10.7.0.9 lladdr 02:00:00:00:00:0a dev kbr-t nud permanent',
    ],
    ['route 1000 0.0.0.0/0 0 deleted', 'ip route delete unreachable default table 1000'],
    ['rule 500 1000 - kbr-t deleted', 'ip rule delete priority 500'],
    ['forwarding of kbr-t switched off', 'sysctl -q net.ipv4.conf.kbr-t.forwarding=0'],
    ['forwarding of all switched on', 'sysctl -q net.ipv4.ip_forward=1'],
  ])('%s: %s (R-54)', async (notification, command) => {
    await using host = await quietHost();
    // A link that is deleted leaves its bridge first, and says so.
    const wanted = notification.endsWith('deleted') ? /deleted/ : /./;
    const wakeup = await woken(host.kernel, wanted, () => inNamespace(host.namespace, ...command.split(' ')));
    expect(wakeup.notification).toBe(notification);
  });

  it('none from what changes by itself: learned neighbours and forwarding entries, lifetimes, repetitions', async () => {
    await using host = await quietHost();
    for (const step of ['group 27491', 'alias kcore:vm', 'master kbr-t']) {
      await inNamespace(host.namespace, 'ip', 'link', 'set', 'dev', 'eno1-peer', ...step.split(' '));
    }
    await settle(host.kernel, host.namespace);
    const churn = [
      'ip neighbour replace 10.7.0.50 lladdr 02:00:00:00:00:50 dev kbr-t nud stale',
      'ip neighbour delete 10.7.0.50 dev kbr-t',
      'bridge fdb add 02:00:00:00:00:51 dev eno1-peer master dynamic',
      'ip neighbour replace 10.7.0.9 lladdr 02:00:00:00:00:09 dev kbr-t nud permanent',
      'ip address change 10.7.0.1/24 dev kbr-t valid_lft 1000 preferred_lft 1000',
      'ip link set dev kbr-t up',
    ];
    const wakeup = await woken(host.kernel, /./, async () => {
      for (const command of churn) await inNamespace(host.namespace, ...command.split(' '));
      await inNamespace(host.namespace, 'ip', 'link', 'add', 'name', 'last', 'type', 'bridge');
    });
    expect(wakeup.notification).toBe('link last created');
  });

  it('of nft: a flushed ruleset', async () => {
    await using host = await quietHost();
    await host.kernel.apply(creation({ kind: 'nft-table', family: 'ip', name: 'kcore' }));
    await settle(host.kernel, host.namespace);
    const wakeup = await woken(host.kernel, /./, () => inNamespace(host.namespace, 'nft', 'flush', 'ruleset'));
    expect(wakeup.notification).toBe('nft-table ip kcore deleted');
  });
});

it('looks at a host with a thousand entries with as many requests as at an empty one', async () => {
  await using host = await openHost();
  const entries = Array.from({ length: 1000 }, (_, n): Resource => {
    const end = `${(n >> 8).toString(16).padStart(2, '0')}:${(n & 255).toString(16).padStart(2, '0')}`;
    return { kind: 'neighbour', link: 'kbr-t', address: `10.8.${n >> 8}.${n & 255}`, mac: `02:00:00:00:${end}` };
  });
  const results = await host.kernel.apply(creation(bridge, ...entries));
  expect(results.filter(({ status }) => status !== 'ok')).toEqual([]);
  expect((await host.kernel.observe(new Set())).state.size).toBe(1001);
});

it('leaves nothing on the host of what it tries out at its start', async () => {
  await using namespace = await testNamespace('probe');
  const kernel = await createKernel({ netns: namespace.path });
  expect((await witness(namespace, 'ip', '-j', 'link')).map((link) => link['ifname'])).toEqual(['lo']);
  expect(await inNamespace(namespace, 'nft', 'list', 'ruleset')).toBe('');
  await kernel[Symbol.asyncDispose]();
});

/** Takes all wakeups of what was done so far: a marker is made behind them, and its wakeup waited for. */
async function settle(kernel: Kernel, namespace: TestNamespace): Promise<void> {
  // Carrier and multicast memberships settle by themselves after a link is set up.
  await new Promise((resolve) => setTimeout(resolve, 300));
  await woken(kernel, /link marker created/, () =>
    inNamespace(namespace, 'ip', 'link', 'add', 'name', 'marker', 'type', 'bridge'),
  );
  await woken(kernel, /link marker deleted/, () => inNamespace(namespace, 'ip', 'link', 'delete', 'dev', 'marker'));
  await kernel.observe(new Set());
}
