import { execFileSync } from 'node:child_process';
import {
  type Connection,
  createNetns,
  deleteNetns,
  NETLINK_NETFILTER,
  netnsPath,
  openConnection,
  openMonitor,
} from '@kcore/netlink';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { applyNft } from '../../src/kernel/nft/apply.ts';
import { describeNftEvent } from '../../src/kernel/nft/describe.ts';
import { observeNft } from '../../src/kernel/nft/observe.ts';
import { probeNft } from '../../src/kernel/nft/probe.ts';
import { hostState, keyOf } from '../../src/model/key.ts';
import type { Operation } from '../../src/model/operation.ts';
import type {
  NftChain,
  NftElement,
  NftFamily,
  NftRule,
  NftSet,
  NftStatement,
  Resource,
} from '../../src/model/resource.ts';

/** NFNLGRP_NFTABLES */
const NFTABLES_GROUP = 7;
const name = `kct-${process.pid}-ruleset`;
let connection: Connection;

beforeAll(async () => {
  await createNetns(name);
  connection = await openConnection({ protocol: NETLINK_NETFILTER, netns: netnsPath(name) });
});
afterAll(async () => {
  await connection[Symbol.asyncDispose]();
  await deleteNetns(name);
});
beforeEach(() => nftTool('flush', 'ruleset'));

function nftTool(...args: readonly string[]): string {
  return execFileSync('ip', ['netns', 'exec', name, 'nft', ...args], { encoding: 'utf8' });
}

/** What nft(8) prints of a table, one space between words. */
function printed(...args: readonly string[]): string {
  return nftTool('-s', 'list', ...args).replace(/\s+/g, ' ');
}

const rule = (...statements: NftStatement[]): NftRule => ({ statements });
const chain = (family: NftFamily, chainName: string, rules: NftRule[], base?: NftChain['base']): NftChain => ({
  kind: 'nft-chain',
  family,
  table: 'kcore',
  name: chainName,
  ...(base === undefined ? {} : { base }),
  rules,
});
const set = (family: NftFamily, setName: string, key: NftSet['key'], more: Partial<NftSet> = {}): NftSet => ({
  kind: 'nft-set',
  family,
  table: 'kcore',
  name: setName,
  key,
  interval: false,
  ...more,
});
const element = (family: NftFamily, setName: string, key: string[], value?: string[]): NftElement => ({
  kind: 'nft-element',
  family,
  table: 'kcore',
  set: setName,
  key,
  ...(value === undefined ? {} : { value }),
});

const base = (
  type: 'nat' | 'filter',
  hook: 'prerouting' | 'input' | 'forward' | 'output' | 'postrouting',
  priority: number,
) => ({ type, hook, priority, policy: 'accept' }) as const;

const ipTable: readonly Resource[] = [
  { kind: 'nft-table', family: 'ip', name: 'kcore' },
  set('ip', 'forwards', ['ipv4_addr', 'inet_proto', 'inet_service'], { data: ['ipv4_addr', 'inet_service'] }),
  set('ip', 'sources', ['ipv4_addr'], { interval: true, data: 'verdict' }),
  set('ip', 'from-bridge', ['ifname'], { data: 'verdict' }),
  set('ip', 'vxlan-peers', ['ipv4_addr']),
  element('ip', 'forwards', ['192.0.2.1', 'tcp', '8080'], ['10.0.0.5', '80']),
  element('ip', 'sources', ['10.0.0.0/24'], ['jump nat-private']),
  element('ip', 'sources', ['10.0.1.0/24'], ['jump nat-private']),
  element('ip', 'from-bridge', ['kbr-private'], ['jump from-private']),
  element('ip', 'vxlan-peers', ['192.0.2.9']),
  chain(
    'ip',
    'prerouting',
    [
      rule(
        { match: 'meta l4proto', op: '==', value: 'tcp' },
        { dnatMap: ['ip daddr', 'meta l4proto', 'th dport'], map: 'forwards' },
      ),
    ],
    base('nat', 'prerouting', -100),
  ),
  chain('ip', 'postrouting', [rule({ vmap: ['ip saddr'], map: 'sources' })], base('nat', 'postrouting', 100)),
  chain('ip', 'forward', [rule({ vmap: ['meta iifname'], map: 'from-bridge' })], base('filter', 'forward', 0)),
  chain(
    'ip',
    'input',
    [
      rule(
        { match: 'meta l4proto', op: '==', value: 'udp' },
        { match: 'th dport', op: '==', value: '4789' },
        { lookup: ['ip saddr'], set: 'vxlan-peers', negate: true },
        { counter: true },
        { verdict: 'drop' },
      ),
    ],
    base('filter', 'input', 0),
  ),
  chain('ip', 'nat-private', [
    {
      statements: [
        { match: 'ip saddr', op: '==', value: '10.0.0.0/24' },
        { match: 'ip daddr', op: '==', value: '10.0.0.0/24' },
        { match: 'ct status', op: 'in', value: 'dnat' },
        { masquerade: true },
      ],
      comment: 'hairpin',
    },
    rule(
      { match: 'ip saddr', op: '==', value: '10.0.0.0/20' },
      { match: 'meta oifname', op: '==', value: 'eno1' },
      { snat: '192.0.2.1' },
    ),
  ]),
  chain(
    'ip',
    'from-private',
    [
      rule({ match: 'ct state', op: 'in', value: 'established,related' }, { verdict: 'accept' }),
      rule({ match: 'meta l4proto', op: '==', value: 'tcp' }, { dnat: '10.0.0.6', port: 81 }),
      rule({ counter: true }, { verdict: 'drop' }),
    ].filter((_, index) => index !== 1),
  ),
];

