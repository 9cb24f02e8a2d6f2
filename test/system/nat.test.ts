import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { askTcp, askUdp, startUdpFlow } from '../support/ask.ts';
import { type Background, startBackground } from '../support/command.ts';
import { eventually } from '../support/eventually.ts';
import { openLab, type TestLab } from '../support/lab.ts';
import { inNetns, ping, witness } from '../support/namespace.ts';

const EXTERNAL = '192.168.40.101';
const opened: TestLab[] = [];
const traces: Background[] = [];
const lab = (): TestLab => opened[0] as TestLab;
const node = (): string => lab().netns('node-1');

/** The network whose forwards the tests change. */
function manifest(forwards: readonly string[]): string {
  return `kind: Network
metadata: {name: shop}
spec:
  type: nat
  externalIp: ${EXTERNAL}
  gatewayIp: 10.60.0.1
  internalNetmask: 255.255.255.0
  nodes: [{name: node-1}]
  forwards: [${forwards.join(', ')}]
`;
}
const tcp = (port: number, vm: string) => `{protocol: tcp, port: ${port}, vm: ${vm}, targetPort: 80}`;
const udp = (port: number, vm: string) => `{protocol: udp, port: ${port}, vm: ${vm}, targetPort: 7}`;

beforeAll(async () => {
  opened.push(await openLab({ nodes: 2 }));
  const { nodes } = await lab().status();
  // The agent is watched through the whole scenario: it may execute nothing.
  const [first] = nodes;
  traces.push(startBackground(['strace', '-f', '-e', 'trace=execve,execveat', '-p', String(first?.pid)]));
  await eventually(() => expect(traces[0]?.said()).toContain('attached'));
});
afterAll(async () => {
  for (const trace of traces) await trace.stop('SIGINT');
  for (const one of opened) await one[Symbol.asyncDispose]();
});

describe('the default network', () => {
  test.each(['node-1', 'node-2'])('R-23: it is on %s', async (name) => {
    const [bridge] = await witness(lab().netns(name), 'ip', '-j', '-d', 'address', 'show', 'kbr-default');
    expect(bridge.linkinfo.info_kind).toBe('bridge');
    expect(bridge.addr_info).toContainEqual(expect.objectContaining({ local: '10.240.0.1', prefixlen: 24 }));
  });

  test('R-24: it can neither be created nor deleted', async () => {
    const created = await lab().kctl('create', 'network', 'default', '--type', 'nat');
    expect([created.code, created.stderr]).toEqual([
      5,
      expect.stringContaining(
        "InvalidArgument: network name 'default' is reserved; configure it via controller defaultNetwork",
      ),
    ]);
    const deleted = await lab().kctl('delete', 'network', 'default');
    expect([deleted.code, deleted.stderr]).toEqual([
      5,
      expect.stringContaining("InvalidArgument: cannot delete reserved network 'default'"),
    ]);
  });

  test('R-25, R-44: a VM without --network has its address at once, and gets it by DHCP', async () => {
    const got = await lab().createVm('plain', '--node', 'node-1');
    const { status } = await lab().json('get', 'vms', 'plain');
    expect(status.nics[0]).toMatchObject({ network: 'default', address: got });
    expect(got).toMatch(/^10\.240\.0\.1\d\d$/);
    const [tap] = await witness(node(), 'ip', '-j', 'link', 'show', status.nics[0].tap);
    expect(tap.master).toBe('kbr-default');
    await eventually(async () => {
      const leases = (await lab().json('get', 'leases')).items.map(({ status: lease }: { status: object }) => lease);
      expect(leases).toContainEqual(expect.objectContaining({ address: got, mac: status.nics[0].mac, node: 'node-1' }));
    });
  });

  test('R-05: it reaches the outside under the address of its node', async () => {
    const seen = await eventually(() => askTcp(lab().vmNetns('plain'), '203.0.113.10', 80));
    expect(seen).toMatch(/^the world sees you as 192\.168\.40\.101:\d+$/);
    expect(await askUdp(lab().vmNetns('plain'), '203.0.113.10', 7)).toMatch(/as 192\.168\.40\.101:\d+: hello$/);
    await ping(lab().vmNetns('plain'), '203.0.113.10');
  });

  test('R-04: the client was told mask, router, nameservers and 12 hours', async () => {
    const [route] = await witness(lab().vmNetns('plain'), 'ip', '-j', 'route', 'show', 'default');
    expect(route).toMatchObject({ gateway: '10.240.0.1', dev: 'eth0' });
    const [link] = await witness(lab().vmNetns('plain'), 'ip', '-j', '-4', 'address', 'show', 'eth0');
    expect(link.addr_info).toMatchObject([{ prefixlen: 24 }]);
    const items: { status: { address: string; expiresAt: string } }[] = (await lab().json('get', 'leases')).items;
    const expiry = items.find(({ status }) => status.address === link.addr_info[0].local)?.status.expiresAt ?? '';
    const hours = (Date.parse(expiry) - Date.now()) / 3_600_000;
    expect(hours).toBeGreaterThan(11.8);
    expect(hours).toBeLessThan(12.1);
  });
});

