import { formatIpv4, KcoreError, type Network, parseIpv4 } from '@kcore/contract';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { MemoryStore } from '../store/memory.ts';
import { allocate, claim, type Now, ownerOf, QUARANTINE_MS, release } from './addresses.ts';
import { allocateMac } from './mac.ts';
import { type Pool, poolOf } from './pool.ts';
import { allocateVni, releaseVni } from './vni.ts';

const newStore = () => new MemoryStore('epoch', { observed: () => false });

function network(overrides: Partial<Network>): Network {
  return {
    name: 'n',
    uid: 'u',
    type: 'vxlan',
    gatewayIp: '10.0.0.1',
    internalNetmask: '255.255.255.0',
    prefix: 24,
    outboundNat: true,
    forwards: [],
    allowedTcpPorts: [],
    allowedUdpPorts: [],
    dhcp: {},
    everyNode: true,
    nodes: [],
    bridge: 'kbr-n',
    createdAt: '',
    ...overrides,
  };
}

function poolFor(overrides: Partial<Network>): Pool {
  const pool = poolOf(network(overrides), 'node-1');
  if (pool === undefined) throw new Error('no pool');
  return pool;
}

const reached: Now['knows'] = () => 'reached';
const owner = (vm: string) => ({ vm, nic: 0, node: 'node-1' });

describe('a pool', () => {
  test.each([
    ['R-13: vxlan /24', {}, 2, 254, [1]],
    ['R-13: vxlan /30', { prefix: 30 }, 2, 2, [1]],
    ['R-13: a gateway in the middle of a /22', { gatewayIp: '10.0.2.7', prefix: 22 }, 2, 1022, [519]],
    ['R-04: nat /24', { type: 'nat' }, 100, 199, [1]],
    [
      'R-04: nat /16, in the gateway’s /24',
      { type: 'nat', gatewayIp: '10.0.7.1', prefix: 16 },
      7 * 256 + 100,
      7 * 256 + 199,
      [7 * 256 + 1],
    ],
    [
      'R-04: nat with a range of its own',
      {
        type: 'nat',
        dhcp: { rangeStart: '10.0.0.5', rangeEnd: '10.0.0.9', reservations: [{ mac: 'm', address: '10.0.0.6' }] },
      },
      5,
      9,
      [1, 6],
    ],
  ] as const)('%s', (_name, overrides, first, last, reserved) => {
    const pool = poolFor(overrides as Partial<Network>);
    expect([pool.first, pool.last, [...pool.reserved]]).toEqual([first, last, reserved]);
  });

  test('R-08: nat has one pool a node, vxlan one for all, bridge none', () => {
    expect(poolFor({ type: 'nat' }).id).toBe('u@node-1');
    expect(poolFor({}).id).toBe('u');
    const { gatewayIp: _, ...bridge } = network({ type: 'bridge' });
    expect(poolOf(bridge, 'node-1')).toBeUndefined();
  });
});

type Step =
  | { readonly do: 'allocate' | 'release'; readonly vm: number }
  | { readonly do: 'claim'; readonly vm: number; readonly offset: number }
  | { readonly do: 'wait'; readonly seconds: number }
  | { readonly do: 'know' }
  | { readonly do: 'forget' };

