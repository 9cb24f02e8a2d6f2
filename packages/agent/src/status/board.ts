import { isDeepStrictEqual } from 'node:util';
import { type StatusObject, statusKey } from '@kcore/contract';

/** Status as it is now, keyed; whoever sends it up learns which keys changed, and reads them when it is their turn. */
export interface StatusBoard {
  get(key: string): StatusObject | undefined;
  all(): readonly StatusObject[];
  put(object: StatusObject): void;
  /** Deleting what is not there changes nothing. */
  delete(key: string): void;
  /** The whole set of one kind: what is not in it goes. Objects that are equal to what is there change nothing. */
  replace<K extends StatusObject['kind']>(kind: K, objects: readonly Extract<StatusObject, { kind: K }>[]): void;
  /** Called for each key that was set, changed or deleted. Returns what ends it. */
  watch(changed: (key: string) => void): () => void;
}

export function createStatusBoard(): StatusBoard {
  const objects = new Map<string, StatusObject>();
  const watchers = new Set<(key: string) => void>();
  const tell = (key: string): void => {
    for (const watcher of watchers) watcher(key);
  };
  const put = (object: StatusObject): void => {
    const key = statusKey(object);
    if (isDeepStrictEqual(objects.get(key), object)) return;
    objects.set(key, object);
    tell(key);
  };
  return {
    get: (key) => objects.get(key),
    all: () => [...objects.values()],
    put,
    delete(key) {
      if (objects.delete(key)) tell(key);
    },
    replace(kind, wanted) {
      const keys = new Set(wanted.map(statusKey));
      const gone = [...objects].filter(([key, object]) => object.kind === kind && !keys.has(key));
      for (const [key] of gone) {
        objects.delete(key);
        tell(key);
      }
      for (const object of wanted) put(object);
    },
    watch(changed) {
      watchers.add(changed);
      return () => watchers.delete(changed);
    },
  };
}