describe('forwards', () => {
  beforeAll(async () => {
    await lab().apply(manifest([]));
    await lab().createVm('shop-a', '--network', 'shop', '--node', 'node-1');
    await lab().createVm('shop-b', '--network', 'shop', '--node', 'node-1');
  });

  test.each([0, 1])(
    'R-06: from the world, the host, another VM and the VM itself; bridge-nf-call-iptables %i',
    async (value) => {
      await inNetns(node(), 'sysctl', '-q', '-w', `net.bridge.bridge-nf-call-iptables=${value}`);
      const port = 8080 + value;
      expect(await lab().apply(manifest([tcp(port, 'shop-a'), udp(5000 + value, 'shop-a')]))).toContain('configured');
      const from = {
        world: lab().netns('world'),
        host: node(),
        'another VM': lab().vmNetns('shop-b'),
        'the VM itself': lab().vmNetns('shop-a'),
      };
      for (const [who, netns] of Object.entries(from)) {
        const line = await eventually(() => askTcp(netns, EXTERNAL, port), { timeoutMs: 15_000 }).catch(String);
        expect([who, line]).toEqual([who, expect.stringMatching(/^shop-a \(10\.60\.0\.1\d\d\) sees you as /)]);
        const echo = await eventually(() => askUdp(netns, EXTERNAL, 5000 + value)).catch(String);
        expect([who, echo]).toEqual([who, expect.stringMatching(/^shop-a .*: hello$/)]);
      }
    },
  );

  test('R-06: the world is seen under its own address', async () => {
    expect(await askTcp(lab().netns('world'), EXTERNAL, 8081)).toMatch(/sees you as 192\.168\.40\.1:\d+$/);
  });

  test('R-06: a changed forward moves an established UDP flow', async () => {
    await lab().apply(manifest([tcp(8080, 'shop-a'), udp(5005, 'shop-a')]));
    const flow = await (async () => {
      await eventually(() => askUdp(lab().netns('world'), EXTERNAL, 5005));
      return startUdpFlow(lab().netns('world'), EXTERNAL, 5005);
    })();
    try {
      await eventually(() => expect(flow.said()).toContain('shop-a ('));
      expect(flow.said()).not.toContain('shop-b (');
      await lab().apply(manifest([tcp(8080, 'shop-a'), udp(5005, 'shop-b')]));
      await eventually(() => expect(flow.said()).toContain('shop-b ('), { timeoutMs: 1_000 });
      const last = flow.said().trimEnd().split('\n').at(-1);
      expect(last).toMatch(/^shop-b /);
    } finally {
      await flow.stop();
    }
  });

  test('R-06: a removed forward is closed', async () => {
    await lab().apply(manifest([tcp(8080, 'shop-a')]));
    await eventually(() => expect(askUdp(lab().netns('world'), EXTERNAL, 5005)).rejects.toThrow());
    expect(await askTcp(lab().netns('world'), EXTERNAL, 8080)).toContain('shop-a');
  });

  test('R-06: a port on which the host itself listens is refused', async () => {
    const script = "require('node:net').createServer().listen(2222, '0.0.0.0', () => console.log('open'))";
    const listener = startBackground(['nsenter', `--net=/run/netns/${node()}`, '--', process.execPath, '-e', script]);
    try {
      await eventually(() => expect(listener.said()).toContain('open'));
      // The controller knows it from the node's facts.
      await eventually(
        async () => {
          const { facts } = (await lab().json('get', 'nodes', 'node-1')).status;
          expect(facts.listening).toContainEqual({ protocol: 'tcp', port: 2222 });
        },
        { timeoutMs: 60_000, everyMs: 500 },
      );
      const refused = await lab().kctl(
        ...'create network taken --type nat --gateway-ip 10.61.0.1 --internal-netmask 255.255.255.0'.split(' '),
        ...['--external-ip', EXTERNAL, '--target-node', 'node-1', '--forward', 'tcp:2222:shop-a:80'],
      );
      expect([refused.code, refused.stderr]).toEqual([4, expect.stringMatching(/FailedPrecondition: .*2222/)]);
      expect((await lab().kctl('describe', 'network', 'taken')).code).toBe(3);
    } finally {
      await listener.stop();
    }
  });

  test('R-07: the outside cannot begin a flow to a VM by itself', async () => {
    const world = lab().netns('world');
    const address = (await lab().json('get', 'vms', 'shop-a')).status.nics[0].address;
    await inNetns(world, 'ip', 'route', 'add', '10.60.0.0/24', 'via', EXTERNAL);
    try {
      await expect(ping(world, address, { count: 1 })).rejects.toThrow();
      await expect(askTcp(world, address, 80)).rejects.toThrow();
    } finally {
      await inNetns(world, 'ip', 'route', 'delete', '10.60.0.0/24');
    }
    await ping(node(), address, { count: 1 });
  });
});