const bridgeTable: readonly Resource[] = [
  { kind: 'nft-table', family: 'bridge', name: 'kcore' },
  set('bridge', 'ingress', ['ifname'], { data: 'verdict' }),
  set('bridge', 'port-addresses', ['ifname', 'ether_addr', 'ipv4_addr']),
  element('bridge', 'ingress', ['tap-0b9d9f06'], ['jump guard']),
  element('bridge', 'port-addresses', ['tap-0b9d9f06', '52:54:00:01:02:03', '10.0.0.5']),
  chain('bridge', 'guard', [
    rule(
      { match: 'meta protocol', op: '==', value: 'ip' },
      { lookup: ['meta iifname', 'ether saddr', 'ip saddr'], set: 'port-addresses', negate: true },
      { counter: true },
      { verdict: 'drop' },
    ),
    rule(
      { lookup: ['meta iifname', 'arp saddr ether', 'arp saddr ip'], set: 'port-addresses', negate: true },
      { verdict: 'drop' },
    ),
    rule({ match: 'icmpv6 type', op: '==', value: 'nd-router-advert' }, { verdict: 'drop' }),
    rule(
      { match: 'meta protocol', op: '==', value: 'ip' },
      { match: 'meta l4proto', op: '==', value: 'udp' },
      { match: 'th sport', op: '==', value: '67' },
      { verdict: 'drop' },
    ),
    rule({ mask: 'ether daddr', by: '01:00:00:00:00:00', op: '!=', value: '00:00:00:00:00:00' }, { verdict: 'return' }),
    rule(
      { match: 'meta pkttype', op: '==', value: 'broadcast' },
      { match: 'ether type', op: '!=', value: 'arp' },
      { verdict: 'accept' },
    ),
  ]),
  chain('bridge', 'prerouting', [rule({ vmap: ['meta iifname'], map: 'ingress' })], base('filter', 'prerouting', -300)),
];

const creates = (resources: readonly Resource[]): Operation[] =>
  resources.map((want) => ({ op: 'create', want, reason: 'missing' }));
const deletes = (resources: readonly Resource[]): Operation[] =>
  resources.map((have) => ({ op: 'delete', have, reason: 'not wanted' }));

async function applied(operations: readonly Operation[]): Promise<void> {
  const results = await applyNft(connection, operations);
  expect(results.filter(({ status }) => status !== 'ok')).toEqual([]);
  expect(results).toHaveLength(operations.length);
}

async function observed(): Promise<ReadonlyMap<string, Resource>> {
  return hostState((await observeNft(connection)).resources);
}

