import type { NodeSpec, SpecObject } from '@kcore/contract';

/** One durable step of the copy of the NodeSpec: all of it is on disk, or none. */
export interface SpecWrite {
  readonly epoch: string;
  readonly revision: number;
  /** Forget all objects first: what follows is a whole NodeSpec. */
  readonly clear: boolean;
  readonly set: readonly SpecObject[];
  readonly delete: readonly string[];
}

/** What else an agent must find again after a restart, each under a name of its own. */
export const RECORD_NAMES = ['vms', 'pending-connections'] as const;
export type RecordName = (typeof RECORD_NAMES)[number];

/**
 * What a node keeps on its own disk: the last NodeSpec it was told, so that it restarts and serves without its
 * controller, and the little it cannot observe. Reads are from memory or a mapped file and do not wait.
 */
export interface NodeStore extends AsyncDisposable {
  /** The copy as it is on disk; absent on a node that was never told anything. */
  readSpec(): NodeSpec | undefined;
  /** Resolves when the write would survive a power cut. */
  writeSpec(write: SpecWrite): Promise<void>;
  /** The value last written, unchecked; `undefined` when there is none. */
  readRecord(name: RecordName): unknown;
  /** `undefined` deletes. Durable when resolved. */
  writeRecord(name: RecordName, value: unknown): Promise<void>;
}
