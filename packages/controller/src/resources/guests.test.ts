import type { ImageStatus, NodeFacts, Params } from '@kcore/contract';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import {
  createNetwork,
  createVm,
  deleteVm,
  factsOf,
  failureOf,
  nat,
  requestId,
  type TestAgent,
  type TestCluster,
  testCluster,
  vxlan,
} from '../../test/cluster.ts';
import { QUARANTINE_MS } from '../ipam/addresses.ts';

const GIB = 2 ** 30;
/** 2 CPUs (16 with overcommit), 8 GiB of memory, 100 GiB of disk (200). */
const room = { kind: 'limited', cpus: 2, memoryBytes: 8 * GIB, diskBytes: 100 * GIB } as const;
const limited = (index: number, more: Partial<NodeFacts> = {}) => factsOf(index, { room, ...more });

let cluster: TestCluster;
let agents: TestAgent[];

async function open(facts: (index: number) => NodeFacts = factsOf): Promise<void> {
  cluster = await testCluster();
  agents = [await cluster.agent('node-1', facts(1)), await cluster.agent('node-2', facts(2))];
}
afterEach(() => cluster[Symbol.asyncDispose]());

/** Refused with this text, and nothing of it is left. */
async function refused(request: () => Promise<unknown>, code: string, text: string, field?: string): Promise<void> {
  const before = [...cluster.store.range('')];
  const error = await failureOf(request());
  expect(`${error.code}: ${error.message}`).toBe(`${code}: ${text}`);
  if (field !== undefined) expect(error.details.field).toBe(field);
  expect([...cluster.store.range('')]).toEqual(before);
}

const attach = (name: string, nic: Params<'vm.attachNic'>['nic']) =>
  cluster.call('vm.attachNic', { requestId: requestId(), name, nic });
const detach = (name: string, index: number) => cluster.call('vm.detachNic', { requestId: requestId(), name, index });
const apply = (name: string, spec: Params<'vm.apply'>['spec'], dryRun = false) =>
  cluster.call('vm.apply', { requestId: requestId(), name, spec, dryRun });
const setState = (name: string, state: 'running' | 'stopped') =>
  cluster.call('vm.setState', { requestId: requestId(), name, state });

async function settled(): Promise<void> {
  for (let round = 0; round < 5; round++) await new Promise((resolve) => setImmediate(resolve));
}

/** Keys of the store of some kinds. */
const keysOf = (...prefixes: string[]) =>
  prefixes.flatMap((prefix) => [...cluster.store.range(prefix)].map(({ key }) => key));

