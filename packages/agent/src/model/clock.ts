/** Time, passed in so that tests own it. */
export interface Clock {
  /** Milliseconds since 1970, may jump. For what is written down. */
  now(): number;
  /** Milliseconds of a clock that never goes back. For waiting and backing off. */
  monotonic(): number;
  sleep(milliseconds: number, signal?: AbortSignal): Promise<void>;
}
