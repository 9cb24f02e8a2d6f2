import {
  type Channel,
  channelPair,
  closeCodes,
  KcoreError,
  type Notification,
  type Params,
  Peer,
} from '@kcore/contract';
import { afterEach, describe, expect, it } from 'vitest';
import { FakeClock, settle } from '../../test/support/fake-clock.ts';
import { FakeGuests } from '../../test/support/fake-guests.ts';
import { Rig, silent } from '../../test/support/rig.ts';
import { natNetwork } from '../../test/support/specs.ts';
import { createMemoryStore } from '../store/memory.ts';
import type { NodeStore } from '../store/node-store.ts';
import { createControllerSource } from './controller-source.ts';

type Open = Params<'session.open'>;
type Report = Params<'session.report'>;

/** The controller's end of each session, in the hands of a test. */
class Controller {
  readonly opened: Open[] = [];
  readonly reports: Report[] = [];
  readonly peers: Peer[] = [];
  dials = 0;
  /** Instead of a channel. */
  refuse: Error | undefined;
  /** Reports are answered when this has resolved. */
  answering: Promise<void> = Promise.resolve();
  revision = 1;

  dial = async (): Promise<Channel> => {
    this.dials += 1;
    if (this.refuse !== undefined) throw this.refuse;
    const [ours, theirs] = channelPair();
    const peer = new Peer(theirs);
    peer.serve({
      'session.open': (params) => {
        this.opened.push(params);
        return { protocol: 1, epoch: 'e1', revision: this.revision };
      },
      'session.report': async (params) => {
        this.reports.push(params);
        await this.answering;
        return {};
      },
    });
    this.peers.push(peer);
    return ours;
  };

  change(change: Partial<Notification<'spec.change'>>): void {
    this.peers
      .at(-1)
      ?.notify('spec.change', { epoch: 'e1', revision: 1, snapshot: false, set: [], delete: [], ...change });
  }
}

interface Session {
  readonly controller: Controller;
  readonly clock: FakeClock;
  readonly rig: Rig;
  readonly store: NodeStore;
}

const rigs: Rig[] = [];
afterEach(async () => {
  for (const rig of rigs.splice(0)) await rig[Symbol.asyncDispose]();
});

function session(store: NodeStore = createMemoryStore(), controller = new Controller()): Session {
  const clock = new FakeClock();
  const source = createControllerSource({ dial: controller.dial, clock, log: silent, random: () => 0.999 });
  const rig = new Rig({ clock, source, store });
  rigs.push(rig);
  return { controller, clock, rig, store };
}

const web = natNetwork('web');
const lan = natNetwork('lan', { gatewayIp: '10.7.0.1' });

describe('a session with the controller', () => {
  it('begins with what the node holds and what it is', async () => {
    const { controller, clock } = session();
    await clock.advance(1_000);
    expect(controller.opened).toHaveLength(1);
    expect(controller.opened[0]).toMatchObject({ node: 'node-1', protocols: [1], facts: { vtep: '192.168.40.101' } });
    expect(controller.opened[0]).not.toHaveProperty('revision');
  });

  it('merges what it is told into its copy, acts on it, and reports the revision it reached', async () => {
    const { controller, clock, rig, store } = session();
    await clock.advance(1_000);
    controller.change({ revision: 4, snapshot: true, set: [web] });
    await clock.advance(1_000);
    controller.change({ revision: 5, set: [lan], delete: ['network/web'] });
    await clock.advance(1_000);
    expect([...(store.readSpec()?.objects.keys() ?? [])]).toEqual(['network/lan']);
    expect(rig.kernel.host.resources.has('link kbr-lan')).toBe(true);
    expect(rig.kernel.host.resources.has('link kbr-web')).toBe(false);
    const reached = controller.reports.flatMap(({ set }) => set.filter(({ kind }) => kind === 'reached'));
    expect(reached).toMatchObject([{ revision: 4 }, { revision: 5 }]);
  });

  it('acts on a snapshot in parts only when its last part is there', async () => {
    const { controller, clock, rig } = session();
    await clock.advance(1_000);
    controller.change({ revision: 4, snapshot: true, more: true, set: [web] });
    await clock.advance(1_000);
    expect(rig.kernel.host.resources.has('link kbr-web')).toBe(false);
    controller.change({ revision: 4, set: [lan] });
    await clock.advance(1_000);
    expect(rig.kernel.host.resources.has('link kbr-web')).toBe(true);
    expect(rig.kernel.host.resources.has('link kbr-lan')).toBe(true);
  });

  it('resumes from the revision on disk, and a snapshot of another epoch replaces all', async () => {
    const store = createMemoryStore();
    await store.writeSpec({ epoch: 'e1', revision: 7, clear: true, set: [web], delete: [] });
    const { controller, clock, rig } = session(store);
    await clock.advance(1_000);
    expect(controller.opened[0]).toMatchObject({ epoch: 'e1', revision: 7 });
    controller.change({ epoch: 'e2', revision: 3, snapshot: true, set: [lan] });
    await clock.advance(1_000);
    expect(store.readSpec()).toMatchObject({ epoch: 'e2', revision: 3 });
    expect(rig.kernel.host.resources.has('link kbr-web')).toBe(false);
  });

  it.each([
    ['of another epoch', { epoch: 'e9', revision: 8, set: [lan] }],
    ['that goes back', { epoch: 'e1', revision: 6, set: [lan] }],
  ])('does not take a difference %s, and asks for everything', async (_title, change) => {
    const store = createMemoryStore();
    await store.writeSpec({ epoch: 'e1', revision: 7, clear: true, set: [web], delete: [] });
    const { controller, clock } = session(store);
    await clock.advance(1_000);
    controller.change(change);
    await clock.advance(31_000);
    expect(store.readSpec()).toMatchObject({ epoch: 'e1', revision: 7 });
    expect(controller.opened).toHaveLength(2);
    expect(controller.opened[1]).not.toHaveProperty('revision');
  });

  it('serves from disk while the controller is away, and tries for ever with growing pauses (R-53)', async () => {
    const store = createMemoryStore();
    await store.writeSpec({ epoch: 'e1', revision: 7, clear: true, set: [web], delete: [] });
    const controller = new Controller();
    controller.refuse = new KcoreError('Unavailable', 'nobody there');
    const { clock, rig } = session(store, controller);
    await clock.advance(1_000);
    expect(rig.network('web')).toMatchObject({ state: 'ready' });
    await clock.advance(600_000);
    expect(controller.dials).toBeGreaterThan(20);
    expect(controller.dials).toBeLessThan(40);
    controller.refuse = undefined;
    await clock.advance(31_000);
    expect(controller.opened).toHaveLength(1);
  });

  it('comes back soon after a session that held', async () => {
    const { controller, clock } = session();
    await clock.advance(60_000);
    controller.peers[0]?.close(closeCodes.goingAway, 'restart');
    await clock.advance(300);
    expect(controller.opened).toHaveLength(2);
  });

  it.each([
    [
      'a refused certificate',
      (controller: Controller) => {
        controller.refuse = new KcoreError('Unauthenticated', 'certificate expired');
      },
    ],
    [
      'a node that was deleted',
      (controller: Controller) => {
        const { dial } = controller;
        controller.dial = async () => {
          const channel = await dial();
          controller.peers.at(-1)?.close(closeCodes.denied, 'the node was deleted');
          return channel;
        };
      },
    ],
  ])('tries slowly after %s', async (_title, prepare) => {
    const controller = new Controller();
    prepare(controller);
    const { clock } = session(createMemoryStore(), controller);
    await clock.advance(120_000);
    expect(controller.dials).toBeGreaterThanOrEqual(3);
    expect(controller.dials).toBeLessThanOrEqual(6);
  });
});

