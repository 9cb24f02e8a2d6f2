import { randomUUID } from 'node:crypto';
import {
  applyChange,
  type Channel,
  channelPair,
  emptyState,
  type Identity,
  KcoreError,
  type KeyedState,
  type MethodName,
  type NodeFacts,
  type Notification,
  type Params,
  Peer,
  type Result,
  type SpecObject,
  type StatusObject,
  specKey,
} from '@kcore/contract';
import pino from 'pino';
import type { Clock } from '../src/clock.ts';
import { type Controller, createController } from '../src/controller.ts';
import type { CatalogueSource } from '../src/images/catalogue.ts';
import type { DefaultNetworkSpec } from '../src/resources/default-network.ts';
import { MemoryStore } from '../src/store/memory.ts';
import { isObserved } from '../src/store/rows.ts';
import type { Store } from '../src/store/store.ts';

/** A controller in this process, with admins and agents that talk to it over channels in memory. */

export class TestClock implements Clock {
  wall = Date.parse('2026-01-01T00:00:00Z');
  elapsed = 0;
  now(): number {
    return this.wall;
  }
  monotonic(): number {
    return this.elapsed;
  }
  advance(milliseconds: number): void {
    this.wall += milliseconds;
    this.elapsed += milliseconds;
  }
}

export function factsOf(index: number, overrides: Partial<NodeFacts> = {}): NodeFacts {
  return {
    kind: 'facts',
    agentVersion: '0.1.0',
    hostname: `node-${index}`,
    kernel: '6.1.0',
    vxlanDisabled: false,
    runtime: 'none',
    vtep: `192.168.40.${100 + index}`,
    underlayMtu: 1500,
    gatewayInterface: 'eno1',
    links: ['lo', 'eno1', 'eno2'].map((name) => ({ name, mtu: 1500, up: true })),
    addresses: [{ link: 'eno1', address: `192.168.40.${100 + index}/24` }],
    routes: [{ link: 'eno1', subnet: '192.168.40.0/24' }],
    protectedLinks: [{ name: 'eno1', reason: 'it carries the default route' }],
    listening: [{ protocol: 'tcp', port: 22 }],
    capacity: { cpus: 4, memoryBytes: 8 * 2 ** 30 },
    ...overrides,
  };
}

let requests = 0;
export function requestId(): string {
  return `test-request-${String(++requests).padStart(8, '0')}`;
}

export async function failureOf(promise: Promise<unknown>): Promise<KcoreError> {
  const error = await promise.then(
    (value) => new Error(`no failure but ${JSON.stringify(value)}`),
    (reason: unknown) => reason,
  );
  if (error instanceof KcoreError) return error;
  throw error;
}

/** Does what an agent does with its NodeSpec, and reports that it reached each revision unless told not to. */
export class TestAgent {
  readonly name: string;
  readonly peer: Peer;
  readonly changes: Notification<'spec.change'>[] = [];
  state: KeyedState<SpecObject>;
  epoch: string | undefined;
  revision: number | undefined;
  reports = true;
  received = 0;

  constructor(name: string, channel: Channel, held?: TestAgent) {
    this.name = name;
    this.state = { objects: held?.state.objects ?? emptyState<SpecObject>().objects };
    this.epoch = held?.epoch;
    this.revision = held?.revision;
    this.peer = new Peer(channel);
    this.peer.onNotification('spec.change', (change) => this.#apply(change));
  }

  #apply(change: Notification<'spec.change'>): void {
    this.changes.push(change);
    this.state = applyChange(this.state, change, specKey);
    if (change.more === true) return;
    this.epoch = change.epoch;
    this.revision = change.revision;
    if (this.reports) void this.reach().catch(() => {});
  }

  async reach(): Promise<void> {
    const { epoch = '', revision = 0 } = this;
    await this.report([{ kind: 'reached', epoch, revision, conditions: [] }]);
  }

  async report(set: StatusObject[], snapshot = false): Promise<void> {
    await this.peer.call('session.report', { snapshot, set, delete: [] });
  }

  object(key: string): SpecObject | undefined {
    return this.state.objects.get(key);
  }

