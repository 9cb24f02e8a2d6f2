import type { Handlers, NodeFacts, NodeNetwork, NodeSpec, Vm } from '@kcore/contract';
import type { Logger } from 'pino';
import type { Attachments, Desired } from './compile/desired.ts';
import { type AgentIdentity, compileNode } from './loop/compile-node.ts';
import { createConnectionEnds } from './loop/connection-ends.ts';
import { runLoop } from './loop/loop.ts';
import { readyPorts } from './loop/ready-ports.ts';
import type { PassOutcome } from './loop/reconcile.ts';
import { type Causes, createWakeups } from './loop/wakeups.ts';
import type { AnswerProbe } from './model/answer-probe.ts';
import type { Clock } from './model/clock.ts';
import type { HostFacts } from './model/host-facts.ts';
import type { Kernel } from './model/kernel.ts';
import { linkKey } from './model/needs.ts';
import type { NodeImages, VmRuntime } from './model/runtime.ts';
import { guestCalls } from './session/guest-calls.ts';
import type { SpecSink, SpecSource } from './session/source.ts';
import { createStatusBoard, type StatusBoard } from './status/board.ts';
import { createDhcpLevel, type DhcpFeed, noDhcp } from './status/dhcp-feed.ts';
import { createEventLog, type NodeEvent } from './status/events.ts';
import { nodeFacts } from './status/node-facts.ts';
import { createOutcomeReport } from './status/outcome-report.ts';
import type { Surroundings } from './status/surroundings.ts';
import type { NodeStore, SpecWrite } from './store/node-store.ts';
import { readVmMemory, vmMemoryRecord } from './vm/memory-record.ts';
import { type SeedContext, seedOf } from './vm/seed.ts';
import { createVmLoop } from './vm/vm-loop.ts';

/** How often the host's listening ports and resolvers are read again, milliseconds. Reading writes nothing. */
const FACTS_MILLISECONDS = 10_000;
/** Port on which our own DHCP server listens: not one of the host's. */
const DHCP_SERVER_PORT = 67;

export interface AgentOptions {
  readonly identity: AgentIdentity;
  readonly kernel: Kernel;
  readonly store: NodeStore;
  readonly source: SpecSource;
  readonly runtime: VmRuntime;
  /** Absent: networks that need DHCP say that there is none. */
  readonly dhcp?: DhcpFeed;
  /** Absent: it is not known whether guests answer at their addresses. */
  readonly probe?: AnswerProbe;
  readonly surroundings: Surroundings;
  readonly clock: Clock;
  readonly log: Logger;
}

/** A running agent. Disposing stops it and leaves the data path and the guests as they are; what was passed in stays open. */
export interface Agent extends AsyncDisposable {
  readonly status: StatusBoard;
  /** Resolves when that revision, or a later one, went through the loop; `status` then says how well. */
  reached(revision: number): Promise<void>;
  /** Adds to the ring of events what parts outside of the agent, such as a DHCP server, have to tell. */
  record(event: NodeEvent): void;
}

/** Keeps this host as the source says, until disposed. */
export function createAgent(options: AgentOptions): Agent {
  return new RunningAgent(options);
}

class RunningAgent implements Agent {
  readonly status = createStatusBoard();
  readonly #options: AgentOptions;
  readonly #ending = new AbortController();
  readonly #wakeups;
  readonly #events;
  readonly #report;
  readonly #dhcp;
  readonly #vms;
  readonly #stopImages: () => void;
  readonly #calls: Handlers;
  readonly #done: Promise<unknown>;
  #host: HostFacts | undefined;
  #desired: Desired | undefined;
  /** The spec that the pass under way works from: what comes meanwhile is for the next one. */
  #worked: NodeSpec | undefined;
  /** What the NICs of guests were plugged into when it was compiled. */
  #attachments: Attachments = new Map();
  #listening: NodeFacts['listening'] | undefined;
  #resolvers: readonly string[];
  #sourceStarted = false;
  #sourceDone: Promise<void> = Promise.resolve();

