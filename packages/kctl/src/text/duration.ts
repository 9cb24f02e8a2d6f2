const UNITS = [
  ['d', 86_400],
  ['h', 3_600],
  ['m', 60],
  ['s', 1],
] as const;

/** A length of time for people, in its two largest units: `11h59m`, `3d4h`, `42s`. */
export function formatDuration(seconds: number): string {
  const whole = Math.max(0, Math.floor(seconds));
  const first = UNITS.findIndex(([, size]) => whole >= size);
  const [unit, size] = UNITS[first] ?? ['s', 1];
  const [smallerUnit, smallerSize] = UNITS[first + 1] ?? ['', 0];
  const rest = smallerSize === 0 ? 0 : Math.floor((whole % size) / smallerSize);
  return `${Math.floor(whole / size)}${unit}${rest === 0 ? '' : `${rest}${smallerUnit}`}`;
}

/** How long ago an RFC 3339 time was. */
export function age(since: string, now: Date): string {
  const then = Date.parse(since);
  return Number.isNaN(then) ? '-' : formatDuration((now.getTime() - then) / 1000);
}

/** How long it is until an RFC 3339 time; `expired` when it has passed. */
export function remaining(until: string, now: Date): string {
  const then = Date.parse(until);
  if (Number.isNaN(then)) return '-';
  return then <= now.getTime() ? 'expired' : formatDuration((then - now.getTime()) / 1000);
}
