import { describe, expect, test } from 'vitest';
import { decode, encode } from '../codec/codec.ts';
import { AF_INET, AF_INET6 } from '../uapi/socket.ts';
import { type ConntrackEntry, entryAttributes } from './entry.ts';
import { type ConntrackFilter, kernelFilter, matchesFilter } from './filter.ts';

const UDP = 17;
const entry: ConntrackEntry = {
  family: AF_INET,
  original: {
    ip: { source: '192.0.2.1', destination: '192.0.2.2' },
    protocol: { number: UDP, sourcePort: 1000, destinationPort: 53 },
  },
  status: { assured: true, confirmed: true },
  mark: 0x8000_0012,
  zone: 7,
};
const v6: ConntrackEntry = {
  family: AF_INET6,
  original: { ip: { source6: '2001:db8::1', destination6: '2001:db8::2' }, protocol: { number: UDP } },
};

// A kernel that knows none of the filters sends everything: each is applied here.
describe('what the kernel sent is looked at again', () => {
  test.each<[ConntrackFilter, boolean]>([
    [{}, true],
    [{ family: AF_INET6 }, false],
    [{ protocol: UDP }, true],
    [{ protocol: 6 }, false],
    [{ source: '192.0.2.1', destination: '192.0.2.2' }, true],
    [{ source: '192.0.2.2' }, false],
    [{ destination: '192.0.2.1' }, false],
    [{ sourcePort: 1000, destinationPort: 53 }, true],
    [{ sourcePort: 53 }, false],
    [{ destinationPort: 1000 }, false],
    [{ zone: 7 }, true],
    [{ zone: 0 }, false],
    [{ mark: { value: 0x8000_0012 } }, true],
    [{ mark: { value: 0x12 } }, false],
    [{ mark: { value: 2, mask: 3 } }, true],
    [{ mark: { value: 1, mask: 3 } }, false],
    [{ status: { assured: true, dying: false } }, true],
    [{ status: { assured: false } }, false],
    [{ status: { dying: true } }, false],
  ])('%j: %s', (filter, expected) => {
    expect(matchesFilter(entry, filter)).toBe(expected);
  });

  test('addresses of IPv6 in any spelling; an entry without a zone is in zone 0, one without a mark has 0', () => {
    expect(matchesFilter(v6, { source: '2001:DB8:0::1' })).toBe(true);
    expect(matchesFilter(v6, { source: '2001:db8::2' })).toBe(false);
    expect(matchesFilter(v6, { zone: 0, mark: { value: 0 }, status: { assured: false } })).toBe(true);
  });
});

describe('what is given to the kernel', () => {
  test.each<[string, ConntrackFilter, object]>([
    ['nothing', {}, {}],
    [
      'addresses and ports, with the bits that say so',
      { source: '192.0.2.1', protocol: UDP, destinationPort: 53 },
      {
        original: { ip: { source: '192.0.2.1' }, protocol: { number: UDP, destinationPort: 53 } },
        filter: { original: 0x29, reply: 0 },
      },
    ],
    ['no port without its protocol', { family: AF_INET, sourcePort: 5 }, {}],
    ['no tuple of no family', { protocol: UDP }, {}],
    ['no address of IPv6', { source: '2001:db8::1' }, {}],
    ['a mark, all of it unless a mask says less', { mark: { value: 5 } }, { mark: 5, markMask: 0xffff_ffff }],
    [
      'a status, set bits and unset ones',
      { status: { assured: true, dying: false } },
      { status: { assured: true }, statusMask: { assured: true, dying: true } },
    ],
  ])('%s', (_, filter, expected) => {
    expect(kernelFilter(filter)).toEqual(expected);
    expect(decode(entryAttributes, encode(entryAttributes, kernelFilter(filter)))).toEqual(expected);
  });
});
