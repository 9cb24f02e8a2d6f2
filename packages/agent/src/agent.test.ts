import type { VmObject } from '@kcore/contract';
import { describe, expect, it } from 'vitest';
import { FakeRuntime } from '../test/support/fake-runtime.ts';
import { Rig } from '../test/support/rig.ts';
import { guest, natNetwork, peer, vmObject, vxlanNetwork } from '../test/support/specs.ts';
import type { Link } from './model/resource.ts';

const second = 1_000;

async function running(...told: Parameters<Rig['source']['tell']>): Promise<Rig> {
  const rig = new Rig();
  await rig.clock.advance(second);
  await rig.source.tell(...told);
  await rig.clock.advance(second);
  return rig;
}

describe('an agent', () => {
  it('touches nothing until something was said of its node', async () => {
    await using rig = new Rig();
    const left = { kind: 'link', type: 'bridge', name: 'kbr-old', owned: true, alias: 'kcore:old' } as const;
    rig.kernel.host.put(left);
    await rig.clock.advance(200 * second);
    expect(rig.source.connected).toBe(true);
    expect(rig.applied).toBe(0);
    await rig.source.tell([]);
    await rig.clock.advance(second);
    expect(rig.kernel.host.link('kbr-old')).toBeUndefined();
  });

  it('makes what it is told and says so', async () => {
    await using rig = await running([vxlanNetwork('private'), peer('private', 'node-2', '192.168.40.102')]);
    expect(rig.kernel.host.resources.has('link kbr-private')).toBe(true);
    expect(rig.network('private')).toMatchObject({ state: 'ready', bridge: 'kbr-private', vtep: '192.168.40.101' });
    expect(rig.agent.status.get('reached')).toMatchObject({ epoch: 'e1', revision: 1, conditions: [] });
    await rig.agent.reached(1);
  });

  it('writes nothing while nothing changes (R-51)', async () => {
    await using rig = await running([natNetwork('web'), ...guest('web-01', 'web', '10.100.0.100')]);
    const applied = rig.applied;
    expect(applied).toBeGreaterThan(0);
    await rig.clock.advance(600 * second);
    expect(rig.applied).toBe(applied);
  });

  it('repairs what a hand did, and tells what had changed and what told it (R-51)', async () => {
    await using rig = await running([natNetwork('web')]);
    rig.kernel.damage('link kbr-web deleted', (host) => host.remove('link kbr-web'));
    await rig.clock.advance(second);
    expect(rig.kernel.host.resources.has('link kbr-web')).toBe(true);
    expect(rig.kernel.host.resources.has('address kbr-web 10.100.0.1/24')).toBe(true);
    const told = rig.events('DriftRepaired');
    expect(told.map(({ message }) => message)).toEqual(
      expect.arrayContaining([
        expect.stringMatching(/^create link kbr-web: .+; noticed by: link kbr-web deleted$/),
        expect.stringMatching(/^create address kbr-web 10\.100\.0\.1\/24: .+; noticed by: link kbr-web deleted$/),
      ]),
    );
    expect(told[0]?.object).toBe('network/web');
    expect(rig.dhcp.linkChanges).toBeGreaterThan(0);
  });

  it('does not call drift what it was told to change', async () => {
    await using rig = await running([vxlanNetwork('private'), peer('private', 'node-2', '192.168.40.102')]);
    await rig.source.change(
      [peer('private', 'node-3', '192.168.40.103')],
      [peer('private', 'node-2', '192.168.40.102')],
    );
    await rig.clock.advance(second);
    expect(
      rig.kernel.plans
        .at(-1)
        ?.map((operation) => operation.op)
        .sort(),
    ).toEqual(expect.arrayContaining(['create', 'delete']));
    expect(rig.events('DriftRepaired')).toEqual([]);
  });

  it('finds by its audit what no notification told', async () => {
    await using rig = await running([natNetwork('web')]);
    rig.kernel.host.remove('address kbr-web 10.100.0.1/24');
    await rig.clock.advance(61 * second);
    expect(rig.kernel.host.resources.has('address kbr-web 10.100.0.1/24')).toBe(true);
    expect(rig.events('DriftRepaired')[0]?.message).toContain('noticed by: the periodic audit');
  });

  it('adopts after a restart what is there: no operation at all (R-52)', async () => {
    const first = await running([natNetwork('web'), ...guest('web-01', 'web', '10.100.0.100')]);
    await first[Symbol.asyncDispose]();
    const { clock, kernel, store, runtime } = first;
    const applied = first.applied;
    const calls = runtime.calls.length;
    await using second_ = new Rig({ clock, kernel, store, runtime });
    await clock.advance(120 * second);
    expect(second_.applied).toBe(applied);
    expect(runtime.calls.slice(calls)).toEqual([]);
    expect(second_.vm('web-01')).toMatchObject({ state: 'running' });
    expect(second_.agent.status.get('reached')).toMatchObject({ revision: 1 });
  });

  it('restarts and repairs from its disk while the controller is away (R-53)', async () => {
    const first = await running([natNetwork('web')]);
    await first[Symbol.asyncDispose]();
    first.kernel.host.remove('link kbr-web');
    await using rig = new Rig({ clock: first.clock, kernel: first.kernel, store: first.store });
    await rig.clock.advance(second);
    expect(rig.kernel.host.resources.has('link kbr-web')).toBe(true);
    expect(rig.dhcp.told.at(-1)?.map(({ network }) => network)).toEqual(['web']);
  });

  it('isolates an operation that fails: its dependants wait, the rest goes on, the status has the words', async () => {
    await using rig = new Rig();
    rig.kernel.refuse('link kbr-bad', 'EPERM', 'not permitted by test');
    await rig.clock.advance(second);
    await rig.source.tell([natNetwork('bad', { gatewayIp: '10.9.0.1' }), natNetwork('good')]);
    await rig.clock.advance(second);
    expect(rig.network('good')).toMatchObject({ state: 'ready' });
    expect(rig.network('bad')).toMatchObject({ state: 'error' });
    expect(rig.network('bad')?.message).toContain('create link kbr-bad: EPERM: not permitted by test');
    expect(rig.events('OperationFailed').map(({ object }) => object)).toEqual(['network/bad']);
    rig.kernel.allow('link kbr-bad');
    await rig.clock.advance(31 * second);
    expect(rig.network('bad')).toMatchObject({ state: 'ready' });
    expect(rig.network('bad')?.message).toBeUndefined();
  });

  it('tries a failing operation again with growing pauses, not on every notification', async () => {
    await using rig = new Rig();
    rig.kernel.refuse('link kbr-bad', 'EPERM', 'no');
    await rig.clock.advance(second);
    await rig.source.tell([natNetwork('bad')]);
    await rig.clock.advance(60 * second);
    const before = rig.applied;
    for (let turn = 0; turn < 50; turn += 1) {
      rig.kernel.damage('link elsewhere changed', () => {});
      await rig.clock.advance(100);
    }
    expect(rig.applied - before).toBeLessThanOrEqual(1);
  });

  it('ends the connections of a forward that changed or went, not of one that was put back (R-06)', async () => {
    const to = (address: string) =>
      natNetwork('web', { forwards: [{ protocol: 'udp', port: 5000, address, targetPort: 53 }] });
    await using rig = await running([to('10.100.0.100')]);
    const connection = { protocol: 'udp', address: '192.168.40.101', port: 5000 } as const;
    rig.kernel.connections.push(connection);
    const [element = ''] = [...rig.kernel.host.resources.keys()].filter((key) => key.includes(' forwards '));
    expect(element).toContain('5000');
    rig.kernel.damage('nft-element ip kcore deleted', (host) => host.remove(element));
    await rig.clock.advance(second);
    expect(rig.events('DriftRepaired')).toHaveLength(1);
    expect(rig.kernel.connections).toEqual([connection]);
    await rig.source.change([to('10.100.0.101')]);
    await rig.clock.advance(second);
    expect(rig.kernel.connections).toEqual([]);
    rig.kernel.connections.push(connection);
    await rig.source.change([natNetwork('web')]);
    await rig.clock.advance(second);
    expect(rig.kernel.connections).toEqual([]);
    expect(rig.store.readRecord('pending-connections')).toBeUndefined();
  });

  it('ends after a restart the connections that it was killed before ending (R-06)', async () => {
    await using rig = await running([natNetwork('web')]);
    const connection = { protocol: 'tcp', address: '192.168.40.101', port: 8080 } as const;
    await rig.agent[Symbol.asyncDispose]();
    rig.kernel.connections.push(connection);
    await rig.store.writeRecord('pending-connections', [connection]);
    await using again = new Rig({ clock: rig.clock, kernel: rig.kernel, store: rig.store });
    await again.clock.advance(second);
    expect(again.kernel.connections).toEqual([]);
  });

  it('feeds DHCP by level, once for each change, and shows its leases', async () => {
    await using rig = await running([natNetwork('web'), ...guest('web-01', 'web', '10.100.0.100')]);
    const fed = rig.dhcp.told.length;
    const lease = {
      kind: 'lease',
      network: 'web',
      mac: '52:54:00:0b:9d:9f',
      address: '10.100.0.100',
      state: 'active',
      expiresAt: '2030-01-01T12:00:00Z',
    } as const;
    rig.dhcp.lease(lease, { ...lease, network: 'gone' });
    const leases = (): unknown[] => rig.agent.status.all().filter(({ kind }) => kind === 'lease');
    expect(leases()).toEqual([lease]);
    const renewed = { ...lease, expiresAt: '2030-01-02T12:00:00Z' } as const;
    rig.dhcp.lease(renewed);
    expect(leases()).toEqual([renewed]);
    rig.dhcp.lease();
    expect(leases()).toEqual([]);
    await rig.clock.advance(300 * second);
    expect(rig.dhcp.told).toHaveLength(fed);
    await rig.source.change([], guest('web-01', 'web', '10.100.0.100'));
    await rig.clock.advance(second);
    expect(rig.dhcp.told.at(-1)?.[0]?.bindings).toEqual([]);
  });

  it('says what its host is before anything else', async () => {
    await using rig = new Rig();
    await rig.clock.advance(second);
    expect(rig.agent.status.get('facts')).toMatchObject({
      vtep: '192.168.40.101',
      underlayMtu: 1500,
      gatewayInterface: 'eno1',
      runtime: 'fake (nothing runs)',
      protectedLinks: [{ name: 'eno1', reason: "carries the node's default route" }],
    });
  });
});

