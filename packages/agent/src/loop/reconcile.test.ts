import { describe, expect, it } from 'vitest';
import { FakeClock, settle } from '../../test/support/fake-clock.ts';
import { Rig } from '../../test/support/rig.ts';
import { natNetwork } from '../../test/support/specs.ts';
import type { Operation } from '../model/operation.ts';
import type { Address, Link, Resource } from '../model/resource.ts';
import { isDrift, relevantNotifications, settledAfter } from './drift.ts';
import { repairEvents } from './repairs.ts';
import { createWakeups } from './wakeups.ts';

const bridge: Link = { kind: 'link', type: 'bridge', name: 'kbr-web', owned: true, mtu: 1450 };
const address: Address = { kind: 'address', link: 'kbr-web', address: '10.0.0.1', prefix: 24 };
const create = (want: Link | Address): Operation => ({ op: 'create', want, reason: 'missing' });
const desired = new Map<string, Resource>([
  ['link kbr-web', bridge],
  ['address kbr-web 10.0.0.1/24', address],
]);

describe('drift', () => {
  it('is what was settled and is to be done again', () => {
    expect(isDrift(create(bridge), desired, settledAfter(desired, []))).toBe(true);
  });

  it('is not known at the first look', () => {
    expect(isDrift(create(bridge), desired, undefined)).toBe(false);
  });

  it('is not what was never reached', () => {
    expect(isDrift(create(bridge), desired, settledAfter(desired, [create(bridge)]))).toBe(false);
  });

  it('is not what is desired otherwise now', () => {
    const before = new Map([['link kbr-web', { ...bridge, mtu: 1500 }]]);
    expect(isDrift(create(bridge), desired, settledAfter(before, []))).toBe(false);
  });

  it('is something extra that nobody desired before either', () => {
    const extra: Operation = { op: 'delete', have: { ...address, address: '10.0.0.9' }, reason: 'not desired' };
    expect(isDrift(extra, desired, settledAfter(desired, []))).toBe(true);
    expect(isDrift({ op: 'delete', have: address, reason: 'not desired' }, new Map(), settledAfter(desired, []))).toBe(
      false,
    );
  });

  it('is explained by the notifications that name the object, else by all', () => {
    const notifications = ['link kbr-x deleted', 'link kbr-web deleted'];
    expect(relevantNotifications(create(address), notifications)).toEqual(['link kbr-web deleted']);
    expect(relevantNotifications(create({ ...address, link: 'other' }), notifications)).toEqual(notifications);
  });

  it('of hundreds of objects is told in a few events', () => {
    const repaired = Array.from({ length: 300 }, (_, index) => create({ ...address, address: `10.0.1.${index}` }));
    const events = repairEvents(repaired, { kinds: new Set(['kernel']), notifications: ['overrun'] }, () => undefined);
    expect(events).toHaveLength(21);
    expect(events.at(-1)?.message).toBe('280 more objects: 280 address; noticed by: overrun');
  });
});

describe('wakeups', () => {
  it('make one look of a burst', async () => {
    const clock = new FakeClock();
    const wakeups = createWakeups(clock);
    const next = wakeups.next(new AbortController().signal);
    wakeups.wake({ kind: 'kernel', notification: 'a' });
    await clock.advance(3);
    wakeups.wake({ kind: 'kernel', notification: 'b' });
    wakeups.wake({ kind: 'spec' });
    await clock.advance(20);
    expect(await next).toEqual({ kinds: new Set(['kernel', 'spec']), notifications: ['a', 'b'] });
  });

  it('are not put off for ever by a storm, and hold a bounded number of texts', async () => {
    const clock = new FakeClock();
    const wakeups = createWakeups(clock);
    const looked = { count: 0, texts: 0 };
    void wakeups.next(new AbortController().signal).then(({ notifications }) => {
      looked.count += 1;
      looked.texts = notifications.length;
    });
    for (let turn = 0; turn < 200 && looked.count === 0; turn += 1) {
      wakeups.wake({ kind: 'kernel', notification: `link ${turn}` });
      await clock.advance(1);
    }
    expect(looked.count).toBe(1);
    expect(looked.texts).toBeLessThanOrEqual(64);
    expect(clock.monotonic()).toBeLessThanOrEqual(60);
  });

  it('end with the signal', async () => {
    const over = new AbortController();
    const next = createWakeups(new FakeClock()).next(over.signal);
    over.abort();
    expect((await next).kinds.size).toBe(0);
  });
});

describe('the loop', () => {
  it('does not write for ever what the kernel acknowledges and does not do', async () => {
    await using rig = new Rig();
    const apply = rig.kernel.apply.bind(rig.kernel);
    const deaf = 'address kbr-web 10.100.0.1/24';
    rig.kernel.apply = async (plan) => {
      const results = await apply(plan);
      rig.kernel.host.remove(deaf);
      rig.kernel.damage(`${deaf} changed`, () => {});
      return results;
    };
    await rig.clock.advance(1_000);
    await rig.source.tell([natNetwork('web')]);
    await rig.clock.advance(60_000);
    expect(rig.applied).toBeLessThan(20);
    expect(rig.network('web')?.message).toContain('acknowledged it, and yet it is to be done again');
    await settle();
  });

  it('says so when the kernel cannot be read, goes on trying, and calls nothing drift that it finds then', async () => {
    await using rig = new Rig();
    await rig.clock.advance(1_000);
    await rig.source.tell([natNetwork('web')]);
    await rig.clock.advance(1_000);
    const observe = rig.kernel.observe.bind(rig.kernel);
    rig.kernel.observe = () => Promise.reject(new Error('netlink is gone'));
    rig.kernel.damage('link kbr-web deleted', (host) => host.remove('link kbr-web'));
    await rig.clock.advance(1_000);
    expect(rig.agent.status.get('reached')).toMatchObject({
      revision: 1,
      conditions: [{ type: 'ReconcileFailed', message: 'netlink is gone' }],
    });
    rig.kernel.observe = observe;
    await rig.clock.advance(31_000);
    expect(rig.agent.status.get('reached')).toMatchObject({ revision: 1, conditions: [] });
    expect(rig.kernel.host.resources.has('link kbr-web')).toBe(true);
  });

  it('takes back what it set on a link of others when that is no longer desired (R-54)', async () => {
    await using rig = new Rig();
    rig.kernel.addNic({ name: 'eno2', up: true });
    await rig.clock.advance(1_000);
    const lan = { ...natNetwork('lan'), type: 'bridge' as const, uplink: 'eno2', outboundNat: false };
    const { gatewayIp: _gateway, prefix: _prefix, externalIp: _external, ...plain } = lan;
    await rig.source.tell([plain]);
    await rig.clock.advance(1_000);
    expect(rig.kernel.host.link('eno2')).toMatchObject({ master: 'kbr-lan' });
    await rig.source.change([], [plain]);
    await rig.clock.advance(1_000);
    expect(rig.kernel.host.link('eno2')?.master ?? null).toBeNull();
    expect(rig.kernel.host.link('kbr-lan')).toBeUndefined();
  });
});
