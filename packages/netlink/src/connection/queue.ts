import { ClosedError, SystemError } from '../error.ts';
import { ENOBUFS } from '../uapi/errno.ts';

interface Entry {
  readonly start: () => Promise<void>;
  readonly refuse: (error: unknown) => void;
}

/** Calls that may wait for their turn on one socket; one more is refused. */
const LIMIT = 10_000;

/** One after the other, in order. What waits can be taken back by its signal; what runs cannot. */
export class Queue {
  readonly #waiting = new Set<Entry>();
  #running: Promise<void> | undefined;
  #closed = false;

  /** No more calls are taken; one that runs should come to its end. */
  get closed(): boolean {
    return this.#closed;
  }

  run<T>(work: () => Promise<T>, signal?: AbortSignal): Promise<T> {
    if (this.#closed) return Promise.reject(new ClosedError('the connection is closed'));
    if (signal?.aborted === true) return Promise.reject(signal.reason);
    if (this.#waiting.size >= LIMIT) {
      return Promise.reject(new SystemError(`${LIMIT} requests wait for the socket already`, ENOBUFS, 'ENOBUFS'));
    }
    return new Promise<T>((resolve, reject) => {
      const abort = (): void => {
        this.#waiting.delete(entry);
        reject(signal?.reason);
      };
      const entry: Entry = {
        start: () => {
          signal?.removeEventListener('abort', abort);
          return work().then(resolve, reject);
        },
        refuse: (error) => {
          signal?.removeEventListener('abort', abort);
          reject(error);
        },
      };
      signal?.addEventListener('abort', abort, { once: true });
      this.#waiting.add(entry);
      this.#running ??= this.#drain();
    });
  }

  async #drain(): Promise<void> {
    // One turn later, so that calls made together are seen together by an abort between them.
    await Promise.resolve();
    for (const entry of this.#waiting) {
      this.#waiting.delete(entry);
      await entry.start();
    }
    this.#running = undefined;
  }

  /** Refuses what waits, and resolves when what runs is done. */
  async close(): Promise<void> {
    this.#closed = true;
    for (const entry of this.#waiting) entry.refuse(new ClosedError('the connection was closed before this was sent'));
    this.#waiting.clear();
    await this.#running;
  }
}
