import { openPacketSocket } from '@kcore/netlink';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { askTcp } from '../support/ask.ts';
import { mustRun } from '../support/command.ts';
import { eventually } from '../support/eventually.ts';
import { kctl, openLab, type TestLab } from '../support/lab.ts';
import { capture, exists, inNetns, packets, ping, placed, witness } from '../support/namespace.ts';

const VNI = 14416;
const DEVICE = `vxlan${VNI}`;
const GATEWAY_MAC = '02:6b:00:00:38:50';
const FLOOD = '00:00:00:00:00:00';
const NODES = ['node-1', 'node-2', 'node-3'] as const;

/* Verbatim from the product's documentation of networks. */
const CREATE = `create network private \
  --external-ip 192.168.40.105 \
  --gateway-ip 10.250.0.1 \
  --internal-netmask 255.255.255.0 \
  --type vxlan`.split(/\s+/);
const MANIFEST = `kind: Network
metadata:
  name: private
spec:
  type: vxlan
  externalIp: 192.168.40.105
  gatewayIp: 10.250.0.1
  internalNetmask: "255.255.255.0"
`;
const CREATE_VM = 'create vm web-01 --network private --image ubuntu-24.04 --cpus 2 --memory 4096'.split(' ');

const opened: TestLab[] = [];
const lab = (): TestLab => opened[0] as TestLab;

interface Placed {
  readonly name: string;
  readonly node: string;
  readonly address: string;
  readonly mac: string;
}
/** Where a VM is, as the cluster says. */
async function placeOf(vm: string): Promise<Placed> {
  const { status } = await lab().json('get', 'vms', vm);
  return { name: vm, node: status.node, address: status.nics[0].address, mac: status.nics[0].mac };
}

/** A broadcast frame of the EtherType for experiments (IEEE 802), which no protocol answers. */
function frameFrom(mac: string): Uint8Array {
  const source = mac.split(':').map((byte) => Number.parseInt(byte, 16));
  return Uint8Array.from([...Array(6).fill(0xff), ...source, 0x88, 0xb5, ...Array(46).fill(0)]);
}

beforeAll(async () => {
  // The fourth node takes no part in overlays.
  opened.push(await openLab({ nodes: 4, disableVxlan: ['node-4'] }));
});
afterAll(async () => {
  for (const one of opened) await one[Symbol.asyncDispose]();
});

describe('the commands of the documentation, verbatim', () => {
  test('R-26, R-18: kctl create network private … --type vxlan', async () => {
    const stdout = await lab().ok(...CREATE);
    expect(stdout).toContain("created network 'private'");
    for (const part of [String(VNI), 'kbr-private', ...NODES]) expect(stdout).toContain(part);
    expect(stdout).not.toContain('node-4');
  });

  test('R-27: the manifest is the same object', async () => {
    expect(await lab().apply(MANIFEST)).toContain("unchanged network 'private'");
  });

  test('R-29: kctl get networks prints the row of the documentation', async () => {
    await lab().ok(
      ...'create network prod --type vxlan --gateway-ip 10.100.0.1 --internal-netmask 255.255.255.0'.split(' '),
    );
    const lines = (await lab().ok('get', 'networks')).split('\n').map((line) => line.trim().split(/\s+/));
    expect(lines[0]).toEqual(['NAME', 'TYPE', 'GATEWAY', 'NETMASK', 'VLAN', 'OVERLAY', 'BRIDGE', 'NODES']);
    expect(lines).toContainEqual(['prod', 'vxlan', '10.100.0.1', '255.255.255.0', '-', 'yes', 'kbr-prod', '3']);
    expect(lines.some(([name]) => name === 'default')).toBe(true);
  });

  test('R-30, R-20: kctl describe network shows every node with the address its tunnel uses', async () => {
    await eventually(async () => {
      const text = await lab().ok('describe', 'network', 'prod');
      expect(text).toMatch(/Overlay:?\s+yes/);
      for (const part of ['kbr-prod', '14458', '10.100.0.0/24', '1450', ...NODES]) expect(text).toContain(part);
      for (const number of [101, 102, 103]) expect(text).toContain(`192.168.40.${number}`);
    });
  });

  test('R-31: kctl delete network prod leaves nothing of it', async () => {
    await lab().ok('delete', 'network', 'prod');
    for (const node of NODES) {
      await eventually(async () => {
        expect(await exists(lab().netns(node), 'kbr-prod')).toBe(false);
        expect(await exists(lab().netns(node), 'vxlan14458')).toBe(false);
        expect(await inNetns(lab().netns(node), 'nft', 'list', 'ruleset')).not.toContain('10.100.0.');
      });
    }
    const gone = await lab().kctl('describe', 'network', 'prod');
    expect(gone.code).toBe(3);
    expect(gone.stderr).toContain("NotFound: network 'prod' not found");
  });

  test('R-41, R-43: kctl create vm web-01 …, whose address is known at once', async () => {
    const stdout = await lab().ok(...CREATE_VM);
    expect(stdout).toContain("created vm 'web-01'");
    expect(stdout).toContain('10.250.0.2');
    expect((await placeOf('web-01')).mac).toBe('52:54:00:0b:9d:9f');
    expect(await lab().guestAddress('web-01')).toBe('10.250.0.2');
  });

  test('R-42: the VM manifest', async () => {
    const manifest = `kind: VM
metadata:
  name: web-02
spec:
  cpu: 2
  memoryBytes: "4G"
  storageBackend: filesystem
  storageSizeBytes: "40G"
  nics:
    - network: private
  disks:
    - image: https://...
      sha256: "<sha256>"
      format: qcow2
`;
    expect(await lab().apply(manifest)).toContain("created vm 'web-02'");
    expect(await lab().guestAddress('web-02')).toBe('10.250.0.3');
  });
});

