import type { Wakeup } from '../model/kernel.ts';

/** More than this unread is one `overrun`: whoever is woken looks at everything anyway. */
const LIMIT = 1024;

/** Wakeups that wait for whoever watches; they are kept while nobody does. */
export class WakeupQueue {
  #waiting: Wakeup[] = [];
  #closed = false;
  #failure: unknown;
  readonly #sleepers = new Set<() => void>();

  push(notification: string): void {
    if (this.#waiting.length < LIMIT) this.#waiting.push({ notification });
    else this.#waiting = [{ notification: 'overrun' }];
    this.#signal();
  }

  /** Ends it; with an error, which whoever watches gets. */
  close(failure?: unknown): void {
    this.#closed = true;
    this.#failure ??= failure;
    this.#signal();
  }

  async *watch(signal: AbortSignal): AsyncGenerator<Wakeup> {
    const end = (): void => this.#signal();
    signal.addEventListener('abort', end);
    try {
      while (!signal.aborted) {
        const next = this.#waiting.shift();
        if (next !== undefined) yield next;
        else if (this.#failure !== undefined) throw this.#failure;
        else if (this.#closed) return;
        else await this.#next();
      }
    } finally {
      signal.removeEventListener('abort', end);
    }
  }

  #next(): Promise<void> {
    return new Promise((resolve) => {
      this.#sleepers.add(resolve);
    });
  }

  #signal(): void {
    for (const wake of this.#sleepers) wake();
    this.#sleepers.clear();
  }
}
