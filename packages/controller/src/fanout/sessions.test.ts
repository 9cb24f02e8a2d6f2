import { isDeepStrictEqual } from 'node:util';
import { formatIpv4, type Identity, KcoreError, Peer, parseIpv4, type StatusObject } from '@kcore/contract';
import fc from 'fast-check';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import {
  applyNetwork,
  createNetwork,
  createVm,
  deleteNetwork,
  deleteVm,
  factsOf,
  failureOf,
  nat,
  requestId,
  TestAgent,
  type TestCluster,
  testCluster,
  vxlan,
} from '../../test/cluster.ts';
import { ClusterMirror } from './cluster-view.ts';
import { specOf } from './node-spec.ts';

let cluster: TestCluster;
beforeEach(async () => {
  cluster = await testCluster();
});
afterEach(() => cluster[Symbol.asyncDispose]());

const expected = (node: string) => Object.fromEntries(specOf(ClusterMirror.load(cluster.store), node));
const held = (agent: TestAgent) => Object.fromEntries(agent.state.objects);

/** The agent's copy becomes what the store says it must be. */
async function inSync(agent: TestAgent): Promise<void> {
  await expect
    .poll(() => isDeepStrictEqual(held(agent), expected(agent.name)), { timeout: 5000 })
    .toBe(true)
    .catch(() => expect(held(agent)).toEqual(expected(agent.name)));
  expect(agent.epoch).toBe(cluster.store.epoch);
}

async function gone(agent: TestAgent, remaining: number): Promise<void> {
  agent.peer.close();
  await expect.poll(() => cluster.controller.connectedNodes).toBe(remaining);
}

describe('a NodeSpec', () => {
  test('has the networks of the node, peers, bindings and VMs', async () => {
    const one = await cluster.agent('node-1');
    await cluster.agent('node-2');
    await createNetwork(cluster, 'private', { ...vxlan, externalIp: '192.168.40.105' });
    await createVm(cluster, 'web-01', { node: 'node-1', nics: [{ network: 'private' }] });
    await createVm(cluster, 'web-02', { node: 'node-2', nics: [{ network: 'private' }, {}] });
    await inSync(one);
    expect(one.keys()).toEqual([
      'binding/private/web-01/0',
      'binding/private/web-02/0',
      'network/default',
      'network/private',
      'peer/private/node-2',
      'vm/web-01',
    ]);
    expect(one.object('peer/private/node-2')).toMatchObject({ vtep: '192.168.40.102' });
    expect(one.object('binding/private/web-01/0')).toEqual({
      kind: 'binding',
      network: 'private',
      vm: 'web-01',
      nic: 0,
      mac: '52:54:00:0b:9d:9f',
      address: '10.250.0.2',
      node: 'node-1',
      hostname: 'web-01',
    });
    expect(one.object('binding/private/web-02/0')).toMatchObject({ vtep: '192.168.40.102', address: '10.250.0.3' });
    expect(one.object('network/private')).toMatchObject({
      vni: 14416,
      mtu: 1450,
      prefix: 24,
      externalIp: '192.168.40.105',
      outboundNat: true,
    });
  });

  test('R-06: forwards carry the address of their VM, and wait for it', async () => {
    const one = await cluster.agent('node-1');
    const forwards = [{ protocol: 'tcp' as const, port: 8080, vm: 'web-01', targetPort: 80 }];
    await createNetwork(cluster, 'n', { ...nat, forwards, allowedUdpPorts: [53] }, ['node-1']);
    await inSync(one);
    expect(one.object('network/n')).toMatchObject({ forwards: [] });
    await createVm(cluster, 'web-01', { nics: [{ network: 'n' }] });
    await inSync(one);
    expect(one.object('network/n')).toMatchObject({
      forwards: [
        { protocol: 'tcp', port: 8080, address: '10.100.0.100', targetPort: 80 },
        { protocol: 'udp', port: 53, address: '10.100.0.100', targetPort: 53 },
      ],
    });
    await deleteVm(cluster, 'web-01');
    await inSync(one);
    expect(one.object('network/n')).toMatchObject({ forwards: [] });
  });

  test('R-05: the external address of one node, and of the others', async () => {
    const one = await cluster.agent('node-1');
    const two = await cluster.agent('node-2');
    const nodes = [{ name: 'node-1' }, { name: 'node-2', externalIp: '192.168.40.102' }];
    await applyNetwork(cluster, 'n', { ...nat, externalIp: '192.168.40.101', nodes });
    await Promise.all([inSync(one), inSync(two)]);
    expect(one.object('network/n')).toMatchObject({ externalIp: '192.168.40.101' });
    expect(two.object('network/n')).toMatchObject({ externalIp: '192.168.40.102' });
  });
});

