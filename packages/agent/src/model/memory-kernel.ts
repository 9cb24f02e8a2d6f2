import type { HostFacts, HostLink } from './host-facts.ts';
import type { ConntrackFilter, Kernel, Observation, Wakeup } from './kernel.ts';
import { keyOf } from './key.ts';
import { MemoryHost, MemoryHostError } from './memory-host.ts';
import { needsOf } from './needs.ts';
import type { Operation, OperationResult, Plan } from './operation.ts';
import type { ForeignLink, Link } from './resource.ts';

/** A foreign link as it is before kcore sets anything on it. */
export type MemoryNic = Pick<HostLink, 'name'> & Partial<Omit<HostLink, 'name' | 'owned' | 'index'>>;

export interface MemoryKernelOptions {
  /** Links of others. */
  readonly nics?: readonly MemoryNic[];
  /** Everything of the host but its links. */
  readonly facts?: Partial<Omit<HostFacts, 'links'>>;
}

/** Longest queue of a watcher that nobody reads. */
const NOTIFICATIONS_MAX = 1024;

/**
 * A Kernel without a kernel: the twin of the one that talks netlink, for tests and for trying kcore where there is no
 * root. It refuses and forgets what the real one would (see MemoryHost).
 */
export class MemoryKernel implements Kernel {
  readonly host = new MemoryHost();
  /** Every plan that was applied and was not empty. */
  readonly plans: Plan[] = [];
  /** Connections that conntrack follows; `endConnections` takes those it matches out. */
  readonly connections: ConntrackFilter[] = [];
  #facts: Omit<HostFacts, 'links'>;
  readonly #kinds = new Map<string, string>();
  readonly #indexes = new Map<string, number>();
  #nextIndex = 2;
  readonly #refused = new Map<string, { readonly code: string; readonly message: string }>();
  readonly #watchers = new Set<Watcher>();

  constructor(options: MemoryKernelOptions = {}) {
    this.#facts = { ...plainFacts, ...options.facts };
    for (const nic of options.nics ?? []) this.addNic(nic);
  }

  /** Plugs in a link of others. */
  addNic({ name, kind, ...nic }: MemoryNic): void {
    if (kind !== undefined) this.#kinds.set(name, kind);
    const link: ForeignLink = { kind: 'link', type: 'foreign', owned: false, name, ...DEFAULT_NIC, ...nic };
    this.host.resources.set(keyOf(link), link);
    this.#notify(`link ${name} created`);
  }

  setFacts(facts: Partial<Omit<HostFacts, 'links'>>): void {
    this.#facts = { ...this.#facts, ...facts };
    this.#notify('facts changed');
  }

  /** What a hand does to the host behind kcore's back; watchers are woken with the notification. */
  damage(notification: string, change: (host: MemoryHost) => void): void {
    change(this.host);
    this.#notify(notification);
  }

  /** From now on every operation on this key fails so. */
  refuse(key: string, code: string, message: string): void {
    this.#refused.set(key, { code, message });
  }

  allow(key: string): void {
    this.#refused.delete(key);
  }

