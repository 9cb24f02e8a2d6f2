import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { askTcp } from '../support/ask.ts';
import { mustRun } from '../support/command.ts';
import { eventually } from '../support/eventually.ts';
import { openLab, type TestLab } from '../support/lab.ts';
import { exists, ping } from '../support/namespace.ts';
import { bootedVm, type VirtualMachine } from '../support/virtual-machine.ts';

const EXTERNAL = '192.168.40.101';
const NAT = `kind: Network
metadata: {name: shop}
spec:
  type: nat
  externalIp: ${EXTERNAL}
  gatewayIp: 10.60.0.1
  internalNetmask: 255.255.255.0
  nodes: [{name: node-1}]
`;

const opened: TestLab[] = [];
const lab = (): TestLab => opened[0] as TestLab;
const built: { image?: string } = {};

beforeAll(async () => {
  const builder = join(import.meta.dirname, '..', '..', 'scripts', 'guest-image.mjs');
  built.image = (await mustRun([process.execPath, builder])).trim();
  opened.push(await openLab({ nodes: 2, runtime: 'qemu' }));
  await lab().ok(
    'create',
    'network',
    'private',
    '--type',
    'vxlan',
    '--gateway-ip',
    '10.250.0.1',
    '--internal-netmask',
    '255.255.255.0',
  );
});
afterAll(async () => {
  for (const one of opened) await one[Symbol.asyncDispose]();
});

/** Asks for a virtual machine of the tiny image. */
async function create(name: string, ...parameters: readonly string[]): Promise<void> {
  const machine = ['--image', built.image ?? '', '--image-format', 'raw', '--cpus', '1', '--memory', '256'];
  await lab().ok('create', 'vm', name, ...machine, ...parameters);
}

const addressOf = async (name: string): Promise<string> =>
  (await lab().json('get', 'vms', name)).status.nics[0].address;

describe('virtual machines', () => {
  let first: VirtualMachine;
  let second: VirtualMachine;

  test('R-41, R-43: two on an overlay have the addresses that the cluster says, and reach each other', async () => {
    await create('web-01', '--network', 'private', '--node', 'node-1');
    await create('web-02', '--network', 'private', '--node', 'node-2');
    [first, second] = await Promise.all([bootedVm(lab(), 'web-01'), bootedVm(lab(), 'web-02')]);
    const [own, peer] = [await addressOf('web-01'), await addressOf('web-02')];
    expect(await first.shell('ip -4 address show dev eth0')).toContain(`inet ${own}/24`);
    expect(await first.shell('cat /sys/class/net/eth0/mtu')).toBe('1450\n');
    expect(await first.shell(`ping -c 3 -s 1422 ${peer}`)).toContain('3 packets received');
    expect(await second.shell(`ping -c 3 -s 1422 ${own}`)).toContain('3 packets received');
  });

  test('R-52: an agent that restarts leaves the machine as it is', async () => {
    await lab().lab('node', 'stop', first.node);
    await lab().lab('node', 'start', first.node);
    await eventually(async () =>
      expect((await lab().json('get', 'vms', 'web-01')).status).toMatchObject({ state: 'running', pid: first.pid }),
    );
    expect(await first.shell(`ping -c 1 ${await addressOf('web-02')}`)).toContain('1 packets received');
  });

  test('a killed QEMU is started again, with the same disk and address', async () => {
    const address = await addressOf('web-01');
    await first.shell('echo kept | dd of=/dev/vda bs=512 seek=100000 conv=fsync');
    process.kill(first.pid, 'SIGKILL');
    await eventually(
      async () => {
        const { status } = await lab().json('describe', 'vm', 'web-01');
        expect(status.state).toBe('running');
        expect(status.pid).not.toBe(first.pid);
      },
      { timeoutMs: 30_000 },
    );
    first = await bootedVm(lab(), 'web-01');
    expect(await first.shell('dd if=/dev/vda bs=512 skip=100000 count=1 2> /dev/null | head -n 1')).toBe('kept\n');
    expect(await first.shell('ip -4 address show dev eth0')).toContain(`inet ${address}/24`);
  });

  test('R-06, R-44: on NAT it asks the node’s DHCP server, and is reached from outside by a forward', async () => {
    await lab().apply(NAT);
    await create('nat-01', '--network', 'shop', '--node', 'node-1');
    await lab().apply(`${NAT}  forwards: [{protocol: tcp, port: 8080, vm: nat-01, targetPort: 80}]\n`);
    const machine = await bootedVm(lab(), 'nat-01');
    const address = await addressOf('nat-01');
    expect(await machine.shell('ip -4 address show dev eth0')).toContain(`inet ${address}/24`);
    await machine.shell('(while :; do echo served | nc -l -p 80; done) > /dev/null 2>&1 & true');
    await eventually(async () => expect(await askTcp(lab().netns('world'), EXTERNAL, 8080)).toBe('served'));
    expect(await lab().ok('get', 'leases')).toMatch(new RegExp(`nat-01 .*${address}|${address} .*nat-01`));
  });

  test('a stopped one shuts down by its power button, and has its address again when it is started', async () => {
    const address = await addressOf('web-02');
    await lab().ok('stop', 'vm', 'web-02');
    await eventually(async () => expect((await lab().json('get', 'vms', 'web-02')).status.state).toBe('stopped'), {
      timeoutMs: 30_000,
    });
    expect(await second.console().catch(() => 'gone')).toBe('gone');
    await lab().ok('start', 'vm', 'web-02');
    second = await bootedVm(lab(), 'web-02');
    expect(await second.shell('ip -4 address show dev eth0')).toContain(`inet ${address}/24`);
  });

  test('a deleted one leaves no process, no port and no address', async () => {
    const { status } = await lab().json('get', 'vms', 'web-02');
    await lab().ok('delete', 'vm', 'web-02');
    await eventually(async () => {
      expect(() => process.kill(second.pid, 0)).toThrow('ESRCH');
      expect(await exists(lab().netns('node-2'), status.nics[0].tap)).toBe(false);
    });
    await expect(ping(lab().netns('node-1'), status.nics[0].address, { count: 1 })).rejects.toThrow('0 received');
  });

  test('an image that is not there is said in the VM’s status, and nothing is left of it', async () => {
    await lab().ok('create', 'vm', 'broken', '--image', '/nonexistent/image.qcow2', '--network', 'private');
    await eventually(async () =>
      expect((await lab().json('get', 'vms', 'broken')).status.message).toContain(
        'there is no image file /nonexistent/image.qcow2 on this node',
      ),
    );
    await lab().ok('delete', 'vm', 'broken');
    await eventually(async () => expect((await lab().kctl('get', 'vm', 'broken')).code).toBe(3));
  });
});
