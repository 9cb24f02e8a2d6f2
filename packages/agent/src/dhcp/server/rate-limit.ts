/** Well-formed messages of one MAC in a second: network boot, its loader and the system together send fewer than ten. */
const MAX_IN_WINDOW = 100;
const WINDOW_MILLISECONDS = 1000;
/** A power of two. MACs that share a counter share what it lets through, which is plenty for a few hundred of them. */
const COUNTERS = 4096;

/**
 * Keeps one machine that floods its network from the time of all others: what it sends beyond a hundred messages a second
 * is dropped before anything is decided or written about it. Takes 4 KiB, whoever sends what.
 */
export class RateLimit {
  readonly #monotonic: () => number;
  readonly #counts = new Uint8Array(COUNTERS);
  /** Unknown to guests, so that none can share a counter with another on purpose. */
  readonly #seed: number;
  #since = Number.NEGATIVE_INFINITY;

  constructor(monotonic: () => number, seed: number) {
    this.#monotonic = monotonic;
    this.#seed = seed;
  }

  /** To be called once a batch: time does not go on within it. */
  look(): void {
    const now = this.#monotonic();
    if (now - this.#since < WINDOW_MILLISECONDS) return;
    this.#since = now;
    this.#counts.fill(0);
  }

  admits(mac: Uint8Array): boolean {
    let hash = this.#seed;
    // A step of murmur for each byte: with a seed nobody knows, that is enough.
    for (let index = 0; index < 6; index++)
      hash = Math.imul((hash ^ (mac[index] ?? 0)) >>> 0, 0x5bd1e995) ^ (hash >>> 15);
    const counter = (hash ^ (hash >>> 13)) & (COUNTERS - 1);
    const count = this.#counts[counter] ?? 0;
    if (count >= MAX_IN_WINDOW) return false;
    this.#counts[counter] = count + 1;
    return true;
  }
}
