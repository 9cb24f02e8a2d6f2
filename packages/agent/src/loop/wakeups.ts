import type { Clock } from '../model/clock.ts';

/** Why the loop looks again. */
export type Cause =
  | { readonly kind: 'start' | 'spec' | 'vm' | 'facts' | 'audit' | 'retry' }
  /** The kernel's own words, for the event of a repair. */
  | { readonly kind: 'kernel'; readonly notification: string };

/** Quiet that ends a burst, milliseconds. */
const QUIET_MILLISECONDS = 5;
/** How long a burst may put off the look, milliseconds. */
const BURST_MILLISECONDS = 50;
/** Different notifications kept of one burst; the rest says nothing new to a person. */
const NOTIFICATIONS_MOST = 64;

/** What one look has to explain. */
export interface Causes {
  readonly kinds: ReadonlySet<Cause['kind']>;
  readonly notifications: readonly string[];
}

/** Dirty flags: any number of causes make one look. */
export interface Wakeups {
  wake(cause: Cause): void;
  /** Resolves with all causes of a burst when it is over; empty when the signal aborts. One reader. */
  next(signal: AbortSignal): Promise<Causes>;
}

export function createWakeups(clock: Clock): Wakeups {
  const kinds = new Set<Cause['kind']>();
  const notifications = new Set<string>();
  const waiting: { wake?: () => void } = {};
  const counter = { causes: 0 };

  const nonEmpty = (signal: AbortSignal): Promise<void> =>
    new Promise((resolve) => {
      if (kinds.size > 0 || signal.aborted) return resolve();
      const wake = (): void => {
        delete waiting.wake;
        signal.removeEventListener('abort', wake);
        resolve();
      };
      waiting.wake = wake;
      signal.addEventListener('abort', wake, { once: true });
    });

  return {
    wake(cause) {
      kinds.add(cause.kind);
      counter.causes += 1;
      if (cause.kind === 'kernel' && notifications.size < NOTIFICATIONS_MOST) notifications.add(cause.notification);
      waiting.wake?.();
    },
    async next(signal) {
      await nonEmpty(signal);
      const latest = clock.monotonic() + BURST_MILLISECONDS;
      for (let before = -1; before !== counter.causes && clock.monotonic() < latest && !signal.aborted; ) {
        before = counter.causes;
        await clock.sleep(QUIET_MILLISECONDS, signal).catch(() => {});
      }
      const causes = { kinds: new Set(kinds), notifications: [...notifications] };
      kinds.clear();
      notifications.clear();
      return causes;
    },
  };
}
