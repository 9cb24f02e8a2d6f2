/** Time and chance, passed in so that tests own them. */
export interface Clock {
  /** Milliseconds since 1970, may jump. For what is written down for people. */
  now(): number;
  /** Milliseconds of a clock that never goes back. For waiting and for how long ago something was. */
  monotonic(): number;
}

export const systemClock: Clock = {
  now: () => Date.now(),
  monotonic: () => performance.now(),
};