describe('a session', () => {
  test('begins with a snapshot, then changes come as differences', async () => {
    const one = await cluster.agent('node-1');
    await inSync(one);
    expect(one.changes.map(({ snapshot }) => snapshot)).toEqual([true]);
    await createVm(cluster, 'web-01');
    await inSync(one);
    expect(one.changes.slice(1).every(({ snapshot }) => !snapshot)).toBe(true);
    expect(one.changes.slice(1).flatMap(({ set }) => set)).toHaveLength(2);
  });

  test('away while one thing changed among 200 VMs: less than 4 KB on reconnecting', async () => {
    const one = await cluster.agent('node-1');
    await cluster.agent('node-2');
    await createNetwork(cluster, 'private', vxlan);
    await Promise.all(
      Array.from({ length: 200 }, (_, index) => createVm(cluster, `vm-${index}`, { nics: [{ network: 'private' }] })),
    );
    await inSync(one);
    await gone(one, 1);
    await createVm(cluster, 'one-more', { node: 'node-2', nics: [{ network: 'private' }] });

    const channel = cluster.connect({ kind: 'node', cluster: 'lab', name: 'node-1' }, 'fp');
    let bytes = 0;
    const counted = {
      send: (text: string) => channel.send(text),
      close: (code?: number, reason?: string) => channel.close(code, reason),
      closed: channel.closed,
      buffered: 0,
      messages: (async function* () {
        for await (const text of channel.messages) {
          bytes += Buffer.byteLength(text);
          yield text;
        }
      })(),
    };
    const back = new TestAgent('node-1', counted, one);
    await back.peer.call('session.open', {
      node: 'node-1',
      protocols: [1],
      facts: factsOf(1),
      epoch: one.epoch ?? '',
      revision: one.revision ?? 0,
    });
    await inSync(back);
    expect(back.keys('binding/')).toHaveLength(201);
    expect(back.changes.every(({ snapshot }) => !snapshot)).toBe(true);
    expect(bytes).toBeGreaterThan(100);
    expect(bytes).toBeLessThan(4096);
  });

  test('a connected agent is told of nothing that does not concern it', async () => {
    const one = await cluster.agent('node-1');
    await cluster.agent('node-2');
    await inSync(one);
    const heard = one.changes.length;
    await createNetwork(cluster, 'n', nat, ['node-2']);
    await createVm(cluster, 'a', { node: 'node-2', nics: [{ network: 'n' }] });
    await inSync(one);
    expect(one.changes.length).toBe(heard);
  });

  test('an agent that knows nothing of this store gets a snapshot', async () => {
    const one = await cluster.agent('node-1');
    await inSync(one);
    await gone(one, 0);
    for (const [epoch, revision] of [
      ['another store', one.revision],
      [cluster.store.epoch, 1_000_000],
    ] as const) {
      const strange = new TestAgent('node-1', cluster.connect({ kind: 'node', cluster: 'lab', name: 'node-1' }), one);
      const more = { epoch, revision: revision ?? 0 };
      await strange.peer.call('session.open', { node: 'node-1', protocols: [1], facts: factsOf(1), ...more });
      await expect.poll(() => strange.changes[0]?.snapshot).toBe(true);
      await inSync(strange);
    }
  });

  test('away for longer than the log reaches: a snapshot', async () => {
    await cluster[Symbol.asyncDispose]();
    cluster = await testCluster({ keep: 5 });
    const one = await cluster.agent('node-1');
    await cluster.agent('node-2');
    await inSync(one);
    await gone(one, 1);
    for (let index = 0; index < 6; index++) await createVm(cluster, `vm-${index}`, { node: 'node-1' });
    const back = await cluster.agent('node-1', factsOf(1), one);
    await expect.poll(() => back.changes[0]?.snapshot).toBe(true);
    await inSync(back);
  });

  test('everything changed while it was away: left a network, another came under its name, a tunnel moved', async () => {
    const one = await cluster.agent('node-1');
    const two = await cluster.agent('node-2');
    await cluster.agent('node-3');
    await createNetwork(cluster, 'left', vxlan);
    await createNetwork(cluster, 'again', { ...vxlan, gatewayIp: '10.251.0.1' });
    for (const [vm, network] of [
      ['a', 'left'],
      ['b', 'again'],
      ['c', 'left'],
    ] as const) {
      await createVm(cluster, vm, { node: 'node-2', nics: [{ network }] });
    }
    await inSync(one);
    await gone(one, 2);
    await deleteVm(cluster, 'a');
    await deleteNetwork(cluster, 'left', ['node-1']);
    await createVm(cluster, 'd', { node: 'node-2', nics: [{ network: 'left' }] });
    await deleteVm(cluster, 'b');
    await deleteNetwork(cluster, 'again');
    await createNetwork(cluster, 'again', { ...nat, gatewayIp: '10.252.0.1' }, ['node-1']);
    await createNetwork(cluster, 'fresh', { ...vxlan, gatewayIp: '10.253.0.1' });
    await createVm(cluster, 'e', { node: 'node-2', nics: [{ network: 'fresh' }] });
    await two.report([factsOf(2, { vtep: '192.168.40.222' })]);
    const back = await cluster.agent('node-1', factsOf(1), one);
    await inSync(back);
    expect(back.changes.every(({ snapshot }) => !snapshot)).toBe(true);
    expect(back.object('peer/fresh/node-2')).toMatchObject({ vtep: '192.168.40.222' });
    expect(back.object('binding/fresh/e/0')).toMatchObject({ vtep: '192.168.40.222' });
    expect(back.keys('binding/left')).toEqual([]);
  });

  test('while connected: a tunnel that moved, a network left', async () => {
    const one = await cluster.agent('node-1');
    const two = await cluster.agent('node-2');
    await createNetwork(cluster, 'prod', vxlan);
    await createVm(cluster, 'a', { node: 'node-2', nics: [{ network: 'prod' }] });
    await inSync(one);
    await two.report([factsOf(2, { vtep: '192.168.40.222' })]);
    await inSync(one);
    expect(one.object('binding/prod/a/0')).toMatchObject({ vtep: '192.168.40.222' });
    await deleteNetwork(cluster, 'prod', ['node-1']);
    await inSync(one);
    expect(one.keys()).toEqual(['network/default']);
    await inSync(two);
  });

  test('one that comes back and leaves a network at once keeps nothing of what left it before', async () => {
    const one = await cluster.agent('node-1');
    const two = await cluster.agent('node-2');
    await createNetwork(cluster, 'prod', vxlan, ['node-1', 'node-2']);
    await inSync(one);
    await inSync(two);
    await gone(two, 1);
    await deleteNetwork(cluster, 'prod', ['node-1']);
    const back = await cluster.agent('node-2', factsOf(2), two);
    await deleteNetwork(cluster, 'prod', ['node-2']);
    await inSync(back);
    expect(back.keys()).toEqual(['network/default']);
  });

  test('a large spec comes in parts, and counts when it is whole', async () => {
    const one = await cluster.agent('node-1');
    await inSync(one);
    await gone(one, 0);
    const userData = 'x'.repeat(30_000);
    for (let index = 0; index < 40; index++) await createVm(cluster, `vm-${index}`, { node: 'node-1', userData });
    const fresh = await cluster.agent('node-1');
    await inSync(fresh);
    expect(fresh.changes.length).toBeGreaterThan(3);
    expect(fresh.changes.map(({ more }) => more === true).indexOf(false)).toBe(fresh.changes.length - 1);
    expect(fresh.changes.every((change) => JSON.stringify(change).length < 600_000)).toBe(true);
  });

  test('one batch at a time: changes while the agent works come together', async () => {
    const one = await cluster.agent('node-1');
    await inSync(one);
    one.reports = false;
    const heard = one.changes.length;
    for (let index = 0; index < 20; index++) await createVm(cluster, `vm-${index}`, { node: 'node-1' });
    expect(one.changes.length - heard).toBeLessThanOrEqual(1);
    one.reports = true;
    await one.reach();
    await inSync(one);
    expect(one.changes.length - heard).toBeLessThanOrEqual(3);
  });

  test('an agent that reads nothing makes the controller keep a bounded amount, and then gets the newest of each key', async () => {
    const channel = cluster.connect({ kind: 'node', cluster: 'lab', name: 'node-1' });
    const frames: string[] = [];
    let reading = true;
    let resume: () => void = () => {};
    const reader = (async () => {
      for await (const text of channel.messages) {
        frames.push(text);
        if (!reading)
          await new Promise<void>((resolve) => {
            resume = resolve;
          });
      }
    })();
    const open = { node: 'node-1', protocols: [1], facts: factsOf(1) };
    channel.send(JSON.stringify({ jsonrpc: '2.0', id: 1, method: 'session.open', params: open }));
    await expect.poll(() => frames.length).toBe(2);
    reading = false;
    const userData = 'x'.repeat(100_000);
    const apply = (round: number) =>
      cluster.call('vm.apply', {
        requestId: requestId(),
        name: 'big',
        spec: { node: 'node-1', userData: `${round}${userData}` },
      });
    // The first unread frame parks the reader; what comes after stays in the channel.
    for (let round = 0; round < 60; round++) {
      await apply(round);
      // Patience runs out in real time; the agent's silence must not be mistaken for being done.
      if (round % 20 === 19) await new Promise((resolve) => setTimeout(resolve, 600));
    }
    const kept = frames.length;
    reading = true;
    resume();
    await expect.poll(() => frames.some((text) => text.includes('"userData":"59x')), { timeout: 5000 }).toBe(true);
    expect(frames.length - kept).toBeLessThan(12);
    channel.close();
    await reader;
  });

  test('a second session of one node takes the place of the first', async () => {
    const first = await cluster.agent('node-1');
    const second = await cluster.agent('node-1');
    expect(await first.peer.closed).toMatchObject({ code: 4409 });
    await inSync(second);
    expect(cluster.controller.connectedNodes).toBe(1);
    expect((await cluster.call('node.get', { name: 'node-1' })).state).toBe('ready');
  });

  test('keeps in sync whatever happens', { timeout: 60_000 }, async () => {
    const names = ['node-1', 'node-2', 'node-3'];
    const networks = ['x', 'y'];
    const command = fc.oneof(
      fc.record({
        op: fc.constant('net' as const),
        network: fc.constantFrom(...networks),
        type: fc.constantFrom('vxlan', 'nat'),
        nodes: fc.subarray(names),
      }),
      fc.record({
        op: fc.constant('unnet' as const),
        network: fc.constantFrom(...networks),
        nodes: fc.subarray(names),
      }),
      fc.record({
        op: fc.constant('vm' as const),
        vm: fc.constantFrom('a', 'b', 'c'),
        network: fc.constantFrom(...networks),
        node: fc.constantFrom(...names),
      }),
      fc.record({ op: fc.constant('unvm' as const), vm: fc.constantFrom('a', 'b', 'c', 'd'), keep: fc.boolean() }),
      fc.record({
        op: fc.constant('nic' as const),
        vm: fc.constantFrom('a', 'b', 'c'),
        network: fc.constantFrom(...networks),
      }),
      fc.record({ op: fc.constant('unnic' as const), vm: fc.constantFrom('a', 'b', 'c'), index: fc.nat({ max: 2 }) }),
      fc.record({ op: fc.constant('undisk' as const), use: fc.boolean() }),
      // Without it all is done before the first message leaves, and every agent gets everything in its first snapshot.
      fc.record({ op: fc.constant('settle' as const) }),
      fc.record({
        op: fc.constant('forward' as const),
        network: fc.constantFrom(...networks),
        vm: fc.constantFrom('a', 'b'),
      }),
      fc.record({ op: fc.constant('away' as const), node: fc.constantFrom(...names) }),
      fc.record({ op: fc.constant('back' as const), node: fc.constantFrom(...names) }),
      fc.record({
        op: fc.constant('vtep' as const),
        node: fc.constantFrom(...names),
        last: fc.integer({ min: 200, max: 203 }),
      }),
    );
    const gateways: Record<string, string> = { x: '10.1.0.1', y: '10.2.0.1' };
    const done = new Map<string, number>();
    await fc.assert(
      fc.asyncProperty(fc.array(command, { minLength: 30, maxLength: 60 }), async (commands) => {
        await cluster[Symbol.asyncDispose]();
        cluster = await testCluster();
        const agents = new Map<string, TestAgent>();
        const away = new Map<string, TestAgent>();
        const facts = new Map(names.map((name, index) => [name, factsOf(index + 1)]));
        for (const name of names) agents.set(name, await cluster.agent(name, facts.get(name)));
        const specOfNetwork = (network: string, type: string) => ({
          type,
          gatewayIp: gateways[network] ?? '',
          internalNetmask: '255.255.255.0',
        });
        const run = async (each: (typeof commands)[number]): Promise<unknown> => {
          switch (each.op) {
            case 'net':
              return createNetwork(cluster, each.network, specOfNetwork(each.network, each.type), each.nodes);
            case 'unnet':
              return deleteNetwork(cluster, each.network, each.nodes);
            case 'vm':
              return createVm(cluster, each.vm, {
                node: each.node,
                nics: [{ network: each.network }],
                disks: [{ sizeBytes: '1G' }],
              });
            case 'unvm':
              return cluster.call('vm.delete', { requestId: requestId(), name: each.vm, keepDisks: each.keep });
            case 'nic':
              return cluster.call('vm.attachNic', {
                requestId: requestId(),
                name: each.vm,
                nic: { network: each.network },
              });
            case 'unnic':
              return cluster.call('vm.detachNic', { requestId: requestId(), name: each.vm, index: each.index });
            case 'undisk': {
              const [kept] = (await cluster.call('disk.list', {})).disks;
              const name = kept?.name ?? 'none';
              if (each.use) return createVm(cluster, 'd', { disks: [{ kept: name }] });
              return cluster.call('disk.delete', { requestId: requestId(), name });
            }
            case 'settle':
              for (let turn = 0; turn < 3; turn++) await new Promise((resolve) => setImmediate(resolve));
              return;
            case 'forward':
              return applyNetwork(cluster, each.network, {
                ...specOfNetwork(each.network, 'nat'),
                forwards: [{ protocol: 'tcp', port: 8080, vm: each.vm }],
              });
            case 'away': {
              const agent = agents.get(each.node);
              if (agent === undefined) return;
              agents.delete(each.node);
              away.set(each.node, agent);
              agent.peer.close();
              await agent.peer.closed;
              return;
            }
            case 'back': {
              if (agents.has(each.node)) return;
              agents.set(each.node, await cluster.agent(each.node, facts.get(each.node), away.get(each.node)));
              return;
            }
            case 'vtep': {
              const index = names.indexOf(each.node) + 1;
              facts.set(each.node, factsOf(index, { vtep: `192.168.40.${each.last}` }));
              const report = facts.get(each.node);
              if (report !== undefined) await agents.get(each.node)?.report([report]);
            }
          }
        };
        for (const each of commands) {
          await run(each).then(
            () => done.set(each.op, (done.get(each.op) ?? 0) + 1),
            (error) => {
              if (!(error instanceof KcoreError) || error.code === 'Internal') throw error;
            },
          );
        }
        for (const name of names) {
          if (!agents.has(name)) await run({ op: 'back', node: name });
        }
        for (const agent of agents.values()) {
          await inSync(agent);
          // But for the first of a fresh agent there was never a snapshot.
          expect(agent.changes.filter(({ snapshot }, index) => snapshot && index > 0)).toEqual([]);
        }
      }),
      { numRuns: Number(process.env['KCORE_TEST_RUNS'] ?? 40), endOnFailure: true },
    );
    // No command is only ever refused.
    expect([...done.keys()].sort()).toEqual([
      'away',
      'back',
      'forward',
      'net',
      'nic',
      'settle',
      'undisk',
      'unnet',
      'unnic',
      'unvm',
      'vm',
      'vtep',
    ]);
  });
});

