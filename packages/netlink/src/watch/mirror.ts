import type { Notice, WatchSource } from './source.ts';

/** What became of one object since the reader was told of it last; what happened in between is left out. */
export type Change<T> =
  | { readonly type: 'set'; readonly item: T /** Absent: it is new. */; readonly before?: T }
  | { readonly type: 'delete'; readonly item: T };

/** What a notification says by itself. */
type Told<T> = Exclude<Notice<T>, { readonly type: 'relist' | 'relistIf' }>;

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

  apply(notice: Told<T>): void {
    if (notice.type === 'deleteIf') {
      for (const [key, item] of this.#known) if (notice.gone(item)) this.#forget(key);
    } else if (notice.type === 'amend') {
      const item = this.#known.get(notice.key);
      if (item !== undefined) this.#note(notice.key, notice.amended(item));
    } else if (notice.type === 'delete') this.#forget(this.#source.key(notice.item));
    else this.#note(this.#source.key(notice.item), notice.item);
  }

  /** Whether one of those that are known agrees. */
  has(agrees: (item: T) => boolean): boolean {
    for (const item of this.#known.values()) if (agrees(item)) return true;
    return false;
  }

  /** All that there is. What was known and is not among them is gone. */
  replace(items: readonly T[]): void {
    for (const key of this.#known.keys()) this.#dirty.add(key);
    this.#known = new Map();
    this.merge(items);
  }

  /** Some of what there is: nothing is known of the others. */
  merge(items: readonly T[]): void {
    for (const item of items) this.#note(this.#source.key(item), item);
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

  #note(key: string, item: T): void {
    this.#known.set(key, item);
    this.#dirty.add(key);
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
