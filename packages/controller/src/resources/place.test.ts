import { KcoreError } from '@kcore/contract';
import { describe, expect, test } from 'vitest';
import { type Offer, place, placePinned, refuseGrowth } from './place.ts';
import { DEFAULT_OVERCOMMIT, NOTHING, type Share, UNUSED } from './share.ts';

const GIB = 2 ** 30;
const share = (cpus: number, memory: number, disk: number): Share => ({
  cpus,
  memoryBytes: memory * GIB,
  diskBytes: disk * GIB,
});
/** 2 CPUs (16 with overcommit), 8 GiB of memory, 100 GiB of disk (200). */
const room = { kind: 'limited', cpus: 2, memoryBytes: 8 * GIB, diskBytes: 100 * GIB } as const;

function offer(name: string, more: Partial<Offer> = {}, used: Share = NOTHING, vms = 0): Offer {
  return { name, ready: true, room, lacks: [], ...more, used: { ...used, vms } };
}

/** Nothing limits its VMs. */
const boundless = (name: string, vms: number): Offer => ({ name, ready: true, lacks: [], used: { ...UNUSED, vms } });

function outcome(want: Share, offers: readonly Offer[]): string {
  try {
    return place('v', want, offers, DEFAULT_OVERCOMMIT);
  } catch (error) {
    return error instanceof KcoreError ? `${error.code}: ${error.message}` : String(error);
  }
}

const small = share(1, 1, 4);
const away = { ready: false };
const none = { room: { kind: 'none', reason: 'there is no program qemu-system-x86_64' } } as const;
const elsewhere = { lacks: ["network 'p' is not configured on it"] };

describe('R-46: which node a VM goes to', () => {
  test.each<[string, Share, Offer[], string]>([
    ['the only one', small, [offer('a')], 'a'],
    ['the first by name of equals', small, [offer('b'), offer('a')], 'a'],
    ['where memory is least used', small, [offer('a', {}, share(0, 4, 0)), offer('b', {}, share(0, 2, 0))], 'b'],
    [
      'where the scarcest is least used',
      small,
      [offer('a', {}, share(0, 0, 180)), offer('b', {}, share(8, 4, 0))],
      'b',
    ],
    ['where it exactly fits', share(16, 8, 200), [offer('a', {}, share(1, 0, 0)), offer('b')], 'b'],
    ['with fewer VMs where nothing limits them', small, [boundless('a', 2), boundless('b', 1)], 'b'],
    ['what limits nothing takes anything', share(999, 9999, 99999), [boundless('a', 0)], 'a'],
    ['not one that is away', small, [offer('a', away), offer('b', {}, share(8, 6, 0))], 'b'],
    ['not one that runs none', small, [offer('a', none), offer('b', {}, share(8, 6, 0))], 'b'],
    ['not one without the network', small, [offer('a', elsewhere), offer('b', {}, share(8, 6, 0))], 'b'],
    ['a stopped VM asks for its disk only', share(0, 0, 4), [offer('a', {}, share(16, 8, 0))], 'a'],
  ])('%s', (_name, want, offers, node) => {
    expect(outcome(want, offers)).toBe(node);
  });

  test.each<[string, Share, Offer[], string]>([
    [
      'too much memory',
      share(1, 16, 4),
      [offer('a', {}, share(0, 6, 0)), offer('b')],
      "ResourceExhausted: no node has room for VM 'v':\n  a: 16G of memory wanted, 2G of 8G left\n  b: 16G of memory wanted, 8G of 8G left",
    ],
    [
      'too many CPUs and too large a disk',
      share(17, 1, 201),
      [offer('a')],
      "ResourceExhausted: no node has room for VM 'v':\n  a: 17 CPUs wanted, 16 of 16 left; 201G of disk wanted, 200G of 200G left",
    ],
    [
      'only a node that is away has room: it will come back',
      share(1, 6, 4),
      [offer('a', {}, share(0, 4, 0)), offer('b', away)],
      "Unavailable: no node can take VM 'v':\n  a: 6G of memory wanted, 4G of 8G left\n  b: not connected",
    ],
    [
      'one that is away and full would not help',
      share(1, 16, 4),
      [offer('a', away)],
      "ResourceExhausted: no node has room for VM 'v':\n  a: 16G of memory wanted, 8G of 8G left; not connected",
    ],
    [
      'no node could ever have it; those that come closest are first',
      small,
      [offer('a', { ...elsewhere, ...away }), offer('b', none), offer('c', elsewhere)],
      "FailedPrecondition: no node can take VM 'v':\n  b: there is no program qemu-system-x86_64\n  c: network 'p' is not configured on it\n  a: network 'p' is not configured on it; not connected",
    ],
    ['no node at all', small, [], "FailedPrecondition: there is no node for VM 'v': none is registered"],
    [
      'room is not all that is lacking',
      share(1, 16, 4),
      [offer('a', elsewhere), offer('b', { ...none, lacks: elsewhere.lacks })],
      "FailedPrecondition: no node can take VM 'v':\n  a: network 'p' is not configured on it; 16G of memory wanted, 8G of 8G left\n  b: network 'p' is not configured on it; there is no program qemu-system-x86_64",
    ],
    [
      'a full node that has it, and a free one that has not',
      share(1, 16, 4),
      [offer('a'), offer('b', elsewhere)],
      "ResourceExhausted: no node has room for VM 'v':\n  a: 16G of memory wanted, 8G of 8G left\n  b: network 'p' is not configured on it; 16G of memory wanted, 8G of 8G left",
    ],
  ])('%s', (_name, want, offers, text) => {
    expect(outcome(want, offers)).toBe(text);
  });

  test('a thousand nodes are not named one by one', () => {
    const text = outcome(
      share(1, 16, 4),
      Array.from({ length: 1000 }, (_, index) => offer(`n${index}`)),
    );
    expect(text.split('\n')).toHaveLength(22);
    expect(text).toMatch(/\n {2}and 980 more$/);
  });
});

