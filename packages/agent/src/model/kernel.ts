import type { HostFacts } from './host-facts.ts';
import type { HostState } from './key.ts';
import type { OperationResult, Plan } from './operation.ts';

/** Why the loop should look again: what the kernel notified, in words for the repair's event. Never acted on by its contents. */
export interface Wakeup {
  /** For example `link kbr-private deleted`, `nft-table ip kcore deleted`, `overrun`. */
  readonly notification: string;
}

/** What is there: kcore's own objects, what kcore sets on links of others, and what compile must know of the rest. */
export interface Observation {
  readonly state: HostState;
  readonly facts: HostFacts;
}

/** Entries of conntrack to end, because a forward that made them is gone or goes elsewhere. */
export interface ConntrackFilter {
  readonly protocol: 'tcp' | 'udp';
  /** Original destination. */
  readonly address: string;
  readonly port: number;
}

/** The host that an agent keeps as desired. One implementation talks netlink, one lives in memory; one suite holds them to the same behaviour. */
export interface Kernel extends AsyncDisposable {
  /** `foreignLinks`: names of links of others on which desired state sets something, so that they are part of `state`. */
  observe(foreignLinks: ReadonlySet<string>): Promise<Observation>;
  /** Applies in order; an operation whose dependency failed is `skipped`. Resolves with one result an operation. */
  apply(plan: Plan): Promise<readonly OperationResult[]>;
  /** Ends conntrack entries; resolves with how many there were. */
  endConnections(filters: readonly ConntrackFilter[]): Promise<number>;
  /** Yields until the kernel is disposed or the signal aborts. The echo of our own writes is yielded as well. */
  watch(signal: AbortSignal): AsyncIterable<Wakeup>;
}