describe('NICs of a VM that is there', () => {
  beforeEach(async () => {
    await open();
    await createNetwork(cluster, 'private', vxlan);
    await createNetwork(cluster, 'n', nat, ['node-1']);
    await createVm(cluster, 'web-01', { node: 'node-1', nics: [{ network: 'private' }] });
  });

  test('one more has the next number and all that a NIC has; the node is told', async () => {
    const { vm, nic } = await attach('web-01', { network: 'private' });
    expect(nic).toMatchObject({ index: 1, network: 'private', address: '10.250.0.3', antiSpoofing: true });
    expect(vm.nics.map(({ index }) => index)).toEqual([0, 1]);
    await settled();
    expect(agents[0]?.object('vm/web-01')).toEqual({ kind: 'vm', vm });
    // also on the other node.
    expect(agents[1]?.object('binding/private/web-01/1')).toMatchObject({ address: '10.250.0.3', mac: nic.mac });
  });

  test('R-13: one less frees address, MAC, tap and attachment as a deleted VM does; numbers stay', async () => {
    const before = keysOf('a/', 'mac/', 'tap/', 'att/', 'vm/');
    await attach('web-01', { network: 'n' });
    await attach('web-01', { network: 'private' });
    const { vm, nic } = await detach('web-01', 1);
    expect([nic.network, vm.nics.map(({ index }) => index)]).toEqual(['n', [0, 2]]);
    await settled();
    expect(agents[0]?.keys('binding/')).toEqual(['binding/private/web-01/0', 'binding/private/web-01/2']);
    // The lowest number that is free comes next, with another address: that of before rests.
    expect((await attach('web-01', { network: 'n' })).nic).toMatchObject({ index: 1, address: '10.100.0.101' });
    await detach('web-01', 1);
    await detach('web-01', 2);
    expect(keysOf('a/', 'mac/', 'tap/', 'att/', 'vm/')).toEqual(before);
    await refused(
      () => attach('web-01', { network: 'n', address: '10.100.0.100' }),
      'FailedPrecondition',
      "address 10.100.0.100 on network 'n' was in use until just now; try again in 600 s, or take another address",
    );
    await settled();
    cluster.clock.advance(QUARANTINE_MS + 1000);
    expect((await attach('web-01', { network: 'n' })).nic.address).toBe('10.100.0.100');
  });

  test('NIC 0 goes as well, and an attachment stays while another NIC is on the network', async () => {
    await attach('web-01', { network: 'private' });
    await detach('web-01', 0);
    expect(keysOf('att/')).toEqual(['att/private/web-01']);
    await detach('web-01', 1);
    expect(keysOf('att/')).toEqual([]);
    await cluster.call('network.delete', { requestId: requestId(), name: 'private', targetNodes: [], allNodes: false });
    expect(await deleteVm(cluster, 'web-01')).toEqual({ name: 'web-01', node: 'node-1' });
  });

  test('R-06: forwards follow', async () => {
    const { forwards } = { forwards: [{ protocol: 'tcp' as const, port: 8080, vm: 'web-01', targetPort: 80 }] };
    await createNetwork(cluster, 'f', { ...nat, gatewayIp: '10.101.0.1', forwards }, ['node-1']);
    const resolved = () => (agents[0]?.object('network/f') as { forwards?: unknown[] } | undefined)?.forwards;
    await attach('web-01', { network: 'f' });
    await expect.poll(resolved).toEqual([{ protocol: 'tcp', port: 8080, address: '10.101.0.100', targetPort: 80 }]);
    await detach('web-01', 1);
    await expect.poll(resolved).toEqual([]);
  });

  test('R-06: allowed ports go to the only VM, however many NICs it has, and to no second one', async () => {
    await createNetwork(cluster, 'p', { ...nat, gatewayIp: '10.102.0.1', allowedTcpPorts: [80] }, ['node-1']);
    await attach('web-01', { network: 'p' });
    await attach('web-01', { network: 'p' });
    await createVm(cluster, 'web-02', { node: 'node-1', nics: [{ network: 'private' }] });
    await refused(
      () => attach('web-02', { network: 'p' }),
      'InvalidArgument',
      "network 'p' has a VM already and allowedTcpPorts or allowedUdpPorts, which go to its only VM; name the VM of each port in forwards",
    );
    await detach('web-01', 1);
    await detach('web-01', 2);
    await attach('web-02', { network: 'p' });
  });

  test.each<[string, () => Promise<unknown>, string, string]>([
    ['no such VM', () => attach('nope', {}), 'NotFound', "VM 'nope' not found"],
    ['no such network', () => attach('web-01', { network: 'nope' }), 'NotFound', "network 'nope' not found"],
    ['no such NIC', () => detach('web-01', 3), 'NotFound', "VM 'web-01' has no NIC 3; it has 0"],
    [
      'an address that is taken',
      () => attach('web-01', { network: 'private', address: '10.250.0.2' }),
      'AlreadyExists',
      "address 10.250.0.2 on network 'private' is used by VM 'web-01'",
    ],
    [
      'a MAC that is taken',
      () => attach('web-01', { network: 'private', mac: '52:54:00:0b:9d:9f' }),
      'AlreadyExists',
      "mac 52:54:00:0b:9d:9f is used by VM 'web-01' on this network",
    ],
  ])('%s is refused', async (_name, request, code, text) => {
    await refused(request, code, text);
  });

  test('R-46: a network that is not on its node, and more NICs than a VM may have', async () => {
    await createVm(cluster, 'web-02', { node: 'node-2', nics: Array.from({ length: 16 }, () => ({})) });
    await refused(() => attach('web-02', {}), 'InvalidArgument', 'a VM has at most 16 NICs, not 17');
    await detach('web-02', 7);
    await refused(
      () => attach('web-02', { network: 'n' }),
      'FailedPrecondition',
      "network 'n' is not configured on node 'node-2'",
    );
    expect((await attach('web-02', {})).nic.index).toBe(7);
  });

  test('R-42: apply says what came and went, does nothing twice, and keeps what it need not touch', async () => {
    const more = { nics: [{ network: 'private' }, { network: 'n', address: '10.100.0.107' }, {}] };
    expect(await apply('web-01', more, true)).toMatchObject({
      outcome: 'configured',
      changes: ['nics: + 1 n 10.100.0.107', 'nics: + 2 default 10.240.0.100'],
    });
    await apply('web-01', more);
    expect(await apply('web-01', more)).toMatchObject({ outcome: 'unchanged', changes: [] });
    const without = { nics: [{}, { network: 'private' }] };
    expect((await apply('web-01', without)).changes).toEqual(['nics: - 1 n 10.100.0.107']);
    expect(await apply('web-01', without)).toMatchObject({ outcome: 'unchanged', changes: [] });
    const guarded = { nics: [{ antiSpoofing: false }, { network: 'private' }] };
    expect((await apply('web-01', guarded)).changes).toEqual(['nics.2.antiSpoofing: true → false']);
    const { vm } = await cluster.call('vm.get', { name: 'web-01' });
    expect(vm.nics.map(({ index, network }) => `${index} ${network}`)).toEqual(['0 private', '2 default']);
    // What it says of itself is what it is.
    const same = vm.nics.map(({ network, mac, address, antiSpoofing }) => ({
      network,
      mac,
      antiSpoofing,
      ...(address === undefined ? {} : { address }),
    }));
    expect((await apply('web-01', { nics: same })).outcome).toBe('unchanged');
    expect((await apply('web-01', { nics: [] })).changes).toEqual([
      'nics: - 0 private 10.250.0.2',
      'nics: - 2 default 10.240.0.100',
    ]);
  });

  test('R-42: a NIC that changed is another one, which may have the address of before', async () => {
    const moved = { nics: [{ network: 'private', address: '10.250.0.2', mac: '52:54:00:aa:00:01' }] };
    expect(await apply('web-01', moved)).toMatchObject({
      changes: ['nics: - 0 private 10.250.0.2', 'nics: + 0 private 10.250.0.2'],
      vm: { nics: [{ index: 0, mac: '52:54:00:aa:00:01', address: '10.250.0.2' }] },
    });
    await refused(
      () => apply('web-01', { nics: [{ network: 'n', address: '10.100.0.1' }] }),
      'InvalidArgument',
      "address 10.100.0.1 cannot be used on network 'n': it is outside its subnet, or its gateway, network or broadcast address",
    );
    // Freed by this request it may be moved; freed by one before it rests.
    await apply('web-01', { nics: [{ network: 'n' }] });
    const { code } = await failureOf(apply('web-01', moved));
    expect(code).toBe('FailedPrecondition');
  });
});

