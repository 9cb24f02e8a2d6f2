import { afterEach, expect, test } from 'vitest';
import type { Connection, DumpRequest, Request } from '../../src/index.ts';
import type { TestNamespace } from './namespace.ts';

/** The same thing made by us and by iproute2. */
export interface Row {
  readonly title: string;
  readonly ours: (links: Links) => readonly Request<unknown>[];
  /** The commands that mean the same. */
  readonly theirs: readonly string[];
  /** Takes away what either made. */
  readonly undo: readonly string[] | ((links: Links) => readonly Request<unknown>[]);
  /** What iproute2 shows, as JSON. */
  readonly shown: string;
  readonly list: (links: Links) => DumpRequest<unknown>;
  /** Which items of the list the row is about. */
  readonly about: (item: never) => boolean;
  /** What each of these items has, in order. */
  readonly expected: (links: Links) => readonly object[];
  /** What iproute2 shows of it, where that says more than that both are shown alike. */
  readonly witnessed?: readonly object[];
}

export type Links = Readonly<Record<string, number>>;

/** Ages, counters and numbers that the kernel chooses: two objects that mean the same differ in them. */
const VOLATILE = new Set([
  'cacheInfo',
  'cache_info',
  'used',
  'updated',
  'confirmed',
  'refcnt',
  'timer',
  'idle_time',
  'idleTime',
  'times',
  'installed',
  'last_used',
  'statistics',
  'details',
  'stats',
  'preferred_life_time',
  'valid_life_time',
  'expires',
  'counters',
  'gc_list',
  'unbalanced_time',
  'unbalancedTime',
  'resilient_args',
  'resilient',
  'bytes',
  'packets',
  'hits',
  'handle',
  'linkinfo',
  'gc_timer',
  'hello_timer',
  'reference',
  'references',
  'bind',
  'created',
  'fh',
  'success',
  'hit',
  'rule hit',
]);

/** The same without what is volatile. */
export function stable(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(stable);
  if (typeof value !== 'object' || value === null || value instanceof Uint8Array) return value;
  // The kernel numbers actions as they are made.
  const numbered = 'direction' in value || 'control_action' in value;
  return Object.fromEntries(
    Object.entries(value)
      .filter(([key]) => !VOLATILE.has(key) && !(key === 'index' && numbered))
      .map(([key, member]) => [key, stable(member)]),
  );
}

interface Bench {
  readonly ns: TestNamespace;
  readonly connection: Connection;
  readonly links: Links;
}

interface Seen {
  readonly witness: unknown;
  readonly decoded: readonly unknown[];
}

async function look({ ns, connection, links }: Bench, row: Row): Promise<Seen> {
  const { items } = await connection.dump(row.list(links));
  const witness = JSON.parse(ns.run('sh', '-c', row.shown).trim() || '[]') as unknown;
  return { witness: stable(witness), decoded: items.filter((item) => row.about(item as never)) };
}

async function perform({ ns, connection, links }: Bench, what: Row['undo']): Promise<void> {
  if (typeof what === 'function') for (const request of what(links)) await connection.request(request);
  else for (const command of what) ns.run('sh', '-c', command);
}

/** One test for each row: made by us and made by them look alike to them and to us, and as the row says. */
export function bothWays(bench: () => Bench, rows: readonly Row[]): void {
  let clean: (() => Promise<void>) | undefined;
  afterEach(async () => {
    await clean?.();
    clean = undefined;
  });
  test.each(rows.map((row) => [row.title, row] as const))('%s', async (_title, row) => {
    const before = await look(bench(), row);
    expect(before.decoded, 'nothing of it is there before').toEqual([]);
    clean = () => perform(bench(), row.undo).catch(() => undefined);
    await perform(bench(), row.ours);
    const ours = await look(bench(), row);
    await perform(bench(), row.undo);
    expect((await look(bench(), row)).witness, 'undone').toEqual(before.witness);
    await perform(bench(), row.theirs);
    const theirs = await look(bench(), row);
    await perform(bench(), row.undo);
    clean = undefined;
    expect(ours.decoded, 'as we read what we made').toMatchObject(row.expected(bench().links));
    expect(ours.witness, 'as iproute2 shows both').toEqual(theirs.witness);
    expect(ours.decoded.map(stable), 'as we read both').toEqual(theirs.decoded.map(stable));
    if (row.witnessed !== undefined) expect(ours.witness).toMatchObject(row.witnessed);
  });
}