describe('what nodes report', () => {
  const network: StatusObject = {
    kind: 'network',
    name: 'default',
    state: 'ready',
    bridge: 'kbr-default',
    conditions: [],
  };
  const view = async () => (await cluster.call('network.get', { name: 'default' })).nodes[0];

  test('is shown; a node that is away is unknown', async () => {
    const one = await cluster.agent('node-1');
    expect((await view())?.state).toBe('unknown');
    await inSync(one);
    const event: StatusObject = {
      kind: 'event',
      sequence: 1,
      at: '2026-01-01T00:00:00Z',
      type: 'DriftRepaired',
      object: 'network/default',
      message: 'link kbr-default created',
    };
    await one.report([network, event, { kind: 'vm', name: 'web-01', state: 'running', pid: 7 }], true);
    await one.reach();
    expect(await view()).toMatchObject({ state: 'ready', bridge: 'kbr-default' });
    await createVm(cluster, 'web-01');
    expect((await cluster.call('vm.get', { name: 'web-01' })).status).toMatchObject({ state: 'running', pid: 7 });
    const description = await cluster.call('network.get', { name: 'default' });
    expect(description.events).toMatchObject([{ node: 'node-1', event: { type: 'DriftRepaired' } }]);
    expect(description.vms.map(({ vm }) => vm.name)).toEqual(['web-01']);
    await gone(one, 0);
    expect((await view())?.state).toBe('unknown');
    expect((await cluster.call('vm.get', { name: 'web-01' })).status).toBeUndefined();
  });

  test('a network that was changed is pending until the node has reached that', async () => {
    const one = await cluster.agent('node-1');
    await createNetwork(cluster, 'n', nat, ['node-1']);
    await inSync(one);
    await one.report([{ ...network, name: 'n' }]);
    const state = async () => (await cluster.call('network.get', { name: 'n' })).nodes[0]?.state;
    await expect.poll(state).toBe('ready');
    one.reports = false;
    await applyNetwork(cluster, 'n', { ...nat, externalIp: '192.168.40.101' });
    await inSync(one);
    expect(await state()).toBe('pending');
    await one.reach();
    expect(await state()).toBe('ready');
  });

  test('facts of an earlier session do not come back with the next report', async () => {
    const one = await cluster.agent('node-1');
    await one.report([factsOf(1, { vtep: '192.168.40.201' })]);
    await gone(one, 0);
    const back = await cluster.agent('node-1', factsOf(1, { vtep: '192.168.40.202' }), one);
    await back.report([network]);
    expect((await cluster.call('node.get', { name: 'node-1' })).facts?.vtep).toBe('192.168.40.202');
  });

  test('R-44: leases, with the VM', async () => {
    const one = await cluster.agent('node-1');
    const { vm } = await createVm(cluster, 'web-01');
    const lease = {
      kind: 'lease' as const,
      network: 'default',
      state: 'active' as const,
      expiresAt: '2026-01-01T12:00:00Z',
    };
    await one.report([
      { ...lease, mac: vm.nics[0]?.mac ?? '', address: vm.nics[0]?.address ?? '' },
      { ...lease, mac: '02:00:00:00:00:01', address: '10.240.0.199' },
    ]);
    const { leases } = await cluster.call('lease.list', {});
    expect(leases.map(({ node, vm: name }) => [node, name])).toEqual([
      ['node-1', 'web-01'],
      ['node-1', undefined],
    ]);
    expect((await failureOf(cluster.call('lease.list', { network: 'nope' }))).code).toBe('NotFound');
  });

  test('leases that are over are told when asked for, and many in parts: each once, by network and address', async () => {
    const one = await cluster.agent('node-1');
    const reported = (from: number, to: number): StatusObject[] =>
      Array.from({ length: to - from }, (_, index) => ({
        kind: 'lease',
        network: 'default',
        mac: '02:00:00:00:00:01',
        address: formatIpv4(parseIpv4('10.240.0.0') + from + index),
        state: (from + index) % 2 === 0 ? 'active' : 'released',
      }));
    await one.report(reported(6000, 10_003));
    await one.report(reported(0, 6000));
    expect((await cluster.call('lease.list', {})).leases).toHaveLength(5002);
    const first = await cluster.call('lease.list', { all: true, node: 'node-1' });
    expect([first.leases.length, first.next]).toEqual([
      10_000,
      { network: 'default', node: 'node-1', address: '10.240.39.15' },
    ]);
    if (first.next === undefined) throw new Error('there is more');
    const second = await cluster.call('lease.list', { all: true, after: first.next });
    expect([second.leases.map(({ lease }) => lease.address), second.next]).toEqual([
      ['10.240.39.16', '10.240.39.17', '10.240.39.18'],
      undefined,
    ]);
  });

  test("a network's description has what its DHCP servers say", async () => {
    const one = await cluster.agent('node-1');
    const status = {
      kind: 'dhcp' as const,
      network: 'default',
      messages: { discover: 1, offer: 1, request: 1, ack: 1, nak: 0, decline: 0, release: 0, inform: 0 },
      dropped: { 'pool-exhausted': 2 },
      unsent: 0,
      probes: 0,
      addresses: { range: 100, active: 1, offered: 0, declined: 0 },
    };
    await one.report([status]);
    expect((await cluster.call('network.get', { name: 'default' })).dhcp).toEqual([{ node: 'node-1', status }]);
  });
});

