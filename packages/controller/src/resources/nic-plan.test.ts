import type { Nic, NicSpec } from '@kcore/contract';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { freeIndex, planNics } from './nic-plan.ts';

/** `1 a .2`: NIC 1 on network a with address 10.0.0.2 and the MAC that ends in its index. */
function nic(text: string): Nic {
  const [index = '', network = '', address] = text.split(' ');
  return {
    index: Number(index),
    network,
    mac: macOf(index),
    ...(address === undefined ? {} : { address: `10.0.0${address}` }),
    tap: `tap-${index}`,
    antiSpoofing: true,
  };
}

const macOf = (end: string) => `52:54:00:00:00:0${end}`;

/** `a`, `a .2`, `a m1`, `a .2 m1`. */
function spec(text: string): NicSpec {
  const [network = '', ...rest] = text.split(' ');
  const address = rest.find((word) => word.startsWith('.'));
  const mac = rest.find((word) => word.startsWith('m'));
  return {
    ...(network === 'default' ? {} : { network }),
    ...(address === undefined ? {} : { address: `10.0.0${address}` }),
    ...(mac === undefined ? {} : { mac: macOf(mac.slice(1)) }),
  };
}

const isTwin = (a: Nic, b: Nic): boolean =>
  a.network === b.network && (a.mac === b.mac || (a.address !== undefined && a.address === b.address));

describe('which NICs a manifest means', () => {
  test.each<[string[], string[], string]>([
    [['0 a .2'], ['a'], 'keep 0'],
    [['0 a .2'], ['a .2'], 'keep 0'],
    [['0 a .2'], ['a m0'], 'keep 0'],
    [['0 default .2'], ['default'], 'keep 0'],
    [['0 a .2', '1 b .3'], ['b', 'a'], 'keep 1, keep 0'],
    // In its place, then the first that is left.
    [['0 a .2', '1 a .3'], ['a', 'a'], 'keep 0, keep 1'],
    [['0 a .2', '1 a .3', '2 a .4'], ['a', 'a'], 'keep 0, keep 1; - 2'],
    [['0 a .2', '1 b .3'], ['c', 'a', 'b'], 'keep 0, keep 1; + c'],
    [['0 a .2', '2 a .4'], ['a', 'a'], 'keep 0, keep 2'],
    // What is named comes before what is not.
    [['0 a .2', '1 a .3'], ['a', 'a .2'], 'keep 1, keep 0'],
    [['0 a .2', '1 a .3'], ['a', 'a m0'], 'keep 1, keep 0'],
    [['0 a .2', '1 a .3'], ['a m1'], 'keep 1; - 0'],
    // What changed goes, and another comes.
    [['0 a .2'], ['b'], '- 0; + b'],
    [['0 a .2'], ['a .9'], '- 0; + a .9'],
    [['0 a .2'], ['a m9'], '- 0; + a m9'],
    [['0 a .2'], ['a .9 m0'], '- 0; + a .9 m0'],
    [['0 a .2'], ['b .2'], '- 0; + b .2'],
    [['0 a .2', '1 a .3'], ['a .9', 'a'], 'keep 1; - 0; + a .9'],
    [['0 a .2'], [], '- 0'],
    [[], ['a', 'a'], '+ a, + a'],
  ])('%j with %j: %s', (existing, wanted, plan) => {
    const { kept, gone, fresh } = planNics(existing.map(nic), wanted.map(spec));
    const words = [
      kept.map((each) => `keep ${each.nic.index}`),
      gone.map(({ index }) => `- ${index}`),
      fresh.map((each) => `+ ${wanted.find((text) => JSON.stringify(spec(text)) === JSON.stringify(each))}`),
    ];
    expect(
      words
        .filter((part) => part.length > 0)
        .map((part) => part.join(', '))
        .join('; '),
    ).toBe(plan);
  });

  test('what it planned and kept is what it finds again, in any order, and nothing is meant twice', () => {
    const specs = fc.array(
      fc.record(
        {
          network: fc.constantFrom('a', 'b'),
          address: fc.constantFrom('10.0.0.2', '10.0.0.3'),
          mac: fc.constantFrom(macOf('1'), macOf('2')),
        },
        { requiredKeys: ['network'] },
      ),
      { maxLength: 5 },
    );
    fc.assert(
      fc.property(specs, specs, (had, wanted) => {
        const existing = had
          .map(
            ({ network, address, mac }, index): Nic => ({
              index: index * 2,
              network,
              mac: mac ?? macOf(String(index + 4)),
              ...(address === undefined ? {} : { address }),
              tap: `tap-${index}`,
              antiSpoofing: true,
            }),
          )
          // On one network a MAC, and an address, is one NIC's.
          .filter((nic, at, all) => all.findIndex((other) => isTwin(nic, other)) === at);
        const { kept, gone, fresh } = planNics(existing, wanted);
        expect(kept.length + gone.length).toBe(existing.length);
        expect(kept.length + fresh.length).toBe(wanted.length);
        expect(new Set([...kept.map((each) => each.nic), ...gone]).size).toBe(existing.length);
        const nics = kept.map((each) => each.nic);
        const named = nics.map(({ network, mac, address }) => ({ network, mac, ...(address && { address }) }));
        expect(planNics(nics, [...named].reverse())).toMatchObject({ gone: [], fresh: [] });
      }),
    );
  });
});

test.each([
  [[], 0],
  [['0 a'], 1],
  [['1 a'], 0],
  [['0 a', '2 a'], 1],
])('after %j a NIC is number %d', (nics, index) => {
  expect(freeIndex(nics.map(nic))).toBe(index);
});
