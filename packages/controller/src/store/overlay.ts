import type { Change, Row, Transaction } from './store.ts';

/** What lies under a transaction: the committed rows. */
export interface Base {
  get(key: string): Row<unknown> | undefined;
  range(prefix: string): Iterable<Row<unknown>>;
}

/** A transaction that keeps its writes to itself until they are taken, so that a body that throws has written nothing. */
export class Overlay implements Transaction {
  readonly revision: number;
  readonly #base: Base;
  /** undefined: deleted. */
  readonly #writes = new Map<string, Row<unknown> | undefined>();

  constructor(base: Base, revision: number) {
    this.#base = base;
    this.revision = revision;
  }

  get<T>(key: string): Row<T> | undefined {
    const row = this.#writes.has(key) ? this.#writes.get(key) : this.#base.get(key);
    // The caller knows what it keeps under a key; rows are written by one table of keys (rows.ts).
    return row as Row<T> | undefined;
  }

  *range<T>(prefix: string): Iterable<Row<T>> {
    const own = [...this.#writes].filter(([key]) => key.startsWith(prefix)).sort(([a], [b]) => compareKeys(a, b));
    let next = 0;
    for (const row of this.#base.range(prefix)) {
      for (let each = own[next]; each !== undefined && compareKeys(each[0], row.key) < 0; each = own[++next]) {
        if (each[1] !== undefined) yield each[1] as Row<T>;
      }
      if (own[next]?.[0] === row.key) {
        const [, replaced] = own[next++] ?? [];
        if (replaced !== undefined) yield replaced as Row<T>;
      } else {
        yield row as Row<T>;
      }
    }
    for (const [, row] of own.slice(next)) if (row !== undefined) yield row as Row<T>;
  }

  put(key: string, value: unknown): void {
    this.#writes.set(key, { key, value, revision: this.revision });
  }

  delete(key: string): void {
    this.#writes.set(key, undefined);
  }

  /** What was written, less the deletion of what was not there. */
  changes(): readonly Change[] {
    const changes: Change[] = [];
    for (const [key, row] of this.#writes) {
      const before = this.#base.get(key)?.value;
      if (row === undefined && before === undefined) continue;
      changes.push({
        key,
        ...(before === undefined ? {} : { before }),
        ...(row === undefined ? {} : { after: row.value }),
      });
    }
    return changes;
  }
}

/** Byte order, which for the characters in our keys is that of code units. */
export function compareKeys(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}