  keys(prefix = ''): string[] {
    return [...this.state.objects.keys()].filter((key) => key.startsWith(prefix)).sort();
  }
}

export interface TestCluster extends AsyncDisposable {
  readonly controller: Controller;
  readonly store: Store;
  readonly clock: TestClock;
  call<M extends MethodName>(method: M, params: Params<M>): Promise<Result<M>>;
  connect(identity: Identity, fingerprint?: string): Channel;
  agent(name: string, facts?: NodeFacts, held?: TestAgent): Promise<TestAgent>;
}

export interface TestClusterOptions {
  readonly store?: Store;
  readonly clock?: TestClock;
  readonly defaultNetwork?: DefaultNetworkSpec;
  readonly keep?: number;
  readonly catalogue?: CatalogueSource;
}

export async function testCluster(options: TestClusterOptions = {}): Promise<TestCluster> {
  const clock = options.clock ?? new TestClock();
  const keep = options.keep === undefined ? {} : { keep: options.keep };
  const store = options.store ?? new MemoryStore(randomUUID(), { observed: isObserved, ...keep });
  const controller = await createController({
    cluster: 'lab',
    store,
    clock,
    log: pino({ level: process.env['KCORE_TEST_LOG'] ?? 'silent' }),
    ...(options.defaultNetwork === undefined ? {} : { defaultNetwork: options.defaultNetwork }),
    ...(options.catalogue === undefined ? {} : { catalogue: options.catalogue }),
  });
  const connect = (identity: Identity, fingerprint = `fp:${JSON.stringify(identity)}`): Channel => {
    const [ours, theirs] = channelPair();
    controller.accept(theirs, { identity, fingerprint, remote: 'test' });
    return ours;
  };
  const admin = new Peer(connect({ kind: 'admin', cluster: 'lab', name: 'root' }));
  return {
    controller,
    store,
    clock,
    connect,
    call: (method, params) => admin.call(method, params),
    async agent(name, facts = factsOf(Number(name.replace(/\D/g, '')) || 1), held) {
      const agent = new TestAgent(name, connect({ kind: 'node', cluster: 'lab', name }), held);
      await agent.peer.call('session.open', {
        node: name,
        protocols: [1],
        facts,
        ...(agent.epoch === undefined ? {} : { epoch: agent.epoch }),
        ...(agent.revision === undefined ? {} : { revision: agent.revision }),
      });
      return agent;
    },
    async [Symbol.asyncDispose]() {
      await controller[Symbol.asyncDispose]();
    },
  };
}

export const vxlan = { type: 'vxlan', gatewayIp: '10.250.0.1', internalNetmask: '255.255.255.0' } as const;
export const nat = { type: 'nat', gatewayIp: '10.100.0.1', internalNetmask: '255.255.255.0' } as const;

export function createNetwork(
  cluster: TestCluster,
  name: string,
  spec: Params<'network.create'>['spec'],
  targetNodes: string[] = [],
): Promise<Result<'network.create'>> {
  return cluster.call('network.create', { requestId: requestId(), name, spec, targetNodes });
}

export function applyNetwork(
  cluster: TestCluster,
  name: string,
  spec: Params<'network.apply'>['spec'],
  dryRun = false,
): Promise<Result<'network.apply'>> {
  return cluster.call('network.apply', { requestId: requestId(), name, spec, dryRun });
}

export function deleteNetwork(
  cluster: TestCluster,
  name: string,
  targetNodes: string[] = [],
  allNodes = false,
): Promise<Result<'network.delete'>> {
  return cluster.call('network.delete', { requestId: requestId(), name, targetNodes, allNodes });
}

export function createVm(
  cluster: TestCluster,
  name: string,
  spec: Params<'vm.create'>['spec'] = {},
): Promise<Result<'vm.create'>> {
  return cluster.call('vm.create', { requestId: requestId(), name, spec });
}

export function deleteVm(cluster: TestCluster, name: string): Promise<Result<'vm.delete'>> {
  return cluster.call('vm.delete', { requestId: requestId(), name });
}
