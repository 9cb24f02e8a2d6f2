import { expect, test } from 'vitest';
import { decodeRouteMessage, openMonitor, type RouteEvent } from '../../src/index.ts';
import { NETLINK_ROUTE } from '../../src/uapi/netlink.ts';
import * as groups from '../../src/uapi/rtnetlink.ts';
import { testNamespace } from './namespace.ts';

/** What iproute2 does, and which event of ours tells it. */
const steps: readonly (readonly [command: string, ...events: object[]])[] = [
  ['ip link add va type veth peer name pa', { event: 'new', kind: 'link', link: { name: 'va' } }],
  ['ip link set va up; ip link set pa up', { event: 'new', kind: 'link', link: { name: 'va', flags: { up: true } } }],
  [
    'ip addr add 2001:db8::1/64 dev va nodad',
    { event: 'new', kind: 'address', address: { address: '2001:db8::1', family: 10 } },
    { event: 'new', kind: 'route', route: { destination: '2001:db8::/64', family: 10 } },
  ],
  ['ip addr add 10.0.0.1/24 dev va', { event: 'new', kind: 'address', address: { address: '10.0.0.1' } }],
  [
    'ip route add 10.9.0.0/16 nexthop via 10.0.0.2 weight 2 nexthop via 10.0.0.3',
    {
      event: 'new',
      kind: 'route',
      route: { destination: '10.9.0.0/16', multipath: [{ via: '10.0.0.2', weight: 2 }, { via: '10.0.0.3' }] },
    },
  ],
  [
    'ip -6 rule add from 2001:db8::/32 lookup 7',
    { event: 'new', kind: 'rule', rule: { family: 10, from: '2001:db8::/32' } },
  ],
  ['ip nexthop add id 1 via 10.0.0.4 dev va', { event: 'new', kind: 'nexthop', nexthop: { id: 1, via: '10.0.0.4' } }],
  [
    'ip nexthop add id 2 group 1 type resilient buckets 2',
    { event: 'new', kind: 'nexthop', nexthop: { id: 2, group: [{ id: 1, weight: 1 }], groupType: 'resilient' } },
  ],
  ['ip nexthop del id 1', { event: 'delete', kind: 'nexthop', nexthop: { id: 1 } }],
  [
    'ip neigh add 10.0.0.9 lladdr 02:00:00:00:00:09 dev va',
    { event: 'new', kind: 'neighbour', neighbour: { address: '10.0.0.9' } },
  ],
  ['ip neigh del 10.0.0.9 dev va', { event: 'delete', kind: 'neighbour', neighbour: { address: '10.0.0.9' } }],
  ['tc qdisc add dev va root handle 1: htb', { event: 'new', kind: 'qdisc', qdisc: { kind: 'htb', handle: 0x1_0000 } }],
  [
    'tc class add dev va parent 1: classid 1:1 htb rate 8mbit',
    { event: 'new', kind: 'class', class: { handle: 0x1_0001, options: { rate: 1_000_000 } } },
  ],
  [
    'tc filter add dev va parent 1: protocol ip prio 3 u32 match ip dst 10.0.0.9 classid 1:1',
    { event: 'new', kind: 'filter', filter: { kind: 'u32', priority: 3, protocol: 0x800 } },
  ],
  ['tc filter del dev va parent 1: protocol ip prio 3', { event: 'delete', kind: 'filter', filter: { priority: 3 } }],
  ['tc class del dev va classid 1:1', { event: 'delete', kind: 'class', class: { handle: 0x1_0001 } }],
  ['tc qdisc del dev va root', { event: 'delete', kind: 'qdisc', qdisc: { kind: 'htb' } }],
  ['ip link add name br0 up type bridge mcast_igmp_version 3'],
  ['ip link set va master br0', { event: 'new', kind: 'link', link: { family: 7, name: 'va' } }],
  [
    'bridge mdb add dev br0 port va grp 239.1.1.1 permanent',
    { event: 'new', kind: 'mdb', mdb: { entries: [{ group: '239.1.1.1', state: 'permanent' }] } },
  ],
  [
    'bridge mdb del dev br0 port va grp 239.1.1.1 permanent',
    { event: 'delete', kind: 'mdb', mdb: { entries: [{ group: '239.1.1.1' }] } },
  ],
  [
    'bridge fdb add 02:00:00:00:00:77 dev va master static',
    { event: 'new', kind: 'fdb', fdb: { mac: '02:00:00:00:00:77', where: 'master', state: 'static' } },
  ],
  [
    'echo 1 > /proc/sys/net/ipv6/conf/va/forwarding',
    { event: 'new', kind: 'netconf', netconf: { family: 10, forwarding: 1 } },
  ],
  ['ip link del br0', { event: 'delete', kind: 'link', link: { name: 'br0' } }],
  ['ip link del va', { event: 'delete', kind: 'link', link: { name: 'va', family: 0 } }],
];

test('every group is told as typed events', async () => {
  await using ns = await testNamespace('events');
  const all = Object.entries(groups)
    .filter(([name]) => name.startsWith('RTNLGRP_'))
    .map(([, number]) => number as number)
    // Groups above what this kernel has are refused as a whole.
    .filter((group) => group <= groups.RTNLGRP_STATS);
  await using monitor = await openMonitor({ protocol: NETLINK_ROUTE, netns: ns.path, groups: all });
  for (const [command] of steps) ns.run('sh', '-c', command);
  const events: RouteEvent[] = [];
  for await (const item of monitor) {
    if (item.type === 'overrun') throw new Error('overrun');
    const event = decodeRouteMessage(item.message);
    if (event !== undefined) events.push(event);
    if (event?.event === 'delete' && event.kind === 'link' && event.link.name === 'va' && event.link.family === 0)
      break;
  }
  for (const [command, ...wanted] of steps) {
    for (const event of wanted) expect(events, command).toContainEqual(partly(event));
  }
});

/** The same, with members that are not named left open at every depth. */
function partly(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(partly);
  if (typeof value !== 'object' || value === null) return value;
  return expect.objectContaining(
    Object.fromEntries(Object.entries(value).map(([key, member]) => [key, partly(member)])),
  );
}
