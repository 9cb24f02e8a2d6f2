import { setTimeout as timer } from 'node:timers/promises';
import { MalformedError } from '../codec/error.ts';
import type { Connection } from '../connection/connection.ts';
import type { RawMessage } from '../message/message.ts';
import type { Monitor } from '../monitor/monitor.ts';
import { type Change, Mirror } from './mirror.ts';
import type { Notice, WatchSource } from './source.ts';

/** What became of one object, or the news that the reader knows all. */
export type WatchEvent<T> =
  | Change<T>
  /**
   * The reader has been told all that there was: after the first list, or again after notifications were lost or could not
   * be read. It waits for a list that did not change while it was read and during which nothing was lost.
   */
  | { readonly type: 'synced'; readonly after: 'start' | 'overrun' };

/**
 * Objects of one kind as they are and as they change. Iterate once; it ends when the watcher is disposed or its signal
 * aborts, and throws what ended it otherwise. A reader may be as slow as it likes: it is told of each object at most
 * once for all that happened meanwhile.
 */
export interface Watcher<T> extends AsyncIterable<WatchEvent<T>>, AsyncDisposable {
  /** What the reader has been told, by the source's key. */
  readonly items: ReadonlyMap<string, T>;
}

/** Between two lists, so that a storm of notifications that each ask for one does not keep the kernel's lock. */
const RELIST_GAP_MILLISECONDS = 50;
/** The same after lists that each left something unknown: it doubles with each until then. */
const LONGEST_GAP_MILLISECONDS = 5000;
/** Notices that are kept while a list is read; more of them make it be read again instead. */
const KEPT_NOTICES = 100_000;

type Kept<T> = Exclude<Notice<T>, { readonly type: 'relist' }>;

/** When a watcher ends, and how it waits. */
interface WatcherOptions {
  readonly signal?: AbortSignal;
  /** Rejects when the signal aborts. */
  readonly wait?: (milliseconds: number, signal: AbortSignal) => Promise<void>;
}

/** A watcher over sockets that it closes. The monitor must have been opened before anything is listed: now. */
export function watcherOver<T>(
  source: WatchSource<T>,
  monitor: Monitor,
  connection: Connection,
  options: WatcherOptions = {},
): Watcher<T> {
  return new SocketWatcher(source, monitor, connection, options);
}

function waitFor(milliseconds: number, signal: AbortSignal): Promise<void> {
  return timer(milliseconds, undefined, { signal, ref: false });
}

class SocketWatcher<T> implements Watcher<T> {
  readonly #source: WatchSource<T>;
  readonly #monitor: Monitor;
  readonly #connection: Connection;
  readonly #mirror: Mirror<T>;
  readonly #wait: NonNullable<WatcherOptions['wait']>;
  readonly #stop = new AbortController();
  #failure: { readonly error: unknown } | undefined;
  /** Told to the reader when nothing else is left to tell. */
  #synced: 'start' | 'overrun' | undefined;
  #wake: (() => void) | undefined;
  #listing = false;
  /** Notices since the list that is being read was asked for. */
  #kept: Kept<T>[] | undefined;
  /** Lists that are still to be read. */
  #passes = 0;
  /** Why the reader does not know all, since the list that is being read was asked for. */
  #cause: 'start' | 'overrun' | undefined = 'start';
  #unreadable = false;
  /** Lists in a row that were torn, or asked for because a notification could not be read. */
  #troubles = 0;
  #closing: Promise<void> | undefined;

