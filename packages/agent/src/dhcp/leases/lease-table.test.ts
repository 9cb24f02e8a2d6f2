import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { ExpiryQueue, type Queued } from './expiry-queue.ts';
import { INFINITE_EXPIRY, type Lease } from './lease.ts';
import { LeaseTable } from './lease-table.ts';

function lease(mac: string, address: number, expiresAt: number): Lease {
  return { network: 'lan', mac, address, expiresAt, origin: 'dynamic' };
}

const any = (): boolean => true;

describe('LeaseTable', () => {
  test('one MAC holds one address, one address has one MAC', () => {
    const table = new LeaseTable();
    table.apply({ change: 'lease', lease: lease('a', 100, 10) });
    table.apply({ change: 'lease', lease: lease('a', 101, 10) });
    expect([table.at(100), table.ofClient('a')?.address]).toEqual([undefined, 101]);
    table.apply({ change: 'lease', lease: lease('b', 101, 10) });
    expect([table.ofClient('a'), table.at(101)?.mac, table.size]).toEqual([undefined, 'b', 1]);
  });

  test('a quarantine takes the address from its holder', () => {
    const table = new LeaseTable();
    table.apply({ change: 'lease', lease: lease('a', 100, 10) });
    table.apply({ change: 'quarantine', network: 'lan', mac: 'a', address: 100, expiresAt: 50 });
    expect([table.ofClient('a'), table.at(100)?.kind, [...table.leases()].length]).toEqual([
      undefined,
      'quarantine',
      0,
    ]);
  });

  test('what could not be stored is taken back, with what it had replaced', () => {
    const table = new LeaseTable();
    table.apply({ change: 'lease', lease: lease('a', 100, 10) });
    table.apply({ change: 'lease', lease: lease('b', 101, 10) });
    const undo = table.apply({ change: 'lease', lease: lease('a', 101, 99) });
    undo();
    expect([table.at(100)?.mac, table.at(101)?.mac, table.ofClient('a')?.address]).toEqual(['a', 'b', 100]);
    const late = table.apply({ change: 'lease', lease: lease('a', 100, 20) });
    table.apply({ change: 'lease', lease: lease('a', 100, 30) });
    late();
    expect(table.at(100)?.expiresAt).toBe(30);
    const moved = table.apply({ change: 'lease', lease: lease('a', 102, 40) });
    table.apply({ change: 'forget', network: 'lan', address: 102 });
    moved();
    expect(table.ofClient('a')).toBeUndefined();
    table.apply({ change: 'lease', lease: lease('a', 100, 30) });
    table.apply({ change: 'forget', network: 'lan', address: 100 })();
    expect(table.at(100)?.expiresAt).toBe(30);
  });

  test('an address that was given back is the lowest fresh one again', () => {
    const table = new LeaseTable();
    table.offer({ mac: 'a', address: 100, expiresAt: 10, checked: true });
    table.offer({ mac: 'b', address: 101, expiresAt: 10, checked: true });
    expect(table.fresh(100, 105, any)).toBe(102);
    table.withdrawOffer('a');
    expect(table.fresh(100, 105, any)).toBe(100);
    expect(table.fresh(100, 105, (address) => address !== 100)).toBe(102);
    table.rescan();
    expect(table.fresh(100, 105, any)).toBe(100);
  });

  test('a lease is not withdrawn like an offer', () => {
    const table = new LeaseTable();
    table.apply({ change: 'lease', lease: lease('a', 100, 10) });
    table.withdrawOffer('a');
    expect(table.at(100)?.mac).toBe('a');
  });

  test('what expired outside the range is forgotten, inside it is found oldest first', () => {
    const table = new LeaseTable();
    table.apply({ change: 'lease', lease: lease('x', 7, 1) });
    table.apply({ change: 'lease', lease: lease('a', 100, 20) });
    table.apply({ change: 'lease', lease: lease('b', 101, 10) });
    table.apply({ change: 'lease', lease: lease('b', 101, 30) });
    expect(table.oldestExpired(100, 105, any, 19)).toBeUndefined();
    expect(table.oldestExpired(100, 105, any, 25)?.mac).toBe('a');
    expect(table.at(7)).toBeUndefined();
  });

  test('renewing does not make the table grow', () => {
    const table = new LeaseTable();
    for (let time = 0; time < 10_000; time++) table.apply({ change: 'lease', lease: lease('a', 100, time) });
    expect([...table.durable('lan')]).toHaveLength(1);
    expect(table.oldestExpired(100, 100, any, 20_000)?.expiresAt).toBe(9999);
  });
});

