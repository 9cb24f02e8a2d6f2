import { expect, it } from 'vitest';
import type { Operation } from '../model/operation.ts';
import { relevantNotifications } from './drift.ts';

const vxlan = 'vxlan14416';
const createLink: Operation = {
  op: 'create',
  reason: 'missing',
  want: {
    kind: 'link',
    type: 'vxlan',
    name: vxlan,
    owned: true,
    vni: 14416,
    local: '192.168.40.101',
    destinationPort: 4789,
    learning: false,
  },
};
const createEntry: Operation = {
  op: 'create',
  reason: 'missing',
  want: { kind: 'fdb', table: 'vxlan', link: vxlan, mac: '00:00:00:00:00:00', destination: '192.168.40.103' },
};
const burst = [
  `fdb vxlan ${vxlan} 00:00:00:00:00:00 192.168.40.102 deleted`,
  `fdb vxlan ${vxlan} 00:00:00:00:00:00 192.168.40.103 deleted`,
  'address kbr-other 10.0.0.1/24 deleted',
  `link ${vxlan} deleted`,
];

it('R-51: names what befell the object itself first, then its link, and nothing of others', () => {
  expect(relevantNotifications(createLink, burst)).toEqual([burst[3], burst[0], burst[1]]);
  expect(relevantNotifications(createEntry, burst)).toEqual([burst[1], burst[3], burst[0]]);
});

it('names what there was when nothing names the object', () => {
  expect(relevantNotifications(createLink, [burst[2] ?? ''])).toEqual([burst[2]]);
});
