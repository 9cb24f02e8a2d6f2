import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type Background, startBackground } from '../support/command.ts';
import { eventually } from '../support/eventually.ts';
import { openLab, type TestLab } from '../support/lab.ts';
import { capture, exists, inNetns, packets, ping, placed, witness } from '../support/namespace.ts';

/**
 * VLANs with a real 802.1Q, in the full Debian kernel: one boot and one lab for all of it.
 * The world has VLAN 100 on the nodes' segment (a router) and VLAN 200 on the second one (a DHCP server).
 */

const patience = { timeoutMs: 60_000, everyMs: 500 };

interface World {
  readonly lab: TestLab;
  readonly directory: string;
  readonly dhcp: Background;
}

async function vlanInWorld(lab: TestLab, bridge: string, id: number, address: string): Promise<string> {
  const world = lab.netns('world');
  const name = `vlan${id}`;
  await inNetns(world, 'ip', 'link', 'add', 'link', bridge, 'name', name, 'type', 'vlan', 'id', String(id));
  await inNetns(world, 'ip', 'address', 'add', address, 'dev', name);
  await inNetns(world, 'ip', 'link', 'set', name, 'up');
  return name;
}

async function startDhcp(lab: TestLab, device: string, directory: string): Promise<Background> {
  const config = join(directory, 'udhcpd.conf');
  const lines = [
    'start 192.168.200.50',
    'end 192.168.200.59',
    `interface ${device}`,
    `lease_file ${join(directory, 'leases')}`,
    `pidfile ${join(directory, 'pid')}`,
    'option subnet 255.255.255.0',
    'option lease 600',
  ];
  await writeFile(join(directory, 'leases'), '');
  await writeFile(config, `${lines.join('\n')}\n`);
  return startBackground(placed(lab.netns('world'), ['udhcpd', '-f', config]));
}

