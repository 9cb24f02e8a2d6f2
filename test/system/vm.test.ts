import { createHash } from 'node:crypto';
import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { askTcp } from '../support/ask.ts';
import { eventually } from '../support/eventually.ts';
import { guestImage } from '../support/guest-image.ts';
import { type ImageServer, serverCertificate, startImageServer } from '../support/image-server.ts';
import { openLab, type TestLab } from '../support/lab.ts';
import { exists, ping, witness } from '../support/namespace.ts';
import { bootedVm, type VirtualMachine } from '../support/virtual-machine.ts';

const EXTERNAL = '192.168.40.101';
const NETWORKS = `kind: Network
metadata: {name: private}
spec: {type: vxlan, gatewayIp: 10.250.0.1, internalNetmask: 255.255.255.0}
---
kind: Network
metadata: {name: shop}
spec:
  type: nat
  externalIp: ${EXTERNAL}
  gatewayIp: 10.60.0.1
  internalNetmask: 255.255.255.0
  nodes: [{name: node-1}]
`;
const FORWARD = '  forwards: [{protocol: tcp, port: 8080, vm: web-01, targetPort: 80}]\n';

interface Stage {
  readonly lab: TestLab;
  readonly image: string;
  readonly digest: string;
  /** On the loopback address of node-2. */
  readonly server: ImageServer;
}
const stages: Stage[] = [];
const stage = (): Stage => stages[0] as Stage;
const lab = (): TestLab => stage().lab;
/** In the order in which they were opened. */
const opened: AsyncDisposable[] = [];

beforeAll(async () => {
  const directory = await mkdtemp(join(tmpdir(), 'kct-images-'));
  opened.push({ [Symbol.asyncDispose]: () => rm(directory, { recursive: true, force: true }) });
  const certificate = await serverCertificate(directory);
  const ours = await openLab({ nodes: 2, runtime: 'qemu', env: { NODE_EXTRA_CA_CERTS: certificate } });
  opened.push(ours);
  const image = await guestImage(ours, 'tiny');
  const digest = createHash('sha256')
    .update(await readFile(image))
    .digest('hex');
  const server = await startImageServer(ours.netns('node-2'), image, certificate);
  opened.push(server);
  stages.push({ lab: ours, image, digest, server });
  await lab().apply(NETWORKS);
});
afterAll(async () => {
  for (const one of opened.toReversed()) await one[Symbol.asyncDispose]();
});

const MACHINE = ['--image-format', 'raw', '--cpus', '1', '--memory', '256'];

/** Asks for a virtual machine on the overlay. */
async function create(name: string, node: string, ...parameters: readonly string[]): Promise<void> {
  await lab().ok('create', 'vm', name, '--network', 'private', '--node', node, ...MACHINE, ...parameters);
}

const statusOf = async (name: string) => (await lab().json('get', 'vms', name)).status;
const addressOf = async (name: string): Promise<string> => (await statusOf(name)).nics[0].address;

/** All of a node that a virtual machine could leave something in: links, and files of guests, images and kept disks. */
async function inventory(node: string): Promise<readonly string[]> {
  const links = await witness(lab().netns(node), 'ip', '-j', 'link', 'show');
  const data = join(lab().directory, 'kcore', 'labs', lab().name, 'nodes', node, 'data');
  const files = ['vms', 'images', 'kept'].map(async (name) => {
    const entries = await readdir(join(data, name), { recursive: true }).catch(() => []);
    return entries.map((entry) => join(name, entry));
  });
  return [...links.map(({ ifname }: { ifname: string }) => ifname), ...(await Promise.all(files)).flat()].sort();
}

