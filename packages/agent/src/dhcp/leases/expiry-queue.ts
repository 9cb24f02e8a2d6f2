/** What waits in the queue. The two fields are the queue's own. */
export interface Queued {
  /** What it is ordered by. */
  due: number;
  /** Where it is in the queue; negative when it is not. */
  index: number;
}

/** Ordered by `due`, the earliest first: a binary heap in which everybody knows their place, so that they can leave or move. */
export class ExpiryQueue<T extends Queued> {
  readonly #heap: T[] = [];

  get size(): number {
    return this.#heap.length;
  }

  peek(): T | undefined {
    return this.#heap[0];
  }

  push(item: T, due: number): void {
    item.due = due;
    this.#heap.push(item);
    this.#rise(item, this.#heap.length - 1);
  }

  move(item: T, due: number): void {
    const later = due > item.due;
    item.due = due;
    if (later) this.#sink(item, item.index);
    else this.#rise(item, item.index);
  }

  remove(item: T): void {
    const { index } = item;
    const last = this.#heap.pop();
    item.index = -1;
    if (last === undefined || last === item) return;
    // Whoever takes its place came from elsewhere in the heap, so it may belong higher or lower.
    if (last.due < item.due) this.#rise(last, index);
    else this.#sink(last, index);
  }

  #rise(item: T, from: number): void {
    const heap = this.#heap;
    let index = from;
    while (index > 0) {
      const parent = (index - 1) >> 1;
      const above = heap[parent];
      if (above === undefined || above.due <= item.due) break;
      heap[index] = above;
      above.index = index;
      index = parent;
    }
    heap[index] = item;
    item.index = index;
  }

  #sink(item: T, from: number): void {
    const heap = this.#heap;
    let index = from;
    for (;;) {
      let child = 2 * index + 1;
      let below = heap[child];
      const right = heap[child + 1];
      if (below !== undefined && right !== undefined && right.due < below.due) {
        child += 1;
        below = right;
      }
      if (below === undefined || below.due >= item.due) break;
      heap[index] = below;
      below.index = index;
      index = child;
    }
    heap[index] = item;
    item.index = index;
  }
}