describe('a VM that is pinned', () => {
  const pinned = (want: Share, one: Offer) => () => placePinned('v', want, one, DEFAULT_OVERCOMMIT);

  test('goes to a node that is away, but not to one without room or that runs none', () => {
    expect(pinned(small, offer('a', away))()).toBe('a');
    expect(pinned(share(1, 16, 4), offer('a', away))).toThrow(
      "VM 'v' does not fit on node 'a': 16G of memory wanted, 8G of 8G left",
    );
    expect(pinned(small, offer('a', none))).toThrow(
      "node 'a' cannot run VM 'v': there is no program qemu-system-x86_64",
    );
  });
});

describe('a VM that wants more of its node', () => {
  const grow = (before: Share, after: Share, used: Share) => () =>
    refuseGrowth('v', { before, after }, { ...offer('a'), used: { ...used, vms: 1 } }, DEFAULT_OVERCOMMIT);

  test.each<[string, Share, Share, Share, string | undefined]>([
    ['starting with room', share(0, 0, 4), share(1, 4, 4), share(0, 4, 4), undefined],
    [
      'starting without',
      share(0, 0, 4),
      share(1, 4, 4),
      share(8, 6, 4),
      "VM 'v' does not fit on node 'a' any more: 4G of memory wanted, 2G of 8G left",
    ],
    ['only the difference counts', share(1, 6, 4), share(1, 8, 4), share(1, 6, 4), undefined],
    ['what does not grow is not looked at', share(1, 9, 4), share(1, 9, 8), share(1, 9, 4), undefined],
    ['shrinking on a node that is too full already', share(1, 9, 4), share(1, 1, 4), share(1, 99, 4), undefined],
    [
      'a larger disk',
      share(0, 0, 4),
      share(0, 0, 204),
      share(0, 0, 4),
      "VM 'v' does not fit on node 'a' any more: 200G of disk wanted, 196G of 200G left",
    ],
  ])('%s', (_name, before, after, used, text) => {
    if (text === undefined) expect(grow(before, after, used)).not.toThrow();
    else expect(grow(before, after, used)).toThrow(text);
  });
});
