import { closeCodes, type ImageStatus, type LeaseStatus, type Params, type Peer, type Result } from '@kcore/contract';
import type { Logger } from 'pino';
import type { Presence } from '../resources/context.ts';
import { type Commit, Compacted, type Store } from '../store/store.ts';
import { ClusterMirror, type ClusterView } from './cluster-view.ts';
import { NodeStatus } from './node-status.ts';
import { SpecFeed } from './spec-feed.ts';
import { dirtyKeys, type Touch, touchedBy } from './touched.ts';

/** One agent's connection. */
interface Session {
  readonly node: string;
  readonly peer: Peer;
  readonly feed: SpecFeed;
}

/** The newest version of the session's protocol that both sides speak. */
export const PROTOCOL = 1;

/** The agents that are connected, what they said, and what each still has to be told. */
export class Sessions implements Presence {
  readonly #store: Store;
  readonly #mirror: ClusterMirror;
  readonly #log: Logger;
  readonly #sessions = new Map<string, Session>();
  readonly #statuses = new Map<string, NodeStatus>();
  readonly #stop = new AbortController();
  readonly #following: Promise<void>;
  #advanced: (() => void)[] = [];

  constructor(store: Store, log: Logger) {
    this.#store = store;
    this.#log = log;
    this.#mirror = ClusterMirror.load(store);
    this.#following = this.#follow();
  }

  get view(): ClusterView {
    return this.#mirror;
  }

  get connected(): number {
    return this.#sessions.size;
  }

  isReady(node: string): boolean {
    return this.#sessions.has(node);
  }

  /** The connection of a node whose session is up: its agent serves what it is asked there. */
  peerOf(node: string): Peer | undefined {
    return this.#sessions.get(node)?.peer;
  }

  hasReached(node: string, revision: number): boolean {
    const reached = this.#statuses.get(node)?.reached;
    return reached !== undefined && reached.epoch === this.#store.epoch && reached.revision >= revision;
  }

  leases(node: string): readonly LeaseStatus[] {
    return this.#statuses.get(node)?.leases ?? [];
  }

  images(node: string): readonly ImageStatus[] {
    return this.isReady(node) ? (this.#statuses.get(node)?.images ?? []) : [];
  }

  status(node: string): NodeStatus | undefined {
    return this.#statuses.get(node);
  }

  /** Whether the node is yet to make the newest state of a network. */
  isPending(node: string, network: string): boolean {
    return this.#sessions.get(node)?.feed.isPending(network) ?? false;
  }

  /** The node is registered, at `revision` of the store. What it must be told follows after the answer. */
  async open(peer: Peer, params: Params<'session.open'>, revision: number): Promise<Result<'session.open'>> {
    const { node } = params;
    await this.#reach(revision);
    const feed = new SpecFeed({
      peer,
      node,
      epoch: this.#store.epoch,
      view: this.#mirror,
      onFailure: (error) => {
        this.#log.warn({ node, err: error }, 'spec not sent');
        peer.close();
      },
    });
    this.#replace({ node, peer, feed });
    if (!this.#statuses.has(node)) this.#statuses.set(node, new NodeStatus());
    // What they concern is judged by the cluster as it is now: a network that the node leaves a moment later was its still.
    const touches = this.#touchesSince(params);
    const dirty = touches === undefined ? undefined : dirtyKeys(this.#mirror, node, touches);
    // The answer is sent when this call is over; the agent must have it before the first change.
    setImmediate(() => {
      if (dirty === undefined) feed.startWithSnapshot();
      else feed.startWithDelta(params.revision ?? 0, dirty);
    });
    return { protocol: PROTOCOL, epoch: this.#store.epoch, revision: this.#mirror.revision };
  }

  /** A report of the node whose session this is. false: a newer session took its place, and it comes too late. */
  report(peer: Peer, node: string, change: Params<'session.report'>): boolean {
    const session = this.#sessions.get(node);
    const status = this.#statuses.get(node);
    if (session?.peer !== peer || status === undefined) return false;
    status.apply(change);
    const { reached } = status;
    if (reached?.epoch === this.#store.epoch) session.feed.reach(reached.revision);
    return true;
  }

  /** The node was deleted: it is sent away and forgotten. */
  forget(node: string): void {
    const session = this.#sessions.get(node);
    this.#statuses.delete(node);
    session?.peer.close(closeCodes.denied, `node '${node}' was deleted`);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#stop.abort();
    await this.#following;
    for (const { feed } of this.#sessions.values()) feed.stop();
  }

  #replace(session: Session): void {
    const { node, peer, feed } = session;
    const old = this.#sessions.get(node);
    this.#sessions.set(node, session);
    if (old !== undefined) {
      old.feed.stop();
      old.peer.close(closeCodes.replaced, `a newer session of node '${node}' took its place`);
      this.#log.warn({ node }, 'session replaced');
    }
    void peer.closed.then(({ code, reason }) => {
      feed.stop();
      if (this.#sessions.get(node) !== session) return;
      this.#sessions.delete(node);
      this.#log.info({ node, code, reason }, 'node disconnected');
    });
  }

  /** What changed since the state that the agent holds; undefined when that is not known here. */
  #touchesSince({ node, epoch, revision }: Params<'session.open'>): Touch[] | undefined {
    if (epoch !== this.#store.epoch || revision === undefined) return undefined;
    if (revision > this.#store.revision) {
      this.#log.error(
        { node, held: revision, revision: this.#store.revision },
        'agent is ahead: was the store rolled back?',
      );
      return undefined;
    }
    try {
      // What the mirror has not taken yet reaches the session like every later change.
      const known = this.#store.changesSince(revision).filter((commit) => commit.revision <= this.#mirror.revision);
      return known.flatMap(({ changes }) => changes.flatMap(touchedBy));
    } catch (error) {
      if (error instanceof Compacted) return undefined;
      throw error;
    }
  }

  async #follow(): Promise<void> {
    for await (const commits of this.#store.watch(this.#mirror.revision, this.#stop.signal)) {
      for (const commit of commits) this.#advance(commit);
      const waiting = this.#advanced;
      this.#advanced = [];
      for (const wake of waiting) wake();
    }
  }

  #advance({ revision, changes }: Commit): void {
    const touches = changes.flatMap(touchedBy);
    const before = this.#concerned(touches);
    this.#mirror.advance(revision, changes);
    // Now and then everyone, so that an idle agent's revision does not fall out of the log.
    const everyone = revision % 100 === 0 ? this.#sessions.keys() : [];
    const nodes = new Set([...before, ...this.#concerned(touches), ...everyone]);
    for (const node of nodes) {
      const session = this.#sessions.get(node);
      session?.feed.mark(dirtyKeys(this.#mirror, node, touches));
    }
  }

  /** Nodes whose spec a touch may change, so that a change on one network does not cost a look at every session. */
  #concerned(touches: readonly Touch[]): Set<string> {
    const nodes = new Set<string>();
    const addMembers = (network: string) => {
      for (const { name } of this.#mirror.networks.get(network)?.nodes ?? []) nodes.add(name);
    };
    for (const touch of touches) {
      if (touch.kind === 'network') addMembers(touch.network);
      else if (touch.kind === 'vtep') for (const network of this.#mirror.networksAt(touch.node)) addMembers(network);
      else nodes.add(touch.node);
    }
    return nodes;
  }

  #reach(revision: number): Promise<void> {
    if (this.#mirror.revision >= revision) return Promise.resolve();
    return new Promise((resolve) => {
      this.#advanced.push(() => resolve(this.#reach(revision)));
    });
  }
}
