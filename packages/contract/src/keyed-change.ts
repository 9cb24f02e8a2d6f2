import { isDeepStrictEqual } from 'node:util';

/**
 * How one side keeps a copy of the other side's keyed set of objects: NodeSpec down, status up.
 *
 * A change carries whole objects and tombstones, never increments, so that applying it twice is harmless. A snapshot
 * begins by forgetting everything. A large change comes in parts: all but the last say `more`, and only the last makes
 * them count, so that nobody ever acts on half a snapshot.
 */
export interface KeyedChange<T> {
  readonly snapshot: boolean;
  readonly more?: boolean;
  readonly set: readonly T[];
  readonly delete: readonly string[];
}

export interface KeyedState<T> {
  readonly objects: ReadonlyMap<string, T>;
  /** The parts so far of a change whose last part has not come. `objects` is still what was before it. */
  readonly incoming?: ReadonlyMap<string, T>;
}

export function emptyState<T>(): KeyedState<T> {
  return { objects: new Map() };
}

/** Pure: `state` is not modified. */
export function applyChange<T>(
  state: KeyedState<T>,
  change: KeyedChange<T>,
  keyOf: (object: T) => string,
): KeyedState<T> {
  const next = new Map(change.snapshot ? [] : (state.incoming ?? state.objects));
  for (const key of change.delete) next.delete(key);
  for (const object of change.set) next.set(keyOf(object), object);
  return change.more === true ? { objects: state.objects, incoming: next } : { objects: next };
}

/** The smallest change that leads from one set to another. */
export function differenceOf<T>(have: ReadonlyMap<string, T>, want: ReadonlyMap<string, T>): KeyedChange<T> {
  const set: T[] = [];
  for (const [key, object] of want) {
    const old = have.get(key);
    if (old === undefined || (old !== object && !isDeepStrictEqual(old, object))) set.push(object);
  }
  return { snapshot: false, set, delete: [...have.keys()].filter((key) => !want.has(key)) };
}

export function snapshotOf<T>(objects: ReadonlyMap<string, T>): KeyedChange<T> {
  return { snapshot: true, set: [...objects.values()], delete: [] };
}

export function isEmptyChange(change: KeyedChange<unknown>): boolean {
  return !change.snapshot && change.set.length === 0 && change.delete.length === 0;
}