  observe(foreignLinks: ReadonlySet<string>): Promise<Observation> {
    const isSeen = (link: Link): boolean => link.owned || foreignLinks.has(link.name);
    const seen = [...this.host.resources].filter(([, each]) => each.kind !== 'link' || isSeen(each));
    return Promise.resolve({ state: new Map(seen), facts: { ...this.#facts, links: this.#links() } });
  }

  apply(plan: Plan): Promise<readonly OperationResult[]> {
    if (plan.length > 0) this.plans.push(plan);
    const results: OperationResult[] = [];
    const failed = new Set<string>();
    for (let at = 0; at < plan.length; ) {
      const end = endOfRun(plan, at);
      const run = plan.slice(at, end);
      results.push(...(end - at > 1 ? this.#transaction(run, failed) : run.map((each) => this.#one(each, failed))));
      at = end;
    }
    return Promise.resolve(results);
  }

  endConnections(filters: readonly ConntrackFilter[]): Promise<number> {
    const matches = (each: ConntrackFilter): boolean =>
      filters.some(
        ({ protocol, address, port }) => each.protocol === protocol && each.address === address && each.port === port,
      );
    const staying = this.connections.filter((each) => !matches(each));
    const ended = this.connections.length - staying.length;
    this.connections.splice(0, Number.POSITIVE_INFINITY, ...staying);
    return Promise.resolve(ended);
  }

  async *watch(signal: AbortSignal): AsyncIterable<Wakeup> {
    const watcher = new Watcher();
    this.#watchers.add(watcher);
    const end = (): void => watcher.end();
    signal.addEventListener('abort', end, { once: true });
    if (signal.aborted) watcher.end();
    try {
      yield* watcher.wakeups();
    } finally {
      signal.removeEventListener('abort', end);
      this.#watchers.delete(watcher);
    }
  }

  [Symbol.asyncDispose](): Promise<void> {
    for (const watcher of this.#watchers) watcher.end();
    return Promise.resolve();
  }

  /** nft operations that follow each other are one transaction: all of them or none. */
  #transaction(run: Plan, failed: Set<string>): readonly OperationResult[] {
    const before = new Map(this.host.resources);
    const results = run.map((operation) => this.#one(operation, failed));
    const culprit = results.findIndex((result) => result.status === 'failed');
    if (culprit < 0) return results;
    this.host.resources.clear();
    for (const [key, resource] of before) this.host.resources.set(key, resource);
    for (const operation of run) failed.add(keyOfOperation(operation));
    const message = 'the transaction it is part of was refused';
    return results.map((result, index) => (index === culprit ? result : { status: 'skipped', message }));
  }

  #one(operation: Operation, failed: Set<string>): OperationResult {
    const key = keyOfOperation(operation);
    const need = operation.op === 'delete' ? undefined : needsOf(operation.want).find((each) => failed.has(each));
    if (need !== undefined) {
      failed.add(key);
      return { status: 'skipped', message: `${need} failed` };
    }
    const refused = this.#refused.get(key);
    try {
      if (refused !== undefined) throw new MemoryHostError(refused.code, refused.message);
      if (operation.op === 'delete') this.host.remove(key);
      else this.host.put(operation.want);
    } catch (error) {
      if (!(error instanceof MemoryHostError)) throw error;
      failed.add(key);
      return { status: 'failed', code: error.code, message: error.message };
    }
    this.#notify(`${key} ${operation.op}d`);
    return { status: 'ok' };
  }

  #links(): readonly HostLink[] {
    const links = [...this.host.resources.values()].filter((each): each is Link => each.kind === 'link');
    // A link that is made again under the same name is another one.
    const names = new Set(links.map(({ name }) => name));
    for (const name of this.#indexes.keys()) if (!names.has(name)) this.#indexes.delete(name);
    return links.map((link) => this.#hostLink(link));
  }

  #hostLink({ name, type, owned, mac, mtu, up, master, forwarding }: Link): HostLink {
    const index = this.#indexes.get(name) ?? this.#nextIndex++;
    this.#indexes.set(name, index);
    const kind = type === 'foreign' ? this.#kinds.get(name) : type === 'tap' ? 'tun' : type;
    return {
      name,
      index,
      ...(kind === undefined ? {} : { kind }),
      ...(mac === undefined ? {} : { mac }),
      mtu: mtu ?? DEFAULT_NIC.mtu,
      up: up === true,
      ...(typeof master === 'string' ? { master } : {}),
      forwarding: forwarding === true,
      owned,
    };
  }

  #notify(notification: string): void {
    for (const watcher of this.#watchers) watcher.push({ notification });
  }
}

const DEFAULT_NIC = { mtu: 1500, up: true, forwarding: false } as const;

const plainFacts: Omit<HostFacts, 'links'> = {
  addresses: [],
  routes: [],
  foreignBaseChains: [],
  features: { bridge: true, vlan: true, vxlan: true, nftNat: true, nftBridge: true },
  ipForward: false,
};

function keyOfOperation(operation: Operation): string {
  return keyOf(operation.op === 'delete' ? operation.have : operation.want);
}

function isNft(operation: Operation | undefined): boolean {
  return operation !== undefined && keyOfOperation(operation).startsWith('nft-');
}

/** Index after the last operation of the transaction that begins here; any other operation is alone. */
function endOfRun(plan: Plan, start: number): number {
  let end = start + 1;
  if (isNft(plan[start])) while (isNft(plan[end])) end += 1;
  return end;
}

/** A bounded queue; when nobody reads, what was missed is one `overrun`. */
class Watcher {
  #queue: Wakeup[] = [];
  #ended = false;
  #wake: (() => void) | undefined;

  push(wakeup: Wakeup): void {
    if (this.#queue.length >= NOTIFICATIONS_MAX) this.#queue = [{ notification: 'overrun' }];
    else this.#queue.push(wakeup);
    this.#wake?.();
  }

  end(): void {
    this.#ended = true;
    this.#wake?.();
  }

  async *wakeups(): AsyncIterable<Wakeup> {
    while (!this.#ended) {
      const next = this.#queue.shift();
      if (next !== undefined) yield next;
      else
        await new Promise<void>((resolve) => {
          this.#wake = resolve;
        });
    }
  }
}
