import type { EventStatus, NetworkStatus, SpecObject, VmStatus } from '@kcore/contract';
import { specKey } from '@kcore/contract';
import { pino } from 'pino';
import { type Agent, createAgent } from '../../src/agent.ts';
import { MemoryKernel } from '../../src/model/memory-kernel.ts';
import type { SpecSink, SpecSource } from '../../src/session/source.ts';
import type { Surroundings } from '../../src/status/surroundings.ts';
import { createMemoryStore } from '../../src/store/memory.ts';
import type { NodeStore } from '../../src/store/node-store.ts';
import { FakeClock } from './fake-clock.ts';
import { FakeDhcp } from './fake-dhcp.ts';
import { FakeProbe } from './fake-probe.ts';
import { FakeRuntime } from './fake-runtime.ts';

export const silent = pino({ level: 'silent' });

export const surroundings: Surroundings = {
  hostname: 'node-1',
  kernel: '6.1.0',
  bootId: 'boot-1',
  capacity: { cpus: 2, memoryBytes: 4 * 1024 ** 3 },
  listening: () => [],
  resolvers: () => ['192.168.40.1'],
};

/** A host with one NIC that carries the default route, as a node of the lab has it. */
export function memoryHost(): MemoryKernel {
  return new MemoryKernel({
    nics: [{ name: 'eno1', mac: '02:00:00:00:00:01', mtu: 1500, up: true }],
    facts: {
      addresses: [{ link: 'eno1', address: '192.168.40.101', prefix: 24 }],
      routes: [
        { table: 254, destination: '0.0.0.0/0', link: 'eno1', via: '192.168.40.1', metric: 0 },
        { table: 254, destination: '192.168.40.0/24', link: 'eno1', metric: 0 },
      ],
    },
  });
}

/** A controller in a test's hands. */
export class HandSource implements SpecSource {
  #sink: SpecSink | undefined;
  #revision = 0;

  async run(sink: SpecSink, signal: AbortSignal): Promise<void> {
    this.#sink = sink;
    await new Promise((resolve) => signal.addEventListener('abort', resolve, { once: true }));
  }

  get connected(): boolean {
    return this.#sink !== undefined;
  }

  async tell(objects: readonly SpecObject[]): Promise<void> {
    this.#revision += 1;
    await this.#write(objects, true, []);
  }

  async change(set: readonly SpecObject[], gone: readonly SpecObject[] = []): Promise<void> {
    this.#revision += 1;
    await this.#write(set, false, gone.map(specKey));
  }

  async #write(set: readonly SpecObject[], clear: boolean, gone: readonly string[]): Promise<void> {
    if (this.#sink === undefined) throw new Error('the agent has not asked for its NodeSpec yet');
    await this.#sink.write({ epoch: 'e1', revision: this.#revision, clear, set, delete: gone });
  }
}

export interface RigParts {
  readonly clock?: FakeClock;
  readonly kernel?: MemoryKernel;
  readonly store?: NodeStore;
  readonly runtime?: FakeRuntime;
  readonly source?: SpecSource;
}

/** A whole agent on fakes. Parts may be handed from one rig to the next: a restart of the agent. */
export class Rig implements AsyncDisposable {
  readonly clock: FakeClock;
  readonly kernel: MemoryKernel;
  readonly store: NodeStore;
  readonly runtime: FakeRuntime;
  readonly dhcp = new FakeDhcp();
  readonly probe = new FakeProbe();
  readonly source: HandSource;
  readonly agent: Agent;

  constructor(parts: RigParts = {}) {
    this.clock = parts.clock ?? new FakeClock();
    this.kernel = parts.kernel ?? memoryHost();
    this.store = parts.store ?? createMemoryStore();
    this.runtime = parts.runtime ?? new FakeRuntime();
    this.source = new HandSource();
    const { clock, kernel, store, runtime, dhcp, probe } = this;
    this.agent = createAgent({
      identity: { node: 'node-1', agentVersion: '0.0.0', vxlanDisabled: false },
      source: parts.source ?? this.source,
      log: silent,
      surroundings,
      clock,
      kernel,
      store,
      runtime,
      dhcp,
      probe,
    });
  }

  /** How many plans were applied so far. */
  get applied(): number {
    return this.kernel.plans.length;
  }

  network(name: string): NetworkStatus | undefined {
    const status = this.agent.status.get(`network/${name}`);
    return status?.kind === 'network' ? status : undefined;
  }

  vm(name: string): VmStatus | undefined {
    const status = this.agent.status.get(`vm/${name}`);
    return status?.kind === 'vm' ? status : undefined;
  }

  events(type: string): readonly EventStatus[] {
    return this.agent.status
      .all()
      .flatMap((status) => (status.kind === 'event' && status.type === type ? [status] : []));
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.agent[Symbol.asyncDispose]();
  }
}
