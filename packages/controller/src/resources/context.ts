import type { ImageStatus, LeaseStatus } from '@kcore/contract';
import type { Clock } from '../clock.ts';
import type { CatalogueSource } from '../images/catalogue.ts';
import type { Now } from '../ipam/addresses.ts';
import type { StoreTime } from '../ipam/store-time.ts';
import { keys } from '../store/rows.ts';
import type { Transaction } from '../store/store.ts';
import type { Overcommit } from './share.ts';

/** What is known of the nodes at the moment; sessions keep it. */
export interface Presence {
  /** Its session is up. */
  isReady(node: string): boolean;
  /** It said that it has reached this revision of this store. */
  hasReached(node: string, revision: number): boolean;
  /** What its DHCP server has told clients. */
  leases(node: string): readonly LeaseStatus[];
  /** What it holds of images; nothing of one that is away, since it may be another machine when it comes back. */
  images(node: string): readonly ImageStatus[];
}

/** What every change needs beside the transaction. */
export interface Context {
  readonly clock: Clock;
  readonly time: StoreTime;
  readonly presence: Presence;
  readonly overcommit: Overcommit;
  readonly newUid: () => string;
  /** Where names of images are looked up. */
  readonly catalogue: CatalogueSource;
}

export function createdAt(context: Context): string {
  return new Date(context.clock.now()).toISOString();
}

/** What address allocation needs to know of time and nodes. A node that is no longer of the cluster has nothing to say. */
export function nowOf(tx: Transaction, { time, presence }: Context): Now {
  return {
    time: time.now(tx),
    knows: (node, revision) => {
      if (presence.hasReached(node, revision) || tx.get(keys.node(node)) === undefined) return 'reached';
      return presence.isReady(node) ? 'connected' : 'away';
    },
  };
}
