/** Names of what changed, each at most once until it is taken: bounded by how many things there are, however often they change. */
export interface Changes {
  add(name: string): void;
  /** Yields all names that came since the last batch; waits while there is none; ends when the signal aborts. One reader. */
  batches(signal: AbortSignal): AsyncIterable<readonly string[]>;
}

export function createChanges(): Changes {
  const names = new Set<string>();
  const waiting: { wake?: () => void } = {};
  return {
    add(name) {
      names.add(name);
      waiting.wake?.();
    },
    async *batches(signal) {
      while (!signal.aborted) {
        if (names.size > 0) {
          const batch = [...names];
          names.clear();
          yield batch;
        } else {
          await new Promise<void>((resolve) => {
            const wake = (): void => {
              delete waiting.wake;
              signal.removeEventListener('abort', wake);
              resolve();
            };
            waiting.wake = wake;
            signal.addEventListener('abort', wake, { once: true });
          });
        }
      }
    },
  };
}