test('an address counts as declined or offered only while it is', () => {
  const table = new LeaseTable();
  table.apply({ change: 'quarantine', network: 'lan', mac: 'a', address: 100, expiresAt: 50 });
  table.apply({ change: 'quarantine', network: 'lan', mac: 'a', address: 101, expiresAt: 70 });
  table.offer({ mac: 'b', address: 102, expiresAt: 10, checked: true });
  expect([table.quarantined(49), table.quarantined(50), table.quarantined(70), table.offers(0)]).toEqual([2, 1, 0, 1]);
  table.apply({ change: 'lease', lease: lease('b', 102, 10) });
  expect(table.offers(0)).toBe(0);
});

test('many promises that are over are forgotten', () => {
  const table = new LeaseTable();
  for (let count = 0; count < 5000; count++)
    table.offer({ mac: `${count}`, address: count, expiresAt: 10, checked: true });
  expect([table.offers(9), table.size]).toEqual([5000, 5000]);
  expect([table.offers(500), table.offers(1500), table.size]).toEqual([5000, 0, 0]);
});

test('when the clock is set, all move with it, and what never ends does not', () => {
  const table = new LeaseTable();
  table.apply({ change: 'lease', lease: lease('a', 100, 20) });
  table.apply({ change: 'lease', lease: lease('b', 101, 10) });
  table.apply({ change: 'lease', lease: lease('c', 102, INFINITE_EXPIRY) });
  table.shift(1000);
  expect([table.at(100), table.at(101), table.at(102)].map((holding) => holding?.expiresAt)).toEqual([
    1020,
    1010,
    INFINITE_EXPIRY,
  ]);
  table.shift(-5000);
  expect(table.at(101)?.expiresAt).toBe(0);
  table.shift(1010);
  expect(table.oldestExpired(100, 105, any, 1009)).toBeUndefined();
  expect(table.oldestExpired(100, 105, any, 1010)?.mac).toBe('b');
});

test('a listener is told of each address that changes', () => {
  const told: number[] = [];
  const table = new LeaseTable((address) => told.push(address));
  table.offer({ mac: 'a', address: 100, expiresAt: 10, checked: true });
  table.apply({ change: 'lease', lease: lease('a', 101, 10) });
  table.apply({ change: 'forget', network: 'lan', address: 101 });
  expect(told).toEqual([100, 100, 101, 101]);
});

test('ExpiryQueue gives items back in order, whatever was moved and removed meanwhile', () => {
  const step = fc.tuple(fc.constantFrom('push', 'push', 'push', 'move', 'remove'), fc.nat(500), fc.nat());
  fc.assert(
    fc.property(fc.array(step, { maxLength: 150, size: 'max' }), (steps) => {
      const queue = new ExpiryQueue<Queued>();
      const inside: Queued[] = [];
      for (const [what, due, which] of steps) {
        const at = which % Math.max(1, inside.length);
        const item = inside[at];
        if (what === 'push' || item === undefined) {
          const added: Queued = { due: 0, index: -1 };
          queue.push(added, due);
          inside.push(added);
        } else if (what === 'move') queue.move(item, due);
        else {
          queue.remove(item);
          inside.splice(at, 1);
        }
      }
      const out: number[] = [];
      for (let top = queue.peek(); top !== undefined; top = queue.peek()) {
        out.push(top.due);
        queue.remove(top);
      }
      expect(out).toEqual(inside.map(({ due }) => due).sort((a, b) => a - b));
    }),
    { seed: 7, numRuns: 500 },
  );
});
