import {
  applyChange,
  type Condition,
  type DhcpStatus,
  type EventStatus,
  emptyState,
  type ImageStatus,
  type KeyedChange,
  type KeyedState,
  type LeaseStatus,
  type NetworkStatus,
  type ReachedStatus,
  type StatusObject,
  statusKey,
  type VmStatus,
} from '@kcore/contract';

/** Objects that one node may report: VMs, networks, leases and its ring of events. More is a mistake or an attack. */
const MAX_OBJECTS = 100_000;

/**
 * What a node last said of itself. Kept while it is away, because what it said last is the best that is known; not kept
 * over a restart of the controller, because every node says all of it when it connects.
 */
export class NodeStatus {
  #state: KeyedState<StatusObject> = emptyState();

  apply(change: KeyedChange<StatusObject>): void {
    const next = applyChange(this.#state, change, statusKey);
    if (next.objects.size <= MAX_OBJECTS) this.#state = next;
  }

  get reached(): ReachedStatus | undefined {
    const reached = this.#state.objects.get('reached');
    return reached?.kind === 'reached' ? reached : undefined;
  }

  get conditions(): Condition[] {
    return this.reached?.conditions ?? [];
  }

  network(name: string): NetworkStatus | undefined {
    const status = this.#state.objects.get(`network/${name}`);
    return status?.kind === 'network' ? status : undefined;
  }

  vm(name: string): VmStatus | undefined {
    const status = this.#state.objects.get(`vm/${name}`);
    return status?.kind === 'vm' ? status : undefined;
  }

  dhcp(network: string): DhcpStatus | undefined {
    const status = this.#state.objects.get(`dhcp/${network}`);
    return status?.kind === 'dhcp' ? status : undefined;
  }

  get networks(): NetworkStatus[] {
    return this.#all('network');
  }

  get leases(): LeaseStatus[] {
    return this.#all('lease');
  }

  get images(): ImageStatus[] {
    return this.#all('image');
  }

  /** Latest last. */
  get events(): EventStatus[] {
    return this.#all('event').sort((a, b) => a.sequence - b.sequence);
  }

  #all<K extends StatusObject['kind']>(kind: K): Extract<StatusObject, { kind: K }>[] {
    return [...this.#state.objects.values()].filter(
      (object): object is Extract<StatusObject, { kind: K }> => object.kind === kind,
    );
  }
}
