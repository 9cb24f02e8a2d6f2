import { setTimeout as delay } from 'node:timers/promises';
import type { EventStatus, SpecObject } from '@kcore/contract';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { type Agent, createAgent } from '../../src/agent.ts';
import { systemClock } from '../../src/loop/system-clock.ts';
import type { Kernel } from '../../src/model/kernel.ts';
import { createMemoryStore } from '../../src/store/memory.ts';
import type { NodeStore } from '../../src/store/node-store.ts';
import { createNoRuntime } from '../../src/vm/none.ts';
import { FakeDhcp } from '../support/fake-dhcp.ts';
import { HandSource, silent, surroundings } from '../support/rig.ts';
import { natNetwork, peer, vxlanNetwork } from '../support/specs.ts';
import { netlinkHost, type TestHost } from './hosts.ts';
import { inNamespace, type TestNamespace, witness } from './witness.ts';

/** A whole agent on a real kernel, in a namespace with one NIC that carries the default route. */

const specs: readonly SpecObject[] = [
  natNetwork('web'),
  vxlanNetwork('private'),
  peer('private', 'node-2', '192.168.40.102'),
];

/** Counts what is written; reading is not counted. */
class CountingKernel implements Kernel {
  applied = 0;
  readonly #kernel: Kernel;

  constructor(kernel: Kernel) {
    this.#kernel = kernel;
  }

  observe: Kernel['observe'] = (links) => this.#kernel.observe(links);
  endConnections: Kernel['endConnections'] = (filters) => this.#kernel.endConnections(filters);
  watch: Kernel['watch'] = (signal) => this.#kernel.watch(signal);
  apply: Kernel['apply'] = (plan) => {
    this.applied += plan.length;
    return this.#kernel.apply(plan);
  };
  async [Symbol.asyncDispose](): Promise<void> {}
}

interface Node {
  readonly host: TestHost;
  readonly namespace: TestNamespace;
  readonly kernel: CountingKernel;
  readonly store: NodeStore;
  readonly agent: Agent;
}

const held: { node?: Node } = {};

function node(): Node {
  if (held.node === undefined) throw new Error('no node');
  return held.node;
}

async function start(
  host: TestHost,
  namespace: TestNamespace,
  kernel: CountingKernel,
  store: NodeStore,
): Promise<Node> {
  const source = new HandSource();
  const agent = createAgent({
    identity: { node: 'node-1', agentVersion: '0.0.0', vxlanDisabled: false },
    clock: systemClock,
    runtime: createNoRuntime(),
    dhcp: new FakeDhcp(),
    log: silent,
    surroundings,
    source,
    kernel,
    store,
  });
  while (!source.connected) await delay(5);
  if (store.readSpec() === undefined) await source.tell(specs);
  await agent.reached(1);
  return { host, namespace, kernel, store, agent };
}

beforeEach(async () => {
  const host = await netlinkHost();
  const { namespace } = host;
  if (namespace === undefined) throw new Error('a host without a namespace');
  await host.addNic('eno1');
  await inNamespace(namespace, 'ip', 'address', 'add', '192.168.40.101/24', 'dev', 'eno1');
  await inNamespace(namespace, 'ip', 'route', 'add', 'default', 'via', '192.168.40.1');
  held.node = await start(host, namespace, new CountingKernel(host.kernel), createMemoryStore());
});

afterEach(async () => {
  await node().agent[Symbol.asyncDispose]();
  await node().host[Symbol.asyncDispose]();
  delete held.node;
});

function drift(): readonly EventStatus[] {
  return node()
    .agent.status.all()
    .flatMap((status) => (status.kind === 'event' && status.type === 'DriftRepaired' ? [status] : []));
}

/** Waits for the state, however long that takes; the test's own time limit ends it. */
async function until(check: () => Promise<boolean>): Promise<void> {
  while (!(await check())) await delay(20);
}

const ruleset = async (): Promise<string> => inNamespace(node().namespace, 'nft', '-s', 'list', 'ruleset');
const flood = async (): Promise<string> => inNamespace(node().namespace, 'bridge', 'fdb', 'show', 'dev', 'vxlan14416');

describe('an agent on a real kernel', () => {
  it('makes its networks, and then writes nothing (R-51)', async () => {
    const { agent, kernel, namespace } = node();
    expect(agent.status.get('network/web')).toMatchObject({ state: 'ready', bridge: 'kbr-web', conditions: [] });
    expect(agent.status.get('network/private')).toMatchObject({
      state: 'ready',
      vtep: '192.168.40.101',
      conditions: [],
    });
    expect(await witness(namespace, 'ip', '-j', 'link', 'show', 'kbr-web')).toHaveLength(1);
    const applied = kernel.applied;
    await inNamespace(namespace, 'ip', 'address', 'add', '10.77.0.1/24', 'dev', 'eno1');
    await until(async () => JSON.stringify(agent.status.get('facts')).includes('10.77.0.1/24'));
    expect(kernel.applied).toBe(applied);
    expect(drift()).toEqual([]);
  });

  it.each([
    ['ip link del kbr-private', 'link kbr-private'],
    ['ip link del vxlan14416', 'link vxlan14416'],
    ['ip address flush dev kbr-web', 'address kbr-web'],
    ['ip link set kbr-private address 02:00:00:00:00:99', 'link kbr-private'],
    ['bridge fdb del 00:00:00:00:00:00 dev vxlan14416 dst 192.168.40.102', 'vxlan14416'],
    ['nft flush ruleset', 'nft'],
    ['nft add table ip kcore { flags dormant ; }', 'nft-table ip kcore'],
  ])('repairs %s, and tells what it was and what told it (R-51)', async (command, named) => {
    const before = { rules: await ruleset(), flood: await flood() };
    await inNamespace(node().namespace, ...command.split(' '));
    await until(async () => drift().length > 0);
    await until(async () => (await ruleset()) === before.rules && (await flood()) === before.flood);
    const messages = drift().map(({ message }) => message);
    expect(messages.some((message) => message.includes(named))).toBe(true);
    for (const message of messages) expect(message).toMatch(/: .+; noticed by: (?!a look).+/);
    expect(node().agent.status.get('reached')).toMatchObject({ conditions: [] });
  });

  it('adopts what is there when it starts again (R-52)', async () => {
    const { agent, host, namespace, store } = node();
    const links = await witness(namespace, 'ip', '-j', '-d', 'link');
    const rules = await ruleset();
    await agent[Symbol.asyncDispose]();
    const kernel = new CountingKernel(host.kernel);
    held.node = await start(host, namespace, kernel, store);
    expect(kernel.applied).toBe(0);
    expect(await ruleset()).toBe(rules);
    expect((await witness(namespace, 'ip', '-j', '-d', 'link')).map(({ ifindex }) => ifindex)).toEqual(
      links.map(({ ifindex }) => ifindex),
    );
  });
});