test('R-08: the same name on two nodes is two bridges and no overlay', async () => {
  const create = 'create network twin --type nat --gateway-ip 10.62.0.1 --internal-netmask 255.255.255.0'.split(' ');
  await lab().ok(...create, '--target-node', 'node-1');
  await lab().ok(...create, '--target-node', 'node-2');
  for (const name of ['node-1', 'node-2']) {
    await eventually(async () => {
      const links = await witness(lab().netns(name), 'ip', '-j', '-d', 'link', 'show', 'kbr-twin');
      expect(links[0].linkinfo.info_kind).toBe('bridge');
    });
    const links = await witness(lab().netns(name), 'ip', '-j', '-d', 'link', 'show', 'type', 'vxlan');
    expect(links).toEqual([]);
  }
  const refused = await lab().kctl('delete', 'network', 'twin');
  expect([refused.code, refused.stderr]).toEqual([
    4,
    expect.stringContaining("FailedPrecondition: network 'twin' exists on multiple nodes; pass --target-node"),
  ]);
  await lab().ok('delete', 'network', 'twin', '--target-node', 'node-2');
  await eventually(async () => {
    await expect(witness(lab().netns('node-2'), 'ip', '-j', 'link', 'show', 'kbr-twin')).rejects.toThrow();
  });
  await witness(lab().netns('node-1'), 'ip', '-j', 'link', 'show', 'kbr-twin');
  await lab().ok('delete', 'network', 'twin');
});

test('R-55: the agent executed nothing through all of this', async () => {
  const said = traces[0]?.said() ?? '';
  expect(said).toContain('attached');
  expect(said.split('\n').filter((line) => line.includes('execve'))).toEqual([]);
});