describe('R-46: room', () => {
  beforeEach(() => open(limited));

  test('a VM goes where there is room, and is refused with figures where there is none', async () => {
    const large = { memoryBytes: '6G' };
    expect((await createVm(cluster, 'a', large)).vm.node).toBe('node-1');
    expect((await createVm(cluster, 'b', large)).vm.node).toBe('node-2');
    const text = (name: string) =>
      `no node has room for VM '${name}':\n  node-1: 6G of memory wanted, 2G of 8G left\n  node-2: 6G of memory wanted, 2G of 8G left`;
    await refused(() => createVm(cluster, 'c', large), 'ResourceExhausted', text('c'));
    await refused(() => apply('c', large), 'ResourceExhausted', text('c'));
    await refused(
      () => createVm(cluster, 'c', { ...large, node: 'node-1' }),
      'ResourceExhausted',
      "VM 'c' does not fit on node 'node-1': 6G of memory wanted, 2G of 8G left",
    );
    agents[1]?.peer.close();
    await expect.poll(() => cluster.controller.connectedNodes).toBe(1);
    await deleteVm(cluster, 'b');
    await refused(
      () => createVm(cluster, 'c', large),
      'Unavailable',
      "no node can take VM 'c':\n  node-1: 6G of memory wanted, 2G of 8G left\n  node-2: not connected",
    );
    expect((await createVm(cluster, 'c', { ...large, node: 'node-2' })).vm.node).toBe('node-2');
  });

  test('a stopped VM has its disk only; what it had is others’ to have, and starting it may find no room', async () => {
    await createVm(cluster, 'a', { node: 'node-1', memoryBytes: '6G' });
    await setState('a', 'stopped');
    await createVm(cluster, 'b', { node: 'node-1', memoryBytes: '6G' });
    const full = "VM 'a' does not fit on node 'node-1' any more: 6G of memory wanted, 2G of 8G left";
    await refused(() => setState('a', 'running'), 'ResourceExhausted', full);
    await refused(() => apply('a', { memoryBytes: '6G' }), 'ResourceExhausted', full);
    await setState('b', 'stopped');
    expect((await setState('a', 'running')).outcome).toBe('configured');
    await refused(
      () => apply('a', { memoryBytes: '10G' }),
      'ResourceExhausted',
      "VM 'a' does not fit on node 'node-1' any more: 4G of memory wanted, 2G of 8G left",
    );
  });

  test('disks count for stopped VMs, too, and so do kept ones; sizes unsaid count as 4G', async () => {
    const disk = (sizeBytes: string) => ({ node: 'node-1', state: 'stopped' as const, disks: [{ sizeBytes }] });
    await createVm(cluster, 'a', disk('150G'));
    await createVm(cluster, 'b', { node: 'node-1', disks: [{ image: 'debian-12' }] });
    const text = (left: string) => `VM 'c' does not fit on node 'node-1': 50G of disk wanted, ${left} of 200G left`;
    await refused(() => createVm(cluster, 'c', disk('50G')), 'ResourceExhausted', text('46G'));
    await cluster.call('vm.delete', { requestId: requestId(), name: 'a', keepDisks: true });
    await refused(() => createVm(cluster, 'c', disk('50G')), 'ResourceExhausted', text('46G'));
    const [kept] = (await cluster.call('disk.list', {})).disks;
    await cluster.call('disk.delete', { requestId: requestId(), name: kept?.name ?? '' });
    await createVm(cluster, 'c', disk('50G'));
    const { used, allowed } = await cluster.call('node.get', { name: 'node-1' });
    expect(used).toEqual({ cpus: 1, memoryBytes: GIB, diskBytes: 54 * GIB });
    expect(allowed).toEqual({ cpus: 16, memoryBytes: 8 * GIB, diskBytes: 200 * GIB });
    expect((await cluster.call('node.list', {})).nodes[0]?.used).toEqual(used);
  });

  test('a node that can run none takes none', async () => {
    const reason = 'there is no program qemu-system-x86_64';
    await agents[0]?.report([limited(1, { room: { kind: 'none', reason } })]);
    expect((await createVm(cluster, 'a')).vm.node).toBe('node-2');
    await refused(
      () => createVm(cluster, 'b', { node: 'node-1' }),
      'FailedPrecondition',
      `node 'node-1' cannot run VM 'b': ${reason}`,
    );
    expect((await cluster.call('node.get', { name: 'node-1' })).allowed).toBeUndefined();
  });
});

