import { setTimeout as wait } from 'node:timers/promises';
import type { Connection } from '../connection/connection.ts';
import type { Monitor } from '../monitor/monitor.ts';
import { type Change, Mirror } from './mirror.ts';
import type { Notice, WatchSource } from './source.ts';

/** What became of one object, or the news that the reader knows all. */
export type WatchEvent<T> =
  | Change<T>
  /** The reader has been told all that there was: after the first list, or again after notifications were lost. */
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
/** Notices that are kept while a list is read; more of them make it be read again instead. */
const KEPT_NOTICES = 100_000;

type Told<T> = Exclude<Notice<T>, { readonly type: 'relist' }>;

/** A watcher over sockets that it closes. The monitor must have been opened before anything is listed: now. */
export function watcherOver<T>(source: WatchSource<T>, monitor: Monitor, connection: Connection): Watcher<T> {
  return new SocketWatcher(source, monitor, connection);
}

class SocketWatcher<T> implements Watcher<T> {
  readonly #source: WatchSource<T>;
  readonly #monitor: Monitor;
  readonly #connection: Connection;
  readonly #mirror: Mirror<T>;
  readonly #stop = new AbortController();
  #failure: { readonly error: unknown } | undefined;
  /** Told to the reader when nothing else is left to tell. */
  #synced: 'start' | 'overrun' | undefined;
  #wake: (() => void) | undefined;
  /** Notices since the list that is being read was asked for. */
  #kept: Told<T>[] | undefined;
  /** Lists that are still to be read. */
  #passes = 0;
  #cause: 'start' | 'overrun' | undefined = 'start';
  #closing: Promise<void> | undefined;

  constructor(source: WatchSource<T>, monitor: Monitor, connection: Connection) {
    this.#source = source;
    this.#monitor = monitor;
    this.#connection = connection;
    this.#mirror = new Mirror(source);
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
        if (event.type === 'overrun') {
          this.#cause ??= 'overrun';
          void this.#relist(1);
          continue;
        }
        const notice = this.#source.read(event.message);
        if (notice !== undefined) this.#note(notice);
      }
    } catch (error) {
      this.#fail(error);
    }
  }

  #note(notice: Notice<T>): void {
    if (notice.type === 'relist') {
      // Once more a while later: the kernel tells that a link went down before it flushes its routes.
      void this.#relist(2);
      return;
    }
    this.#mirror.apply(notice);
    if (this.#kept !== undefined) {
      if (this.#kept.length < KEPT_NOTICES) this.#kept.push(notice);
      else this.#passes = Math.max(this.#passes, 1);
    }
    this.#wakeReader();
  }

  /** Lists, and lists again for what asked for it meanwhile. What was notified during a list is newer than the list. */
  async #relist(passes: number): Promise<void> {
    this.#passes = Math.max(this.#passes, passes);
    if (this.#kept !== undefined) return;
    try {
      while (this.#passes > 0 && !this.#stop.signal.aborted) {
        this.#passes -= 1;
        this.#kept = [];
        const cause = this.#cause;
        this.#cause = undefined;
        const { items } = await this.#connection.dump(this.#source.list(), { signal: this.#stop.signal });
        this.#mirror.replace(items);
        for (const notice of this.#kept) this.#mirror.apply(notice);
        this.#synced ??= cause;
        this.#wakeReader();
        await wait(RELIST_GAP_MILLISECONDS, undefined, { signal: this.#stop.signal, ref: false });
      }
    } catch (error) {
      this.#fail(error);
    } finally {
      this.#kept = undefined;
    }
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