describe('what the controller calls', () => {
  it('is served on the session, and images and room are reported', async () => {
    const controller = new Controller();
    const clock = new FakeClock();
    const source = createControllerSource({ dial: controller.dial, clock, log: silent, random: () => 0.999 });
    const runtime = new FakeGuests();
    const image = { kind: 'image', digest: `sha256:${'a'.repeat(64)}`, state: 'ready', sizeBytes: 7 } as const;
    runtime.images.put(image);
    const rig = new Rig({ clock, source, runtime });
    rigs.push(rig);
    await clock.advance(1_000);
    expect(controller.opened[0]).toMatchObject({ facts: { room: { kind: 'limited', diskBytes: 7 } } });
    expect(await controller.peers[0]?.call('image.remove', { digest: image.digest })).toEqual({});
    expect(runtime.images.removed).toEqual([image.digest]);
    runtime.images.put({ ...image, digest: `sha256:${'b'.repeat(64)}`, state: 'fetching' });
    await clock.advance(1_000);
    const images = controller.reports.flatMap(({ set }) => set.filter(({ kind }) => kind === 'image'));
    expect(images).toMatchObject([{ state: 'ready' }, { state: 'fetching' }]);
    await rig[Symbol.asyncDispose]();
    expect(runtime.images.watchers).toBe(0);
  });
});

describe('status reports', () => {
  it('begin with everything, then carry what changed, gathered by key, one under way at a time', async () => {
    const { controller, clock, rig } = session();
    await clock.advance(1_000);
    expect(controller.reports[0]).toMatchObject({ snapshot: true, delete: [] });
    const before = controller.reports.length;
    const answered: { now?: () => void } = {};
    controller.answering = new Promise((resolve) => {
      answered.now = resolve;
    });
    const put = (state: 'pending' | 'starting' | 'running') => rig.agent.status.put({ kind: 'vm', name: 'x', state });
    put('pending');
    await clock.advance(1_000);
    put('starting');
    put('running');
    rig.agent.status.put({ kind: 'vm', name: 'y', state: 'running' });
    rig.agent.status.replace('vm', [{ kind: 'vm', name: 'x', state: 'running' }]);
    await clock.advance(1_000);
    expect(controller.reports.slice(before)).toHaveLength(1);
    controller.answering = Promise.resolve();
    answered.now?.();
    await clock.advance(1_000);
    expect(controller.reports.slice(before)).toEqual([
      { snapshot: false, set: [{ kind: 'vm', name: 'x', state: 'pending' }], delete: [] },
      { snapshot: false, set: [{ kind: 'vm', name: 'x', state: 'running' }], delete: ['vm/y'] },
    ]);
  });

  it('are silent while nothing changes', async () => {
    const { controller, clock } = session();
    await clock.advance(5_000);
    const before = controller.reports.length;
    await clock.advance(300_000);
    expect(controller.reports.length).toBe(before);
  });

  it('of many objects go in parts', async () => {
    const { controller, clock, rig } = session();
    rig.agent.status.replace(
      'lease',
      Array.from({ length: 2_500 }, (_, index) => ({
        kind: 'lease' as const,
        network: 'web',
        mac: '52:54:00:0b:9d:9f',
        address: `10.0.${index >> 8}.${index & 255}`,
        state: 'active' as const,
        expiresAt: '2030-01-01T00:00:00Z',
      })),
    );
    await clock.advance(1_000);
    await settle();
    expect(controller.reports.slice(0, 3).map(({ snapshot, set }) => [snapshot, set.length])).toEqual([
      [true, 1000],
      [false, 1000],
      [false, 501],
    ]);
  });
});
