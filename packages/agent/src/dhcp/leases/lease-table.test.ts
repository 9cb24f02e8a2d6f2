import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { ExpiryQueue } from './expiry-queue.ts';
import type { Holding, Lease } from './lease.ts';
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

test('ExpiryQueue gives holdings back in the order of their expiry', () => {
  fc.assert(
    fc.property(fc.array(fc.nat(50)), fc.array(fc.nat(50)), (first, second) => {
      const holding = (expiresAt: number): Holding => ({
        kind: 'offer',
        mac: '',
        address: 0,
        checked: true,
        expiresAt,
      });
      const queue = new ExpiryQueue();
      queue.rebuild(first.map(holding));
      for (const time of second) queue.push(holding(time));
      const out: number[] = [];
      for (let top = queue.pop(); top !== undefined; top = queue.pop()) out.push(top.expiresAt);
      expect(out).toEqual([...first, ...second].sort((a, b) => a - b));
    }),
    { seed: 7 },
  );
});