describe('R-41: images', () => {
  beforeEach(() => open());
  const stored = (digit: string, name: string): ImageStatus => ({
    kind: 'image',
    digest: `sha256:${digit.repeat(64)}`,
    name,
    format: 'raw',
    state: 'ready',
    sizeBytes: 1,
  });

  test('a name of the catalogue is decided once: what comes later changes no VM', async () => {
    const spec = { disks: [{ image: 'ubuntu-24.04' }] };
    const { vm } = await createVm(cluster, 'web-01', spec);
    expect(vm.disks[0]).toMatchObject({
      image: 'ubuntu-24.04',
      source: { kind: 'url', url: expect.stringMatching(/noble/), digest: expect.stringMatching(/^sha256:/) },
    });
    const { store, clock } = cluster;
    await cluster[Symbol.asyncDispose]();
    const image = {
      name: 'ubuntu-24.04',
      url: 'https://new/x',
      digest: `sha256:${'9'.repeat(64)}`,
      format: 'qcow2',
    } as const;
    cluster = await testCluster({
      store,
      clock,
      catalogue: { catalogue: { images: [image] }, refresh: async () => {} },
    });
    expect(await apply('web-01', spec)).toMatchObject({ outcome: 'unchanged', vm: { disks: vm.disks } });
    agents = [await cluster.agent('node-1')];
    expect((await createVm(cluster, 'web-02', spec)).vm.disks[0]?.source).toMatchObject({ url: 'https://new/x' });
  });

  test('one that was uploaded takes the VM to where it is', async () => {
    await agents[1]?.report([stored('a', 'tiny'), stored('b', 'mine')]);
    await agents[0]?.report([stored('c', 'mine')]);
    const { vm } = await createVm(cluster, 'a', { disks: [{ image: 'tiny' }] });
    expect([vm.node, vm.disks[0]?.source]).toEqual([
      'node-2',
      { kind: 'stored', digest: `sha256:${'a'.repeat(64)}`, format: 'raw' },
    ]);
    await refused(
      () => createVm(cluster, 'b', { node: 'node-1', disks: [{ image: 'tiny' }] }),
      'FailedPrecondition',
      "spec.disks.0.image: image 'tiny' is not on node 'node-1'; it is on 'node-2'",
      'spec.disks.0.image',
    );
    expect((await failureOf(createVm(cluster, 'b', { disks: [{ image: 'mine' }] }))).message).toContain('--node');
    expect((await createVm(cluster, 'b', { node: 'node-1', disks: [{ image: 'mine' }] })).vm.disks[0]).toMatchObject({
      source: { digest: `sha256:${'c'.repeat(64)}` },
    });
    // Its node knows best; while it is away, nobody does.
    agents[1]?.peer.close();
    await expect.poll(() => cluster.controller.connectedNodes).toBe(1);
    await refused(
      () => createVm(cluster, 'c', { disks: [{ image: 'tiny' }] }),
      'NotFound',
      "spec.disks.0.image: 'tiny' is neither in the catalogue of images nor on a connected node",
      'spec.disks.0.image',
    );
  });

  test('R-42: the placeholders of the documentation are taken, and say what they are', async () => {
    const { vm } = await createVm(cluster, 'a', { disks: [{ image: 'https://...', sha256: '<sha256>' }] });
    expect(vm.disks[0]?.source).toMatchObject({ kind: 'unknown', reason: expect.stringContaining('placeholders') });
  });
});

