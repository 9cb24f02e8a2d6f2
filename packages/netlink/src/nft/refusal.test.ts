import { describe, expect, test } from 'vitest';
import { nft } from './nft.ts';
import type { SetShape, SetSpec } from './set.ts';

/* What the kernel accepts and cannot mean, or refuses without a word, is refused before it is sent. */

const s = { family: 'ip', table: 't', name: 's' } as const;
const set: SetShape = { ...s, key: ['ipv4_addr'] };
type Elements = Parameters<typeof nft.elements.add>[1];

describe('elements', () => {
  const cases: readonly [string, SetShape, Elements, string][] = [
    ['a timeout in a set without', set, [{ key: ['10.0.0.1'], timeout: 5n }], 'timeouts: true'],
    ['an expiration alone', { ...set, timeouts: true }, [{ key: ['10.0.0.1'], expiration: 5n }], 'no timeout'],
    ['a value in a set', set, [{ key: ['10.0.0.1'], value: ['drop'] }], 'not a map'],
    ['no value in a map', { ...set, data: 'verdict' }, [{ key: ['10.0.0.1'] }], 'needs a value'],
    ['no object in a map to objects', { ...set, object: 'counter' }, [{ key: ['10.0.0.1'] }], 'name of an object'],
    ['an object in a set', set, [{ key: ['10.0.0.1'], object: 'c' }], 'not a map to objects'],
    ['more parts than types', set, [{ key: ['10.0.0.1', '80'] }], 'has 2 parts'],
    [
      'fewer parts than types',
      { ...set, key: ['ipv4_addr', 'mark'], interval: true },
      [{ key: ['10.0.0.1'] }],
      '1 parts',
    ],
    ['a range in a set of values', set, [{ key: ['10.0.0.0/8'] }], 'not an IPv4 address'],
    ['a verdict that is none', { ...set, data: 'verdict' }, [{ key: ['10.0.0.1'], value: ['jmp x'] }], 'not a verdict'],
    ['a comment that nft cannot print', set, [{ key: ['10.0.0.1'], comment: 'x'.repeat(128) }], '127'],
  ];
  test.each(cases)('%s', (_title, shape, elements, message) => {
    expect(() => nft.elements.add(shape, elements)).toThrow(message);
  });
});

describe('sets', () => {
  const cases: readonly [string, Partial<SetSpec>, string][] = [
    ['no type', { key: [] }, 'at least one type'],
    ['a key of more than 64 bytes', { key: ['ipv6_addr', 'ipv6_addr', 'ifname', 'ifname', 'mark'] }, '64 is the most'],
    ['ranges of names', { key: ['ifname'], interval: true }, 'cannot be ranges'],
    ['values and objects', { data: ['mark'], object: 'counter' }, 'either to values or to objects'],
    ['a gcInterval without timeouts', { gcInterval: 5 }, 'for sets with timeouts'],
    ['a default timeout without timeouts', { timeout: 5n, timeouts: false }, 'default timeout'],
  ];
  test.each(cases)('%s', (_title, more, message) => {
    expect(() => nft.sets.create({ ...set, ...more })).toThrow(message);
  });
});

test('user data and a comment that is not in it', () => {
  const chain = { family: 'ip', table: 't', name: 'c' } as const;
  expect(() => nft.chains.create({ ...chain, comment: 'a', userData: Uint8Array.of(1, 2) })).toThrow('not that of');
});
