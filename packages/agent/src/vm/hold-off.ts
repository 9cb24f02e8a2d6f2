import type { Clock } from '../model/clock.ts';

const FIRST_MILLISECONDS = 250;
const MOST_MILLISECONDS = 30_000;
/** What has been well this long after its last hold-off ended starts from the shortest one again. */
const HEALTHY_MILLISECONDS = 60_000;

interface Hold {
  readonly attempts: number;
  /** Monotonic milliseconds. */
  readonly until: number;
}

/** How long to leave something alone after each attempt: 250 ms, doubling to 30 s, by name. */
export interface HoldOff {
  /** An attempt was made that may have to be repeated. */
  attempted(name: string): void;
  clear(name: string): void;
  /** Milliseconds until the next attempt is due; 0 when it is. */
  remaining(name: string): number;
}

export function createHoldOff(clock: Clock, limits = { first: FIRST_MILLISECONDS, most: MOST_MILLISECONDS }): HoldOff {
  const holds = new Map<string, Hold>();
  const current = (name: string): Hold | undefined => {
    const hold = holds.get(name);
    if (hold === undefined || clock.monotonic() < hold.until + HEALTHY_MILLISECONDS) return hold;
    holds.delete(name);
    return undefined;
  };
  return {
    attempted(name) {
      const attempts = current(name)?.attempts ?? 0;
      const delay = Math.min(limits.most, limits.first * 2 ** Math.min(attempts, 16));
      holds.set(name, { attempts: attempts + 1, until: clock.monotonic() + delay });
    },
    clear: (name) => holds.delete(name),
    remaining: (name) => Math.max(0, (current(name)?.until ?? 0) - clock.monotonic()),
  };
}
