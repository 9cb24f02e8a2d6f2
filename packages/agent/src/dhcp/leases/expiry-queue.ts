import type { Holding } from './lease.ts';

/**
 * Holdings by expiry, a binary heap. One that was renewed or replaced stays in until it reaches the top, where the
 * owner finds that it is no longer current; `rebuild` bounds how many of those there are.
 */
export class ExpiryQueue {
  #heap: Holding[] = [];

  get size(): number {
    return this.#heap.length;
  }

  peek(): Holding | undefined {
    return this.#heap[0];
  }

  push(holding: Holding): void {
    const heap = this.#heap;
    let index = heap.length;
    heap.push(holding);
    while (index > 0) {
      const parent = (index - 1) >> 1;
      const above = heap[parent];
      if (above === undefined || above.expiresAt <= holding.expiresAt) break;
      heap[index] = above;
      index = parent;
    }
    heap[index] = holding;
  }

  pop(): Holding | undefined {
    const heap = this.#heap;
    const top = heap[0];
    const last = heap.pop();
    if (last !== undefined && heap.length > 0) this.#sink(last);
    return top;
  }

  rebuild(holdings: Iterable<Holding>): void {
    // A sorted array is a heap.
    this.#heap = [...holdings].sort((a, b) => a.expiresAt - b.expiresAt);
  }

  #sink(holding: Holding): void {
    const heap = this.#heap;
    let index = 0;
    for (;;) {
      let child = 2 * index + 1;
      let below = heap[child];
      const right = heap[child + 1];
      if (below !== undefined && right !== undefined && right.expiresAt < below.expiresAt) {
        child += 1;
        below = right;
      }
      if (below === undefined || below.expiresAt >= holding.expiresAt) break;
      heap[index] = below;
      index = child;
    }
    heap[index] = holding;
  }
}
