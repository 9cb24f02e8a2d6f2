import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { afterEach, describe, expect, test } from 'vitest';
import { LmdbStore } from './lmdb.ts';
import { MemoryStore } from './memory.ts';
import { type Commit, Compacted, type Store, type StoreOptions } from './store.ts';

/** What both stores must do. */

const cleanups: (() => Promise<unknown>)[] = [];
afterEach(async () => {
  for (const cleanup of cleanups.splice(0).reverse()) await cleanup();
});

async function directory(): Promise<string> {
  const path = await mkdtemp(join(tmpdir(), 'kcore-store-'));
  cleanups.push(() => rm(path, { recursive: true, force: true }));
  return path;
}

const all: StoreOptions = { observed: () => true };
const stores = {
  memory: async (options: StoreOptions = all): Promise<Store> => new MemoryStore('epoch', options),
  lmdb: async (options: StoreOptions = all): Promise<Store> => {
    const store = await LmdbStore.open(await directory(), options);
    cleanups.push(() => store[Symbol.asyncDispose]());
    return store;
  },
};

const values = (store: Store, prefix = ''): Record<string, unknown> =>
  Object.fromEntries([...store.range(prefix)].map(({ key, value }) => [key, value]));

describe.each(Object.entries(stores))('%s store', (_name, open) => {
  test('what was written is read, with the revision that wrote it', async () => {
    const store = await open();
    expect(store.revision).toBe(0);
    const { result, revision } = await store.transact((tx) => {
      tx.put('net/a', { size: 1 });
      return 'done';
    });
    expect([result, revision, store.revision]).toEqual(['done', 1, 1]);
    await store.transact((tx) => tx.put('net/b', { size: 2 }));
    expect(store.get('net/a')).toEqual({ key: 'net/a', value: { size: 1 }, revision: 1 });
    expect(store.get('net/b')?.revision).toBe(2);
    expect(store.get('net/c')).toBeUndefined();
  });

  test('a range is in order and ends with its prefix', async () => {
    const store = await open();
    await store.transact((tx) => {
      for (const key of ['b/2', 'a/1', 'b/10', 'b', 'c/1', 'b/Z', 'b-/1']) tx.put(key, key);
    });
    expect(Object.keys(values(store, 'b/'))).toEqual(['b/10', 'b/2', 'b/Z']);
    expect(Object.keys(values(store))).toHaveLength(7);
  });

  test('a transaction sees what it wrote, in ranges too', async () => {
    const store = await open();
    await store.transact((tx) => {
      for (const key of ['a', 'c', 'e']) tx.put(key, 1);
    });
    await store.transact((tx) => {
      tx.put('b', 2);
      tx.put('f', 2);
      tx.put('c', 2);
      tx.delete('e');
      expect([...tx.range<number>('')].map(({ key, value }) => `${key}${value}`)).toEqual(['a1', 'b2', 'c2', 'f2']);
      expect(tx.get('e')).toBeUndefined();
      expect(tx.revision).toBe(2);
    });
    expect(values(store)).toEqual({ a: 1, b: 2, c: 2, f: 2 });
  });

  test('a body that throws has written nothing, and others beside it have', async () => {
    const store = await open();
    const outcomes = await Promise.allSettled([
      store.transact((tx) => tx.put('a', 1)),
      store.transact((tx) => {
        tx.put('b', 1);
        throw new Error('no');
      }),
      store.transact((tx) => tx.put('c', tx.get('b') === undefined)),
    ]);
    expect(outcomes.map(({ status }) => status)).toEqual(['fulfilled', 'rejected', 'fulfilled']);
    expect(values(store)).toEqual({ a: 1, c: true });
    expect(store.revision).toBe(2);
  });

  test('a transaction that writes nothing, or is a dry run, has no revision', async () => {
    const store = await open();
    await store.transact((tx) => tx.put('a', 1));
    expect((await store.transact((tx) => tx.get('a')?.value)).revision).toBe(1);
    await store.transact((tx) => tx.delete('zzz'));
    const dry = await store.transact(
      (tx) => {
        tx.put('b', 1);
        return tx.get('b')?.value;
      },
      { dryRun: true },
    );
    expect(dry).toEqual({ result: 1, revision: 1 });
    expect(values(store)).toEqual({ a: 1 });
    expect(store.changesSince(1)).toEqual([]);
  });

  test('many at once: every increment counts, each with its own revision', async () => {
    const store = await open();
    const done = await Promise.all(
      Array.from({ length: 1000 }, () =>
        store.transact((tx) => {
          const next = (tx.get<number>('counter')?.value ?? 0) + 1;
          tx.put('counter', next);
          return next;
        }),
      ),
    );
    expect(store.get('counter')?.value).toBe(1000);
    expect(new Set(done.map(({ result }) => result)).size).toBe(1000);
    expect(done.every(({ result, revision }) => result === revision)).toBe(true);
  });

  test('the change log tells what was and what is, of observed rows only', async () => {
    const store = await open({ observed: (key) => key.startsWith('net/') });
    await store.transact((tx) => {
      tx.put('net/a', 1);
      tx.put('req/1', 1);
    });
    await store.transact((tx) => tx.put('req/2', 1));
    await store.transact((tx) => tx.put('net/a', 2));
    await store.transact((tx) => tx.delete('net/a'));
    expect(store.changesSince(0)).toEqual([
      { revision: 1, changes: [{ key: 'net/a', after: 1 }] },
      { revision: 2, changes: [] },
      { revision: 3, changes: [{ key: 'net/a', before: 1, after: 2 }] },
      { revision: 4, changes: [{ key: 'net/a', before: 2 }] },
    ]);
    expect(store.changesSince(3)).toHaveLength(1);
  });

  test('the log is cut by count, and says so', async () => {
    const store = await open({ observed: () => true, keep: 3 });
    for (let index = 0; index < 10; index++) await store.transact((tx) => tx.put('a', index));
    expect(store.changesSince(7).map(({ revision }) => revision)).toEqual([8, 9, 10]);
    expect(() => store.changesSince(6)).toThrow(Compacted);
    expect(() => store.changesSince(0)).toThrow(Compacted);
    // A revision that is not ours: another store's, or one lost with a backup.
    expect(() => store.changesSince(11)).toThrow(Compacted);
  });

  test('a watcher gets what was and what comes, once each and in order', async () => {
    const store = await open();
    await store.transact((tx) => tx.put('a', 1));
    const stop = new AbortController();
    const seen: Commit[] = [];
    const watching = (async () => {
      for await (const commits of store.watch(0, stop.signal)) seen.push(...commits);
    })();
    await Promise.all(Array.from({ length: 50 }, (_, index) => store.transact((tx) => tx.put('a', index))));
    await expect.poll(() => seen.length).toBe(51);
    await store.transact((tx) => tx.put('a', 'last'));
    await expect.poll(() => seen.at(-1)?.changes[0]?.after).toBe('last');
    expect(seen.map(({ revision }) => revision)).toEqual(Array.from({ length: 52 }, (_, index) => index + 1));
    stop.abort();
    await watching;
  });

  test('a watcher that fell out of the log is told', async () => {
    const store = await open({ observed: () => true, keep: 2 });
    for (let index = 0; index < 5; index++) await store.transact((tx) => tx.put('a', index));
    const first = store.watch(1, new AbortController().signal)[Symbol.asyncIterator]().next();
    await expect(first).rejects.toThrow(Compacted);
  });

  test('behaves as a map does, whatever is written', async () => {
    const store = await open();
    const model = new Map<string, number>();
    const write = fc.record({ key: fc.constantFrom('a', 'a/b', 'b', 'b/a', 'ba'), value: fc.option(fc.nat(9)) });
    await fc.assert(
      fc.asyncProperty(fc.array(write, { maxLength: 6 }), async (writes) => {
        await store.transact((tx) => {
          for (const { key, value } of writes) {
            if (value === null) tx.delete(key);
            else tx.put(key, value);
          }
        });
        for (const { key, value } of writes) {
          if (value === null) model.delete(key);
          else model.set(key, value);
        }
        expect(values(store)).toEqual(Object.fromEntries(model));
        expect(Object.keys(values(store))).toEqual([...model.keys()].sort());
      }),
      { numRuns: 50 },
    );
  });
});

describe('the store on disk', () => {
  test('is the same after it was closed: rows, revision, log, epoch', async () => {
    const path = await directory();
    const before = await LmdbStore.open(path, all);
    await before.transact((tx) => tx.put('a', 1));
    await before.transact((tx) => tx.put('a', 2));
    const { epoch } = before;
    await before[Symbol.asyncDispose]();
    const after = await LmdbStore.open(path, all);
    cleanups.push(() => after[Symbol.asyncDispose]());
    expect([after.epoch, after.revision]).toEqual([epoch, 2]);
    expect(after.get('a')?.value).toBe(2);
    expect(after.changesSince(1)).toEqual([{ revision: 2, changes: [{ key: 'a', before: 1, after: 2 }] }]);
    expect((await after.transact((tx) => tx.put('a', 3))).revision).toBe(3);
  });

  test('another directory is another epoch', async () => {
    const one = await stores.lmdb();
    const two = await stores.lmdb();
    expect(one.epoch).not.toBe(two.epoch);
  });
});
