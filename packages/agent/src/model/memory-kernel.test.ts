import { describe, expect, it } from 'vitest';
import { MemoryKernel } from './memory-kernel.ts';
import type { Plan } from './operation.ts';
import type { Address, Link, Resource } from './resource.ts';

const bridge: Link = { kind: 'link', type: 'bridge', name: 'kbr-x', owned: true, mac: '02:00:00:00:00:01', up: true };
const tap: Link = { kind: 'link', type: 'tap', name: 'tap-1', owned: true, mtu: 1450, up: true, master: 'kbr-x' };
const vxlan: Link = {
  kind: 'link',
  type: 'vxlan',
  name: 'vxlan1',
  owned: true,
  up: true,
  master: 'kbr-x',
  port: { learning: false },
  vni: 1,
  local: '10.0.0.1',
  destinationPort: 4789,
  learning: false,
};
const gateway: Address = { kind: 'address', link: 'kbr-x', address: '10.250.0.1', prefix: 24 };
const neighbour: Resource = { kind: 'neighbour', link: 'kbr-x', address: '10.250.0.2', mac: '02:00:00:00:00:02' };
const route: Resource = { kind: 'route', table: 7, destination: '10.9.0.0/16', type: 'unicast', link: 'kbr-x' };
const entry: Resource = { kind: 'fdb', table: 'bridge', link: 'vxlan1', mac: '02:00:00:00:00:02' };
const all: readonly Resource[] = [bridge, tap, vxlan, gateway, neighbour, route, entry];

function creation(...resources: readonly Resource[]): Plan {
  return resources.map((want) => ({ op: 'create', want, reason: 'test' }));
}

async function kernelWith(...resources: readonly Resource[]): Promise<MemoryKernel> {
  const kernel = new MemoryKernel({ nics: [{ name: 'eno1' }] });
  const results = await kernel.apply(creation(...resources));
  expect(results.filter(({ status }) => status !== 'ok')).toEqual([]);
  return kernel;
}

function has(kernel: MemoryKernel, ...starts: string[]): readonly boolean[] {
  return starts.map((start) => [...kernel.host.resources.keys()].some((key) => key.startsWith(start)));
}

/** The side effects measured on the real kernel that the planner has to know. */
describe('MemoryHost', () => {
  const flushes: readonly [string, (kernel: MemoryKernel) => void][] = [
    ['deleting the last address', (kernel) => kernel.host.remove('address kbr-x 10.250.0.1/24')],
    ['setting a link down', (kernel) => kernel.host.put({ ...bridge, up: false })],
    ['changing its MAC', (kernel) => kernel.host.put({ ...bridge, mac: '02:00:00:00:00:09' })],
  ];
  it.each(flushes)('%s flushes permanent neighbours and the routes of all tables', async (_, change) => {
    const kernel = await kernelWith(...all);
    expect(has(kernel, 'neighbour', 'route', 'fdb')).toEqual([true, true, true]);
    change(kernel);
    expect(has(kernel, 'neighbour', 'route', 'fdb')).toEqual([false, false, true]);
  });

  it('deleting a link takes what hangs on it, and frees its ports', async () => {
    const kernel = await kernelWith(...all);
    kernel.host.remove('link kbr-x');
    expect([...kernel.host.resources.keys()]).toEqual(['link eno1', 'link tap-1', 'link vxlan1']);
    expect(kernel.host.link('tap-1')?.master).toBeNull();
  });

  it('a port that changes its bridge loses static entries and settings', async () => {
    const kernel = await kernelWith(...all, { ...bridge, name: 'br1', mac: '02:00:00:00:00:08' });
    kernel.host.put({ ...vxlan, port: {}, master: 'br1' });
    expect(has(kernel, 'fdb')).toEqual([false]);
    expect(kernel.host.link('vxlan1')?.port).toEqual({ learning: true, neighSuppress: false, hairpin: false });
  });

  it('a bridge follows the MTU of its ports until it is told another one, in a second message', async () => {
    const kernel = await kernelWith({ ...bridge, mtu: 1300 }, tap);
    expect(kernel.host.link('kbr-x')?.mtu).toBe(1450);
    kernel.host.put({ ...bridge, mtu: 1300 });
    kernel.host.put({ ...tap, mtu: 1400 });
    expect(kernel.host.link('kbr-x')?.mtu).toBe(1300);
  });

  it('a bridge without a MAC of its own follows its ports', async () => {
    const { mac: _, ...plain } = bridge;
    const kernel = await kernelWith(plain, { ...tap, mac: '02:00:00:00:00:05' });
    expect(kernel.host.link('kbr-x')?.mac).toBe(kernel.host.link('tap-1')?.mac);
    kernel.host.remove('link tap-1');
    expect(kernel.host.link('kbr-x')?.mac).toBe('00:00:00:00:00:00');
  });

  it.each([
    [false, []],
    [true, ['address kbr-x 10.250.0.9/24']],
  ])('with promote_secondaries %s deleting a primary address leaves %j', async (promote, left) => {
    const kernel = await kernelWith(bridge, gateway, { ...gateway, address: '10.250.0.9' });
    kernel.host.promoteSecondaries = promote;
    kernel.host.remove('address kbr-x 10.250.0.1/24');
    expect([...kernel.host.resources.keys()].filter((key) => key.startsWith('address'))).toEqual(left);
  });
});