describe('both tables whole', () => {
  const all = [...ipTable, ...bridgeTable];

  test('R-05, R-06, R-22: what is applied is observed; the order of the operations does not matter', async () => {
    await applied(creates(all.toReversed()));
    expect(await observed()).toEqual(hostState(all));
  });

  test('nft(8) prints it as people would write it', async () => {
    await applied(creates(all));
    const ip = printed('table', 'ip', 'kcore');
    expect(ip).toContain(
      'map sources { type ipv4_addr : verdict flags interval elements = { 10.0.0.0/24 : jump nat-private, 10.0.1.0/24 : jump nat-private } }',
    );
    expect(ip).toContain('elements = { 192.0.2.1 . tcp . 8080 : 10.0.0.5 . 80 }');
    expect(ip).toContain(
      'chain prerouting { type nat hook prerouting priority dstnat; policy accept; dnat ip to ip daddr . meta l4proto . tcp dport map @forwards }',
    );
    expect(ip).toContain('ip saddr 10.0.0.0/24 ip daddr 10.0.0.0/24 ct status dnat masquerade comment "hairpin"');
    expect(ip).toContain('ip saddr 10.0.0.0/20 oifname "eno1" snat to 192.0.2.1');
    expect(ip).toContain('udp dport 4789 ip saddr != @vxlan-peers counter drop');
    const bridge = printed('table', 'bridge', 'kcore');
    expect(bridge).toContain('iifname . ether saddr . ip saddr != @port-addresses counter drop');
    expect(bridge).toContain('iifname . arp saddr ether . arp saddr ip != @port-addresses drop');
    expect(bridge).toContain('icmpv6 type nd-router-advert drop');
    expect(bridge).toContain('udp sport 67 drop');
    expect(bridge).toContain('ether daddr & 01:00:00:00:00:00 != 00:00:00:00:00:00 return');
  });

  test('applying it again changes nothing; deleting it twice succeeds', async () => {
    await applied(creates(all));
    await applied(creates(all));
    expect(await observed()).toEqual(hostState(all));
    await applied(deletes(all));
    expect((await observed()).size).toBe(0);
    await applied(deletes(all));
    expect(nftTool('list', 'ruleset')).toBe('');
  });

  test('objects are deleted one kind at a time as well: nothing blocks its own table', async () => {
    await applied(creates(all));
    await applied(deletes(all.filter(({ kind }) => kind !== 'nft-table')));
    expect([...(await observed()).keys()].sort()).toEqual(['nft-table bridge kcore', 'nft-table ip kcore']);
  });
});

describe('changes', () => {
  test('R-51: a chain is rewritten as a whole, in one transaction with its sets and elements', async () => {
    await applied(creates(ipTable));
    const have = ipTable.find((resource) => keyOf(resource) === 'nft-chain ip kcore nat-private');
    if (have === undefined) throw new Error('no chain');
    const extra = set('ip', 'extra', ['ipv4_addr']);
    const want = chain('ip', 'nat-private', [rule({ lookup: ['ip daddr'], set: 'extra' }, { verdict: 'accept' })]);
    await applied([
      { op: 'update', want, have, reason: 'rules' },
      ...creates([extra, element('ip', 'extra', ['10.7.7.7'])]),
      ...deletes([element('ip', 'vxlan-peers', ['192.0.2.9'])]),
    ]);
    const now = await observed();
    expect(now.get(keyOf(want))).toEqual(want);
    expect(now.has('nft-element ip kcore extra 10.7.7.7')).toBe(true);
    expect(now.has('nft-element ip kcore vxlan-peers 192.0.2.9')).toBe(false);
  });

  test('an element’s value, a chain’s base and a set’s types are replaced by delete and create', async () => {
    await applied(creates(ipTable));
    const forward = element('ip', 'forwards', ['192.0.2.1', 'tcp', '8080'], ['10.0.0.5', '80']);
    const moved = element('ip', 'forwards', ['192.0.2.1', 'tcp', '8080'], ['10.0.0.7', '8080']);
    const source = element('ip', 'sources', ['10.0.0.0/24'], ['jump nat-private']);
    const other = element('ip', 'sources', ['10.0.0.0/24'], ['drop']);
    const [input] = ipTable.filter((resource) => keyOf(resource) === 'nft-chain ip kcore input');
    if (input?.kind !== 'nft-chain') throw new Error('no chain');
    const later = chain('ip', 'input', [...input.rules], base('filter', 'input', 7));
    await applied([...creates([moved, other, later]), ...deletes([forward, source, input])]);
    const now = await observed();
    for (const want of [moved, other, later]) expect(now.get(keyOf(want))).toEqual(want);
    expect(now.size).toBe(ipTable.length);
  });

  test('a policy is changed in place', async () => {
    const [have] = [chain('ip', 'f', [], base('filter', 'forward', 3))];
    const want = chain('ip', 'f', [], { ...base('filter', 'forward', 3), policy: 'drop' });
    await applied(creates([{ kind: 'nft-table', family: 'ip', name: 'kcore' }, ...(have === undefined ? [] : [have])]));
    await applied([{ op: 'update', want, have: have ?? want, reason: 'policy' }]);
    expect((await observed()).get(keyOf(want))).toEqual(want);
  });

  test('creating what is there in another shape converges', async () => {
    nftTool(
      'add table ip kcore; add set ip kcore vxlan-peers { type ether_addr; }; add chain ip kcore forward { type filter hook forward priority 9; policy drop; }; add map ip kcore forwards { type ipv4_addr . inet_proto . inet_service : ipv4_addr . inet_service; elements = { 192.0.2.1 . tcp . 8080 : 10.9.9.9 . 9 }; }',
    );
    await applied(creates(ipTable));
    expect(await observed()).toEqual(hostState(ipTable));
  });
});

