import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { applyChange, differenceOf, emptyState, isEmptyChange, snapshotOf } from './keyed-change.ts';

interface Thing {
  readonly name: string;
  readonly size: number;
}
const keyOf = (thing: Thing) => thing.name;
const thing = fc.record({ name: fc.constantFrom('a', 'b', 'c', 'd', 'e'), size: fc.nat(3) });
const things = fc.array(thing).map((list) => new Map(list.map((each) => [keyOf(each), each])));

describe('keyed changes', () => {
  test('a difference leads from one set to the other, and a second time changes nothing', () => {
    fc.assert(
      fc.property(things, things, (have, want) => {
        const change = differenceOf(have, want);
        const once = applyChange({ objects: have }, change, keyOf);
        expect(once.objects).toEqual(want);
        expect(applyChange(once, change, keyOf).objects).toEqual(want);
        expect(isEmptyChange(differenceOf(want, once.objects))).toBe(true);
      }),
    );
  });

  test('a difference names only what differs', () => {
    const have = new Map([
      ['a', { name: 'a', size: 1 }],
      ['b', { name: 'b', size: 1 }],
      ['c', { name: 'c', size: 1 }],
    ]);
    const want = new Map([
      ['a', { name: 'a', size: 1 }],
      ['b', { name: 'b', size: 2 }],
    ]);
    expect(differenceOf(have, want)).toEqual({ snapshot: false, set: [{ name: 'b', size: 2 }], delete: ['c'] });
  });

  test('a snapshot forgets what was there', () => {
    const before = applyChange(emptyState<Thing>(), snapshotOf(new Map([['a', { name: 'a', size: 1 }]])), keyOf);
    const after = applyChange(before, snapshotOf(new Map([['b', { name: 'b', size: 1 }]])), keyOf);
    expect([...after.objects.keys()]).toEqual(['b']);
  });

  test('parts count only when the last has come', () => {
    let state = applyChange(
      emptyState<Thing>(),
      { snapshot: true, set: [{ name: 'old', size: 0 }], delete: [] },
      keyOf,
    );
    state = applyChange(state, { snapshot: true, more: true, set: [{ name: 'a', size: 1 }], delete: [] }, keyOf);
    state = applyChange(state, { snapshot: false, more: true, set: [{ name: 'b', size: 1 }], delete: [] }, keyOf);
    expect([...state.objects.keys()]).toEqual(['old']);
    expect(state.incoming).toBeDefined();
    state = applyChange(state, { snapshot: false, set: [{ name: 'c', size: 1 }], delete: [] }, keyOf);
    expect([...state.objects.keys()]).toEqual(['a', 'b', 'c']);
    expect(state.incoming).toBeUndefined();
  });

  test('a snapshot that begins anew drops the parts of the one before', () => {
    let state = applyChange(
      emptyState<Thing>(),
      { snapshot: true, more: true, set: [{ name: 'a', size: 1 }], delete: [] },
      keyOf,
    );
    state = applyChange(state, { snapshot: true, set: [{ name: 'b', size: 1 }], delete: [] }, keyOf);
    expect([...state.objects.keys()]).toEqual(['b']);
  });
});
