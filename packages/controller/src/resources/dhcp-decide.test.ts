import type { DhcpSpec } from '@kcore/contract';
import { describe, expect, test } from 'vitest';
import { decideNetwork } from './network-decide.ts';

const nat = { type: 'nat', gatewayIp: '10.100.0.1', internalNetmask: '255.255.255.0' };

function decide(dhcp: DhcpSpec, over: object = {}): DhcpSpec {
  return decideNetwork('web', { ...nat, ...over, dhcp }).dhcp;
}

describe('R-04: DHCP settings of a network', () => {
  test('are kept as they were written', () => {
    const dhcp: DhcpSpec = {
      search: ['kcore.internal', 'example.org'],
      ntp: ['10.100.0.9'],
      routes: [{ destination: '10.9.0.0/16', via: '10.100.0.2' }],
      rapidCommit: true,
      boot: { bios: 'pxelinux.0' },
      options: [
        { code: 252, text: 'http://w/wpad.dat' },
        { code: 23, u8: 64 },
      ],
    };
    expect(decide(dhcp)).toEqual(dhcp);
  });

  test.each<[string, DhcpSpec, string, object?]>([
    [
      'a next hop that guests cannot reach',
      { routes: [{ destination: '10.9.0.0/16', via: '10.9.0.1' }] },
      "10.9.0.1 is not in the network's subnet",
    ],
    ['a domain', { search: ['a.example', 'b..c'] }, "dhcp.search 'b..c' is not a domain name"],
    ['a label of 64 characters', { domain: 'a'.repeat(64) }, 'is not a domain name'],
    [
      'an option of the protocol',
      { options: [{ code: 51, u32: 60 }] },
      'dhcp option 51 cannot be set: use leaseSeconds',
    ],
    [
      'an option twice',
      {
        options: [
          { code: 43, hex: '01' },
          { code: 43, u8: 1 },
        ],
      },
      'dhcp option 43 is given twice',
    ],
    [
      'options longer than a reply',
      { options: [43, 125].map((code) => ({ code, hex: 'ab'.repeat(250) })) },
      'dhcp.options are 504 bytes together; replies have room for 400',
    ],
    [
      'a reserved host name',
      { reservations: [{ mac: '02:00:00:00:00:01', address: '10.100.0.9', hostname: 'a b' }] },
      "'a b' is not a host name",
    ],
    [
      'a range without end',
      { rangeStart: '10.0.0.2', rangeEnd: '10.9.0.0' },
      'has more than 262144 addresses',
      { gatewayIp: '10.0.0.1', internalNetmask: '255.0.0.0' },
    ],
  ])('%s is refused', (_, dhcp, message, over = {}) => {
    expect(() => decide(dhcp, over)).toThrow(message);
  });

  test('an error names the field', () => {
    expect(() =>
      decide({
        options: [
          { code: 1, u8: 1 },
          { code: 82, hex: '00' },
        ],
      }),
    ).toThrow(expect.objectContaining({ details: { field: 'spec.dhcp.options.1' } }));
  });
});
