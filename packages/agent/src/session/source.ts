import type { Handlers, NodeFacts, NodeSpec } from '@kcore/contract';
import type { StatusBoard } from '../status/board.ts';
import type { SpecWrite } from '../store/node-store.ts';

/** What an agent offers to whoever tells it what to be. */
export interface SpecSink {
  readonly node: string;
  /** The NodeSpec as it is on disk. */
  held(): NodeSpec | undefined;
  /** Resolves when it is on disk; the agent acts on it from then on. */
  write(change: SpecWrite): Promise<void>;
  facts(): NodeFacts;
  readonly status: StatusBoard;
  /** What a controller may call on this node. */
  readonly calls: Handlers;
}

/** Where the NodeSpec comes from and the status goes to: a controller, or the software that embeds the agent. */
export interface SpecSource {
  /** Runs until the signal aborts, and retries by itself whatever fails. */
  run(sink: SpecSink, signal: AbortSignal): Promise<void>;
  /** IPv4 address of the far end, once it is known: the NIC that leads there is never taken from the host. */
  farEnd?(): string | undefined;
}