  constructor(source: WatchSource<T>, monitor: Monitor, connection: Connection, options: WatcherOptions) {
    const { signal, wait = waitFor } = options;
    this.#wait = wait;
    this.#source = source;
    this.#monitor = monitor;
    this.#connection = connection;
    this.#mirror = new Mirror(source);
    // The signal may live as long as the process: the listener goes with the watcher.
    const end = (): void => void this[Symbol.asyncDispose]();
    signal?.addEventListener('abort', end, { once: true, signal: this.#stop.signal });
    if (signal?.aborted === true) end();
    void this.#listen();
    void this.#relist(1);
  }

  get items(): ReadonlyMap<string, T> {
    return this.#mirror.told;
  }

  async *[Symbol.asyncIterator](): AsyncGenerator<WatchEvent<T>> {
    while (!this.#stop.signal.aborted) {
      if (this.#failure !== undefined) throw this.#failure.error;
      const change = this.#mirror.take();
      if (change !== undefined) yield change;
      else if (this.#synced !== undefined) {
        const after = this.#synced;
        this.#synced = undefined;
        yield { type: 'synced', after };
      } else {
        await new Promise<void>((resolve) => {
          this.#wake = resolve;
        });
      }
    }
  }

  [Symbol.asyncDispose](): Promise<void> {
    this.#closing ??= this.#close();
    return this.#closing;
  }

  async #close(): Promise<void> {
    this.#stop.abort();
    this.#wakeReader();
    await this.#monitor[Symbol.asyncDispose]();
    await this.#connection[Symbol.asyncDispose]();
  }

  /** Reads notifications as fast as they come, whatever the reader does: so the socket's buffer overruns late or never. */
  async #listen(): Promise<void> {
    try {
      for await (const event of this.#monitor) {
        if (event.type === 'overrun') this.#lost();
        else this.#read(event.message);
      }
    } catch (error) {
      this.#fail(error);
    }
  }

  #read(message: RawMessage): void {
    let notice: Notice<T> | undefined;
    try {
      notice = this.#source.read(message);
    } catch (error) {
      if (!(error instanceof MalformedError)) throw error;
      // What it said is as good as lost; the list says it again, or is what ends the watcher.
      this.#unreadable = true;
      this.#lost();
    }
    if (notice !== undefined) this.#note(notice);
  }

  #lost(): void {
    this.#cause ??= this.#synced ?? 'overrun';
    this.#synced = undefined;
    void this.#relist(1);
  }

  #note(notice: Notice<T>): void {
    if (notice.type === 'relist') {
      // Once more a while later: the kernel tells that a link went down before it flushes its routes and nexthops.
      void this.#relist(2);
      return;
    }
    this.#apply(notice);
    if (this.#kept !== undefined) {
      if (this.#kept.length < KEPT_NOTICES) this.#kept.push(notice);
      else this.#lost();
    }
    this.#wakeReader();
  }

  #apply(notice: Kept<T>): void {
    if (notice.type !== 'relistIf') this.#mirror.apply(notice);
    else if (this.#mirror.has(notice.stale)) void this.#relist(2);
  }

  /** Lists, and lists again for what asked for it meanwhile. */
  async #relist(passes: number): Promise<void> {
    this.#passes = Math.max(this.#passes, passes);
    if (this.#listing) return;
    this.#listing = true;
    try {
      while (this.#passes > 0 && !this.#stop.signal.aborted) {
        this.#passes -= 1;
        await this.#list();
        const gap = Math.min(RELIST_GAP_MILLISECONDS * 2 ** this.#troubles, LONGEST_GAP_MILLISECONDS);
        await this.#wait(gap, this.#stop.signal);
      }
    } catch (error) {
      this.#fail(error);
    } finally {
      this.#listing = false;
    }
  }

  /** What was notified during a list is newer than the list. What a torn list lacks may be there all the same. */
  async #list(): Promise<void> {
    this.#kept = [];
    const cause = this.#cause;
    this.#cause = undefined;
    const troubled = this.#unreadable;
    this.#unreadable = false;
    const { items, interrupted } = await this.#connection.dump(this.#source.list(), { signal: this.#stop.signal });
    // An array is several objects that one message told of.
    const all = items.flat(1) as readonly T[];
    if (interrupted) this.#mirror.merge(all);
    else this.#mirror.replace(all);
    const kept = this.#kept;
    this.#kept = undefined;
    for (const notice of kept) this.#apply(notice);
    if (interrupted) this.#passes = Math.max(this.#passes, 1);
    this.#troubles = interrupted || troubled ? this.#troubles + 1 : 0;
    // Something was lost while it was read: the next list is the one that tells all.
    if (interrupted || this.#cause !== undefined) this.#cause = cause ?? this.#cause;
    else this.#synced ??= cause;
    this.#wakeReader();
  }

  #fail(error: unknown): void {
    if (this.#stop.signal.aborted) return;
    this.#failure ??= { error };
    this.#wakeReader();
  }

  #wakeReader(): void {
    this.#wake?.();
    this.#wake = undefined;
  }
}
