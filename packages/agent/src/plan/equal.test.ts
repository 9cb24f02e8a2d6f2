import { describe, expect, it } from 'vitest';
import type { NftRule, Resource } from '../model/resource.ts';
import { difference } from './equal.ts';

const bridge = { kind: 'link', type: 'bridge', name: 'kbr-x', owned: true } as const;
const chain = (rules: readonly NftRule[]): Resource => ({
  kind: 'nft-chain',
  family: 'ip',
  table: 'kcore',
  name: 'c',
  rules,
});
const flags = (value: string): NftRule => ({
  statements: [{ match: 'ct state', op: 'in', value }, { verdict: 'accept' }],
});

describe('difference', () => {
  const cases: readonly [string, Resource, Resource, { reason: string; action: string } | undefined][] = [
    ['nothing declared', bridge, { ...bridge, mtu: 9000, up: true }, undefined],
    ['mtu', { ...bridge, mtu: 1450 }, { ...bridge, mtu: 1500 }, { reason: 'mtu 1500 → 1450', action: 'update' }],
    ['no master, however it is told', { ...bridge, master: null }, bridge, undefined],
    [
      'several fields',
      { ...bridge, up: true, master: null },
      { ...bridge, up: false, master: 'br0' },
      { reason: 'up no → yes, master br0 → none', action: 'update' },
    ],
    [
      'a port setting',
      { ...bridge, port: { hairpin: true } },
      { ...bridge, port: { hairpin: false, learning: true } },
      { reason: 'hairpin no → yes', action: 'update' },
    ],
    ['altnames of others', { ...bridge, altNames: ['a'] }, { ...bridge, altNames: ['b', 'a'] }, undefined],
    ['altname', { ...bridge, altNames: ['a'] }, bridge, { reason: 'altname a missing', action: 'update' }],
    ['another kind of link', bridge, { ...bridge, type: 'tap' }, { reason: 'type tap → bridge', action: 'replace' }],
    [
      'a next hop too many',
      { kind: 'route', table: 1, destination: '0.0.0.0/0', type: 'unreachable' },
      { kind: 'route', table: 1, destination: '0.0.0.0/0', type: 'unreachable', via: '10.0.0.1' },
      { reason: 'via 10.0.0.1 → none', action: 'update' },
    ],
    ['flags in another order', chain([flags('established,related')]), chain([flags('related,established')]), undefined],
    [
      'a rule more',
      chain([]),
      chain([flags('invalid')]),
      { reason: "rule 1 not kcore's: ct state invalid accept", action: 'update' },
    ],
    [
      'a rule kcore cannot read',
      chain([flags('invalid')]),
      chain([{ statements: [{ foreign: 'log' }] }]),
      { reason: 'rule 1: <log> → ct state invalid accept', action: 'update' },
    ],
    [
      'a comment nobody asked for',
      chain([flags('invalid')]),
      chain([{ ...flags('invalid'), comment: 'x' }]),
      undefined,
    ],
  ];
  it.each(cases)('%s', (_, want, have, expected) => {
    expect(difference(want, have)).toEqual(expected);
  });

  it('does not look into the guest: the peer of a veth is not compared', () => {
    const veth = { kind: 'link', type: 'veth', name: 'tap-x', owned: true } as const;
    const peer = { name: 'eth0', mac: '02:00:00:00:00:01', mtu: 1500, netns: '/run/netns/a' };
    expect(difference({ ...veth, peer }, { ...veth, peer: { ...peer, netns: '', mtu: 1400 } })).toBeUndefined();
  });
});
