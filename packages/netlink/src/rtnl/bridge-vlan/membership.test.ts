import { expect, test } from 'vitest';
import { bridgeVlans } from './membership.ts';

test('VLANs and VNIs that do not fit are refused before they are sent', () => {
  const tunnels = (tunnelId: number, last = 10) => [{ first: 10, last, tunnelId }];
  expect(() => bridgeVlans.add({ index: 5, tunnels: tunnels(0xff_ffff) })).not.toThrow();
  // The last VLAN's would have 25 bits, of which a packet carries the lower ones.
  expect(() => bridgeVlans.add({ index: 5, tunnels: tunnels(0xff_ffff, 11) })).toThrow('tunnels.tunnelId');
  expect(() => bridgeVlans.add({ index: 5, tunnels: tunnels(-1) })).toThrow('tunnels.tunnelId');
  expect(() => bridgeVlans.add({ index: 5, tunnels: tunnels(1.5) })).toThrow('tunnels.tunnelId');
  expect(() => bridgeVlans.add({ index: 5, vlans: [{ first: 4095 }] })).toThrow('first: 4095');
  expect(() => bridgeVlans.add({ index: 5, vlans: [{ first: 9, last: 4096 }] })).toThrow('last: 9 to 4096');
});