describe('images', () => {
  test('R-41: one that is fetched by https is fetched once, for all who wait for it', async () => {
    const { server, digest } = stage();
    const image = ['--image', `${server.url}/whole.raw`, '--sha256', digest];
    await Promise.all(['web-02', 'twin'].map((name) => create(name, 'node-2', ...image)));
    for (const name of ['web-02', 'twin'])
      await eventually(async () => expect((await statusOf(name)).state).toBe('running'), { timeoutMs: 30_000 });
    await lab().ok('delete', 'vm', 'twin');
    expect(server.requests()).toEqual(['GET /whole.raw']);
    const { items } = await lab().json('get', 'images');
    expect(JSON.stringify(items)).toContain(digest);
  });

  test('one that was uploaded to a node is used by its name', async () => {
    await lab().ok('node', 'upload-image', stage().image, '--node', 'node-1', '--name', 'tiny', '--format', 'raw');
    await create('web-01', 'node-1', '--image', 'tiny');
    await eventually(async () => expect((await statusOf('web-01')).state).toBe('running'), { timeoutMs: 30_000 });
  });

  test.each([
    ['of which half arrives', 'truncated.raw', '1', 'cannot be fetched'],
    ['that is another one', 'whole.raw', '0', 'is not the one that was asked for: its digest is sha256:'],
  ])('one %s is not used, and nothing is left of it', async (_what, file, digit, message) => {
    const before = await inventory('node-2');
    const digest = digit.repeat(64);
    await create('broken', 'node-2', '--image', `${stage().server.url}/${file}`, '--sha256', digest);
    await eventually(async () => expect((await statusOf('broken')).message).toContain(message), { timeoutMs: 30_000 });
    await lab().ok('delete', 'vm', 'broken');
    await eventually(async () => expect((await lab().kctl('get', 'vm', 'broken')).code).toBe(3));
    // What arrived of an image is kept, to go on from there, until it is deleted as an image is.
    await lab().kctl('delete', 'image', `sha256:${digest}`);
    await eventually(async () => expect(await inventory('node-2')).toEqual(before));
  });

  test('one that is no file of the node is said in the VM’s status, and nothing is left of it', async () => {
    const before = await inventory('node-2');
    await create('broken', 'node-2', '--image', '/nonexistent/image.qcow2');
    await eventually(async () =>
      expect((await statusOf('broken')).message).toContain(
        'there is no image file /nonexistent/image.qcow2 on this node',
      ),
    );
    await lab().ok('delete', 'vm', 'broken');
    await eventually(async () => expect(await inventory('node-2')).toEqual(before));
    expect((await lab().kctl('get', 'vm', 'broken')).code).toBe(3);
  });
});

test.each([
  ['a name that is taken', ['web-01', '--image', 'tiny'], 7, "AlreadyExists: VM 'web-01' already exists"],
  ['an unknown network', ['x', '--image', 'tiny', '--network', 'nope'], 3, "NotFound: network 'nope' not found"],
  [
    'an unknown image',
    ['x', '--image', 'nope'],
    3,
    "'nope' is neither in the catalogue of images nor on a connected node",
  ],
  ['more memory than there is', ['x', '--image', 'tiny', '--memory', '4T'], 8, /node-1: 4T of memory wanted, .* left/],
  ['more disk than there is', ['x', '--image', 'tiny', '--disk-size', '900T'], 8, /node-1: .*900T/],
  ['an image of another node', ['x', '--image', 'tiny', '--node', 'node-2'], 4, "image 'tiny' is not on node 'node-2'"],
])('R-41: %s is refused, and nothing is left of it', async (_what, parameters, code, message) => {
  const before = await Promise.all(['node-1', 'node-2'].map(inventory));
  const refused = await lab().kctl('create', 'vm', ...parameters);
  expect([refused.code, refused.stderr]).toEqual([code, expect.stringMatching(message)]);
  expect(await Promise.all(['node-1', 'node-2'].map(inventory))).toEqual(before);
});

