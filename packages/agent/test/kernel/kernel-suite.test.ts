import type { Resource } from '@kcore/agent';
import { describe, expect, it } from 'vitest';
import { hostState } from '../../src/model/key.ts';
import { plan } from '../../src/plan/plan.ts';
import { creation, deletion, memoryHost, netlinkHost, woken } from './hosts.ts';

const bridge: Resource = {
  kind: 'link',
  type: 'bridge',
  name: 'kbr-t',
  owned: true,
  alias: 'kcore:t',
  mac: '02:00:5e:10:00:01',
  up: true,
  multicastSnooping: false,
  ipv6LinkLocal: false,
  forwarding: true,
};
const vxlan: Resource = {
  kind: 'link',
  type: 'vxlan',
  name: 'vx100',
  owned: true,
  alias: 'kcore:t',
  mtu: 1450,
  up: true,
  master: 'kbr-t',
  port: { learning: false, neighSuppress: true, hairpin: false },
  ipv6LinkLocal: false,
  vni: 100,
  local: '192.0.2.1',
  destinationPort: 4789,
  learning: false,
};
const address: Resource = { kind: 'address', link: 'kbr-t', address: '10.7.0.1', prefix: 24 };
const neighbour: Resource = { kind: 'neighbour', link: 'kbr-t', address: '10.7.0.9', mac: '02:00:00:00:00:09' };
const known: Resource = {
  kind: 'fdb',
  table: 'vxlan',
  link: 'vx100',
  mac: '02:00:00:00:00:09',
  destination: '192.0.2.9',
};
const flood = (destination: string): Resource => ({
  kind: 'fdb',
  table: 'vxlan',
  link: 'vx100',
  mac: '00:00:00:00:00:00',
  destination,
});
const master: Resource = { kind: 'fdb', table: 'bridge', link: 'vx100', mac: '02:00:00:00:00:09' };
const route: Resource = {
  kind: 'route',
  table: 1000,
  destination: '0.0.0.0/0',
  type: 'unicast',
  via: '10.7.0.254',
  link: 'kbr-t',
};
const unreachable: Resource = { kind: 'route', table: 1001, destination: '0.0.0.0/0', type: 'unreachable', metric: 9 };
const rule: Resource = { kind: 'rule', priority: 500, table: 1000, incomingLink: 'kbr-t' };
const overlay = [
  bridge,
  vxlan,
  address,
  neighbour,
  known,
  flood('192.0.2.8'),
  flood('192.0.2.9'),
  master,
  route,
  unreachable,
  rule,
];

const nft: readonly Resource[] = [
  { kind: 'nft-table', family: 'ip', name: 'kcore' },
  { kind: 'nft-set', family: 'ip', table: 'kcore', name: 'peers', key: ['ipv4_addr'], interval: false },
  { kind: 'nft-element', family: 'ip', table: 'kcore', set: 'peers', key: ['192.0.2.9'] },
  {
    kind: 'nft-chain',
    family: 'ip',
    table: 'kcore',
    name: 'input',
    base: { type: 'filter', hook: 'input', priority: 0, policy: 'accept' },
    rules: [
      {
        statements: [
          { match: 'th dport', op: '==', value: '4789' },
          { lookup: ['ip saddr'], set: 'peers', negate: true },
          { counter: true },
          { verdict: 'drop' },
        ],
      },
    ],
  },
];