describe('R-56: who may do what', () => {
  const node: Identity = { kind: 'node', cluster: 'lab', name: 'node-1' };
  const open = (name: string) => ({ node: name, protocols: [1], facts: factsOf(1) });

  test('a node is no admin, an admin no node, and a node speaks for itself only', async () => {
    const agent = new Peer(cluster.connect(node));
    expect((await failureOf(agent.call('node.list', {}))).message).toBe("node 'node-1' may not call node.list");
    const admin = new Peer(cluster.connect({ kind: 'admin', cluster: 'lab', name: 'root' }));
    expect((await failureOf(admin.call('session.open', open('node-1')))).code).toBe('PermissionDenied');
    expect((await failureOf(agent.call('session.open', open('node-2')))).message).toBe(
      "node 'node-1' may not speak for node 'node-2'",
    );
    expect(cluster.controller.connectedNodes).toBe(0);
  });

  test('reports come after opening', async () => {
    const agent = new Peer(cluster.connect(node));
    const error = await failureOf(agent.call('session.report', { snapshot: true, set: [], delete: [] }));
    expect(error.code).toBe('FailedPrecondition');
  });

  test('a protocol that is not spoken here', async () => {
    const agent = new Peer(cluster.connect(node));
    const error = await failureOf(agent.call('session.open', { ...open('node-1'), protocols: [2, 3] }));
    expect(error.message).toBe('the agent speaks session protocol 2, 3, the controller 1');
  });

  test.each([
    [{ kind: 'admin', cluster: 'other', name: 'root' }, "this is cluster 'lab', the certificate is of 'other'"],
    [{ kind: 'controller', cluster: 'lab' }, 'a controller is no client'],
  ] as const)('%j is sent away', async (identity, reason) => {
    const peer = new Peer(cluster.connect(identity));
    expect(await peer.closed).toEqual({ code: 4403, reason });
    expect((await failureOf(peer.call('node.list', {}))).code).toBe('PermissionDenied');
  });
});
