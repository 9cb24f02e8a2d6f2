import type { Row } from '../../support/row.ts';
import type { Workplace } from '../../support/workplace.ts';
import {
  bridge,
  cRival,
  goRival,
  ip,
  ours,
  type Place,
  pythonRival,
  pythonSource,
  selfTimedContestant,
  wholeContestant,
  worker,
} from '../rivals.ts';

const SELF = 'self-timed: encoding of values in memory, requests, acknowledgements; not the start of the process';

export const VXLAN = ['link add vx type vxlan id 1 dstport 4789 nolearning', 'link set vx up'];

const byte = (value: number): string => (value & 255).toString(16).padStart(2, '0');

function fdbLines(count: number): string {
  return Array.from(
    { length: count },
    (_, i) =>
      `fdb add 02:00:00:${byte(i >> 16)}:${byte(i >> 8)}:${byte(i)} dev vx dst 10.0.${i % 200}.${1 + (i % 250)} self permanent\n`,
  ).join('');
}

export async function fdbInsert(workplace: Workplace, scale: number): Promise<Row> {
  const count = Math.ceil(100_000 * scale);
  const place: Place = { workplace, label: 'fdb', prepare: VXLAN };
  const [go, c, python, bridgeTool] = await Promise.all([goRival(), cRival('fdb'), pythonRival(), bridge()]);
  const input = fdbLines(count);
  const self = (name: string, found: typeof go, args: readonly string[], target?: { must: number; aim: number }) =>
    selfTimedContestant(place, { name, found, args, timed: SELF, ...(target === undefined ? {} : { target }) });
  const each = ['vx', String(count)];
  return {
    name: 'fdb-insert',
    title: `${count} forwarding entries into a vxlan device`,
    unit: 'ms',
    compare: 'times',
    contestants: [
      self('@kcore/netlink', ours, [worker, 'fdb-add', ...each]),
      wholeContestant(place, {
        name: 'bridge -batch',
        found: bridgeTool,
        args: ['-batch', '-'],
        input,
        target: { must: 2, aim: 3 },
      }),
      self('Go, vishvananda/netlink', go, ['fdb-add', ...each], { must: 2, aim: 2.5 }),
      self('Python, pyroute2 IPBatch', python, [pythonSource, 'fdb-batch', ...each], { must: 15, aim: 20 }),
      self('Python, pyroute2 fdb()', python, [pythonSource, 'fdb-add', ...each], { must: 15, aim: 20 }),
      self('C, 16 KiB a sendmsg', c, [...each, '16384'], { must: 0.65, aim: 0.85 }),
      self('C, 8 KiB a sendmsg', c, [...each, '8192'], { must: 0.65, aim: 0.85 }),
    ],
  };
}

export async function routeInsert(workplace: Workplace, scale: number): Promise<Row> {
  const count = Math.ceil(20_000 * scale);
  const prepare = ['link add r0 type veth peer name r1', 'link set r0 up', 'link set r1 up'];
  const place: Place = { workplace, label: 'route', prepare };
  const [go, ipTool] = await Promise.all([goRival(), ip()]);
  const input = Array.from(
    { length: count },
    (_, i) => `route add 10.${(i >> 16) & 255}.${(i >> 8) & 255}.${i & 255}/32 dev r0 scope link\n`,
  ).join('');
  const each = ['r0', String(count)];
  return {
    name: 'route-insert',
    title: `${count} routes`,
    unit: 'ms',
    compare: 'times',
    contestants: [
      selfTimedContestant(place, {
        name: '@kcore/netlink',
        found: ours,
        args: [worker, 'route-add', ...each],
        timed: SELF,
      }),
      wholeContestant(place, { name: 'ip -batch', found: ipTool, args: ['-batch', '-'], input }),
      selfTimedContestant(place, {
        name: 'Go, vishvananda/netlink',
        found: go,
        args: ['route-add', ...each],
        timed: SELF,
      }),
    ],
  };
}
