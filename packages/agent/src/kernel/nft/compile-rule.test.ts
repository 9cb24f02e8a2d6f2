import type { Expression } from '@kcore/netlink';
import { describe, expect, test } from 'vitest';
import type { NftFamily, NftStatement } from '../../model/resource.ts';
import { compileRule } from './compile-rule.ts';
import { decompileRule } from './decompile-rule.ts';

/** Like `nft --debug=netlink`: registers and constants as text. */
function program(family: NftFamily, ...statements: readonly NftStatement[]): readonly string[] {
  return compileRule(family, { statements }).map(line);
}

function line({ name, data }: Expression): string {
  return data === undefined || data instanceof Uint8Array ? name : `${name} ${members(data)}`.trim();
}

function members(value: object): string {
  return Object.entries(value)
    .map(
      ([key, member]) =>
        `${key}=${member instanceof Uint8Array ? Buffer.from(member).toString('hex') : typeof member === 'object' ? `(${members(member)})` : member}`,
    )
    .join(' ');
}

describe('rules become the expressions that nft(8) writes', () => {
  test('R-05: a prefix of whole bytes is compared without a mask; names are 16 bytes', () => {
    expect(
      program(
        'ip',
        { match: 'ip saddr', op: '==', value: '10.0.0.0/24' },
        { match: 'meta oifname', op: '==', value: 'eth0' },
        { masquerade: true },
      ),
    ).toEqual([
      'payload destination=1 base=1 offset=12 length=3',
      'cmp source=1 operator=0 data=(value=0a0000)',
      'meta key=7 destination=1',
      'cmp source=1 operator=0 data=(value=65746830000000000000000000000000)',
      'masq',
    ]);
  });

  test('another prefix is masked', () => {
    expect(program('ip', { match: 'ip daddr', op: '!=', value: '10.1.0.0/20' })).toEqual([
      'payload destination=1 base=1 offset=16 length=4',
      'bitwise source=1 destination=1 length=4 operator=0 mask=(value=fffff000) xor=(value=00000000)',
      'cmp source=1 operator=1 data=(value=0a010000)',
    ]);
  });

  test('R-07: flags are masked and compared with none', () => {
    expect(program('ip', { match: 'ct state', op: 'in', value: 'established,related' })).toEqual([
      'ct key=0 destination=1',
      'bitwise source=1 destination=1 length=4 operator=0 mask=(value=06000000) xor=(value=00000000)',
      'cmp source=1 operator=1 data=(value=00000000)',
    ]);
  });

  test('R-06: a concatenation fills registers from the first; the map’s data are address and port', () => {
    expect(program('ip', { dnatMap: ['ip daddr', 'meta l4proto', 'th dport'], map: 'forwards' })).toEqual([
      'payload destination=1 base=1 offset=16 length=4',
      'meta key=16 destination=9',
      'payload destination=10 base=2 offset=2 length=2',
      'lookup set=forwards source=1 destination=1 flags=0',
      'nat type=1 family=2 addressMin=1 portMin=9',
    ]);
  });

  test('R-22: in the bridge family what a field presumes is compared first, in a register of its own, and once', () => {
    expect(
      program(
        'bridge',
        { lookup: ['meta iifname', 'ether saddr', 'ip saddr'], set: 's', negate: true },
        { match: 'ip daddr', op: '==', value: '10.0.0.1' },
      ),
    ).toEqual([
      'meta key=1 destination=2',
      'cmp source=2 operator=0 data=(value=0800)',
      'meta key=6 destination=1',
      'payload destination=2 base=0 offset=6 length=6',
      'payload destination=14 base=1 offset=12 length=4',
      'lookup set=s source=1 flags=1',
      'payload destination=1 base=1 offset=16 length=4',
      'cmp source=1 operator=0 data=(value=0a000001)',
    ]);
  });

  test('what a rule states itself is not compared again', () => {
    const stated: NftStatement[] = [
      { match: 'meta protocol', op: '==', value: 'ip6' },
      { match: 'meta l4proto', op: '==', value: 'ipv6-icmp' },
      { match: 'icmpv6 type', op: '==', value: 'nd-router-advert' },
    ];
    expect(program('bridge', ...stated)).toHaveLength(6);
    expect(program('bridge', ...stated.slice(2))).toHaveLength(6);
    expect(decompileRule('bridge', compileRule('bridge', { statements: stated }))).toEqual(stated);
    expect(decompileRule('bridge', compileRule('bridge', { statements: stated.slice(2) }))).toEqual(stated.slice(2));
  });
});

describe('what cannot be meant is refused with the remedy', () => {
  const cases: readonly [NftFamily, NftStatement, string][] = [
    ['ip', { match: 'ether saddr', op: '==', value: '02:00:00:00:00:01' }, 'use the family bridge'],
    ['ip', { match: 'icmpv6 type', op: '==', value: 'nd-router-advert' }, 'use the family bridge'],
    ['ip', { match: 'ip saddr', op: '==', value: '10.0.0.1/24' }, 'bits beyond its prefix'],
    ['ip', { match: 'ip saddr', op: '==', value: '10.0.0.1/32' }, 'one address has no length'],
    ['ip', { match: 'ip saddr', op: 'in', value: '10.0.0.0/24' }, 'prefixes too'],
    ['ip', { mask: 'ip saddr', by: '255.255.0.0', op: '==', value: '10.0.0.0' }, 'match 10.0.0.0/16'],
    ['ip', { mask: 'ct state', by: 'new', op: '!=', value: 'new' }, "matched with 'in'"],
    ['ip', { match: 'meta l4proto', op: '==', value: '6' }, 'name or number of a protocol'],
    ['ip', { match: 'th dport', op: '==', value: '65536' }, 'is not a port'],
    ['ip', { match: 'meta oifname', op: '==', value: 'a-name-much-too-long' }, '1 to 15 bytes'],
    ['ip', { match: 'ct state', op: 'in', value: 'old' }, 'connection states'],
    ['ip', { foreign: 'reject' }, 'did not write'],
  ];
  test.each(cases)('%s %j', (family, statement, message) => {
    expect(() => compileRule(family, { statements: [statement] })).toThrow(message);
  });
});

test('flags are one statement in whatever order they are written', () => {
  const written: NftStatement = { match: 'ct state', op: 'in', value: 'related,established' };
  expect(decompileRule('ip', compileRule('ip', { statements: [written] }))).toEqual([
    { match: 'ct state', op: 'in', value: 'established,related' },
  ]);
});
