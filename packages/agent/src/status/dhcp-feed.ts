import { isDeepStrictEqual } from 'node:util';
import type { Condition, LeaseStatus } from '@kcore/contract';
import type { DhcpNetwork } from '../model/dhcp-network.ts';
import type { StatusBoard } from './board.ts';

/** The DHCP server as the agent sees it: told what to serve, asked for its leases. */
export interface DhcpFeed {
  /** Level: all networks that are to be served, each time. */
  setNetworks(networks: readonly DhcpNetwork[]): Promise<void>;
  /** Bridges may have been made anew: sockets that lost theirs are opened again. */
  linksChanged(): void;
  leases(): readonly LeaseStatus[];
  onLeases(changed: () => void): () => void;
}

/** For an agent without a DHCP server: its networks that need one say so. */
export const noDhcp: DhcpFeed = {
  async setNetworks(networks) {
    const names = networks.map(({ network }) => `'${network}'`).join(', ');
    if (networks.length > 0) throw new Error(`no DHCP server was given to this agent; nobody answers on ${names}`);
  },
  linksChanged: () => {},
  leases: () => [],
  onLeases: () => () => {},
};

/** Feeds a DHCP server after each pass, and its leases into status. */
export interface DhcpLevel extends Disposable {
  /** Never rejects: what fails is a condition, and is tried again after the next pass. */
  feed(networks: readonly DhcpNetwork[], remade: boolean): Promise<readonly Condition[]>;
  /** Looks at the leases again: one that ran out is told by nobody. */
  refresh(): void;
}

export function createDhcpLevel(dhcp: DhcpFeed, board: StatusBoard): DhcpLevel {
  const state: { fed?: readonly DhcpNetwork[]; served: ReadonlySet<string> } = { served: new Set() };
  const report = (): void =>
    board.replace(
      'lease',
      dhcp.leases().filter(({ network }) => state.served.has(network)),
    );
  const stop = dhcp.onLeases(report);
  return {
    async feed(networks, remade) {
      try {
        if (!isDeepStrictEqual(state.fed, networks)) {
          await dhcp.setNetworks(networks);
          state.fed = networks;
          state.served = new Set(networks.map(({ network }) => network));
          report();
        } else if (remade) {
          dhcp.linksChanged();
        }
        return [];
      } catch (error) {
        delete state.fed;
        return [{ type: 'DhcpFailed', message: error instanceof Error ? error.message : String(error) }];
      }
    },
    refresh: report,
    [Symbol.dispose]: stop,
  };
}
