import type { Notification, Peer, SpecObject } from '@kcore/contract';
import type { ClusterView } from './cluster-view.ts';
import { keysOf, objectOf } from './node-spec.ts';

/**
 * Sends one agent what it does not have yet.
 *
 * All that is kept is the set of dirty keys. Their objects are looked up when they are sent, so a slow agent gets the
 * newest state of each key and memory does not grow with the number of changes. One batch is under way at a time: the
 * next is sent when the agent says that it has reached the last, or a little later when it does not say so, and never
 * while the socket holds more than `MAX_BUFFERED` bytes.
 */

/** Bytes that may wait in the socket before nothing more is sent. */
export const MAX_BUFFERED = 1024 * 1024;
/** Characters of objects in one message. */
const PART = 256 * 1024;
/** Milliseconds after which the next batch goes out though the agent has not said that it reached the last. */
const PATIENCE_MS = 500;
/** Milliseconds between looks at a full socket. */
const FULL_MS = 50;
/** Revisions an idle agent may fall behind before it is told the number, so that the log still reaches back to it. */
const BOOKMARK = 1000;

type SpecChange = Notification<'spec.change'>;

export interface SpecFeedOptions {
  readonly peer: Pick<Peer, 'notify' | 'buffered'>;
  readonly node: string;
  readonly epoch: string;
  readonly view: ClusterView;
  /** Sending failed: the connection is over. */
  readonly onFailure: (error: unknown) => void;
}

/** A batch that is being sent, in parts. */
interface Batch {
  readonly keys: string[];
  readonly revision: number;
  readonly snapshot: boolean;
  next: number;
}

export class SpecFeed {
  readonly #options: SpecFeedOptions;
  readonly #dirty = new Set<string>();
  /** When the object of a network was last sent: until the agent reached that, it is pending. */
  readonly #networkSentAt = new Map<string, number>();
  #batch: Batch | undefined;
  #sent = 0;
  #reached = 0;
  #snapshotDue = false;
  #anythingDue = false;
  #timer: NodeJS.Timeout | undefined;
  #patient = false;
  /** Before that nothing is sent: the agent waits for the answer to its opening. */
  #started = false;
  #stopped = false;

  constructor(options: SpecFeedOptions) {
    this.#options = options;
  }

  /** The agent has nothing, or nothing that is known here: it gets everything. */
  startWithSnapshot(): void {
    this.#started = true;
    this.#snapshotDue = true;
    this.#pump();
  }

  /** The agent has revision `from`; since then these keys may have changed. */
  startWithDelta(from: number, keys: Iterable<string>): void {
    this.#started = true;
    this.#sent = from;
    this.#reached = from;
    for (const key of keys) this.#dirty.add(key);
    this.#anythingDue = true;
    this.#pump();
  }

  /** Keys of one commit. */
  mark(keys: Iterable<string>): void {
    const marked = [...keys];
    for (const key of marked) this.#dirty.add(key);
    // Objects are looked up when they are sent. A batch that is under way must not tell that a VM is gone and leave
    // untold that its disks are kept, or the other way round: the node would delete what is on them.
    if (marked.some((key) => key.startsWith('kept-disks/'))) this.#batch?.keys.push(...marked);
    const behind = this.#options.view.revision - this.#sent;
    if (behind >= BOOKMARK) this.#anythingDue = true;
    this.#pump();
  }

  /** The agent says how far it is. */
  reach(revision: number): void {
    this.#reached = Math.max(this.#reached, revision);
    this.#pump();
  }

  /** Whether the agent was sent a newer state of the network than it has reached. */
  isPending(network: string): boolean {
    return (
      !this.#started ||
      this.#snapshotDue ||
      this.#dirty.has(`network/${network}`) ||
      (this.#networkSentAt.get(network) ?? 0) > this.#reached
    );
  }

  stop(): void {
    this.#stopped = true;
    clearTimeout(this.#timer);
  }

  #pump(): void {
    if (this.#stopped || !this.#started) return;
    try {
      while (this.#maySend()) this.#sendPart();
    } catch (error) {
      this.stop();
      this.#options.onFailure(error);
    }
  }

  #maySend(): boolean {
    if (this.#options.peer.buffered > MAX_BUFFERED) return this.#later(FULL_MS);
    if (this.#batch !== undefined) return true;
    if (!this.#snapshotDue && !this.#anythingDue && this.#dirty.size === 0) return false;
    const waiting = this.#reached < this.#sent && !this.#patient;
    if (waiting) return this.#later(PATIENCE_MS, true);
    this.#begin();
    return true;
  }

  #later(milliseconds: number, patience = false): false {
    this.#timer ??= setTimeout(() => {
      this.#timer = undefined;
      this.#patient = patience;
      this.#pump();
    }, milliseconds).unref();
    return false;
  }

  #begin(): void {
    const { view, node } = this.#options;
    this.#patient = false;
    const snapshot = this.#snapshotDue;
    this.#batch = {
      keys: snapshot ? keysOf(view, node) : [...this.#dirty],
      revision: view.revision,
      snapshot,
      next: 0,
    };
    this.#snapshotDue = false;
    this.#anythingDue = false;
    this.#dirty.clear();
  }

  /** Objects are as they are now. One that changes after it was sent is dirty again and goes with the next batch. */
  #sendPart(): void {
    const batch = this.#batch;
    if (batch === undefined) return;
    const { view, node, epoch, peer } = this.#options;
    const first = batch.next === 0;
    const set: SpecObject[] = [];
    const gone: string[] = [];
    for (let size = 0; batch.next < batch.keys.length && size < PART; batch.next++) {
      const key = batch.keys[batch.next] ?? '';
      const object = objectOf(view, node, key);
      if (object === undefined) gone.push(key);
      else set.push(object);
      size += object === undefined ? key.length : JSON.stringify(object).length;
      if (object?.kind === 'network') this.#networkSentAt.set(object.name, batch.revision);
    }
    const more = batch.next < batch.keys.length;
    const change: SpecChange = {
      epoch,
      revision: batch.revision,
      snapshot: batch.snapshot && first,
      ...(more ? { more } : {}),
      set,
      delete: batch.snapshot ? [] : gone,
    };
    peer.notify('spec.change', change);
    if (more) return;
    this.#batch = undefined;
    this.#sent = batch.revision;
  }
}