describe('virtual machines', () => {
  it('are prepared, plugged in, then started', async () => {
    await using rig = await running([natNetwork('web'), ...guest('web-01', 'web', '10.100.0.100')]);
    expect(rig.runtime.calls).toEqual(['prepare web-01', 'start web-01']);
    expect(rig.kernel.host.resources.get('link tap-0b9d9f06')).toMatchObject({ type: 'veth', master: 'kbr-web' });
    expect(rig.vm('web-01')).toEqual({ kind: 'vm', name: 'web-01', state: 'running' });
    expect(rig.runtime.seeds.get('web-01')?.networkConfig).toContain('dhcp4: true');
  });

  it('do not start before their port is there', async () => {
    await using rig = new Rig();
    rig.kernel.refuse('link tap-0b9d9f06', 'EBUSY', 'no');
    await rig.clock.advance(second);
    await rig.source.tell([natNetwork('web'), ...guest('web-01', 'web', '10.100.0.100')]);
    await rig.clock.advance(second);
    expect(rig.runtime.calls).toEqual(['prepare web-01']);
    expect(rig.vm('web-01')).toMatchObject({ state: 'pending', message: 'waiting for its ports' });
    rig.kernel.allow('link tap-0b9d9f06');
    await rig.clock.advance(31 * second);
    expect(rig.vm('web-01')).toMatchObject({ state: 'running' });
  });

  it('do not start on a network that cannot be made here', async () => {
    await using rig = new Rig();
    rig.kernel.setFacts({ features: { bridge: true, vlan: true, vxlan: false, nftNat: true, nftBridge: true } });
    await rig.clock.advance(second);
    await rig.source.tell([vxlanNetwork('private'), ...guest('web-01', 'private', '10.250.0.2')]);
    await rig.clock.advance(second);
    expect(rig.network('private')).toMatchObject({ state: 'error' });
    expect(rig.network('private')?.message).toBe(rig.network('private')?.conditions[0]?.message);
    expect(rig.runtime.calls).toEqual(['prepare web-01']);
    expect(rig.vm('web-01')).toMatchObject({ state: 'pending', message: 'waiting for its ports' });
  });

  it('that crash are told, and started again by their policy', async () => {
    await using rig = await running([natNetwork('web'), ...guest('web-01', 'web', '10.100.0.100')]);
    rig.runtime.happens('web-01', 'failed');
    await rig.clock.advance(second);
    expect(rig.events('VmFailed').map(({ object }) => object)).toEqual(['vm/web-01']);
    expect(rig.runtime.calls).toEqual(['prepare web-01', 'start web-01', 'start web-01']);
  });

  it('that crash again and again are not started in a tight loop', async () => {
    await using rig = await running([natNetwork('web'), ...guest('web-01', 'web', '10.100.0.100')]);
    for (let turn = 0; turn < 600; turn += 1) {
      rig.runtime.happens('web-01', 'failed');
      await rig.clock.advance(100);
    }
    expect(rig.runtime.calls.filter((call) => call.startsWith('start')).length).toBeLessThan(12);
  });

  it('that shut themselves down stay down unless the policy is always', async () => {
    await using rig = await running([
      natNetwork('web'),
      ...guest('web-01', 'web', '10.100.0.100'),
      ...guest('web-02', 'web', '10.100.0.101', { restartPolicy: 'always' }),
    ]);
    rig.runtime.happens('web-01', 'stopped');
    rig.runtime.happens('web-02', 'stopped');
    await rig.clock.advance(5 * second);
    expect(rig.vm('web-01')).toMatchObject({ state: 'stopped' });
    expect(rig.vm('web-02')).toMatchObject({ state: 'running' });
  });

  it('are stopped and started as wanted, also under policy never', async () => {
    const wanted = (state: 'running' | 'stopped') =>
      guest('web-01', 'web', '10.100.0.100', { state, restartPolicy: 'never' });
    await using rig = await running([natNetwork('web'), ...wanted('running')]);
    await rig.source.change(wanted('stopped'));
    await rig.clock.advance(second);
    expect(rig.vm('web-01')).toMatchObject({ state: 'stopped' });
    await rig.source.change(wanted('running'));
    await rig.clock.advance(second);
    expect(rig.vm('web-01')).toMatchObject({ state: 'running' });
  });

  it('that are deleted are removed, and their port with them', async () => {
    const web = guest('web-01', 'web', '10.100.0.100');
    await using rig = await running([natNetwork('web'), ...web]);
    await rig.source.change([], web);
    await rig.clock.advance(second);
    expect(rig.runtime.calls.at(-1)).toBe('remove web-01');
    expect(rig.kernel.host.resources.has('link tap-0b9d9f06')).toBe(false);
    expect(rig.vm('web-01')).toBeUndefined();
    expect(rig.events('DriftRepaired')).toEqual([]);
  });

  it('of one name but another uid are other machines', async () => {
    await using rig = await running([natNetwork('web'), ...guest('web-01', 'web', '10.100.0.100')]);
    await rig.source.change(guest('web-01', 'web', '10.100.0.100', { uid: 'another' }));
    await rig.clock.advance(second);
    expect(rig.runtime.calls.slice(2)).toEqual(['remove web-01', 'prepare web-01', 'start web-01']);
  });

  it('are pending while the guest host is away, and nothing is torn down', async () => {
    await using rig = await running([natNetwork('web'), ...guest('web-01', 'web', '10.100.0.100')]);
    rig.runtime.failures.set('observe', 'the guest host is away');
    rig.runtime.happens('web-01', 'running');
    await rig.clock.advance(second);
    expect(rig.vm('web-01')).toMatchObject({ state: 'pending', message: 'the guest host is away' });
    expect(rig.kernel.host.resources.has('link tap-0b9d9f06')).toBe(true);
    rig.runtime.failures.clear();
    await rig.clock.advance(31 * second);
    expect(rig.vm('web-01')).toMatchObject({ state: 'running' });
    expect(rig.runtime.calls).toEqual(['prepare web-01', 'start web-01']);
  });

  it('keep their ports when the agent restarts while the guest host is away (R-52)', async () => {
    const first = await running([natNetwork('web'), ...guest('web-01', 'web', '10.100.0.100')]);
    await first[Symbol.asyncDispose]();
    const { clock, kernel, store, runtime } = first;
    runtime.failures.set('observe', 'the guest host is away');
    await using rig = new Rig({ clock, kernel, store, runtime });
    await clock.advance(60 * second);
    expect(rig.applied).toBe(first.applied);
    expect(kernel.host.resources.has('link tap-0b9d9f06')).toBe(true);
  });

  it('say what went wrong when the runtime refuses them', async () => {
    await using rig = new Rig();
    rig.runtime.failures.set('start web-01', 'no disk');
    await rig.clock.advance(second);
    await rig.source.tell([natNetwork('web'), ...guest('web-01', 'web', '10.100.0.100')]);
    await rig.clock.advance(second);
    expect(rig.vm('web-01')).toMatchObject({ state: 'failed', message: 'no disk' });
    rig.runtime.failures.clear();
    await rig.clock.advance(31 * second);
    expect(rig.vm('web-01')).toEqual({ kind: 'vm', name: 'web-01', state: 'running' });
  });

  it('say how far their guest is, and are asked no more when they have answered', async () => {
    await using rig = await running([natNetwork('web'), ...guest('web-01', 'web', '10.100.0.100')]);
    expect(rig.probe.targets).toMatchObject([{ bridge: 'kbr-web', address: '10.100.0.100' }]);
    rig.probe.answer('10.100.0.100');
    await rig.clock.advance(second);
    expect(rig.vm('web-01')).toMatchObject({ state: 'running', guest: 'answering' });
    expect(rig.probe.targets).toEqual([]);
    rig.runtime.guests.set('web-01', {
      name: 'web-01',
      uid: 'uid-web-01',
      state: 'running',
      boot: '2',
      guest: 'booting',
    });
    rig.runtime.happens('web-01', 'running');
    await rig.clock.advance(second);
    expect(rig.vm('web-01')).toMatchObject({ guest: 'booting' });
    expect(rig.probe.targets).toHaveLength(1);
    rig.runtime.guests.set('web-01', {
      name: 'web-01',
      uid: 'uid-web-01',
      state: 'running',
      boot: '2',
      guest: 'ready',
    });
    rig.runtime.happens('web-01', 'running');
    await rig.clock.advance(second);
    expect(rig.vm('web-01')).toMatchObject({ guest: 'ready' });
    expect(rig.probe.targets).toEqual([]);
  });

  it('count how often they were started again, and tell how long a start took', async () => {
    await using rig = await running([natNetwork('web'), ...guest('web-01', 'web', '10.100.0.100')]);
    expect(rig.vm('web-01')?.restarts).toBeUndefined();
    expect(rig.events('VmStarted').map(({ message }) => message)).toEqual([
      expect.stringMatching(/^prepared in \d+ ms, ports in \d+ ms, started in \d+ ms$/),
    ]);
    for (const count of [1, 2]) {
      rig.runtime.happens('web-01', 'failed');
      await rig.clock.advance(5 * second);
      expect(rig.vm('web-01')).toMatchObject({ state: 'running', restarts: count });
    }
  });

  it('that are deleted leave their disks where the controller says so, or where another VM goes on with them', async () => {
    const [first, second_, third] = (['web-01', 'web-02', 'web-03'] as const).map((name, index) =>
      guest(name, 'web', `10.100.0.10${index}`),
    );
    const all = [...(first ?? []), ...(second_ ?? []), ...(third ?? [])];
    await using rig = await running([natNetwork('web'), ...all]);
    expect(rig.runtime.kept).toEqual(new Set());
    const heir = guest('heir', 'web', '10.100.0.109', {
      disks: [{ source: { kind: 'kept', uid: 'uid-web-02', index: 0 } }],
    });
    await rig.source.change([{ kind: 'kept-disks', uid: 'uid-web-01', vm: 'web-01' }, ...heir], all);
    await rig.clock.advance(second);
    expect(rig.runtime.calls.filter((call) => call.startsWith('remove')).sort()).toEqual([
      'remove web-01 but its disks',
      'remove web-02 but its disks',
      'remove web-03',
    ]);
    expect(rig.runtime.kept).toEqual(new Set(['uid-web-01', 'uid-web-02']));
  });

  it('that are deleted while their image is fetched are given up', async () => {
    await using rig = await running([natNetwork('web')]);
    rig.runtime.waits.set('prepare web-01', new Promise(() => {}));
    const web = guest('web-01', 'web', '10.100.0.100');
    await rig.source.change(web);
    await rig.clock.advance(second);
    expect(rig.vm('web-01')).toMatchObject({ state: 'pending' });
    await rig.source.change([], web);
    await rig.clock.advance(second);
    rig.runtime.waits.clear();
    await rig.source.change(web);
    await rig.clock.advance(second);
    expect(rig.vm('web-01')).toMatchObject({ state: 'running' });
  });
});

