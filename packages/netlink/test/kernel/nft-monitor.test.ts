import { expect, test } from 'vitest';
import { decodeNftMessage, elementsOf, type NftEvent, openMonitor } from '../../src/index.ts';
import { NETLINK_NETFILTER } from '../../src/uapi/netlink.ts';
import { NFNLGRP_NFTABLES, NFNLGRP_NFTRACE } from '../../src/uapi/nfnetlink.ts';
import { testNamespace } from './namespace.ts';

test('what nft(8) does is told as typed events, ended by the generation', async () => {
  await using ns = await testNamespace('nftmon');
  await using monitor = await openMonitor({ protocol: NETLINK_NETFILTER, netns: ns.path, groups: [NFNLGRP_NFTABLES] });
  ns.run(
    'nft',
    'add table ip t; add chain ip t c { type filter hook input priority 5; policy drop; }; add set ip t s { type ipv4_addr; }; add element ip t s { 10.0.0.1 }; add rule ip t c counter accept comment "x"',
  );
  ns.run('nft', 'delete table ip t');
  const events: NftEvent[] = [];
  for await (const item of monitor) {
    if (item.type === 'overrun') throw new Error('overrun');
    const event = decodeNftMessage(item.message);
    if (event !== undefined) events.push(event);
    if (event?.kind === 'table' && event.event === 'delete') break;
  }
  expect(events).toMatchObject([
    { event: 'new', kind: 'table', table: { family: 'ip', name: 't' } },
    { event: 'new', kind: 'chain', chain: { name: 'c', base: { hook: 'input', priority: 5, policy: 'drop' } } },
    { event: 'new', kind: 'set', set: { name: 's', key: ['ipv4_addr'] } },
    { event: 'new', kind: 'elements', elements: { table: 't', set: 's' } },
    {
      event: 'new',
      kind: 'rule',
      rule: { chain: 'c', comment: 'x', expressions: [{ name: 'counter' }, { name: 'immediate' }] },
    },
    { event: 'new', kind: 'generation', generation: { processName: 'nft' } },
    { event: 'delete', kind: 'rule' },
    { event: 'delete', kind: 'set' },
    { event: 'delete', kind: 'chain' },
    { event: 'delete', kind: 'table', table: { name: 't' } },
  ]);
  const added = events.find(({ kind }) => kind === 'elements');
  if (added?.kind !== 'elements') throw new Error('no elements');
  expect(elementsOf({ family: 'ip', table: 't', name: 's', key: ['ipv4_addr'] }, [added.elements.elements])).toEqual([
    { key: ['10.0.0.1'] },
  ]);
});

test('objects, flowtables and the way of a traced packet are told, too', async () => {
  await using ns = await testNamespace('nfttrace');
  const groups = [NFNLGRP_NFTABLES, NFNLGRP_NFTRACE];
  await using monitor = await openMonitor({ protocol: NETLINK_NETFILTER, netns: ns.path, groups });
  ns.run('ip', 'link', 'set', 'lo', 'up');
  ns.run(
    'nft',
    'add table ip t; add counter ip t o; add chain ip t r; ' +
      'add chain ip t c { type filter hook output priority 0; policy accept; }; ' +
      'add rule ip t c ip daddr 127.0.0.1 udp dport 9 meta nftrace set 1 jump r; add rule ip t r ip daddr 127.0.0.1 counter name o drop',
  );
  // Nobody listens there; the packet is dropped on its way out.
  ns.run('bash', '-c', 'echo -n x > /dev/udp/127.0.0.1/9 || true');
  ns.run('nft', 'delete table ip t');
  const events: NftEvent[] = [];
  for await (const item of monitor) {
    if (item.type === 'overrun') throw new Error('overrun');
    const event = decodeNftMessage(item.message);
    if (event !== undefined) events.push(event);
    if (event?.kind === 'table' && event.event === 'delete') break;
  }
  const objects = events.filter(({ kind }) => kind === 'object');
  expect(objects).toMatchObject([
    { event: 'new', object: { kind: 'counter', name: 'o', data: { packets: 0n, bytes: 0n } } },
    { event: 'delete', object: { kind: 'counter', name: 'o' } },
  ]);
  const traces = events.flatMap((event) => (event.kind === 'trace' ? [event.trace] : []));
  expect(traces).toMatchObject([
    {
      family: 'ip',
      table: 't',
      chain: 'c',
      step: 'rule',
      verdict: 'jump r',
      rule: expect.any(BigInt),
      id: traces[0]?.id,
    },
    { family: 'ip', table: 't', chain: 'r', step: 'rule', verdict: 'drop', id: traces[0]?.id },
  ]);
  // RFC 791 §3.1: the destination is at offset 16 of the header, which comes with the first step.
  expect([...(traces[0]?.networkHeader?.subarray(16, 20) ?? [])]).toEqual([127, 0, 0, 1]);
  expect(traces.filter(({ unknown }) => unknown !== undefined)).toEqual([]);
});