describe('what each node is made of', () => {
  test.each(NODES)('R-02, R-12, R-20: bridge and vxlan device of %s', async (node) => {
    const netns = lab().netns(node);
    const [vxlan] = await witness(netns, 'ip', '-j', '-d', 'link', 'show', DEVICE);
    expect(vxlan).toMatchObject({ mtu: 1450, master: 'kbr-private' });
    expect(vxlan.flags).toContain('UP');
    expect(vxlan.linkinfo.info_data).toMatchObject({
      id: VNI,
      local: `192.168.40.10${node.slice(-1)}`,
      port: 4789,
      learning: false,
    });
    expect(vxlan.linkinfo.info_slave_data).toMatchObject({ learning: false, neigh_suppress: true });
    const [bridge] = await witness(netns, 'ip', '-j', '-d', 'address', 'show', 'kbr-private');
    expect(bridge).toMatchObject({ mtu: 1450, address: GATEWAY_MAC });
    expect(bridge.flags).toContain('UP');
    expect(bridge.addr_info.filter(({ family }: { family: string }) => family === 'inet')).toMatchObject([
      { local: '10.250.0.1', prefixlen: 24 },
    ]);
  });

  test.each(NODES)('R-16: %s floods to every other participant and nobody else', async (node) => {
    const entries = await witness(lab().netns(node), 'bridge', '-j', 'fdb', 'show', 'dev', DEVICE);
    const flood = entries.filter(({ mac }: { mac: string }) => mac === FLOOD);
    const others = NODES.filter((other) => other !== node).map((other) => `192.168.40.10${other.slice(-1)}`);
    expect(flood.map(({ dst }: { dst: string }) => dst).sort()).toEqual(others);
    expect(flood.every(({ state }: { state: string }) => state === 'permanent')).toBe(true);
  });

  test('R-21: every other participant has the three entries of a VM', async () => {
    const vm = await placeOf('web-01');
    for (const node of NODES.filter((other) => other !== vm.node)) {
      const netns = lab().netns(node);
      const entries = await witness(netns, 'bridge', '-j', 'fdb', 'show', 'dev', DEVICE);
      const own = entries.filter(({ mac }: { mac: string }) => mac === vm.mac);
      expect(own).toContainEqual(
        expect.objectContaining({ dst: `192.168.40.10${vm.node.slice(-1)}`, state: 'permanent', flags: ['self'] }),
      );
      expect(own).toContainEqual(expect.objectContaining({ master: 'kbr-private', state: 'static' }));
      const neighbours = await witness(netns, 'ip', '-j', 'neigh', 'show', 'dev', 'kbr-private');
      expect(neighbours).toContainEqual(
        expect.objectContaining({ dst: vm.address, lladdr: vm.mac, state: ['PERMANENT'] }),
      );
    }
  });

  test('R-36, R-37: a node without VXLAN has none of it and refuses it', async () => {
    expect(await exists(lab().netns('node-4'), 'kbr-private')).toBe(false);
    const refused = await lab().kctl(
      ...'create network x1 --type vxlan --gateway-ip 10.77.0.1 --internal-netmask 255.255.255.0'.split(' '),
      '--target-node',
      'node-4',
    );
    expect(refused.code).toBe(4);
    expect(refused.stderr).toContain(
      "FailedPrecondition: VXLAN is disabled on node 'node-4'; cannot create vxlan network",
    );
    expect((await lab().kctl('describe', 'network', 'x1')).code).toBe(3);
  });
});