describe('what others did', () => {
  test('R-51: a foreign rule makes its chain unlike any that is wanted; ours beside it are read as ever', async () => {
    await applied(creates(ipTable));
    nftTool(
      'add',
      'rule',
      'ip',
      'kcore',
      'from-private',
      'tcp dport { 22, 80 } limit rate 3/second reject comment "by hand"',
    );
    const now = (await observed()).get('nft-chain ip kcore from-private');
    expect(now).toMatchObject({
      rules: [{}, {}, { statements: [{ foreign: 'meta cmp payload lookup limit reject' }], comment: 'by hand' }],
    });
  });

  test('a set of types that kcore does not use is there, with a key that equals none', async () => {
    nftTool(
      'add table ip kcore; add set ip kcore odd { type mark; elements = { 7 }; }; ' +
        'add map ip kcore half { type ipv4_addr : mark; elements = { 10.0.0.1 : 7 }; }',
    );
    const now = await observed();
    expect([...now.keys()].sort()).toEqual(['nft-set ip kcore half', 'nft-set ip kcore odd', 'nft-table ip kcore']);
    for (const odd of ['half', 'odd']) expect(now.get(`nft-set ip kcore ${odd}`)).toEqual(set('ip', odd, []));
    await applied(deletes([...now.values()].filter(({ kind }) => kind === 'nft-set')));
    expect((await observed()).size).toBe(1);
  });

  test('what nft(8) writes in our words we read as ours', async () => {
    const texts: readonly [string, NftStatement[]][] = [
      [
        'ip saddr 10.0.0.0/24 oifname "eno1" counter masquerade',
        [
          { match: 'ip saddr', op: '==', value: '10.0.0.0/24' },
          { match: 'meta oifname', op: '==', value: 'eno1' },
          { counter: true },
          { masquerade: true },
        ],
      ],
      ['ip saddr vmap @sources', [{ vmap: ['ip saddr'], map: 'sources' }]],
      [
        'meta l4proto tcp dnat ip to ip daddr . meta l4proto . th dport map @forwards',
        [
          { match: 'meta l4proto', op: '==', value: 'tcp' },
          { dnatMap: ['ip daddr', 'meta l4proto', 'th dport'], map: 'forwards' },
        ],
      ],
      [
        'meta l4proto udp th dport 53 dnat to 10.0.0.5:5353',
        [
          { match: 'meta l4proto', op: '==', value: 'udp' },
          { match: 'th dport', op: '==', value: '53' },
          { dnat: '10.0.0.5', port: 5353 },
        ],
      ],
      [
        'ct state established,related accept',
        [{ match: 'ct state', op: 'in', value: 'established,related' }, { verdict: 'accept' }],
      ],
      [
        'ip daddr != 10.1.0.0/20 ip protocol icmp snat to 192.0.2.1',
        [
          { match: 'ip daddr', op: '!=', value: '10.1.0.0/20' },
          { match: 'ip protocol', op: '==', value: 'icmp' },
          { snat: '192.0.2.1' },
        ],
      ],
      [
        'iifname "eth*" jump from-private',
        [{ match: 'meta iifname', op: '==', value: 'eth*' }, { jump: 'from-private' }],
      ],
    ];
    await applied(creates(ipTable));
    nftTool(`add chain ip kcore w; ${texts.map(([text]) => `add rule ip kcore w ${text}`).join('; ')}`);
    expect((await observed()).get('nft-chain ip kcore w')).toMatchObject({
      rules: texts.map(([, statements]) => ({ statements })),
    });
  });

  test('R-07: base chains of others that may drop are told with policy and number of rules; other tables are not ours', async () => {
    nftTool(
      'add table inet filter; add chain inet filter forwarded { type filter hook forward priority 0; policy drop; }; add rule inet filter forwarded accept; add rule inet filter forwarded drop; add chain inet filter out { type filter hook output priority 0; }; add chain inet filter sub; add table ip kcore2; add chain ip kcore2 in { type filter hook input priority 0; }; add chain ip kcore2 n { type nat hook input priority 0; policy drop; }',
    );
    await applied(creates(bridgeTable));
    const { foreignBaseChains, resources } = await observeNft(connection);
    expect(foreignBaseChains).toEqual([
      { family: 'inet', table: 'filter', chain: 'forwarded', hook: 'forward', policy: 'drop', rules: 2 },
      { family: 'ip', table: 'kcore2', chain: 'in', hook: 'input', policy: 'accept', rules: 0 },
      { family: 'ip', table: 'kcore2', chain: 'n', hook: 'input', policy: 'drop', rules: 0 },
    ]);
    expect(resources).toHaveLength(bridgeTable.length);
  });
});

