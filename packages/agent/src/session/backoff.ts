/** Full jitter: a random wait below a ceiling that doubles from 250 ms to 30 s, so that a thousand agents do not return at once. */
const FIRST_MILLISECONDS = 250;
const MOST_MILLISECONDS = 30_000;

/** `attempt` counts from 0; `random` gives a number in [0, 1). */
export function backoffMilliseconds(attempt: number, random: () => number): number {
  return random() * Math.min(MOST_MILLISECONDS, FIRST_MILLISECONDS * 2 ** Math.min(attempt, 16));
}

/** For what trying again will hardly help: the controller knows this node's certificate and refuses it. */
export function refusedMilliseconds(random: () => number): number {
  return MOST_MILLISECONDS * (0.5 + random() / 2);
}