describe('addresses', () => {
  /**
   * The invariants of R-13 against a model that is nothing but a list: one owner an address (I1), an owner what it was
   * given (I2), every offset in one state (I3), no reuse while it rests but from an empty pool (I4), never the gateway,
   * network or broadcast address (I7), and exhausted only when nothing is free (I8).
   */
  test('R-13: hold whatever is allocated, asked for, freed and waited for', async () => {
    const counts = { reused: 0, exhausted: 0, restTaken: 0, claimed: 0 };
    const step = fc.oneof(
      { weight: 4, arbitrary: fc.record({ do: fc.constant('allocate' as const), vm: fc.nat(11) }) },
      { weight: 4, arbitrary: fc.record({ do: fc.constant('release' as const), vm: fc.nat(11) }) },
      { weight: 2, arbitrary: fc.record({ do: fc.constant('claim' as const), vm: fc.nat(11), offset: fc.nat(9) }) },
      { weight: 2, arbitrary: fc.record({ do: fc.constant('wait' as const), seconds: fc.constantFrom(1, 300, 601) }) },
      { weight: 1, arbitrary: fc.record({ do: fc.constantFrom('know' as const, 'forget' as const) }) },
    );
    const shape = fc.constantFrom(
      poolFor({ prefix: 29 }),
      poolFor({ prefix: 29, gatewayIp: '10.0.0.4' }),
      poolFor({ type: 'nat', prefix: 28 }),
      poolFor({
        type: 'nat',
        dhcp: { rangeStart: '10.0.0.1', rangeEnd: '10.0.0.6', reservations: [{ mac: 'm', address: '10.0.0.3' }] },
      }),
    );
    await fc.assert(
      fc.asyncProperty(shape, fc.array(step, { minLength: 10, maxLength: 80 }), async (pool, steps: Step[]) => {
        const store = newStore();
        const owned = new Map<string, number>();
        const freedAt = new Map<number, number>();
        let time = 0;
        // The node is connected and says at once what it has reached, or is away; what it said before stays said.
        let knows = true;
        let reachedRevision = 0;
        const freedIn = new Map<number, number>();
        const now = (): Now => ({
          time,
          knows: (_node, revision) => (knows || revision <= reachedRevision ? 'reached' : 'away'),
        });
        const base = pool.subnet.network;
        const taken = () => new Set(owned.values());
        const isKnown = (offset: number) => knows || (freedIn.get(offset) ?? 0) <= reachedRevision;
        const resting = (offset: number) => {
          const at = freedAt.get(offset);
          return at !== undefined && (at + QUARANTINE_MS > time || !isKnown(offset));
        };
        const eligible = () => {
          const offsets = [];
          for (let offset = pool.first; offset <= pool.last; offset++) {
            if (!pool.reserved.has(offset) && !taken().has(offset)) offsets.push(offset);
          }
          return offsets;
        };
        for (const each of steps) {
          if (each.do === 'wait') time += each.seconds * 1000;
          else if (each.do === 'know') knows = true;
          else if (each.do === 'forget') {
            if (knows) reachedRevision = store.revision;
            knows = false;
          } else if (each.do === 'release') {
            const vm = `vm-${each.vm}`;
            const offset = owned.get(vm);
            if (offset === undefined) continue;
            const { revision } = await store.transact((tx) => release(tx, pool, base + offset, owner(vm), time));
            owned.delete(vm);
            freedAt.set(offset, time);
            freedIn.set(offset, revision);
          } else {
            const vm = `vm-${each.vm}`;
            if (owned.has(vm)) continue;
            const free = eligible().filter((offset) => !resting(offset));
            const wanted = each.do === 'claim' ? each.offset : undefined;
            const attempt = await store
              .transact((tx) => {
                if (wanted === undefined) return allocate(tx, pool, owner(vm), now()) - base;
                claim(tx, pool, base + wanted, owner(vm), now());
                return wanted;
              })
              .then(
                ({ result }) => result,
                (error: unknown) => error,
              );
            if (typeof attempt === 'number') {
              expect(taken().has(attempt)).toBe(false);
              expect([0, pool.gateway, 2 ** (32 - pool.subnet.prefix) - 1]).not.toContain(attempt);
              if (wanted === undefined) {
                if (free.length > 0) expect(attempt).toBe(free[0]);
                else {
                  // Otherwise empty: the one that has rested longest.
                  const oldest = Math.min(
                    ...eligible()
                      .filter(isKnown)
                      .map((offset) => freedAt.get(offset) ?? Number.NaN),
                  );
                  expect(freedAt.get(attempt)).toBe(oldest);
                  counts.restTaken++;
                }
                if (freedAt.has(attempt)) counts.reused++;
              } else {
                expect(resting(attempt)).toBe(false);
                counts.claimed++;
              }
              owned.set(vm, attempt);
              freedAt.delete(attempt);
            } else {
              expect(attempt).toBeInstanceOf(KcoreError);
              if (wanted === undefined) {
                expect((attempt as KcoreError).code).toBe('ResourceExhausted');
                expect([...free, ...eligible().filter(isKnown)]).toEqual([]);
                counts.exhausted++;
              } else {
                const usable = wanted > 0 && wanted < 2 ** (32 - pool.subnet.prefix) - 1 && wanted !== pool.gateway;
                expect(usable && !taken().has(wanted) && !resting(wanted)).toBe(false);
              }
            }
          }
        }
        for (const [vm, offset] of owned) expect(ownerOf(store, pool.id, offset)?.vm).toBe(vm);
        expect([...store.range(`a/${pool.id}/`)]).toHaveLength(owned.size);
        expect([...store.range(`q/${pool.id}/`)]).toHaveLength([...store.range(`qo/${pool.id}/`)].length);
      }),
      { numRuns: Number(process.env['KCORE_TEST_RUNS'] ?? 300) },
    );
    expect(Object.values(counts).every((count) => count > 10)).toBe(true);
  });

  test('R-13: a whole /22, in order, with .255 and .0 inside it and the gateway left out', async () => {
    const store = newStore();
    const pool = poolFor({ gatewayIp: '10.0.1.5', prefix: 22 });
    const { result } = await store.transact((tx) => {
      const addresses: string[] = [];
      for (let vm = 0; vm < 1020; vm++)
        addresses.push(formatIpv4(allocate(tx, pool, owner(`vm-${vm}`), { time: 0, knows: reached })));
      return addresses;
    });
    expect(result[0]).toBe('10.0.0.2');
    expect(result.at(-1)).toBe('10.0.3.254');
    expect(new Set(result).size).toBe(1020);
    expect(result).not.toContain('10.0.1.5');
    expect(result).toContain('10.0.0.255');
    const more = store.transact((tx) => allocate(tx, pool, owner('one more'), { time: 0, knows: reached }));
    await expect(more).rejects.toMatchObject({ code: 'ResourceExhausted' });
  });

  test('R-28: a range that was changed is used from its beginning, around what is taken', async () => {
    const store = newStore();
    const before = poolFor({ type: 'nat' });
    const after = poolFor({ type: 'nat', dhcp: { rangeStart: '10.0.0.99', rangeEnd: '10.0.0.103' } });
    const take = (pool: Pool, vm: string) =>
      store.transact((tx) => formatIpv4(allocate(tx, pool, owner(vm), { time: 0, knows: reached })));
    expect((await take(before, 'a')).result).toBe('10.0.0.100');
    expect((await take(before, 'b')).result).toBe('10.0.0.101');
    await store.transact((tx) => release(tx, before, parseIpv4('10.0.0.101'), owner('b'), 0));
    expect((await take(after, 'c')).result).toBe('10.0.0.99');
    expect((await take(after, 'd')).result).toBe('10.0.0.102');
    expect((await take(before, 'e')).result).toBe('10.0.0.103');
  });

  test('R-13: a rested address that was asked for by name is not handed out again', async () => {
    const store = newStore();
    const pool = poolFor({});
    const later = { time: QUARANTINE_MS, knows: reached };
    const { result } = await store.transact((tx) => {
      for (const vm of ['a', 'b']) allocate(tx, pool, owner(vm), { time: 0, knows: reached });
      for (const [vm, address] of [
        ['a', '10.0.0.2'],
        ['b', '10.0.0.3'],
      ] as const) {
        release(tx, pool, parseIpv4(address), owner(vm), 0);
      }
      const first = allocate(tx, pool, owner('c'), later);
      claim(tx, pool, parseIpv4('10.0.0.3'), owner('d'), later);
      return [first, allocate(tx, pool, owner('e'), later)].map(formatIpv4);
    });
    expect(result).toEqual(['10.0.0.2', '10.0.0.4']);
  });

  test('what is not the owner’s is not freed by it', async () => {
    const store = newStore();
    const pool = poolFor({});
    await store.transact((tx) => {
      const address = allocate(tx, pool, owner('a'), { time: 0, knows: reached });
      release(tx, pool, address, owner('b'), 0);
      expect(ownerOf(tx, pool.id, 2)?.vm).toBe('a');
    });
  });
});

