import type { Row } from '../../support/row.ts';
import type { Workplace } from '../../support/workplace.ts';
import { goRival, ip, ours, type Place, selfTimedContestant, wholeContestant, worker } from '../rivals.ts';

const GROUP = 4711;
const SELF = 'self-timed: requests and acknowledgements; not the start of the process';

const each = (count: number, line: (i: number) => string): readonly string[] =>
  Array.from({ length: count }, (_, i) => line(i));

const creation = (count: number): readonly string[] =>
  each(count, (i) => `link add va${i} group ${GROUP} type veth peer name vb${i} group ${GROUP}`);

export async function vethCreate(workplace: Workplace, scale: number): Promise<Row> {
  const count = Math.ceil(1000 * scale);
  const [go, ipTool] = await Promise.all([goRival(), ip()]);
  const place: Place = { workplace, label: 'veth', prepare: [] };
  const input = `${creation(count).join('\n')}\n`;
  return {
    name: 'veth-create',
    title: `${count} veth pairs created`,
    unit: 'ms',
    compare: 'times',
    contestants: [
      selfTimedContestant(place, {
        name: '@kcore/netlink',
        found: ours,
        args: [worker, 'veth-add', String(count)],
        timed: SELF,
      }),
      wholeContestant(place, { name: 'ip -batch', found: ipTool, args: ['-batch', '-'], input }),
      selfTimedContestant(place, {
        name: 'Go, vishvananda/netlink',
        found: go,
        args: ['veth-add', String(count)],
        timed: SELF,
      }),
    ],
  };
}

export async function vethDelete(workplace: Workplace, scale: number): Promise<Row> {
  const count = Math.ceil(1000 * scale);
  const [go, ipTool] = await Promise.all([goRival(), ip()]);
  const place: Place = { workplace, label: 'veth', prepare: creation(count) };
  const input = each(count, (i) => `link delete va${i}\n`).join('');
  return {
    name: 'veth-delete',
    title: `${count} veth pairs deleted`,
    unit: 'ms',
    compare: 'times',
    contestants: [
      selfTimedContestant(place, {
        name: '@kcore/netlink, links.deleteGroup',
        found: ours,
        args: [worker, 'veth-delete'],
        timed: `${SELF}; the look into the group, and the move of its members to one of their own, are part of it`,
      }),
      wholeContestant(place, {
        name: 'ip -batch',
        found: ipTool,
        args: ['-batch', '-'],
        input,
        target: { must: 30, aim: 70 },
      }),
      selfTimedContestant(place, {
        name: 'Go, vishvananda/netlink',
        found: go,
        args: ['veth-delete', String(count)],
        timed: SELF,
      }),
      // The same last request to the kernel, without a look into the group.
      selfTimedContestant(place, {
        name: '@kcore/netlink, links.deleteGroupBlindly',
        found: ours,
        args: [worker, 'veth-delete-blindly'],
        timed: SELF,
      }),
      wholeContestant(place, {
        name: 'ip link delete group',
        found: ipTool,
        args: ['link', 'delete', 'group', String(GROUP)],
        input: '',
      }),
    ],
  };
}