describe('packets', () => {
  beforeAll(async () => {
    // Two guests on two nodes, wherever the controller put the first ones.
    await lab().createVm('left', '--network', 'private', '--node', 'node-1');
    await lab().createVm('right', '--network', 'private', '--node', 'node-2');
  });

  test("R-12: two guests on two nodes ping with DF at the overlay's MTU, and not beyond", async () => {
    const { address } = await placeOf('right');
    await eventually(() => ping(lab().vmNetns('left'), address, { dfSize: 1450 - 28 }));
    await expect(ping(lab().vmNetns('left'), address, { count: 1, dfSize: 1450 - 27 })).rejects.toThrow(
      /too long|mtu=1450/,
    );
  });

  test('R-19: the gateway answers once on every node, and its ARP never crosses the overlay', async () => {
    const captures = await Promise.all(
      NODES.map((node) => capture(lab().netns(node), DEVICE, 'arp', 'and', 'host', '10.250.0.1')),
    );
    for (const vm of ['left', 'right']) {
      await inNetns(lab().vmNetns(vm), 'ip', 'neigh', 'flush', 'all');
      await ping(lab().vmNetns(vm), '10.250.0.1');
    }
    for (const tcpdump of captures) expect(packets(await tcpdump.stop())).toEqual([]);
  });

  test('R-21: ARP for a known VM is answered where it is asked; for an unknown address it is flooded', async () => {
    const { address } = await placeOf('right');
    const tcpdump = await capture(lab().netns('node-1'), DEVICE, 'arp');
    await inNetns(lab().vmNetns('left'), 'ip', 'neigh', 'flush', 'all');
    await ping(lab().vmNetns('left'), address);
    await expect(ping(lab().vmNetns('left'), '10.250.0.222', { count: 1 })).rejects.toThrow();
    const seen = packets(await tcpdump.stop());
    expect(seen.filter((line) => line.includes(`who-has ${address} `))).toEqual([]);
    expect(seen.some((line) => line.includes('who-has 10.250.0.222'))).toBe(true);
  });

  test('R-19: no frame with the gateway’s MAC as source enters the overlay', async () => {
    const tcpdump = await capture(lab().netns('node-1'), DEVICE, 'ether', 'src', GATEWAY_MAC);
    // The node itself asks for an address nobody has, which its bridge floods to all ports.
    await mustRun(placed(lab().netns('node-1'), ['bash', '-c', 'ping -c2 -W1 10.250.0.223 || true']));
    await ping(lab().vmNetns('left'), '10.250.0.1', { count: 2 });
    expect(packets(await tcpdump.stop())).toEqual([]);
  });

  test('R-17: the overlay has a way out, under the address of the node', async () => {
    const seen = await eventually(() => askTcp(lab().vmNetns('left'), '203.0.113.10', 80));
    expect(seen).toMatch(/^the world sees you as 192\.168\.40\.101:\d+$/);
  });

  test('R-12: a host that is no peer cannot put frames into the overlay', async () => {
    const world = lab().netns('world');
    const { address, mac } = await placeOf('left');
    const add = `link add intruder type vxlan id ${VNI} local 192.168.40.1 remote 192.168.40.101 dstport 4789 nolearning`;
    await inNetns(world, 'ip', ...add.split(' '));
    try {
      await inNetns(world, 'ip', 'address', 'add', '10.250.0.250/24', 'dev', 'intruder');
      await inNetns(world, 'ip', 'link', 'set', 'intruder', 'up');
      await inNetns(world, 'ip', ...`neigh replace ${address} lladdr ${mac} dev intruder nud permanent`.split(' '));
      const wire = await capture(lab().netns('node-1'), 'eno1', 'udp', 'port', '4789', 'and', 'src', '192.168.40.1');
      const guest = await capture(lab().vmNetns('left'), 'eth0', 'src', '10.250.0.250');
      await mustRun(placed(world, ['bash', '-c', `ping -c3 -i0.2 -W1 ${address} || true`]));
      expect(packets(await wire.stop()).length).toBeGreaterThan(0);
      expect(packets(await guest.stop())).toEqual([]);
    } finally {
      await inNetns(world, 'ip', 'link', 'delete', 'intruder');
    }
  });

  test('R-22: a guest cannot speak under another address or MAC', async () => {
    const netns = lab().vmNetns('left');
    const tcpdump = await capture(
      lab().vmNetns('right'),
      'eth0',
      'host',
      '10.250.0.66',
      'or',
      'ether',
      'src',
      '02:00:00:00:66:66',
    );
    const own = await capture(
      lab().vmNetns('right'),
      'eth0',
      'ether',
      'proto',
      '0x88b5',
      'and',
      'ether',
      'src',
      (await placeOf('left')).mac,
    );
    const { address } = await placeOf('right');
    const send = (...command: readonly string[]) =>
      mustRun(placed(netns, ['bash', '-c', `${command.join(' ')} || true`]));
    await inNetns(netns, 'ip', 'address', 'add', '10.250.0.66/24', 'dev', 'eth0');
    await send('ping', '-c2', '-i0.2', '-W1', '-I', '10.250.0.66', address);
    await inNetns(netns, 'ip', 'address', 'delete', '10.250.0.66/24', 'dev', 'eth0');
    await ping(netns, address);
    await using raw = await openPacketSocket({ device: 'eth0', etherType: 0, netns: `/run/netns/${netns}` });
    await raw.send([frameFrom('02:00:00:00:66:66')]);
    // The same by its own MAC arrives, so that the capture is known to see such frames.
    await raw.send([frameFrom((await placeOf('left')).mac)]);
    await eventually(() => expect(packets(own.said())).toHaveLength(1));
    await own.stop();
    expect(packets(await tcpdump.stop())).toEqual([]);
  });
});

