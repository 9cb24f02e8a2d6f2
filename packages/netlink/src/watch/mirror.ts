import type { Notice, WatchSource } from './source.ts';

/** What became of one object since the reader was told of it last; what happened in between is left out. */
export type Change<T> =
  | { readonly type: 'set'; readonly item: T /** Absent: it is new. */; readonly before?: T }
  | { readonly type: 'delete'; readonly item: T };

/**
 * What the kernel has, and what the reader was told. The difference is kept as the keys that may differ, so that a
 * reader who is slow costs memory for each object once, however often it changes, and is never told of what is over.
 */
export class Mirror<T> {
  readonly #source: Pick<WatchSource<T>, 'key' | 'same'>;
  #known = new Map<string, T>();
  readonly #told = new Map<string, T>();
  readonly #dirty = new Set<string>();

  constructor(source: Pick<WatchSource<T>, 'key' | 'same'>) {
    this.#source = source;
  }

  /** What the reader was told, by key. */
  get told(): ReadonlyMap<string, T> {
    return this.#told;
  }

  apply(notice: Exclude<Notice<T>, { readonly type: 'relist' }>): void {
    if (notice.type === 'deleteIf') {
      for (const [key, item] of this.#known) if (notice.gone(item)) this.#forget(key);
      return;
    }
    const key = this.#source.key(notice.item);
    if (notice.type === 'delete') this.#forget(key);
    else {
      this.#known.set(key, notice.item);
      this.#dirty.add(key);
    }
  }

  /** All that there is. What was known and is not among them is gone. */
  replace(items: readonly T[]): void {
    for (const key of this.#known.keys()) this.#dirty.add(key);
    this.#known = new Map(items.map((item) => [this.#source.key(item), item]));
    for (const key of this.#known.keys()) this.#dirty.add(key);
  }

  /** The next thing to tell; it counts as told. Undefined: the reader knows all. */
  take(): Change<T> | undefined {
    for (const key of this.#dirty) {
      this.#dirty.delete(key);
      const change = this.#compare(key);
      if (change !== undefined) return change;
    }
    return undefined;
  }

  #forget(key: string): void {
    this.#known.delete(key);
    this.#dirty.add(key);
  }

  #compare(key: string): Change<T> | undefined {
    const item = this.#known.get(key);
    const before = this.#told.get(key);
    if (item === undefined) {
      this.#told.delete(key);
      return before === undefined ? undefined : { type: 'delete', item: before };
    }
    this.#told.set(key, item);
    if (before === undefined) return { type: 'set', item };
    return this.#source.same(before, item) ? undefined : { type: 'set', item, before };
  }
}
