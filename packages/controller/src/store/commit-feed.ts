import type { Commit } from './store.ts';

/** Tells watchers that there is more to read; they read it from the log themselves, so none can make it pile up. */
export class CommitFeed {
  readonly #waiting = new Set<() => void>();
  #closed = false;

  announce(): void {
    for (const wake of [...this.#waiting]) wake();
  }

  close(): void {
    this.#closed = true;
    this.announce();
  }

  /** `read` gives what was committed after a revision. */
  async *watch(
    from: number,
    read: (revision: number) => readonly Commit[],
    signal: AbortSignal,
  ): AsyncIterable<readonly Commit[]> {
    let revision = from;
    while (!signal.aborted && !this.#closed) {
      const commits = read(revision);
      const last = commits.at(-1);
      if (last === undefined) await this.#announcement(signal);
      else {
        revision = last.revision;
        yield commits;
      }
    }
  }

  #announcement(signal: AbortSignal): Promise<void> {
    return new Promise((resolve) => {
      const wake = () => {
        this.#waiting.delete(wake);
        signal.removeEventListener('abort', wake);
        resolve();
      };
      this.#waiting.add(wake);
      signal.addEventListener('abort', wake, { once: true });
    });
  }
}
