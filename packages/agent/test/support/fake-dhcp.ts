import type { LeaseStatus } from '@kcore/contract';
import type { DhcpNetwork } from '../../src/model/dhcp-network.ts';
import type { DhcpFeed } from '../../src/status/dhcp-feed.ts';

/** Remembers what it was told to serve. */
export class FakeDhcp implements DhcpFeed {
  readonly told: (readonly DhcpNetwork[])[] = [];
  linkChanges = 0;
  current: readonly LeaseStatus[] = [];
  readonly #listeners = new Set<() => void>();

  async setNetworks(networks: readonly DhcpNetwork[]): Promise<void> {
    this.told.push(networks);
  }

  linksChanged(): void {
    this.linkChanges += 1;
  }

  leases(): readonly LeaseStatus[] {
    return this.current;
  }

  onLeases(changed: () => void): () => void {
    this.#listeners.add(changed);
    return () => this.#listeners.delete(changed);
  }

  lease(...leases: readonly LeaseStatus[]): void {
    this.current = leases;
    for (const listener of this.#listeners) listener();
  }
}
