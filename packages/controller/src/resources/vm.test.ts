import { nicMac, nicSeed } from '@kcore/contract';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import {
  applyNetwork,
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

let cluster: TestCluster;
let agents: TestAgent[];
beforeEach(async () => {
  cluster = await testCluster();
  agents = [await cluster.agent('node-1'), await cluster.agent('node-2')];
});
afterEach(() => cluster[Symbol.asyncDispose]());

async function refused(request: () => Promise<unknown>, code: string, text: string): Promise<void> {
  const before = [...cluster.store.range('')];
  const error = await failureOf(request());
  expect(`${error.code}: ${error.message}`).toBe(`${code}: ${text}`);
  expect([...cluster.store.range('')]).toEqual(before);
}

const addressOf = async (name: string, network: string, node?: string): Promise<string | undefined> => {
  const pinned = node === undefined ? {} : { node };
  return (await createVm(cluster, name, { ...pinned, nics: [{ network }] })).vm.nics[0]?.address;
};

/** Every agent has reached the newest revision that concerns it. */
async function settled(): Promise<void> {
  for (let round = 0; round < 5; round++) await new Promise((resolve) => setImmediate(resolve));
}

describe('starting and stopping a VM', () => {
  test('its address stays, its node is told, and a second time changes nothing', async () => {
    const { vm } = await createVm(cluster, 'web-01', { node: 'node-1' });
    const set = (state: 'running' | 'stopped') =>
      cluster.call('vm.setState', { requestId: requestId(), name: 'web-01', state });
    expect(await set('stopped')).toEqual({
      outcome: 'configured',
      vm: { ...vm, state: 'stopped' },
      changes: ['state: running → stopped'],
    });
    await settled();
    expect(agents[0]?.state.objects.get('vm/web-01')).toEqual({ kind: 'vm', vm: { ...vm, state: 'stopped' } });
    expect(await set('stopped')).toMatchObject({ outcome: 'unchanged', changes: [] });
    expect(await set('running')).toMatchObject({ outcome: 'configured', vm });
    await refused(
      () => cluster.call('vm.setState', { requestId: requestId(), name: 'nope', state: 'running' }),
      'NotFound',
      "VM 'nope' not found",
    );
  });
});

describe('creating a VM', () => {
  test('R-41, R-43, R-45: the command of networks.txt', async () => {
    await createNetwork(cluster, 'private', vxlan);
    const { vm } = await createVm(cluster, 'web-01', {
      cpu: 2,
      memoryBytes: '4096',
      nics: [{ network: 'private' }],
      disks: [{ image: 'ubuntu-24.04' }],
    });
    expect(vm).toMatchObject({ cpu: 2, memoryBytes: 4096 * 2 ** 20, hostname: 'web-01', state: 'running' });
    expect(vm.nics).toEqual([
      {
        index: 0,
        network: 'private',
        mac: '52:54:00:0b:9d:9f',
        address: '10.250.0.2',
        tap: 'tap-0b9d9f06',
        antiSpoofing: true,
      },
    ]);
  });

  test('R-42: the manifest of networks.txt', async () => {
    await createNetwork(cluster, 'private', vxlan);
    const applied = await cluster.call('vm.apply', {
      requestId: requestId(),
      name: 'web-01',
      spec: {
        cpu: 2,
        memoryBytes: '4G',
        storageBackend: 'filesystem',
        storageSizeBytes: '40G',
        nics: [{ network: 'private' }],
        disks: [{ image: 'https://...', sha256: '<sha256>', format: 'qcow2' }],
      },
    });
    expect(applied).toMatchObject({
      outcome: 'created',
      vm: { memoryBytes: 4 * 2 ** 30, storageSizeBytes: 40 * 2 ** 30 },
    });
  });

  test('R-25, R-44: without a network it is on default, with an address of the DHCP range', async () => {
    const { vm } = await createVm(cluster, 'web-01');
    expect(vm.nics[0]).toMatchObject({ network: 'default', address: '10.240.0.100' });
    expect(vm.node).toBe('node-1');
    const second = await createVm(cluster, 'web-02');
    expect([second.vm.node, second.vm.nics[0]?.address]).toEqual(['node-2', '10.240.0.100']);
    const third = await createVm(cluster, 'web-03', { node: 'node-1' });
    expect(third.vm.nics[0]?.address).toBe('10.240.0.101');
  });

  test('R-44: the range is full: ResourceExhausted, and nothing of the VM is left', async () => {
    await createNetwork(cluster, 'small', { ...nat, internalNetmask: '255.255.255.248' }, ['node-1']);
    expect(await addressOf('a', 'small')).toBe('10.100.0.5');
    expect(await addressOf('b', 'small')).toBe('10.100.0.6');
    await refused(
      () => addressOf('c', 'small'),
      'ResourceExhausted',
      "no address is free on network 'small' (10.100.0.5 to 10.100.0.6): 2 are in use",
    );
  });

  test('R-44: an address that the DHCP server has given to somebody unknown is passed over while it lasts', async () => {
    const lease = { kind: 'lease', state: 'active', network: 'default', mac: '02:00:00:00:00:01' } as const;
    await agents[0]?.report([
      { ...lease, address: '10.240.0.100', expiresAt: '2026-01-01T00:10:00Z' },
      {
        ...lease,
        mac: nicMac(nicSeed('a', 0)),
        address: '10.240.0.101',
        state: 'declined',
        expiresAt: '2026-01-02T00:00:00Z',
      },
      { ...lease, address: '10.240.0.102' },
    ]);
    expect(await addressOf('a', 'default', 'node-1')).toBe('10.240.0.103');
    cluster.clock.advance(11 * 60_000);
    expect(await addressOf('b', 'default', 'node-1')).toBe('10.240.0.100');
    expect(await addressOf('c', 'default', 'node-1')).toBe('10.240.0.104');
  });

  test('R-46: placement', async () => {
    await createNetwork(cluster, 'private', nat, ['node-1']);
    expect((await createVm(cluster, 'a', { nics: [{ network: 'private' }] })).vm.node).toBe('node-1');
    await refused(
      () => addressOf('b', 'private', 'node-2'),
      'FailedPrecondition',
      "network 'private' is not configured on node 'node-2'",
    );
    await refused(() => addressOf('b', 'private', 'node-9'), 'NotFound', "node 'node-9' not found");
    await refused(() => addressOf('b', 'nope'), 'NotFound', "network 'nope' not found");
    agents[0]?.peer.close();
    await expect.poll(async () => (await cluster.call('node.get', { name: 'node-1' })).state).toBe('unknown');
    await refused(
      () => addressOf('b', 'private'),
      'Unavailable',
      "no node can take VM 'b':\n  node-1: not connected\n  node-2: network 'private' is not configured on it",
    );
    expect(await addressOf('b', 'private', 'node-1')).toBe('10.100.0.101');
  });

  test.each([
    ['R-38', 'a b', {}, "VM name must contain only letters, digits, '-' or '_'"],
    ['R-42', 'a', { storageBackend: 'zfs' }, "storageBackend 'zfs' is not built; use 'filesystem'"],
    ['R-41', 'a', { memoryBytes: '4X' }, "spec.memoryBytes: '4X' is not a size (for example 4G, 4096M or 4096)"],
    ['R-41', 'a', { cpu: 0 }, 'cpu 0 is not a number of CPUs: it must be 1 to 1024'],
    ['R-41', 'a', { disks: [{ image: 'https://x/y.img' }] }, 'spec.disks.0: an image by URL needs its sha256'],
    [
      'R-43',
      'a',
      { nics: [{ address: '10.240.0.1' }] },
      "address 10.240.0.1 cannot be used on network 'default': it is outside its subnet, or its gateway, network or broadcast address",
    ],
    [
      'R-45',
      'a',
      { nics: [{ mac: '01:00:00:00:00:01' }] },
      "mac 01:00:00:00:00:01 cannot be a NIC's address: it is a group address or zero",
    ],
  ])('%s: %s %j is InvalidArgument', async (_id, name, spec, text) => {
    await refused(() => createVm(cluster, name, spec), 'InvalidArgument', text);
  });

  test('a name that is taken', async () => {
    await createVm(cluster, 'web-01');
    await refused(() => createVm(cluster, 'web-01'), 'AlreadyExists', "VM 'web-01' already exists");
  });

  test('R-45: further NICs, and a MAC that is in use is salted', async () => {
    await createNetwork(cluster, 'private', vxlan);
    const taken = '52:54:00:0b:9d:9f';
    await createVm(cluster, 'thief', { nics: [{ network: 'private', mac: taken, address: '10.250.0.77' }] });
    const { vm } = await createVm(cluster, 'web-01', { nics: [{ network: 'private' }, { network: 'private' }, {}] });
    const macs = vm.nics.map(({ mac }) => mac);
    expect(new Set([...macs, taken]).size).toBe(4);
    expect(vm.nics.map(({ address }) => address)).toEqual(['10.250.0.2', '10.250.0.3', '10.240.0.100']);
    await refused(
      () => createVm(cluster, 'web-02', { nics: [{ network: 'private', mac: taken }] }),
      'AlreadyExists',
      `mac ${taken} is used by VM 'thief' on this network`,
    );
  });

  test('addresses asked for by name: taken, outside the range, reserved for a MAC', async () => {
    await createNetwork(cluster, 'n', nat, ['node-1']);
    const nic = (more: object) => ({ nics: [{ network: 'n', ...more }] });
    await createVm(cluster, 'a', nic({ address: '10.100.0.7' }));
    await refused(
      () => createVm(cluster, 'b', nic({ address: '10.100.0.7' })),
      'AlreadyExists',
      "address 10.100.0.7 on network 'n' is used by VM 'a'",
    );
    const mac = '52:54:00:00:00:09';
    await applyNetwork(cluster, 'n', { ...nat, dhcp: { reservations: [{ mac, address: '10.100.0.100' }] } });
    expect((await createVm(cluster, 'b', nic({}))).vm.nics[0]?.address).toBe('10.100.0.101');
    expect((await createVm(cluster, 'c', nic({ mac }))).vm.nics[0]?.address).toBe('10.100.0.100');
    const taken = applyNetwork(cluster, 'n', {
      ...nat,
      dhcp: { reservations: [{ mac, address: '10.100.0.101' }] },
    });
    expect((await failureOf(taken)).message).toBe(
      "reservation 10.100.0.101 for 52:54:00:00:00:09: VM 'b' has that address",
    );
  });

  test('R-11: on a bridge network addresses are upstream’s', async () => {
    await createNetwork(cluster, 'lan', { type: 'bridge', uplink: 'eno2' }, ['node-1']);
    const { vm } = await createVm(cluster, 'a', { nics: [{ network: 'lan' }] });
    expect(vm.nics[0]?.address).toBeUndefined();
    await refused(
      () => createVm(cluster, 'b', { nics: [{ network: 'lan', address: '10.0.0.9' }] }),
      'FailedPrecondition',
      "address 10.0.0.9: on bridge network 'lan' addresses are upstream's",
    );
  });
});

describe('R-13: addresses that were freed', () => {
  beforeEach(() => createNetwork(cluster, 'private', vxlan));

  test('rest for ten minutes, then the lowest is next', async () => {
    for (const name of ['a', 'b', 'c']) await addressOf(name, 'private');
    await deleteVm(cluster, 'a');
    await settled();
    expect(await addressOf('d', 'private')).toBe('10.250.0.5');
    cluster.clock.advance(QUARANTINE_MS - 1000);
    expect(await addressOf('e', 'private')).toBe('10.250.0.6');
    cluster.clock.advance(2000);
    expect(await addressOf('f', 'private')).toBe('10.250.0.2');
    expect(await addressOf('g', 'private')).toBe('10.250.0.7');
  });

  test('a wall clock that jumps does not shorten it, nor does a restart', async () => {
    await addressOf('a', 'private');
    cluster.clock.advance(60_000);
    await deleteVm(cluster, 'a');
    await settled();
    cluster.clock.wall += 24 * 3_600_000;
    expect(await addressOf('b', 'private')).toBe('10.250.0.3');
    const { store, clock } = cluster;
    await cluster[Symbol.asyncDispose]();
    clock.wall -= 48 * 3_600_000;
    clock.elapsed = 0;
    cluster = await testCluster({ store, clock });
    agents = [await cluster.agent('node-1'), await cluster.agent('node-2')];
    await settled();
    clock.elapsed += QUARANTINE_MS - 1000;
    expect(await addressOf('c', 'private')).toBe('10.250.0.4');
    clock.elapsed += 2000;
    expect(await addressOf('d', 'private')).toBe('10.250.0.2');
  });

  test('are not given away while the node that had them is away, however long that is', async () => {
    await addressOf('a', 'private', 'node-1');
    const [away] = agents;
    away?.peer.close();
    await expect.poll(() => cluster.controller.connectedNodes).toBe(1);
    await deleteVm(cluster, 'a');
    cluster.clock.advance(24 * 3_600_000);
    expect(await addressOf('b', 'private')).toBe('10.250.0.3');
    const back = await cluster.agent('node-1', factsOf(1), away);
    await expect.poll(() => back.keys('vm/')).toEqual([]);
    await settled();
    expect(await addressOf('c', 'private')).toBe('10.250.0.2');
  });

  test('are taken at once when the pool is otherwise empty, but not from a node that is away', async () => {
    await createNetwork(cluster, 'tiny', { ...vxlan, gatewayIp: '10.9.0.1', internalNetmask: '255.255.255.252' });
    expect(await addressOf('a', 'tiny', 'node-1')).toBe('10.9.0.2');
    await deleteVm(cluster, 'a');
    expect(await addressOf('b', 'tiny', 'node-1')).toBe('10.9.0.2');
    agents[0]?.peer.close();
    await expect.poll(() => cluster.controller.connectedNodes).toBe(1);
    await deleteVm(cluster, 'b');
    const error = await failureOf(addressOf('c', 'tiny', 'node-2'));
    expect(`${error.code}: ${error.message}`).toBe(
      "ResourceExhausted: no address is free on network 'tiny' (10.9.0.2 to 10.9.0.2): 0 are in use, and 1 were freed on node 'node-1', which is away and may still use them",
    );
  });

  test('are not to be had by name either', async () => {
    await addressOf('a', 'private');
    await deleteVm(cluster, 'a');
    const again = createVm(cluster, 'a', { nics: [{ network: 'private', address: '10.250.0.2' }] });
    const error = await failureOf(again);
    expect(error.message).toBe(
      "address 10.250.0.2 on network 'private' was in use until just now; try again in 600 s, or take another address",
    );
  });
});

describe('applying a VM', () => {
  test('R-42: what may change is changed, what it is made of is not', async () => {
    await createNetwork(cluster, 'private', vxlan);
    const apply = (spec: object, dryRun = false) =>
      cluster.call('vm.apply', { requestId: requestId(), name: 'web-01', spec, dryRun });
    const spec = { cpu: 1, memoryBytes: '1G', nics: [{ network: 'private' }] };
    await apply(spec);
    expect(await apply(spec)).toMatchObject({ outcome: 'unchanged', changes: [] });
    expect(await apply({ ...spec, memoryBytes: '2G', state: 'stopped' })).toMatchObject({
      outcome: 'configured',
      changes: ['memoryBytes: 1G → 2G', 'state: running → stopped'],
      vm: { nics: [{ address: '10.250.0.2' }] },
    });
    await refused(
      () => apply({ ...spec, node: 'node-2', disks: [{ image: 'debian-12' }] }),
      'InvalidArgument',
      "cannot change immutable field(s) node, disks of VM 'web-01'",
    );
  });

  test('R-42: sizes change in place, at the next start of one that runs, and disks only grow', async () => {
    const apply = (spec: object, dryRun = false) =>
      cluster.call('vm.apply', { requestId: requestId(), name: 'web-01', spec, dryRun });
    const disks = [{ image: 'debian-12' }, { sizeBytes: '10G' }];
    await apply({ disks, storageSizeBytes: '40G' });
    const larger = { cpu: 2, disks: [disks[0], { sizeBytes: '20G' }], storageSizeBytes: '80G' };
    const changes = ['cpu: 1 → 2', 'storageSizeBytes: 40G → 80G', 'disks.1.sizeBytes: 10G → 20G'];
    const later = changes.map((line) => `${line} (at the next start)`);
    expect(await apply(larger, true)).toMatchObject({ outcome: 'configured', changes: later });
    expect((await apply({ ...larger, state: 'stopped' }, true)).changes).toEqual([
      ...changes,
      'state: running → stopped',
    ]);
    const { vm } = await apply(larger);
    expect(vm.disks).toMatchObject([{ source: { kind: 'url' } }, { sizeBytes: 20 * 2 ** 30 }]);
    // What is left out stays.
    expect(await apply({ cpu: 2, disks: larger.disks })).toMatchObject({
      outcome: 'unchanged',
    });
    await refused(
      () => apply({ ...larger, storageSizeBytes: '40G' }),
      'InvalidArgument',
      'spec.storageSizeBytes: a disk grows only; it has 80G, more than 40G',
    );
    await refused(
      () => apply({ ...larger, disks }),
      'InvalidArgument',
      'spec.disks.1.sizeBytes: a disk grows only; it has 20G, more than 10G',
    );
  });
});

describe('deleting a VM', () => {
  test('frees all that it had', async () => {
    const before = [...cluster.store.range('')].map(({ key }) => key);
    await createVm(cluster, 'web-01', { nics: [{}, {}] });
    expect(await deleteVm(cluster, 'web-01')).toEqual({ name: 'web-01', node: 'node-1' });
    const left = [...cluster.store.range('')].map(({ key }) => key).filter((key) => !before.includes(key));
    const kinds = new Set(left.map((key) => key.split('/')[0]));
    // Quarantine, its pool's mark, the clock's stamp, and the requests themselves.
    expect([...kinds].sort()).toEqual(['hw', 'q', 'qo', 'req', 'reqat', 'time']);
    await refused(() => deleteVm(cluster, 'web-01'), 'NotFound', "VM 'web-01' not found");
  });
});

describe('request ids', () => {
  test('a repeated request is answered from the record, also when the VM is gone since', async () => {
    const params = { requestId: requestId(), name: 'web-01', spec: {} };
    const first = await cluster.call('vm.create', params);
    const { revision } = cluster.store;
    expect(await cluster.call('vm.create', params)).toEqual(first);
    expect(cluster.store.revision).toBe(revision);
    await deleteVm(cluster, 'web-01');
    expect(await cluster.call('vm.create', params)).toEqual(first);
    await refused(() => cluster.call('vm.get', { name: 'web-01' }), 'NotFound', "VM 'web-01' not found");
  });

  test('another request under the same id is Aborted', async () => {
    const id = requestId();
    await cluster.call('vm.create', { requestId: id, name: 'web-01', spec: {} });
    await refused(
      () => cluster.call('vm.create', { requestId: id, name: 'web-02', spec: {} }),
      'Aborted',
      `request id ${id} was used before, for another request`,
    );
  });

  test('a request that failed is tried again', async () => {
    const params = { requestId: requestId(), name: 'web-01', spec: { nics: [{ network: 'private' }] } };
    await failureOf(cluster.call('vm.create', params));
    await createNetwork(cluster, 'private', vxlan);
    expect((await cluster.call('vm.create', params)).vm.name).toBe('web-01');
  });

  test('are forgotten after seven days', async () => {
    const params = { requestId: requestId(), name: 'web-01', spec: {} };
    await cluster.call('vm.create', params);
    cluster.clock.advance(7 * 24 * 3_600_000 + 1);
    await createVm(cluster, 'web-02');
    await refused(() => cluster.call('vm.create', params), 'AlreadyExists', "VM 'web-01' already exists");
  });
});

describe('R-13: many at once', () => {
  test('200 creates from two clients: 200 different addresses', async () => {
    await createNetwork(cluster, 'private', vxlan);
    const vms = await Promise.all(Array.from({ length: 200 }, (_, index) => addressOf(`vm-${index}`, 'private')));
    expect(new Set(vms).size).toBe(200);
    expect(vms).not.toContain('10.250.0.1');
  });
});