describe('virtual machines', () => {
  let first: VirtualMachine;
  let second: VirtualMachine;

  test('R-41, R-43: two on an overlay have the addresses that the cluster says, and reach each other', async () => {
    [first, second] = await Promise.all([bootedVm(lab(), 'web-01'), bootedVm(lab(), 'web-02')]);
    const [own, peer] = [await addressOf('web-01'), await addressOf('web-02')];
    expect(await first.shell('ip -4 address show dev eth0')).toContain(`inet ${own}/24`);
    expect(await first.shell('cat /sys/class/net/eth0/mtu')).toBe('1450\n');
    expect(await first.shell(`ping -c 3 -s 1422 ${peer}`)).toContain('3 packets received');
    expect(await second.shell(`ping -c 3 -s 1422 ${own}`)).toContain('3 packets received');
  });

  test('a NIC is plugged into one that runs, and asks DHCP; a forward leads to it; it is pulled again', async () => {
    await lab().ok('attach', 'nic', 'web-01', '--network', 'shop', '--wait');
    const { nics, pid } = await statusOf('web-01');
    expect([nics.length, pid]).toEqual([2, first.pid]);
    await eventually(async () => expect(await first.shell('cat /sys/class/net/eth1/address')).toBe(`${nics[1].mac}\n`));
    await first.shell('ip link set eth1 up; udhcpc -i eth1 -f -q -n -t 10 -T 1 -s /bin/udhcpc.script');
    expect(await first.shell('ip -4 address show dev eth1')).toContain(`inet ${nics[1].address}/24`);
    expect(await lab().ok('get', 'leases')).toMatch(
      new RegExp(`web-01 .*${nics[1].address}|${nics[1].address} .*web-01`),
    );
    await lab().apply(`${NETWORKS}${FORWARD}`);
    await first.shell('(while :; do echo served | nc -l -p 80; done) > /dev/null 2>&1 & true');
    await eventually(async () => expect(await askTcp(lab().netns('world'), EXTERNAL, 8080)).toBe('served'));
    await lab().apply(NETWORKS);
    await lab().ok('detach', 'nic', 'web-01', '1', '--wait');
    await eventually(async () => expect(await first.shell('ls /sys/class/net')).not.toContain('eth1'));
    await eventually(async () => expect(await exists(lab().netns('node-1'), nics[1].tap)).toBe(false));
    expect(await statusOf('web-01')).toMatchObject({ pid: first.pid, nics: [{ index: 0 }] });
  });

  test('R-52: an agent that restarts leaves the machine as it is', async () => {
    await lab().lab('node', 'stop', first.node);
    await lab().lab('node', 'start', first.node);
    await eventually(async () => expect(await statusOf('web-01')).toMatchObject({ state: 'running', pid: first.pid }));
    expect(await first.shell(`ping -c 1 ${await addressOf('web-02')}`)).toContain('1 packets received');
  });

  test('a killed QEMU is started again, with the same disk and address', async () => {
    const address = await addressOf('web-01');
    await first.shell('echo kept | dd of=/dev/vda bs=512 seek=60000 conv=fsync');
    process.kill(first.pid, 'SIGKILL');
    await eventually(
      async () => {
        const status = await statusOf('web-01');
        expect(status.state).toBe('running');
        expect(status.pid).not.toBe(first.pid);
      },
      { timeoutMs: 30_000 },
    );
    first = await bootedVm(lab(), 'web-01');
    expect(await first.shell('dd if=/dev/vda bs=512 skip=60000 count=1 2> /dev/null | head -n 1')).toBe('kept\n');
    expect(await first.shell('ip -4 address show dev eth0')).toContain(`inet ${address}/24`);
  });

  test('a stopped one shuts down by its power button, and has its address again when it is started', async () => {
    const address = await addressOf('web-02');
    await second.shell('echo mine | dd of=/dev/vda bs=512 seek=60000 conv=fsync');
    await lab().ok('stop', 'vm', 'web-02');
    await eventually(async () => expect((await statusOf('web-02')).state).toBe('stopped'), { timeoutMs: 30_000 });
    expect(await second.console().catch(() => 'gone')).toBe('gone');
    await lab().ok('start', 'vm', 'web-02');
    second = await bootedVm(lab(), 'web-02');
    expect(await second.shell('ip -4 address show dev eth0')).toContain(`inet ${address}/24`);
  });

  test('a deleted one leaves no process, no port and no address; its disks where it is asked for', async () => {
    const { nics } = await statusOf('web-02');
    await lab().ok('delete', 'vm', 'web-02', '--keep-disks');
    await eventually(async () => {
      expect(() => process.kill(second.pid, 0)).toThrow('ESRCH');
      expect(await exists(lab().netns('node-2'), nics[0].tap)).toBe(false);
    });
    await expect(ping(lab().netns('node-2'), nics[0].address, { count: 1 })).rejects.toThrow('0 received');
    const { items } = await lab().json('get', 'disks');
    expect(items).toMatchObject([{ status: { vm: 'web-02', node: 'node-2' } }]);
    await lab().ok('create', 'vm', 'heir', '--disk', items[0].metadata.name, '--network', 'private', '--memory', '256');
    const heir = await bootedVm(lab(), 'heir');
    expect(heir.node).toBe('node-2');
    expect(await heir.shell('dd if=/dev/vda bs=512 skip=60000 count=1 2> /dev/null | head -n 1')).toBe('mine\n');
    expect((await lab().json('get', 'disks')).items).toEqual([]);
  });

  test('with the last of its virtual machines deleted, a node has nothing of them', async () => {
    await lab().ok('delete', 'vm', 'web-01', 'heir');
    await lab().ok('delete', 'image', `sha256:${stage().digest}`);
    for (const node of ['node-1', 'node-2']) {
      await eventually(async () => {
        const left = (await inventory(node)).filter((each) => /^tap|^vms.|^images.|^kept./.test(each));
        expect(left).toEqual([]);
      });
    }
  });
});