describe('leaving', () => {
  test('R-33: a network in use is not deleted', async () => {
    const refused = await lab().kctl('delete', 'network', 'private');
    expect(refused.code).toBe(4);
    expect(refused.stderr).toContain("FailedPrecondition: network 'private' is still in use by VM 'left'");
    expect(await exists(lab().netns('node-1'), DEVICE)).toBe(true);
  });

  test('a deleted VM leaves neither guest nor NIC', async () => {
    const { tap } = (await lab().json('get', 'vms', 'left')).status.nics[0];
    expect(await exists(lab().netns('node-1'), tap)).toBe(true);
    await lab().ok('delete', 'vm', 'left', 'right', 'web-01', 'web-02');
    await eventually(async () => {
      expect(await exists(lab().netns('node-1'), tap)).toBe(false);
      expect((await mustRun(['ip', 'netns', 'list'])).includes(lab().netns('vm-'))).toBe(false);
    });
  });

  test('R-31: and then the network goes, from everywhere', async () => {
    await lab().ok('delete', 'network', 'private');
    for (const node of NODES) {
      await eventually(async () => {
        expect(await exists(lab().netns(node), 'kbr-private')).toBe(false);
        expect(await exists(lab().netns(node), DEVICE)).toBe(false);
      });
    }
  });

  test('bad input changes nothing and says what is wrong', async () => {
    const bad = (...parameters: readonly string[]) => lab().kctl('create', 'network', ...parameters);
    const net = '--type vxlan --gateway-ip 10.66.0.1 --internal-netmask 255.255.255.0'.split(' ');
    const cases: readonly (readonly [readonly string[], number, string])[] = [
      [['bad.name', ...net], 5, "network name must contain only letters, digits, '-' or '_'"],
      [['b1', '--type', 'vlan'], 5, "network_type must be 'nat', 'bridge', or 'vxlan'"],
      [
        ['b1', ...net.slice(0, -1), '255.0.255.0'],
        5,
        'internal_netmask must be contiguous (for example 255.255.255.0)',
      ],
      [['b1', ...net, '--target-node', 'nope'], 3, "node 'nope' not found"],
      [['default', ...net], 5, "network name 'default' is reserved; configure it via controller defaultNetwork"],
      [['b1', ...net, '--frob'], 2, ''],
    ];
    for (const [parameters, code, text] of cases) {
      const result = await bad(...parameters);
      expect([parameters[0], result.code, result.stderr]).toEqual([parameters[0], code, expect.stringContaining(text)]);
    }
    expect((await lab().kctl('describe', 'network', 'b1')).code).toBe(3);
    expect((await kctl(['get', 'networks', '--context', 'nowhere'], { env: lab().env })).code).not.toBe(0);
  });
});
