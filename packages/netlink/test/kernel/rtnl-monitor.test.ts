import { expect, test } from 'vitest';
import { decodeRouteMessage, openMonitor, type RouteEvent } from '../../src/index.ts';
import { NETLINK_ROUTE } from '../../src/uapi/netlink.ts';
import * as groups from '../../src/uapi/rtnetlink.ts';
import { testNamespace } from './namespace.ts';

test('what ip(8) and bridge(8) do is told as typed events', async () => {
  await using ns = await testNamespace('monitor');
  await using monitor = await openMonitor({
    protocol: NETLINK_ROUTE,
    netns: ns.path,
    groups: [
      groups.RTNLGRP_LINK,
      groups.RTNLGRP_NEIGH,
      groups.RTNLGRP_IPV4_IFADDR,
      groups.RTNLGRP_IPV4_ROUTE,
      groups.RTNLGRP_IPV4_RULE,
      groups.RTNLGRP_IPV4_NETCONF,
    ],
  });
  const commands = [
    'ip link add br0 type bridge',
    'ip link add vx0 type vxlan id 1 dstport 4789 local 192.0.2.1',
    'ip link set vx0 master br0',
    'ip link set br0 up',
    'ip addr add 10.0.0.1/24 dev br0',
    'ip route add 10.9.0.0/16 via 10.0.0.2 table 300',
    'ip rule add from 10.0.0.0/24 lookup 300 priority 9',
    'ip neigh add 10.0.0.5 lladdr 02:00:00:00:00:05 dev br0 nud permanent',
    'bridge fdb append 00:00:00:00:00:00 dev vx0 dst 192.0.2.2',
    'sysctl -qw net.ipv4.conf.br0.forwarding=1',
    // Said by hand: IPv4 routes that fall with an address are not notified.
    'ip route del 10.9.0.0/16 table 300',
    'ip addr del 10.0.0.1/24 dev br0',
    'ip rule del priority 9',
    'ip link del vx0',
  ];
  for (const command of commands) ns.run('sh', '-c', command);
  const events: RouteEvent[] = [];
  for await (const item of monitor) {
    if (item.type === 'overrun') throw new Error('overrun');
    const event = decodeRouteMessage(item.message);
    if (event !== undefined) events.push(event);
    if (event?.event === 'delete' && event.kind === 'link' && event.link.name === 'vx0' && event.link.family === 0)
      break;
  }
  const expected: Record<string, unknown>[] = [
    { event: 'new', kind: 'link', link: { name: 'br0', kind: 'bridge' } },
    { event: 'new', kind: 'link', link: { name: 'vx0', kind: 'vxlan', slaveKind: 'bridge', port: { learning: true } } },
    { event: 'new', kind: 'link', link: { family: 7, name: 'vx0', port: { learning: true } } },
    { event: 'new', kind: 'address', address: { address: '10.0.0.1', prefix: 24 } },
    { event: 'new', kind: 'route', route: { destination: '10.9.0.0/16', via: '10.0.0.2', table: 300 } },
    { event: 'new', kind: 'rule', rule: { from: '10.0.0.0/24', table: 300, priority: 9 } },
    { event: 'new', kind: 'neighbour', neighbour: { address: '10.0.0.5', mac: '02:00:00:00:00:05' } },
    { event: 'new', kind: 'fdb', fdb: { where: 'self', destination: '192.0.2.2', mac: '00:00:00:00:00:00' } },
    { event: 'new', kind: 'netconf', netconf: { forwarding: 1 } },
    { event: 'delete', kind: 'address', address: { address: '10.0.0.1' } },
    { event: 'delete', kind: 'route', route: { destination: '10.9.0.0/16', table: 300 } },
    { event: 'delete', kind: 'rule', rule: { priority: 9 } },
    { event: 'delete', kind: 'link', link: { name: 'vx0' } },
  ];
  const missing = expected.filter((wanted) => !events.some((event) => agrees(event, wanted)));
  expect(missing).toEqual([]);
});

function agrees(event: unknown, wanted: unknown): boolean {
  if (typeof wanted !== 'object' || wanted === null) return event === wanted;
  if (typeof event !== 'object' || event === null) return false;
  return Object.entries(wanted).every(([key, value]) => agrees((event as Record<string, unknown>)[key], value));
}