describe('NICs of a running VM', () => {
  const web01 = vmObject('web-01', 'web');
  const one = web01.vm;
  const more = {
    index: 2,
    network: 'web',
    mac: '52:54:00:00:00:02',
    address: '10.100.0.101',
    tap: 'tap-2',
    antiSpoofing: true,
  };
  const withNics = (...nics: (typeof one)['nics']): VmObject => ({ kind: 'vm', vm: { ...one, nics } });
  const both = withNics(...one.nics, more);

  /** With TAPs, whose other end the guest holds. */
  async function started(...vms: readonly VmObject[]): Promise<Rig> {
    const runtime = new FakeRuntime();
    runtime.attachment = () => ({ kind: 'tap', vnetHeader: true, multiQueue: false });
    const rig = new Rig({ runtime });
    await rig.clock.advance(second);
    await rig.source.tell([natNetwork('web'), natNetwork('other', { gatewayIp: '10.101.0.1' }), ...vms]);
    await rig.clock.advance(second);
    return rig;
  }

  it('are plugged in when their port is there, and nobody else’s port is touched', async () => {
    await using rig = await started(web01);
    await rig.source.change([both]);
    await rig.clock.advance(second);
    expect(rig.runtime.calls).toEqual(['prepare web-01', 'start web-01', 'prepare web-01', 'plug web-01 2']);
    expect(rig.kernel.host.resources.get('link tap-2')).toMatchObject({ type: 'tap', master: 'kbr-web', up: true });
    expect(rig.runtime.seeds.get('web-01')?.networkConfig).toContain('eth2');
    expect(rig.events('NicPlugged').map(({ message }) => message)).toEqual(["the guest has eth2 on network 'web'"]);
  });

  it('are taken out before their port goes, which leads nowhere meanwhile', async () => {
    await using rig = await started(both);
    rig.runtime.failures.set('unplug web-01 2', 'the guest does not let go of its NIC eth2');
    await rig.source.change([web01]);
    await rig.clock.advance(second);
    expect(rig.vm('web-01')).toMatchObject({ state: 'running', message: 'the guest does not let go of its NIC eth2' });
    expect(rig.kernel.host.resources.get('link tap-2')).toMatchObject({ type: 'tap', master: null, up: false });
    rig.runtime.failures.clear();
    await rig.clock.advance(31 * second);
    expect(rig.kernel.host.resources.has('link tap-2')).toBe(false);
    expect(rig.vm('web-01')).not.toHaveProperty('message');
    expect(rig.events('DriftRepaired')).toEqual([]);
  });

  it('that changed their network are other NICs to the guest', async () => {
    await using rig = await started(both);
    await rig.source.change([withNics(...one.nics, { ...more, network: 'other', address: '10.101.0.5' })]);
    await rig.clock.advance(second);
    expect(rig.runtime.calls.slice(2)).toEqual(['unplug web-01 2', 'prepare web-01', 'plug web-01 2']);
    expect(rig.kernel.host.resources.get('link tap-2')).toMatchObject({ master: 'kbr-other', up: true });
  });

  it('are found by the next life of the agent, half-way as well (R-52)', async () => {
    const first = await started(both);
    first.runtime.failures.set('unplug web-01 2', 'not yet');
    await first.source.change([web01]);
    await first.clock.advance(second);
    await first[Symbol.asyncDispose]();
    const { clock, kernel, store, runtime } = first;
    runtime.failures.clear();
    await using rig = new Rig({ clock, kernel, store, runtime });
    await clock.advance(31 * second);
    expect(runtime.guests.get('web-01')?.nics).toHaveLength(1);
    expect(rig.kernel.host.resources.has('link tap-2')).toBe(false);
    expect(runtime.calls.filter((call) => call.startsWith('start'))).toHaveLength(1);
  });

  it('keep their port while the guest shuts down', async () => {
    await using rig = await started(both);
    const goodbye: { say?: () => void } = {};
    rig.runtime.waits.set(
      'stop web-01',
      new Promise((resolve) => {
        goodbye.say = resolve;
      }),
    );
    await rig.source.change([{ kind: 'vm', vm: { ...both.vm, state: 'stopped' } }]);
    await rig.clock.advance(second);
    rig.runtime.happens('web-01', 'stopping');
    await rig.clock.advance(second);
    expect(rig.kernel.host.resources.get('link tap-2')).toMatchObject({ master: 'kbr-web', up: true });
    goodbye.say?.();
    await rig.clock.advance(second);
    expect(rig.kernel.host.resources.has('link tap-2')).toBe(false);
  });

  it('that are added after the number of CPUs changed leave the others’ ports as the guest has them', async () => {
    await using rig = await started(web01);
    rig.runtime.attachment = () => ({ kind: 'tap', vnetHeader: true, multiQueue: true });
    await rig.source.change([{ kind: 'vm', vm: { ...both.vm, cpu: 2 } }]);
    await rig.clock.advance(second);
    expect(rig.kernel.host.resources.get('link tap-0b9d9f06')).toMatchObject({ multiQueue: false });
    expect(rig.kernel.host.resources.get('link tap-2')).toMatchObject({ multiQueue: true });
    expect(rig.runtime.calls.at(-1)).toBe('plug web-01 2');
    rig.runtime.happens('web-01', 'failed');
    await rig.clock.advance(5 * second);
    expect(rig.kernel.host.resources.get('link tap-0b9d9f06')).toMatchObject({ multiQueue: true });
    expect(rig.vm('web-01')).toMatchObject({ state: 'running' });
  });

  it('whose port somebody deleted are plugged into the new one (R-51)', async () => {
    await using rig = await started(both);
    await rig.clock.advance(second);
    rig.kernel.damage('link tap-2 deleted', (host) => host.remove('link tap-2'));
    await rig.clock.advance(second);
    expect(rig.runtime.calls.slice(2)).toEqual(['unplug web-01 2', 'plug web-01 2']);
    rig.kernel.damage('link tap-2 set down', (host) => host.put({ ...host.link('tap-2'), up: false } as Link));
    await rig.clock.advance(second);
    expect(rig.kernel.host.resources.get('link tap-2')).toMatchObject({ master: 'kbr-web', up: true });
    expect(rig.runtime.calls).toHaveLength(4);
  });

  it('whose network goes from the node keep a port, since the guest holds its other end', async () => {
    await using rig = await started(withNics(...one.nics, { ...more, network: 'other', address: '10.101.0.5' }));
    await rig.source.change([], [natNetwork('other')]);
    await rig.clock.advance(second);
    expect(rig.kernel.host.resources.get('link tap-2')).toMatchObject({ type: 'tap', master: null, up: false });
    await rig.source.change([natNetwork('other', { gatewayIp: '10.101.0.1' })]);
    await rig.clock.advance(second);
    expect(rig.kernel.host.resources.get('link tap-2')).toMatchObject({ master: 'kbr-other', up: true });
    expect(rig.runtime.calls.filter((call) => /plug/.test(call))).toEqual([]);
  });

  it('are others for a VM that gets another number of CPUs and is started again', async () => {
    await using rig = await started(both);
    await rig.source.change([{ kind: 'vm', vm: { ...both.vm, cpu: 2 } }]);
    await rig.clock.advance(second);
    expect(rig.kernel.host.resources.get('link tap-2')).toMatchObject({ multiQueue: false });
    rig.runtime.attachment = () => ({ kind: 'tap', vnetHeader: true, multiQueue: true });
    rig.runtime.happens('web-01', 'failed');
    await rig.clock.advance(5 * second);
    expect(rig.kernel.host.resources.get('link tap-2')).toMatchObject({ multiQueue: true });
    expect(rig.runtime.calls.slice(2)).toEqual(['prepare web-01', 'start web-01']);
    expect(rig.vm('web-01')).toMatchObject({ state: 'running', restarts: 1 });
  });
});