describe.each([
  ['in memory', memoryHost],
  ['over netlink', netlinkHost],
] as const)('a kernel %s', (_, open) => {
  it('shows what was made, as it was wanted (R-51)', async () => {
    await using host = await open();
    const results = await host.kernel.apply(creation(...overlay, ...nft));
    expect(results.filter(({ status }) => status !== 'ok')).toEqual([]);
    const { state } = await host.kernel.observe(new Set());
    expect(plan(hostState([...overlay, ...nft]), state)).toEqual([]);
    expect(state.size).toBe(overlay.length + nft.length);
  });

  it('makes twice and deletes twice without an error', async () => {
    await using host = await open();
    const all = [...overlay, ...nft];
    await host.kernel.apply(creation(...all));
    const again = await host.kernel.apply(creation(...all));
    expect(again.filter(({ status }) => status !== 'ok')).toEqual([]);
    const backwards = [...all].reverse();
    const gone = await host.kernel.apply(deletion(...backwards));
    expect(gone.filter(({ status }) => status !== 'ok')).toEqual([]);
    expect((await host.kernel.observe(new Set())).state.size).toBe(0);
    const absent = await host.kernel.apply(deletion(...backwards));
    expect(absent.filter(({ status }) => status !== 'ok')).toEqual([]);
  });

  it('stops only what depends on what failed', async () => {
    await using host = await open();
    await host.addNic('eno1');
    // A link by this name is there, and is not kcore's.
    const bad: Resource = { ...bridge, name: 'eno1' };
    const on: Resource = { ...address, link: 'eno1' };
    const results = await host.kernel.apply(creation(bad, on, bridge, address, ...nft));
    expect(results.map(({ status }) => status)).toEqual(['failed', 'skipped', 'ok', 'ok', 'ok', 'ok', 'ok', 'ok']);
    expect(results[0]).toMatchObject({ code: 'EEXIST' });
  });

  it('changes what differs, and nothing else', async () => {
    await using host = await open();
    await host.kernel.apply(creation(bridge, vxlan));
    const have = (await host.kernel.observe(new Set())).state.get('link vx100');
    if (have === undefined) throw new Error('not there');
    const want: Resource = {
      ...vxlan,
      mtu: 1400,
      up: false,
      port: { learning: false, neighSuppress: false, hairpin: true },
    };
    expect(await host.kernel.apply([{ op: 'update', want, have, reason: 'test' }])).toEqual([{ status: 'ok' }]);
    const after = (await host.kernel.observe(new Set())).state.get('link vx100');
    expect(after).toMatchObject({
      mtu: 1400,
      up: false,
      port: { neighSuppress: false, hairpin: true },
      master: 'kbr-t',
      vni: 100,
    });
  });

  it('sets only what it is told on a link of others, and sees it only when it is asked to', async () => {
    await using host = await open();
    await host.addNic('eno1');
    await host.kernel.apply(creation(bridge));
    expect((await host.kernel.observe(new Set())).state.has('link eno1')).toBe(false);
    const { state, facts } = await host.kernel.observe(new Set(['eno1']));
    const have = state.get('link eno1');
    expect(have).toMatchObject({ type: 'foreign', owned: false, up: true });
    expect(facts.links.find(({ name }) => name === 'eno1')).toMatchObject({ owned: false, up: true });
    expect(facts.links.find(({ name }) => name === 'kbr-t')).toMatchObject({ owned: true, kind: 'bridge' });
    if (have === undefined) throw new Error('not there');
    const want: Resource = { kind: 'link', type: 'foreign', owned: false, name: 'eno1', master: 'kbr-t' };
    expect(await host.kernel.apply([{ op: 'update', want, have, reason: 'test' }])).toEqual([{ status: 'ok' }]);
    expect((await host.kernel.observe(new Set(['eno1']))).state.get('link eno1')).toMatchObject({
      master: 'kbr-t',
      owned: false,
    });
    const release: Resource = { ...want, master: null };
    const joined = (await host.kernel.observe(new Set(['eno1']))).state.get('link eno1') ?? want;
    await host.kernel.apply([{ op: 'update', want: release, have: joined, reason: 'test' }]);
    expect((await host.kernel.observe(new Set(['eno1']))).state.get('link eno1')).toMatchObject({
      master: null,
      up: true,
    });
  });

  it('keeps the MTU of a bridge that ports join, when it is set after them', async () => {
    await using host = await open();
    const wanted: Resource = { ...bridge, mtu: 1450 };
    await host.addNic('eno1');
    const port: Resource = { kind: 'link', type: 'foreign', owned: false, name: 'eno1', master: 'kbr-t' };
    await host.kernel.apply([
      ...creation(bridge, port),
      { op: 'update', want: wanted, have: bridge, reason: 'mtu 1450' },
    ]);
    expect((await host.kernel.observe(new Set())).state.get('link kbr-t')).toMatchObject({ mtu: 1450 });
  });

  it('applies nft operations all or none', async () => {
    await using host = await open();
    const orphan: Resource = { kind: 'nft-element', family: 'ip', table: 'kcore', set: 'nowhere', key: ['192.0.2.9'] };
    const results = await host.kernel.apply(creation(...nft, orphan));
    expect(results.map(({ status }) => status)).toEqual(['skipped', 'skipped', 'skipped', 'skipped', 'failed']);
    expect((await host.kernel.observe(new Set())).state.size).toBe(0);
  });

  it('is woken by what somebody else does to its links, and told what it was (R-54)', async () => {
    await using host = await open();
    await host.kernel.apply(creation(bridge));
    await host.kernel.observe(new Set());
    const wakeup = await woken(host.kernel, /deleted/, () => host.deleteLink('kbr-t'));
    expect(wakeup).toEqual({ notification: 'link kbr-t deleted' });
  });

  it('ends a watch when its signal aborts, and when it is disposed', async () => {
    const host = await open();
    const abort = new AbortController();
    const first = host.kernel.watch(abort.signal)[Symbol.asyncIterator]();
    const waiting = drained(first);
    abort.abort();
    await waiting;
    const second = drained(host.kernel.watch(new AbortController().signal)[Symbol.asyncIterator]());
    await host[Symbol.asyncDispose]();
    await second;
  });
});

async function drained(wakeups: AsyncIterator<unknown>): Promise<void> {
  while ((await wakeups.next()).done !== true);
}