describe('VLAN networks in a kernel with 802.1Q', () => {
  const shared: { world?: World } = {};
  const world = (): World => {
    if (shared.world === undefined) throw new Error('the lab did not come up');
    return shared.world;
  };
  const node = (): string => world().lab.netns('node-1');

  beforeAll(async () => {
    const lab = await openLab({ nodes: 1 });
    const directory = await mkdtemp(join(tmpdir(), 'kct-vlan-'));
    await vlanInWorld(lab, 'segment', 100, '192.168.100.1/24');
    const device = await vlanInWorld(lab, 'upstream', 200, '192.168.200.1/24');
    shared.world = { lab, directory, dhcp: await startDhcp(lab, device, directory) };
  });

  afterAll(async () => {
    if (shared.world === undefined) return;
    await shared.world.dhcp.stop();
    await shared.world.lab[Symbol.asyncDispose]();
    await rm(shared.world.directory, { recursive: true, force: true });
  });

  it('R-35: makes the sub-interface of the command in networks.txt, with the external address on it', async () => {
    const { lab } = world();
    const said = await lab.ok(
      ...['create', 'network', 'vlan-net', '--type', 'nat', '--vlan-id', '100', '--external-ip', '192.168.100.10'],
      ...['--gateway-ip', '10.100.0.1', '--internal-netmask', '255.255.255.0'],
    );
    expect(said).toContain("created network 'vlan-net'");
    await eventually(async () => {
      const [link] = await witness(node(), 'ip', '-j', '-d', 'address', 'show', 'dev', 'eno1.100');
      expect(link.linkinfo).toMatchObject({ info_kind: 'vlan', info_data: { protocol: '802.1Q', id: 100 } });
      expect(link.flags).toContain('UP');
      expect(link.addr_info).toContainEqual(
        expect.objectContaining({ family: 'inet', local: '192.168.100.10', prefixlen: 24 }),
      );
    }, patience);
    const table = await lab.ok('get', 'networks');
    expect(table).toMatch(/^vlan-net +nat +10\.100\.0\.1 +255\.255\.255\.0 +100 +no +kbr-vlan-net +1$/m);
  });

  it('R-35: a guest leaves by the VLAN with the external address, and by nothing else', async () => {
    const { lab } = world();
    const untagged = await capture(node(), 'eno1', '-Q', 'out', 'not', 'vlan', 'and', 'net', '10.100.0.0/24');
    const tagged = await capture(lab.netns('world'), 'vlan100', 'icmp');
    try {
      await lab.createVm('tagged-01', '--network', 'vlan-net');
      await ping(lab.vmNetns('tagged-01'), '192.168.100.1', { count: 2 });
      // There is no gateway on this VLAN: what is not on the link is unreachable, and never leaves by another NIC.
      const beyond = await inNetns(lab.vmNetns('tagged-01'), 'ping', '-c', '2', '-W', '1', '203.0.113.10').then(
        () => 'answered',
        () => 'unreachable',
      );
      expect(beyond).toBe('unreachable');
    } finally {
      expect(packets(await untagged.stop('SIGINT'))).toEqual([]);
      expect(await tagged.stop('SIGINT')).toMatch(/192\.168\.100\.10 > 192\.168\.100\.1: ICMP echo request/);
    }
  });

  it('R-31, R-35: two networks share a sub-interface, and it goes with the last of them', async () => {
    const { lab } = world();
    const said = await lab.apply(`
kind: Network
metadata:
  name: vlan-too
spec:
  type: nat
  vlanId: 100
  externalIp: 192.168.100.11
  externalGateway: 192.168.100.1
  gatewayIp: "10.101.0.1"
  internalNetmask: "255.255.255.0"
  nodes: [{ name: node-1 }]
`);
    expect(said).toContain("created network 'vlan-too'");
    await eventually(async () => {
      const [link] = await witness(node(), 'ip', '-j', 'address', 'show', 'dev', 'eno1.100');
      const addresses = link.addr_info.map(({ local }: { local: string }) => local);
      expect(addresses).toEqual(expect.arrayContaining(['192.168.100.10', '192.168.100.11']));
    }, patience);
    // With a gateway on the VLAN, the outside is reached by it.
    await lab.createVm('tagged-02', '--network', 'vlan-too');
    await eventually(() => ping(lab.vmNetns('tagged-02'), '203.0.113.10', { count: 1 }), patience);
    await lab.ok('delete', 'vm', 'tagged-01');
    await lab.ok('delete', 'network', 'vlan-net');
    await eventually(async () => expect(await exists(node(), 'kbr-vlan-net')).toBe(false), patience);
    expect(await exists(node(), 'eno1.100')).toBe(true);
    await ping(lab.vmNetns('tagged-02'), '203.0.113.10', { count: 1 });
    await lab.ok('delete', 'vm', 'tagged-02');
    await lab.ok('delete', 'network', 'vlan-too');
    await eventually(async () => expect(await exists(node(), 'eno1.100')).toBe(false), patience);
    expect(await witness(node(), 'ip', '-j', 'rule', 'show')).toHaveLength(3);
  });

  it('R-10, R-11, R-35: a VLAN sub-interface is a port of a bridge network, and a guest gets an upstream lease', async () => {
    const { lab } = world();
    await lab.ok('create', 'network', 'lan', '--type', 'bridge', '--uplink', 'eno2', '--vlan-id', '200');
    await eventually(async () => {
      const ports = await witness(node(), 'bridge', '-j', 'link');
      expect(ports).toContainEqual(expect.objectContaining({ ifname: 'eno2.200', master: 'kbr-lan' }));
    }, patience);
    const [bridge] = await witness(node(), 'ip', '-j', '-4', 'address', 'show', 'dev', 'kbr-lan');
    expect(bridge?.addr_info ?? []).toEqual([]);
    const address = await lab.createVm('plain-01', '--network', 'lan');
    expect(address).toMatch(/^192\.168\.200\.5\d$/);
    await ping(lab.vmNetns('plain-01'), '192.168.200.1', { count: 2 });
  });

  it('R-51: puts a sub-interface back that somebody deleted, with its place in the bridge', async () => {
    const { lab } = world();
    await inNetns(node(), 'ip', 'link', 'del', 'eno2.200');
    await eventually(async () => {
      const ports = await witness(node(), 'bridge', '-j', 'link');
      expect(ports).toContainEqual(expect.objectContaining({ ifname: 'eno2.200', master: 'kbr-lan' }));
    }, patience);
    await ping(lab.vmNetns('plain-01'), '192.168.200.1', { count: 2 });
  });

  it('R-35: a name too long for the kernel is hashed, and found by the long one', async () => {
    const { lab } = world();
    await inNetns(node(), 'ip', 'link', 'add', 'enp0s31f6abc', 'type', 'dummy');
    await inNetns(node(), 'ip', 'link', 'set', 'enp0s31f6abc', 'up');
    await lab.ok(...['create', 'network', 'long', '--type', 'bridge', '--uplink', 'enp0s31f6abc', '--vlan-id', '4094']);
    await eventually(async () => {
      const [link] = await witness(node(), 'ip', '-j', '-d', 'link', 'show', 'dev', 'enp0s31f6abc.4094');
      expect(link).toMatchObject({ master: 'kbr-long', linkinfo: { info_data: { id: 4094 } } });
      expect(link.ifname).toMatch(/^kv-[0-9a-f]{8}$/);
    }, patience);
  });

  it('R-35: refuses VLAN ids that are none, and VLANs of an overlay', async () => {
    const { lab } = world();
    const common = [
      '--gateway-ip',
      '10.102.0.1',
      '--internal-netmask',
      '255.255.255.0',
      '--external-ip',
      '192.168.100.12',
    ];
    for (const id of ['0', '4095']) {
      const { code, stderr } = await lab.kctl('create', 'network', 'bad', '--type', 'nat', '--vlan-id', id, ...common);
      expect({ code, stderr }).toMatchObject({ code: 5, stderr: expect.stringContaining('InvalidArgument') });
    }
    const overlay = await lab.kctl('create', 'network', 'bad', '--type', 'vxlan', '--vlan-id', '5', ...common);
    expect(overlay.code).toBe(5);
    expect(await lab.json('get', 'networks').then((list) => JSON.stringify(list))).not.toContain('"bad"');
  });
});