describe('ssh keys', () => {
  const KEY = 'ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIMy1Xw9y20oVa0gtqsrMhriek3WEaaRFS4VyM0scI69w';
  const OTHER =
    'ecdsa-sha2-nistp256 AAAAE2VjZHNhLXNoYTItbmlzdHAyNTYAAAAIbmlzdHAyNTYAAABBBEUx7oi7XqkoItbkUGzRLA0HFfvCX0yGsKM2QOg9W9SocSAoEMf9LTeVun2H/vAo+IljkaqcmADtpUUs/c6AwwY=';
  const create = (name: string, publicKey: string) =>
    cluster.call('sshKey.create', { requestId: requestId(), name, publicKey });
  const remove = (name: string) => cluster.call('sshKey.delete', { requestId: requestId(), name });
  beforeEach(() => open());

  test('names and keys stand for keys, also when the name is gone since', async () => {
    await create('anna', `${KEY} anna@host\n`);
    const spec = { sshKeys: [OTHER, 'anna'] };
    const { vm } = await createVm(cluster, 'web-01', spec);
    expect(vm).toMatchObject({ sshKeys: spec.sshKeys, authorizedKeys: [OTHER, `${KEY} anna@host`] });
    await remove('anna');
    expect(await apply('web-01', spec)).toMatchObject({ outcome: 'unchanged' });
    await create('anna', OTHER);
    expect(await apply('web-01', spec)).toMatchObject({
      outcome: 'configured',
      changes: ['sshKeys: changed'],
      vm: { authorizedKeys: [OTHER, OTHER] },
    });
    expect((await cluster.call('sshKey.list', {})).sshKeys).toEqual([
      { name: 'anna', publicKey: OTHER, createdAt: '2026-01-01T00:00:00.000Z' },
    ]);
  });

  test.each<[string, () => Promise<unknown>, string, string]>([
    [
      'a name that nobody gave',
      () => createVm(cluster, 'a', { sshKeys: [KEY, 'bob'] }),
      'NotFound',
      "spec.sshKeys.1: ssh key 'bob' not found",
    ],
    [
      'a private key',
      () => createVm(cluster, 'a', { sshKeys: ['-----BEGIN OPENSSH PRIVATE KEY-----\nb3Bl'] }),
      'InvalidArgument',
      'spec.sshKeys.0: this is a private key, which nobody else should have',
    ],
    [
      'a path',
      () => createVm(cluster, 'a', { sshKeys: ['~/.ssh/id.pub'] }),
      'InvalidArgument',
      "spec.sshKeys.0: a public key begins with its type (ssh-ed25519, ssh-rsa, ecdsa-…, sk-…) and not with '~/.ssh/id.pub'",
    ],
    [
      'half a key',
      () => create('anna', KEY.slice(0, -4)),
      'InvalidArgument',
      'publicKey: the data after ssh-ed25519 are not such a key; was it copied as a whole?',
    ],
    ['a name twice', () => create('known', KEY), 'AlreadyExists', "ssh key 'known' already exists"],
    [
      'no name',
      () => create('a b', KEY),
      'InvalidArgument',
      "ssh key name must contain only letters, digits, '-' or '_'",
    ],
    ['one that is not there', () => remove('nope'), 'NotFound', "ssh key 'nope' not found"],
  ])('%s is refused', async (_name, request, code, text) => {
    await create('known', OTHER);
    await refused(request, code, text);
  });
});