describe('VNIs', () => {
  test('R-18: unique, the name’s first, then the next free one, going round, then beyond 15999', async () => {
    const store = newStore();
    const { result } = await store.transact((tx) => Array.from({ length: 6005 }, () => allocateVni(tx, 'private')));
    expect(result[0]).toBe(14416);
    expect(result[1]).toBe(14417);
    expect(result[15999 - 14416 + 1]).toBe(10000);
    expect(new Set(result).size).toBe(6005);
    expect(result.slice(6000)).toEqual([16000, 16001, 16002, 16003, 16004]);
    const again = await store.transact((tx) => {
      releaseVni(tx, 14420);
      return allocateVni(tx, 'private');
    });
    expect(again.result).toBe(14420);
  });
});

describe('MACs', () => {
  test('R-45: salted until free on the network, and another network is another world', async () => {
    const store = newStore();
    const { result } = await store.transact((tx) => [
      allocateMac(tx, 'u', 'web-01'),
      allocateMac(tx, 'u', 'web-01'),
      allocateMac(tx, 'v', 'web-01'),
    ]);
    expect(result[0]).toBe('52:54:00:0b:9d:9f');
    expect(result[1]).toMatch(/^52:54:00:/);
    expect(result[1]).not.toBe(result[0]);
    expect(result[2]).toBe(result[0]);
  });
});
