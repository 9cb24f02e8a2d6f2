import type { Expression } from '@kcore/netlink';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { NftFamily, NftField, NftStatement } from '../../model/resource.ts';
import { compileRule } from './compile-rule.ts';
import { decompileRule } from './decompile-rule.ts';

const octet = fc.integer({ min: 0, max: 255 });
const ipv4 = fc.tuple(octet, octet, octet, octet).map((parts) => parts.join('.'));
const mac = fc
  .tuple(octet, octet, octet, octet, octet, octet)
  .map((parts) => parts.map((part) => part.toString(16).padStart(2, '0')).join(':'));
const prefix = fc
  .tuple(fc.integer({ min: 0, max: 31 }), fc.integer({ min: 0, max: 0xffff_ffff }))
  .map(([length, bits]) => {
    const network = length === 0 ? 0 : (bits & (0xffff_ffff << (32 - length))) >>> 0;
    return `${[24, 16, 8, 0].map((shift) => (network >>> shift) & 255).join('.')}/${length}`;
  });
const port = fc.integer({ min: 0, max: 65_535 }).map(String);
const name = fc.stringMatching(/^[a-z][a-z0-9-]{0,13}$/);
const link = fc.oneof(
  name,
  name.map((text) => `${text.slice(0, 10)}*`),
);
const chain = fc.stringMatching(/^[a-z][a-z0-9-]{0,20}$/);
const etherType = fc.constantFrom('ip', 'arp', 'ip6', 'vlan', '0x88cc');
const protocol = fc.constantFrom('tcp', 'udp', 'icmp', 'ipv6-icmp', '200');
const equality = fc.constantFrom('==' as const, '!=' as const);

const values: Readonly<Record<NftField, fc.Arbitrary<string>>> = {
  'ip saddr': fc.oneof(ipv4, prefix),
  'ip daddr': fc.oneof(ipv4, prefix),
  'ip protocol': protocol,
  'th sport': port,
  'th dport': port,
  'ether saddr': mac,
  'ether daddr': mac,
  'ether type': etherType,
  'arp saddr ip': fc.oneof(ipv4, prefix),
  'arp saddr ether': mac,
  'meta iifname': link,
  'meta oifname': link,
  'meta l4proto': protocol,
  'meta protocol': etherType,
  'meta pkttype': fc.constantFrom('host', 'broadcast', 'multicast', 'other'),
  'icmpv6 type': fc.constantFrom('nd-router-advert', 'echo-request', '99'),
  'ct state': fc.constantFrom('established,related', 'invalid', 'new', 'invalid,new,untracked'),
  'ct status': fc.constantFrom('dnat', 'snat,dnat'),
};

const all = Object.keys(values) as NftField[];
const onlyBridge = new Set<NftField>(all.filter((field) => /^(ether|arp|icmpv6)/.test(field)));
const fieldsOf = (family: NftFamily): readonly NftField[] =>
  family === 'bridge' ? all : all.filter((field) => !onlyBridge.has(field));

function statement(family: NftFamily): fc.Arbitrary<NftStatement> {
  const field = fc.constantFrom(...fieldsOf(family));
  const key = fc.array(field, { minLength: 1, maxLength: 3 });
  const flag = fc.constantFrom('ct state' as const, 'ct status' as const);
  return fc.oneof(
    field.chain((match) => fc.record({ match: fc.constant(match), op: equality, value: values[match] })),
    flag.chain((match) =>
      fc.record({
        match: fc.constant(match),
        op: fc.constantFrom('in' as const, '!in' as const),
        value: values[match],
      }),
    ),
    ...(family === 'bridge'
      ? [
          fc.record({
            mask: fc.constantFrom('ether daddr' as const, 'ether saddr' as const),
            by: mac,
            op: equality,
            value: mac,
          }),
        ]
      : []),
    fc.record({ lookup: key, set: name }),
    fc.record({ lookup: key, set: name, negate: fc.constant(true) }),
    fc.record({ vmap: key, map: name }),
    fc.record({ dnatMap: key, map: name }),
    fc.constant({ counter: true } as const),
    fc.record({ verdict: fc.constantFrom('accept' as const, 'drop' as const, 'return' as const) }),
    fc.record({ jump: chain }),
    fc.constant({ masquerade: true } as const),
    fc.record({ snat: ipv4 }),
    fc.record({ dnat: ipv4 }),
    fc.record({ dnat: ipv4, port: fc.integer({ min: 1, max: 65_535 }) }),
  );
}

describe.each(['ip', 'bridge'] as const)('rules of the family %s', (family) => {
  test('decompile(compile(statements)) is statements', () => {
    fc.assert(
      fc.property(fc.array(statement(family), { minLength: 1, maxLength: 6 }), (statements) => {
        expect(decompileRule(family, compileRule(family, { statements }))).toEqual(statements);
      }),
      { numRuns: 1_000 },
    );
  });

  test('an expression more, less or another is never taken for the same rule', () => {
    fc.assert(
      fc.property(fc.array(statement(family), { minLength: 1, maxLength: 4 }), fc.nat(), (statements, at) => {
        const whole = compileRule(family, { statements });
        const cut = whole.filter((_, index) => index !== at % whole.length);
        expect(decompileRule(family, cut)).not.toEqual(statements);
        const reject: Expression = { name: 'reject', data: { type: 0, code: 3 } };
        expect(decompileRule(family, [...whole, reject])).toEqual([{ foreign: expect.stringContaining('reject') }]);
      }),
      { numRuns: 300 },
    );
  });
});
