import { type DhcpStatus, type LeaseStatus, leaseKey } from '@kcore/contract';
import type { DhcpNetwork } from '../../src/model/dhcp-network.ts';
import type { DhcpFeed } from '../../src/status/dhcp-feed.ts';

type Listener = Parameters<DhcpFeed['onLeases']>[0];

/** Remembers what it was told to serve, and has the leases that a test says. */
export class FakeDhcp implements DhcpFeed {
  readonly told: (readonly DhcpNetwork[])[] = [];
  linkChanges = 0;
  current: readonly LeaseStatus[] = [];
  counted: readonly DhcpStatus[] = [];
  readonly #listeners = new Set<Listener>();

  async setNetworks(networks: readonly DhcpNetwork[]): Promise<void> {
    this.told.push(networks);
  }

  linksChanged(): void {
    this.linkChanges += 1;
  }

  holdings(): readonly LeaseStatus[] {
    return this.current;
  }

  holding(network: string, address: string): LeaseStatus | undefined {
    return this.current.find((lease) => leaseKey(lease) === leaseKey({ network, address }));
  }

  statistics(): readonly DhcpStatus[] {
    return this.counted;
  }

  onLeases(changed: Listener): () => void {
    this.#listeners.add(changed);
    return () => this.#listeners.delete(changed);
  }

  /** These are all leases from now on. */
  lease(...leases: readonly LeaseStatus[]): void {
    const places = [...this.current, ...leases];
    this.current = leases;
    for (const listener of this.#listeners) listener(places);
  }
}