  constructor(options: AgentOptions) {
    const { clock, store, surroundings, runtime } = options;
    this.#options = options;
    this.#wakeups = createWakeups(clock);
    this.#events = createEventLog(this.status, clock);
    this.#report = createOutcomeReport(this.status, this.#events);
    this.#dhcp = createDhcpLevel(options.dhcp ?? noDhcp, this.status, () => clock.now());
    this.#resolvers = surroundings.resolvers();
    this.#vms = createVmLoop({
      runtime,
      clock,
      memory: readVmMemory(store.readRecord('vms'), surroundings.bootId),
      remember: (memory) => store.writeRecord('vms', vmMemoryRecord(memory, surroundings.bootId)),
      seed: (vm) => seedOf(vm, this.#seedContext()),
      mtuOf: (network) => this.#seedContext().mtuOf(network),
      bridgeOf: (network) => this.#desired?.networks.get(network)?.bridge,
      ...(options.probe === undefined ? {} : { probe: options.probe }),
      onAttachments: () => this.#wakeups.wake({ kind: 'vm' }),
      onStatus: (statuses) => this.status.replace('vm', statuses),
      onEvent: (event) => this.#events.record(event),
    });
    this.#stopImages = this.#reportImages(runtime.images);
    this.#calls = guestCalls(runtime);
    if (store.readSpec() !== undefined) this.#wantVms();
    const { signal } = this.#ending;
    this.#done = Promise.all([this.#loop(signal), this.#vms.run(signal), this.#keepFacts(signal)]);
  }

  async reached(revision: number): Promise<void> {
    const isReached = (): boolean => {
      const status = this.status.get('reached');
      return status?.kind === 'reached' && status.revision >= revision;
    };
    if (isReached()) return;
    await new Promise<void>((resolve) => {
      const stop = this.status.watch((key) => {
        if (key !== 'reached' || !isReached()) return;
        stop();
        resolve();
      });
    });
  }

  record(event: NodeEvent): void {
    this.#events.record(event);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#ending.abort();
    this.#stopImages();
    await this.#done;
    await this.#sourceDone;
    this.#dhcp[Symbol.dispose]();
  }

  #loop(signal: AbortSignal): Promise<void> {
    const { kernel, clock, store, log } = this.#options;
    const connectionEnds = createConnectionEnds({
      noted: store.readRecord('pending-connections'),
      save: (filters) => store.writeRecord('pending-connections', filters.length === 0 ? undefined : filters),
      end: (filters) => kernel.endConnections(filters),
    });
    return runLoop(
      {
        kernel,
        clock,
        log: log.child({ component: 'loop' }),
        wakeups: this.#wakeups,
        connectionEnds,
        compile: (host) => this.#compile(host),
        onOutcome: (outcome, causes) => this.#onOutcome(outcome, causes),
        onFailure: (error) => {
          log.error({ err: error }, 'the host could not be reconciled');
          this.#report.failed(store.readSpec(), error);
        },
      },
      signal,
    );
  }

  #compile(host: HostFacts): Desired | undefined {
    const { identity, store } = this.#options;
    this.#worked = store.readSpec();
    if (this.#worked === undefined) return undefined;
    const controllerAddress = this.#options.source.farEnd?.();
    this.#attachments = this.#vms.attachments();
    return compileNode(this.#worked, host, {
      identity,
      resolvers: this.#resolvers,
      attachments: this.#attachments,
      ...(controllerAddress === undefined ? {} : { controllerAddress }),
    });
  }

  async #onOutcome(outcome: PassOutcome, causes: Causes): Promise<void> {
    const { desired, observation, remade } = outcome;
    this.#host = observation.facts;
    this.#desired = desired;
    this.#publishFacts();
    if (desired !== undefined && this.#worked !== undefined) {
      this.#vms.setReady(readyPorts(this.#attachments, outcome));
      const conditions = await this.#dhcp.feed(desired.dhcp, remade);
      this.#report.passed(this.#worked, outcome, causes, conditions);
    }
    this.#startSource();
  }

  /** The first thing said to a controller is what this host is, so the host is looked at first. */
  #startSource(): void {
    if (this.#sourceStarted) return;
    this.#sourceStarted = true;
    const { source, log } = this.#options;
    this.#sourceDone = source
      .run(this.#sink(), this.#ending.signal)
      .catch((err: unknown) =>
        log.error({ err }, 'the source of the NodeSpec ended; the node goes on with what it was told'),
      );
  }

  #sink(): SpecSink {
    const { store, identity } = this.#options;
    return {
      node: identity.node,
      status: this.status,
      calls: this.#calls,
      held: () => store.readSpec(),
      facts: () => this.#facts(this.#hostSeen()),
      write: async (change: SpecWrite) => {
        this.#ending.signal.throwIfAborted();
        if (saysNothing(change, store.readSpec())) return;
        await store.writeSpec(change);
        this.#wantVms();
        this.#wakeups.wake({ kind: 'spec' });
      },
    };
  }

  /** The node's images as they are now, for as long as the agent runs. Returns how to stop. */
  #reportImages(images: NodeImages | undefined): () => void {
    if (images === undefined) return () => {};
    const report = (): void => this.status.replace('image', images.list());
    report();
    return images.watch(report);
  }

  #wantVms(): void {
    const spec = this.#options.store.readSpec();
    this.#vms.want(vmsOf(spec), keptOf(spec));
  }

  #hostSeen(): HostFacts {
    if (this.#host === undefined) throw new Error('the host was not looked at yet');
    return this.#host;
  }

  #publishFacts(): void {
    if (this.#host !== undefined) this.status.put(this.#facts(this.#host));
  }

  #facts(host: HostFacts): NodeFacts {
    const { identity, surroundings, runtime, source } = this.#options;
    this.#listening ??= surroundings.listening(undefined);
    const serving = (this.#desired?.dhcp.length ?? 0) > 0;
    const controllerAddress = source.farEnd?.();
    const { node: _node, ...described } = identity;
    return nodeFacts(host, {
      ...described,
      hostname: surroundings.hostname,
      kernel: surroundings.kernel,
      capacity: surroundings.capacity,
      runtime: runtime.description,
      ...(runtime.room === undefined ? {} : { room: runtime.room }),
      listening: this.#listening.filter(
        ({ protocol, port }) => !(serving && protocol === 'udp' && port === DHCP_SERVER_PORT),
      ),
      ...(controllerAddress === undefined ? {} : { controllerAddress }),
    });
  }

  async #keepFacts(signal: AbortSignal): Promise<void> {
    const { clock, surroundings } = this.#options;
    while (!signal.aborted) {
      await clock.sleep(FACTS_MILLISECONDS, signal).catch(() => {});
      if (signal.aborted) return;
      this.#listening = surroundings.listening(this.#listening);
      const resolvers = surroundings.resolvers();
      if (resolvers.join() !== this.#resolvers.join()) {
        this.#resolvers = resolvers;
        this.#wakeups.wake({ kind: 'facts' });
      }
      this.#publishFacts();
      this.#dhcp.refresh();
    }
  }

  #seedContext(): SeedContext {
    const desired = this.#desired;
    return {
      networks: new Map(networksOf(this.#worked).map((network) => [network.name, network])),
      resolvers: this.#resolvers,
      mtuOf(network) {
        const bridge = desired?.networks.get(network)?.bridge;
        const link = bridge === undefined ? undefined : desired?.state.get(linkKey(bridge));
        return link?.kind === 'link' ? link.mtu : undefined;
      },
    };
  }
}

function vmsOf(spec: NodeSpec | undefined): readonly Vm[] {
  return [...(spec?.objects.values() ?? [])].flatMap((object) => (object.kind === 'vm' ? [object.vm] : []));
}

function keptOf(spec: NodeSpec | undefined): ReadonlySet<string> {
  const objects = [...(spec?.objects.values() ?? [])];
  return new Set(objects.flatMap((object) => (object.kind === 'kept-disks' ? [object.uid] : [])));
}

function networksOf(spec: NodeSpec | undefined): readonly NodeNetwork[] {
  return [...(spec?.objects.values() ?? [])].flatMap((object) => (object.kind === 'network' ? [object] : []));
}

/** A controller says at least its revision at each session, and mostly it is the one on disk. */
function saysNothing({ epoch, revision, clear, set, delete: gone }: SpecWrite, held: NodeSpec | undefined): boolean {
  return !clear && set.length === 0 && gone.length === 0 && held?.epoch === epoch && held.revision === revision;
}