describe('MemoryKernel', () => {
  const table: Resource = { kind: 'nft-table', family: 'ip', name: 'kcore' };
  const element: Resource = { kind: 'nft-element', family: 'ip', table: 'kcore', set: 'nowhere', key: ['10.0.0.1'] };

  it('stops what depends on what failed, and goes on elsewhere', async () => {
    const kernel = new MemoryKernel();
    kernel.refuse('link kbr-x', 'EPERM', 'because');
    const other: Link = { ...bridge, name: 'kbr-y' };
    const results = await kernel.apply(creation(bridge, gateway, other));
    expect(results.map(({ status }) => status)).toEqual(['failed', 'skipped', 'ok']);
    expect(results[0]).toEqual({ status: 'failed', code: 'EPERM', message: 'because' });
    kernel.allow('link kbr-x');
    expect(await kernel.apply(creation(bridge))).toEqual([{ status: 'ok' }]);
    expect(kernel.plans.length).toBe(2);
  });

  it('applies nft operations that follow each other all or not at all', async () => {
    const kernel = new MemoryKernel();
    const results = await kernel.apply(creation(table, element));
    expect(results.map(({ status }) => status)).toEqual(['skipped', 'failed']);
    expect(kernel.host.resources.size).toBe(0);
  });

  it('shows links of others only where they are asked for, and all of them among the facts', async () => {
    const kernel = await kernelWith(bridge);
    expect([...(await kernel.observe(new Set())).state.keys()]).toEqual(['link kbr-x']);
    const { state, facts } = await kernel.observe(new Set(['eno1']));
    expect([...state.keys()]).toEqual(['link eno1', 'link kbr-x']);
    expect(facts.links).toMatchObject([
      { name: 'eno1', owned: false },
      { name: 'kbr-x', owned: true, kind: 'bridge' },
    ]);
  });

  it('ends the connections that match', async () => {
    const kernel = new MemoryKernel();
    const filter = { protocol: 'udp', address: '192.0.2.1', port: 53 } as const;
    kernel.connections.push(filter, filter, { ...filter, port: 54 });
    expect(await kernel.endConnections([filter])).toBe(2);
    expect(kernel.connections).toEqual([{ ...filter, port: 54 }]);
  });

  it('wakes watchers with what happened, until they abort', async () => {
    const kernel = new MemoryKernel();
    const abort = new AbortController();
    const seen: string[] = [];
    const watching = (async () => {
      for await (const { notification } of kernel.watch(abort.signal)) {
        seen.push(notification);
        if (seen.length === 2) abort.abort();
      }
    })();
    await Promise.resolve();
    await kernel.apply(creation(bridge));
    kernel.damage('link kbr-x deleted', (host) => host.remove('link kbr-x'));
    await watching;
    expect(seen).toEqual(['link kbr-x created', 'link kbr-x deleted']);
  });
});