describe('disks that are kept', () => {
  beforeEach(() => open());
  const drop = (name: string) => cluster.call('vm.delete', { requestId: requestId(), name, keepDisks: true });
  const disk = (kept: string) => ({ disks: [{ kept }] });

  test('the node is told of both in one step, and the VM that uses one has it alone', async () => {
    const { vm: old } = await createVm(cluster, 'db', {
      node: 'node-2',
      disks: [{ image: 'debian-12' }],
      storageSizeBytes: '40G',
    });
    await settled();
    const agent = agents[1];
    const seen = agent?.changes.length;
    const { kept } = await drop('db');
    const name = `db-${old.uid.slice(0, 8)}`;
    expect(kept).toMatchObject({ name, uid: old.uid, vm: 'db', node: 'node-2', disks: [{ sizeBytes: 40 * GIB }] });
    await settled();
    const changes = agent?.changes.slice(seen).filter(({ set, delete: gone }) => set.length + gone.length > 0);
    expect(changes).toHaveLength(1);
    expect(changes?.[0]).toMatchObject({ set: [{ kind: 'kept-disks', uid: old.uid, vm: 'db' }] });
    expect(changes?.[0]?.delete).toContain('vm/db');

    const { vm } = await createVm(cluster, 'db-2', disk(name));
    expect(vm).toMatchObject({
      node: 'node-2',
      storageSizeBytes: 40 * GIB,
      disks: [{ kept: name, source: { kind: 'kept', uid: old.uid, index: 0 } }],
    });
    await settled();
    expect(agent?.keys('kept-disks/')).toEqual([]);
    expect(agent?.changes.at(-1)?.delete).toContain(`kept-disks/${old.uid}`);
    expect(agent?.changes.at(-1)?.set).toContainEqual({ kind: 'vm', vm });
    expect((await cluster.call('disk.list', {})).disks).toEqual([]);

    const taken = `kept disk '${name}' is a disk of VM 'db-2' now`;
    await refused(() => createVm(cluster, 'db-3', disk(name)), 'FailedPrecondition', taken, 'spec.disks.0.kept');
    await refused(() => cluster.call('disk.delete', { requestId: requestId(), name }), 'FailedPrecondition', taken);
    expect((await apply('db-2', disk(name))).outcome).toBe('unchanged');
    expect((await apply('db-2', { ...disk(name), storageSizeBytes: '80G' })).changes).toEqual([
      'storageSizeBytes: 40G → 80G (at the next start)',
    ]);
    await drop('db-2');
    await refused(
      () => createVm(cluster, 'db-3', disk(name)),
      'NotFound',
      `kept disk '${name}' not found`,
      'spec.disks.0.kept',
    );
  });

  test('several disks of one VM go together; sizes grow and do not shrink; the node is theirs', async () => {
    await createVm(cluster, 'db', { node: 'node-1', disks: [{ sizeBytes: '10G' }, { sizeBytes: '20G' }] });
    const { kept } = await drop('db');
    const name = kept?.name ?? '';
    const all = (...sizes: (string | undefined)[]) => ({
      disks: sizes.map((sizeBytes, index) => ({ kept: `${name}/${index}`, ...(sizeBytes && { sizeBytes }) })),
    });
    const together = `'${name}' are 2 disks, which go to a VM together: ${name}/0, ${name}/1`;
    await refused(() => createVm(cluster, 'a', disk(name)), 'InvalidArgument', together);
    await refused(() => createVm(cluster, 'a', disk(`${name}/1`)), 'InvalidArgument', together);
    await refused(
      () => createVm(cluster, 'a', disk(`${name}/2`)),
      'InvalidArgument',
      `spec.disks.0.kept: '${name}/2' is not one of the 2 disks of '${name}'`,
    );
    await refused(
      () => createVm(cluster, 'a', { disks: [{ kept: `${name}/0` }, { kept: `${name}/0` }] }),
      'InvalidArgument',
      `spec.disks.1.kept: '${name}/0' is used twice`,
    );
    await refused(
      () => createVm(cluster, 'a', all(undefined, '15G')),
      'InvalidArgument',
      `spec.disks.1.sizeBytes: kept disk '${name}' has 20G and cannot shrink to 15G`,
    );
    await refused(
      () => createVm(cluster, 'a', { ...all(undefined, '30G'), node: 'node-2' }),
      'FailedPrecondition',
      "the kept disk is on node-1, and not on node 'node-2'",
    );
    const { vm } = await createVm(cluster, 'a', all(undefined, '30G'));
    expect(vm).toMatchObject({ node: 'node-1', storageSizeBytes: 10 * GIB, disks: [{}, { sizeBytes: 30 * GIB }] });
  });

  test('a node with kept disks stays; deleting them frees it; a VM without disks leaves none', async () => {
    await createVm(cluster, 'db', { node: 'node-1', disks: [{ image: 'debian-12' }] });
    await createVm(cluster, 'bare', { node: 'node-1' });
    expect(await drop('bare')).toEqual({ name: 'bare', node: 'node-1' });
    const { kept } = await drop('db');
    const name = kept?.name ?? '';
    const leave = () => cluster.call('node.delete', { requestId: requestId(), name: 'node-1' });
    await refused(leave, 'FailedPrecondition', `node 'node-1' still has kept disk '${name}'; delete or use it first`);
    await settled();
    expect(agents[0]?.keys('kept-disks/')).toHaveLength(1);
    // One that knows nothing is told of them with all the rest.
    agents[0] = await cluster.agent('node-1');
    await settled();
    expect(agents[0]?.keys('kept-disks/')).toHaveLength(1);
    expect(await cluster.call('disk.delete', { requestId: requestId(), name })).toEqual({ name, node: 'node-1' });
    await settled();
    expect(agents[0]?.keys('kept-disks/')).toEqual([]);
    await leave();
  });
});

describe('what is said of a VM that was just changed', () => {
  test('is pending until its node has taken the change', async () => {
    await open();
    const [agent] = agents;
    if (agent === undefined) throw new Error('it is there');
    agent.reports = false;
    await createVm(cluster, 'web-01', { node: 'node-1' });
    await agent.report([{ kind: 'vm', name: 'web-01', state: 'running', guest: 'ready' }]);
    const view = () => cluster.call('vm.get', { name: 'web-01' });
    expect(await view()).toMatchObject({ pending: true, status: { guest: 'ready' } });
    await settled();
    await agent.reach();
    expect((await view()).pending).toBeUndefined();
    await setState('web-01', 'stopped');
    expect((await view()).pending).toBe(true);
    const { vms } = await cluster.call('vm.list', {});
    expect(vms).toMatchObject([{ pending: true }]);
  });
});
