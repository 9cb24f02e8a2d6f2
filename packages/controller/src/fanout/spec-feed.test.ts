import type { Notification } from '@kcore/contract';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { factsOf } from '../../test/cluster.ts';
import { ClusterMirror } from './cluster-view.ts';
import { MAX_BUFFERED, SpecFeed } from './spec-feed.ts';

/** A feed over a mirror that the test changes, to a peer whose socket is as full as the test says. */
function feedOf(vms: number) {
  const mirror = new ClusterMirror();
  mirror.advance(1, [{ key: 'node/node-1', after: { name: 'node-1', facts: factsOf(1) } }]);
  const put = (revision: number, name: string, userData: string) =>
    mirror.advance(revision, [
      { key: `vm/${name}`, before: mirror.vms.get(name), after: { name, node: 'node-1', nics: [], userData } },
    ]);
  for (let index = 0; index < vms; index++) put(2 + index, `vm-${index}`, 'x'.repeat(100_000));
  const sent: Notification<'spec.change'>[] = [];
  const failures: unknown[] = [];
  const peer = {
    buffered: 0,
    fails: false,
    fills: 0,
    notify: (_name: 'spec.change', change: Notification<'spec.change'>) => {
      if (peer.fails) throw new Error('closed');
      sent.push(structuredClone(change));
      peer.buffered += peer.fills;
    },
  };
  const feed = new SpecFeed({
    peer: peer as never,
    node: 'node-1',
    epoch: 'e',
    view: mirror,
    onFailure: (error) => failures.push(error),
  });
  return { feed, peer, sent, failures, put, mirror };
}

beforeEach(() => {
  vi.useFakeTimers();
});
afterEach(() => {
  vi.useRealTimers();
});

describe('a feed', () => {
  test('sends nothing before it is started', () => {
    const { feed, sent } = feedOf(1);
    feed.mark(['vm/vm-0']);
    vi.advanceTimersByTime(10_000);
    expect(sent).toEqual([]);
    feed.startWithDelta(1, []);
    expect(sent.map(({ revision, set }) => [revision, set.length])).toEqual([[2, 1]]);
  });

  test('sends nothing into a full socket, however long it is full, and then the newest state of each key', () => {
    const { feed, peer, sent, put } = feedOf(1);
    feed.startWithDelta(2, []);
    feed.reach(2);
    expect(sent).toHaveLength(1);
    peer.buffered = MAX_BUFFERED + 1;
    for (let revision = 10; revision < 60; revision++) {
      put(revision, 'vm-0', `state ${revision}`);
      feed.mark(['vm/vm-0']);
      vi.advanceTimersByTime(1000);
    }
    expect(sent).toHaveLength(1);
    peer.buffered = 0;
    vi.advanceTimersByTime(100);
    expect(sent).toHaveLength(2);
    expect(sent[1]).toMatchObject({ revision: 59, set: [{ vm: { userData: 'state 59' } }] });
  });

  test('a snapshot stops between its parts when the socket is full, and what changes meanwhile comes after it', () => {
    const { feed, peer, sent, put, mirror } = feedOf(30);
    peer.fills = MAX_BUFFERED;
    feed.startWithSnapshot();
    expect(sent.length).toBeGreaterThan(0);
    const before = sent.length;
    expect(sent.at(-1)?.more).toBe(true);
    put(100, 'vm-0', 'new');
    mirror.advance(101, [{ key: 'vm/vm-29', before: mirror.vms.get('vm-29') }]);
    feed.mark(['vm/vm-0', 'vm/vm-29']);
    expect(sent.length).toBe(before);
    for (let round = 0; round < 100; round++) {
      peer.buffered = 0;
      feed.reach(sent.at(-1)?.revision ?? 0);
      vi.advanceTimersByTime(1000);
    }
    expect(sent.map(({ snapshot }) => snapshot)).toEqual(sent.map((_, index) => index === 0));
    const last = sent.at(-1);
    expect(last).toMatchObject({
      revision: 101,
      set: [{ vm: { name: 'vm-0', userData: 'new' } }],
      delete: ['vm/vm-29'],
    });
    const held = new Set<string>();
    for (const change of sent) {
      for (const object of change.set) if (object.kind === 'vm') held.add(object.vm.name);
      for (const key of change.delete) held.delete(key.slice(3));
    }
    expect(held.size).toBe(29);
  });

  test.each([
    ['the VM goes and its disks stay', true],
    ['a VM takes the disks', false],
  ])('in a batch that is under way: %s, and the node hears of both', (_name, goes) => {
    const { feed, peer, sent, mirror } = feedOf(30);
    const kept = { name: 'k', uid: 'u', vm: 'vm-29', node: 'node-1', disks: [], keptAt: '' };
    if (!goes) mirror.advance(99, [{ key: 'disk/k', after: kept }]);
    peer.fills = MAX_BUFFERED;
    feed.startWithDelta(1, [
      ...Array.from({ length: 30 }, (_, index) => `vm/vm-${index}`),
      ...(goes ? [] : ['kept-disks/u']),
    ]);
    expect(sent.at(-1)?.more).toBe(true);
    const vm = { name: 'new', node: 'node-1', nics: [] };
    mirror.advance(
      100,
      goes
        ? [
            { key: 'vm/vm-29', before: mirror.vms.get('vm-29') },
            { key: 'disk/k', after: kept },
          ]
        : [
            { key: 'disk/k', before: kept },
            { key: 'vm/new', after: vm },
          ],
    );
    feed.mark(goes ? ['vm/vm-29', 'kept-disks/u'] : ['kept-disks/u', 'vm/new']);
    while (sent.at(-1)?.more === true) {
      peer.buffered = 0;
      vi.advanceTimersByTime(1000);
    }
    const keys = new Set(sent.flatMap(({ set }) => set.map((each) => (each.kind === 'vm' ? each.vm.name : each.kind))));
    const gone = sent.flatMap((change) => change.delete);
    expect([gone.includes('vm/vm-29'), keys.has('kept-disks'), gone.includes('kept-disks/u'), keys.has('new')]).toEqual(
      goes ? [true, true, false, false] : [false, false, true, true],
    );
  });

  test('waits for the agent to reach a batch, but not for ever', () => {
    const { feed, sent } = feedOf(1);
    feed.startWithDelta(1, ['vm/vm-0']);
    feed.mark(['vm/vm-0']);
    vi.advanceTimersByTime(400);
    expect(sent).toHaveLength(1);
    vi.advanceTimersByTime(200);
    expect(sent).toHaveLength(2);
    feed.reach(2);
    feed.mark(['vm/vm-0']);
    expect(sent).toHaveLength(3);
  });

  test('an idle agent is told the revision now and then, so that the log still reaches back to it', () => {
    const { feed, sent, mirror } = feedOf(0);
    feed.startWithDelta(1, []);
    feed.reach(1);
    mirror.advance(900, []);
    feed.mark([]);
    expect(sent).toHaveLength(1);
    mirror.advance(1100, []);
    feed.mark([]);
    expect(sent.at(-1)).toMatchObject({ revision: 1100, set: [], delete: [] });
  });

  test('a connection that fails is reported once, and one that ended gets nothing more', () => {
    const { feed, peer, sent, failures } = feedOf(1);
    peer.fails = true;
    feed.startWithSnapshot();
    feed.mark(['vm/vm-0']);
    vi.advanceTimersByTime(10_000);
    expect(failures).toHaveLength(1);
    expect(sent).toEqual([]);
  });
});