describe('failures', () => {
  test('the culprit fails, the others are skipped, nothing changes', async () => {
    const bad = chain('ip', 'bad', [rule({ jump: 'nowhere' })]);
    const results = await applyNft(connection, creates([{ kind: 'nft-table', family: 'ip', name: 'kcore' }, bad]));
    expect(results).toMatchObject([
      { status: 'skipped', message: expect.stringContaining('append rule ip kcore bad') },
      { status: 'failed', code: 'ENOENT' },
    ]);
    expect(nftTool('list', 'ruleset')).toBe('');
  });

  test('a value that cannot be written names itself', async () => {
    const results = await applyNft(connection, creates([...ipTable, element('ip', 'vxlan-peers', ['192.0.2.256'])]));
    expect(results.at(-1)).toMatchObject({ status: 'failed', message: expect.stringContaining("'192.0.2.256'") });
    expect(results.filter(({ status }) => status === 'skipped')).toHaveLength(ipTable.length);
  });

  test('an element of a set that is not there', async () => {
    const results = await applyNft(connection, creates([element('ip', 'none', ['10.0.0.1'])]));
    expect(results).toMatchObject([{ status: 'failed', message: "there is no set none of kcore's" }]);
  });
});

test('features are probed by trying', async () => {
  await using own = await openConnection({ protocol: NETLINK_NETFILTER, netns: { private: true } });
  expect(await probeNft(own)).toEqual({ nftNat: true, nftBridge: true });
});

test('notifications are told in the words of keys; those of other tables are not told', async () => {
  await using monitor = await openMonitor({
    protocol: NETLINK_NETFILTER,
    netns: netnsPath(name),
    groups: [NFTABLES_GROUP],
  });
  nftTool(
    'add table ip other; add chain ip other c; add table inet filter; add chain inet filter f { type filter hook forward priority 0; policy drop; }',
  );
  await applied(creates(bridgeTable));
  nftTool('delete', 'element', 'bridge', 'kcore', 'ingress', '{ "tap-0b9d9f06" }');
  nftTool('flush', 'ruleset');
  const told: string[] = [];
  for await (const item of monitor) {
    if (item.type === 'overrun') throw new Error('overrun');
    const text = describeNftEvent(item.message);
    if (text !== undefined) told.push(text);
    if (text === 'nft-table bridge kcore deleted') break;
  }
  expect(told).toEqual(
    expect.arrayContaining([
      'nft-chain inet filter f changed',
      'nft-table bridge kcore changed',
      'nft-set bridge kcore ingress changed',
      'nft-chain bridge kcore guard changed',
      'nft-chain bridge kcore guard deleted',
      'nft-table bridge kcore deleted',
    ]),
  );
  expect(told.join()).not.toContain('other changed');
});

test('2000 elements of 100 networks are one transaction', async () => {
  const addresses = set('bridge', 'port-addresses', ['ifname', 'ether_addr', 'ipv4_addr']);
  const many = Array.from({ length: 2_000 }, (_, n) =>
    element('bridge', 'port-addresses', [`tap-${n}`, '52:54:00:00:00:01', `10.0.${n >> 8}.${n & 255}`]),
  );
  await applied(creates([{ kind: 'nft-table', family: 'bridge', name: 'kcore' }, addresses, ...many]));
  expect((await observed()).size).toBe(2_002);
  await applied(deletes(many.slice(0, 1_999)));
  expect((await observed()).size).toBe(3);
});
