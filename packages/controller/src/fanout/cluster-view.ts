import type { KeptDisks, Network, Vm } from '@kcore/contract';
import type { NodeRow } from '../store/rows.ts';
import { keys } from '../store/rows.ts';
import type { Change, Store } from '../store/store.ts';

/** The networks, VMs, kept disks and nodes at one revision, and who is where. */
export interface ClusterView {
  readonly revision: number;
  readonly networks: ReadonlyMap<string, Network>;
  readonly vms: ReadonlyMap<string, Vm>;
  readonly nodes: ReadonlyMap<string, NodeRow>;
  /** By the uid of the VM whose they were. */
  readonly keptDisks: ReadonlyMap<string, KeptDisks>;
  /** Names of VMs with a NIC on a network. */
  vmsOn(network: string): ReadonlySet<string>;
  /** Names of VMs assigned to a node. */
  vmsAt(node: string): ReadonlySet<string>;
  /** Uids of VMs whose disks are kept on a node. */
  keptAt(node: string): ReadonlySet<string>;
  /** Names of networks that are on a node. */
  networksAt(node: string): ReadonlySet<string>;
  isOn(network: string, node: string): boolean;
}

const nothing: ReadonlySet<string> = new Set();

/** Many-to-many, by name. */
class Index {
  readonly #sets = new Map<string, Set<string>>();

  get(key: string): ReadonlySet<string> {
    return this.#sets.get(key) ?? nothing;
  }

  add(key: string, member: string): void {
    const set = this.#sets.get(key) ?? new Set();
    this.#sets.set(key, set);
    set.add(member);
  }

  remove(key: string, member: string): void {
    const set = this.#sets.get(key);
    set?.delete(member);
    if (set?.size === 0) this.#sets.delete(key);
  }
}

/**
 * A copy of the store's objects in memory, kept by its change log: computing a thousand NodeSpecs must not read a
 * thousand times from disk. Only sessions read it; requests read the store.
 */
export class ClusterMirror implements ClusterView {
  readonly networks = new Map<string, Network>();
  readonly vms = new Map<string, Vm>();
  readonly nodes = new Map<string, NodeRow>();
  readonly keptDisks = new Map<string, KeptDisks>();
  readonly #vmsOn = new Index();
  readonly #vmsAt = new Index();
  readonly #keptAt = new Index();
  readonly #networksAt = new Index();
  #revision = 0;

  static load(store: Store): ClusterMirror {
    const mirror = new ClusterMirror();
    for (const prefix of [keys.nodes, keys.networks, keys.vms, keys.keptDisks]) {
      for (const { key, value } of store.range(prefix)) mirror.#apply({ key, after: value });
    }
    mirror.#revision = store.revision;
    return mirror;
  }

  get revision(): number {
    return this.#revision;
  }

  advance(revision: number, changes: readonly Change[]): void {
    for (const change of changes) this.#apply(change);
    this.#revision = revision;
  }

  vmsOn(network: string): ReadonlySet<string> {
    return this.#vmsOn.get(network);
  }

  vmsAt(node: string): ReadonlySet<string> {
    return this.#vmsAt.get(node);
  }

  keptAt(node: string): ReadonlySet<string> {
    return this.#keptAt.get(node);
  }

  networksAt(node: string): ReadonlySet<string> {
    return this.#networksAt.get(node);
  }

  isOn(network: string, node: string): boolean {
    return this.#networksAt.get(node).has(network);
  }

  #apply({ key, before, after }: Change): void {
    const name = key.slice(key.indexOf('/') + 1);
    // Rows under these keys are of these types: store/rows.ts.
    if (key.startsWith(keys.networks)) this.#network(name, before as Network | undefined, after as Network | undefined);
    else if (key.startsWith(keys.vms)) this.#vm(name, before as Vm | undefined, after as Vm | undefined);
    else if (key.startsWith(keys.nodes)) replace(this.nodes, name, after as NodeRow | undefined);
    else if (key.startsWith(keys.keptDisks))
      this.#kept(before as KeptDisks | undefined, after as KeptDisks | undefined);
  }

  #network(name: string, before: Network | undefined, after: Network | undefined): void {
    for (const node of before?.nodes ?? []) this.#networksAt.remove(node.name, name);
    for (const node of after?.nodes ?? []) this.#networksAt.add(node.name, name);
    replace(this.networks, name, after);
  }

  #vm(name: string, before: Vm | undefined, after: Vm | undefined): void {
    for (const nic of before?.nics ?? []) this.#vmsOn.remove(nic.network, name);
    for (const nic of after?.nics ?? []) this.#vmsOn.add(nic.network, name);
    if (before !== undefined) this.#vmsAt.remove(before.node, name);
    if (after !== undefined) this.#vmsAt.add(after.node, name);
    replace(this.vms, name, after);
  }

  #kept(before: KeptDisks | undefined, after: KeptDisks | undefined): void {
    if (before !== undefined) {
      this.#keptAt.remove(before.node, before.uid);
      this.keptDisks.delete(before.uid);
    }
    if (after === undefined) return;
    this.#keptAt.add(after.node, after.uid);
    this.keptDisks.set(after.uid, after);
  }
}

function replace<T>(map: Map<string, T>, name: string, value: T | undefined): void {
  if (value === undefined) map.delete(name);
  else map.set(name, value);
}
