import { afterAll, beforeAll, describe } from 'vitest';
import { type Connection, type FdbEntry, fdb, type Mdb, mdb, NETLINK_ROUTE, openConnection } from '../../src/index.ts';
import { bothWays, type Links } from '../kernel/both-ways.ts';
import { type TestNamespace, testNamespace } from '../kernel/namespace.ts';

// Entries of VLANs of a bridge, which a kernel without VLAN filtering has none of.
let ns: TestNamespace;
let connection: Connection;
let links: Links;

beforeAll(async () => {
  ns = await testNamespace('vlanfdb');
  connection = await openConnection({ protocol: NETLINK_ROUTE, netns: ns.path });
  for (const command of [
    'echo 1 > /proc/sys/net/ipv6/conf/default/disable_ipv6',
    'ip link add name br up type bridge vlan_filtering 1 mcast_igmp_version 3',
    'ip link add name va up type veth peer name pa',
    'ip link set pa up',
    'ip link set va master br',
    'bridge vlan add dev va vid 5',
  ])
    ns.run('sh', '-c', command);
  const index = (name: string): number => Number(ns.run('cat', `/sys/class/net/${name}/ifindex`));
  links = { br: index('br'), va: index('va') };
});
afterAll(async () => {
  await connection[Symbol.asyncDispose]();
  await ns[Symbol.asyncDispose]();
});

const MAC = '52:54:00:00:00:42';

describe('entries of a VLAN made by us and by bridge(8) are the same', () => {
  bothWays(
    () => ({ ns, connection, links }),
    [
      {
        title: 'a forwarding entry',
        ours: ({ va = 0 }) => [fdb.create({ where: 'master', index: va, mac: MAC, vlan: 5, flags: { sticky: true } })],
        theirs: [`bridge fdb add ${MAC} dev va master static sticky vlan 5`],
        undo: ({ va = 0 }) => [fdb.flush({ where: 'master', index: va, vlan: 5, state: 'static' })],
        shown: 'bridge -j -d fdb show dev va',
        list: ({ va = 0 }) => fdb.list({ index: va }),
        about: ({ mac }: FdbEntry) => mac === MAC,
        expected: ({ br = 0 }) => [{ vlan: 5, master: br, state: 'static', flags: { sticky: true } }],
      },
      {
        title: 'a multicast group',
        ours: ({ br = 0, va = 0 }) => [mdb.create({ index: br, port: va, group: '239.1.1.1', vlan: 5 })],
        theirs: ['bridge mdb add dev br port va grp 239.1.1.1 permanent vid 5'],
        undo: ['bridge mdb del dev br port va grp 239.1.1.1 permanent vid 5'],
        shown: 'bridge -j -d mdb show dev br',
        list: ({ br = 0 }) => mdb.list({ index: br }),
        about: ({ entries }: Mdb) => entries.length > 0,
        expected: ({ va = 0 }) => [{ entries: [{ group: '239.1.1.1', vlan: 5, port: va, state: 'permanent' }] }],
      },
    ],
  );
});
