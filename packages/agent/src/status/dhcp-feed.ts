import { isDeepStrictEqual } from 'node:util';
import { type Condition, type DhcpStatus, type LeaseStatus, leaseKey } from '@kcore/contract';
import type { DhcpNetwork } from '../model/dhcp-network.ts';
import type { StatusBoard } from './board.ts';

/** The DHCP server as the agent sees it: told what to serve, asked for its leases. */
export interface DhcpFeed {
  /** Level: all networks that are to be served, each time. */
  setNetworks(networks: readonly DhcpNetwork[]): Promise<void>;
  /** Bridges may have been made anew: sockets that lost theirs are opened again. */
  linksChanged(): void;
  /** What holds each address. */
  holdings(): readonly LeaseStatus[];
  holding(network: string, address: string): LeaseStatus | undefined;
  /** Calls back with the addresses whose holders changed; bounded in how often and how many at a time. */
  onLeases(changed: (places: readonly { readonly network: string; readonly address: string }[]) => void): () => void;
  statistics(): readonly DhcpStatus[];
}

/** For an agent without a DHCP server: its networks that need one say so. */
export const noDhcp: DhcpFeed = {
  async setNetworks(networks) {
    const names = networks.map(({ network }) => `'${network}'`).join(', ');
    if (networks.length > 0) throw new Error(`no DHCP server was given to this agent; nobody answers on ${names}`);
  },
  linksChanged: () => {},
  holdings: () => [],
  holding: () => undefined,
  onLeases: () => () => {},
  statistics: () => [],
};

/** Feeds a DHCP server after each pass, and its leases into status. */
export interface DhcpLevel extends Disposable {
  /** Never rejects: what fails is a condition, and is tried again after the next pass. */
  feed(networks: readonly DhcpNetwork[], remade: boolean): Promise<readonly Condition[]>;
  /** Looks at what time alone changes, and at the counters. To be called every few seconds. */
  refresh(): void;
}

/** @param now milliseconds since 1970. */
export function createDhcpLevel(dhcp: DhcpFeed, board: StatusBoard, now: () => number): DhcpLevel {
  return new Level(dhcp, board, now);
}

class Level implements DhcpLevel {
  readonly #dhcp: DhcpFeed;
  readonly #board: StatusBoard;
  readonly #now: () => number;
  readonly #stop: () => void;
  #fed: readonly DhcpNetwork[] | undefined;
  #served: ReadonlySet<string> = new Set();

  constructor(dhcp: DhcpFeed, board: StatusBoard, now: () => number) {
    this.#dhcp = dhcp;
    this.#board = board;
    this.#now = now;
    // One by one: with tens of thousands of leases, comparing all of them each time would hold up DHCP itself.
    this.#stop = dhcp.onLeases((places) => {
      for (const { network, address } of places) this.#report(network, address);
    });
  }

  async feed(networks: readonly DhcpNetwork[], remade: boolean): Promise<readonly Condition[]> {
    try {
      if (!isDeepStrictEqual(this.#fed, networks)) await this.#serve(networks);
      else if (remade) this.#dhcp.linksChanged();
      return [];
    } catch (error) {
      this.#fed = undefined;
      return [{ type: 'DhcpFailed', message: error instanceof Error ? error.message : String(error) }];
    }
  }

  /** A lease that ran out is told by nobody. */
  refresh(): void {
    const now = new Date(this.#now()).toISOString();
    for (const status of this.#board.all()) {
      if (status.kind !== 'lease' || status.state === 'expired' || status.state === 'released') continue;
      if (status.expiresAt !== undefined && status.expiresAt <= now) this.#report(status.network, status.address);
    }
    this.#board.replace('dhcp', this.#dhcp.statistics());
  }

  [Symbol.dispose](): void {
    this.#stop();
  }

  async #serve(networks: readonly DhcpNetwork[]): Promise<void> {
    await this.#dhcp.setNetworks(networks);
    this.#fed = networks;
    const served = new Set(networks.map(({ network }) => network));
    const same = isDeepStrictEqual(served, this.#served);
    this.#served = served;
    if (same) return;
    this.#board.replace(
      'lease',
      this.#dhcp.holdings().filter(({ network }) => served.has(network)),
    );
  }

  #report(network: string, address: string): void {
    const status = this.#served.has(network) ? this.#dhcp.holding(network, address) : undefined;
    if (status === undefined) this.#board.delete(leaseKey({ network, address }));
    else this.#board.put(status);
  }
}
