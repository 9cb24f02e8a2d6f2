import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { editDistance, suggest } from './suggest.ts';

describe('suggest', () => {
  it.each([
    ['gatwayIp', 'gatewayIp'],
    ['gateway_ip', 'gatewayIp'],
    ['externlIp', 'externalIp'],
    ['nodess', 'nodes'],
    ['external', 'externalIp'],
    ['colour', undefined],
    ['x', undefined],
  ])('%s is near %s', (word, wanted) => {
    expect(suggest(word, ['gatewayIp', 'externalIp', 'nodes', 'type', 'mtu'])).toBe(wanted);
  });

  it('counts single edits, a swap as one', () => {
    expect(editDistance('netwrok', 'network')).toBe(1);
    expect(editDistance('kitten', 'sitting')).toBe(3);
    expect(editDistance('', 'abc')).toBe(3);
  });

  it('has distances that are symmetric and zero only for equals', () => {
    fc.assert(
      fc.property(fc.string({ maxLength: 12 }), fc.string({ maxLength: 12 }), (a, b) => {
        expect(editDistance(a, b)).toBe(editDistance(b, a));
        expect(editDistance(a, b) === 0).toBe(a === b);
      }),
    );
  });
});
