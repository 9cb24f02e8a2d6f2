import { randomInt } from 'node:crypto';
import { type DhcpStatus, isIpv4, type LeaseStatus, parseIpv4 } from '@kcore/contract';
import type { Clock } from '../../model/clock.ts';
import type { DhcpNetwork } from '../../model/dhcp-network.ts';
import type { PacketSockets } from '../../model/packet-socket.ts';
import type { LeaseChange } from '../leases/lease.ts';
import { LEASE_LOG, LeaseStore } from '../leases/lease-store.ts';
import { type LogDisk, nodeDisk } from '../log/log-disk.ts';
import { type ServedNetwork, serveNetwork } from '../respond/served-network.ts';
import type { DhcpCounters } from './counters.ts';
import type { DhcpLog } from './dhcp-log.ts';
import { Endpoint } from './endpoint.ts';
import { type DhcpEventListener, EventGate } from './event-gate.ts';
import { LeaseFeed, type LeaseListener } from './lease-feed.ts';
import { dnsmasqLeases, leaseStatus } from './lease-formats.ts';
import { networkStatistics } from './network-statistics.ts';

export interface DhcpServerOptions {
  readonly sockets: PacketSockets;
  /** Where the lease log is kept; made when it is missing. Belongs to one server at a time. */
  readonly directory: string;
  readonly clock: Clock;
  readonly log?: DhcpLog;
  readonly onEvent?: DhcpEventListener;
  /** The real file system when absent. */
  readonly disk?: LogDisk;
}

/** DHCPv4 for any number of networks, on one event loop. */
export interface DhcpServer extends AsyncDisposable {
  /**
   * Serves exactly these networks from now on. Resolves when every link that exists is listened on; the others follow
   * when they appear. A lease that came from a binding ends when its MAC has none any more; a network that is not
   * among them keeps its leases. A network whose data is malformed is told as an event and stays as it was.
   */
  setNetworks(networks: readonly DhcpNetwork[]): Promise<void>;
  /** Links came or went: networks without sockets try again at once. */
  linksChanged(): void;
  /** Leases that run. */
  leases(): readonly LeaseStatus[];
  /** What holds each address that somebody has, had, or is promised, and those that were declined. */
  holdings(): readonly LeaseStatus[];
  /** What holds one address. */
  holding(network: string, address: string): LeaseStatus | undefined;
  /** Calls back, at most five times a second, with the addresses whose holders changed. Returns how to stop it. */
  onLeases(listener: LeaseListener): () => void;
  /** Ends the lease of a MAC at once, because its VM is gone. */
  release(network: string, mac: string): Promise<void>;
  counters(): ReadonlyMap<string, DhcpCounters>;
  /** The counters, and how full each range is. */
  statistics(): readonly DhcpStatus[];
  /** Leases that run, in dnsmasq's format; of all networks, or of one. */
  exportLeases(network?: string): string;
}

const SILENT: DhcpLog = { debug: () => {}, info: () => {}, warn: () => {} };

class Server implements DhcpServer {
  readonly #options: DhcpServerOptions;
  readonly #store: LeaseStore;
  readonly #events: EventGate;
  readonly #endpoints = new Map<string, Endpoint>();
  readonly #feed: LeaseFeed;
  /** Changes of the set of networks, one after the other. */
  #changing: Promise<void> = Promise.resolve();

  constructor(options: DhcpServerOptions, store: LeaseStore, events: EventGate) {
    this.#options = options;
    this.#store = store;
    this.#events = events;
    this.#feed = new LeaseFeed(options.clock);
    store.listen((network, address) => this.#feed.changed(network, address));
  }

  setNetworks(networks: readonly DhcpNetwork[]): Promise<void> {
    this.#changing = this.#changing.then(() => this.#change(networks));
    return this.#changing;
  }

  linksChanged(): void {
    for (const endpoint of this.#endpoints.values()) endpoint.retry();
  }

  leases(): readonly LeaseStatus[] {
    return this.holdings().filter(({ state }) => state === 'active');
  }

  holdings(): readonly LeaseStatus[] {
    this.#store.followClock();
    const now = this.#options.clock.now();
    return [...this.#store.networks()].flatMap((network) =>
      [...this.#store.table(network).holdings()].flatMap((holding) => leaseStatus(network, holding, now) ?? []),
    );
  }

  holding(network: string, address: string): LeaseStatus | undefined {
    this.#store.followClock();
    const found = isIpv4(address) ? this.#store.table(network).at(parseIpv4(address)) : undefined;
    return found === undefined ? undefined : leaseStatus(network, found, this.#options.clock.now());
  }

  onLeases(listener: LeaseListener): () => void {
    return this.#feed.subscribe(listener);
  }

  async release(network: string, mac: string): Promise<void> {
    const lower = mac.toLowerCase();
    await this.#forget(network, (lease) => lease.mac === lower);
  }

  counters(): ReadonlyMap<string, DhcpCounters> {
    return new Map([...this.#endpoints].map(([network, { desk }]) => [network, desk.counters.snapshot()]));
  }

  statistics(): readonly DhcpStatus[] {
    const now = this.#options.clock.now();
    return [...this.#endpoints].map(([name, { desk }]) =>
      networkStatistics(desk.network, this.#store.table(name), desk.counters.snapshot(), now),
    );
  }

  exportLeases(network?: string): string {
    const leases = this.leases();
    return dnsmasqLeases(network === undefined ? leases : leases.filter((lease) => lease.network === network));
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#changing;
    await Promise.all([...this.#endpoints.values()].map((endpoint) => endpoint[Symbol.asyncDispose]()));
    this.#endpoints.clear();
    this.#feed.stop();
    await this.#store[Symbol.asyncDispose]();
  }

  async #change(networks: readonly DhcpNetwork[]): Promise<void> {
    const wanted = new Map(networks.map((spec) => [spec.network, spec]));
    for (const [network, endpoint] of this.#endpoints) {
      const spec = wanted.get(network);
      if (spec?.link === endpoint.link) continue;
      this.#endpoints.delete(network);
      if (spec === undefined) this.#events.forget(network);
      await endpoint[Symbol.asyncDispose]();
    }
    for (const spec of wanted.values()) await this.#serve(spec);
    await Promise.all([...this.#endpoints.values()].map((endpoint) => endpoint.ready));
  }

  async #serve(spec: DhcpNetwork): Promise<void> {
    const endpoint = this.#endpoints.get(spec.network);
    if (endpoint?.desk.network.spec === spec) return;
    const network = this.#prepare(spec);
    if (network === undefined) return;
    if (endpoint === undefined) this.#endpoints.set(spec.network, this.#endpoint(network));
    else endpoint.desk.serve(network);
    // Not a reason to fail: in memory they are gone, and after a restart this is done again.
    await this.#forget(spec.network, ({ origin, mac }) => origin === 'binding' && !network.bound.has(mac)).catch(
      () => {},
    );
  }

  #prepare(spec: DhcpNetwork): ServedNetwork | undefined {
    try {
      const network = serveNetwork(spec);
      for (const message of network.warnings)
        this.#events.tell(spec.network, { type: 'NetworkMisconfigured', message });
      return network;
    } catch (error) {
      const message = error instanceof Error ? error.message : String(error);
      this.#events.tell(spec.network, { type: 'NetworkMisconfigured', message });
      return undefined;
    }
  }

  #endpoint(network: ServedNetwork): Endpoint {
    const { sockets, clock, log = SILENT } = this.#options;
    const name = network.spec.network;
    return new Endpoint({
      network,
      store: this.#store,
      sockets,
      clock,
      log,
      now: () => clock.now(),
      monotonic: () => clock.monotonic(),
      seed: randomInt(2 ** 32),
      onEvent: (event) => this.#events.tell(name, event),
    });
  }

  async #forget(
    network: string,
    which: (lease: { readonly mac: string; readonly origin: string }) => boolean,
  ): Promise<void> {
    const changes = [...this.#store.leases(network)]
      .filter(which)
      .map(({ address }): LeaseChange => ({ change: 'forget', network, address }));
    if (changes.length === 0) return;
    const transaction = this.#store.begin();
    for (const change of changes) transaction.add(change);
    await transaction.commit();
  }
}

/**
 * @throws {LeaseLogCorruptError} The lease log is damaged where leases had been acknowledged; errors of the file system.
 */
export async function createDhcpServer(options: DhcpServerOptions): Promise<DhcpServer> {
  const { clock, log = SILENT, directory } = options;
  const events = new EventGate(
    (type, object, message) => {
      log.info({ type, object, reason: message }, 'dhcp event');
      options.onEvent?.(type, object, message);
    },
    () => clock.monotonic(),
  );
  const store = await LeaseStore.open({
    directory,
    disk: options.disk ?? nodeDisk,
    now: () => clock.now(),
    monotonic: () => clock.monotonic(),
    onFailure: (error) => {
      const message = `leases cannot be written to ${directory} (${error.message}): no new or renewed lease is given until they can`;
      events.tell(LEASE_LOG, { type: 'LeaseStoreFailed', message });
    },
    onRecovery: () => {
      events.tell(LEASE_LOG, { type: 'LeaseStoreRecovered', message: `leases are written to ${directory} again` });
    },
    onClockJump: (milliseconds) => {
      const by = `${milliseconds > 0 ? 'forward' : 'back'} by ${Math.round(Math.abs(milliseconds) / 1000)} s`;
      events.tell(LEASE_LOG, { type: 'ClockJumped', message: `the host's clock was set ${by}; leases run on as told` });
    },
    onTorn: () => log.warn({ directory }, 'the last write to the lease log was cut off and is dropped'),
  });
  return new Server(options, store, events);
}
