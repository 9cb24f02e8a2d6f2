import { afterAll, beforeAll, expect, test } from 'vitest';
import type { Connection } from '../../src/connection/connection.ts';
import { openConnection } from '../../src/connection/open.ts';
import { bridge } from '../../src/rtnl/link/bridge.ts';
import { NETLINK_ROUTE } from '../../src/uapi/netlink.ts';
import { bridgeRow, bridgeVlanRow } from '../bridge-rows.ts';
import { checkRow, ip, type LinkRow } from '../link-rows.ts';
import { type TestNamespace, testNamespace } from './namespace.ts';

/** Index of the link that others are made on. */
const LOWER = 100;

const rows: readonly LinkRow[] = [
  bridgeRow,
  {
    kind: 'vxlan',
    title: 'a point to many points, with everything switched the other way',
    words:
      'id 16777215 local 192.0.2.1 dstport 4790 srcport 32768 61000 ttl 9 tos 0x10 df set nolearning proxy rsc ' +
      'l2miss l3miss ageing 77 maxaddress 99 noudpcsum udp6zerocsumtx udp6zerocsumrx remcsumtx remcsumrx gbp',
    data: {
      vni: 0xff_ffff,
      local: '192.0.2.1',
      port: 4790,
      portRange: { low: 32_768, high: 61_000 },
      ttl: 9,
      tos: 16,
      dontFragment: 1,
      learning: false,
      proxy: true,
      routeShortCircuit: true,
      l2Miss: true,
      l3Miss: true,
      ageing: 77,
      limit: 99,
      udpChecksum: false,
      udpZeroChecksum6Tx: true,
      udpZeroChecksum6Rx: true,
      remoteChecksumTx: true,
      remoteChecksumRx: true,
      groupPolicy: true,
    },
    seen: {
      id: 0xff_ffff,
      local: '192.0.2.1',
      port: 4790,
      port_range: { low: 32_768, high: 61_000 },
      ttl: 9,
      tos: '0x10',
      df: 'set',
      learning: false,
      proxy: true,
      rsc: true,
      l2miss: true,
      l3miss: true,
      ageing: 77,
      limit: 99,
      udp_csum: false,
      udp_zero_csum6_tx: true,
      udp_zero_csum6_rx: true,
      remcsum_tx: true,
      remcsum_rx: true,
      gbp: true,
    },
  },
  {
    kind: 'vxlan',
    title: 'over IPv6, by a multicast group',
    words: 'id 5 group ff05::5 dev lower local 2001:db8::1 dstport 4789 ttl inherit flowlabel 0x12345 df inherit',
    data: {
      vni: 5,
      group6: 'ff05::5',
      local6: '2001:db8::1',
      link: LOWER,
      port: 4789,
      ttlInherit: true,
      label: 0x1_2345,
      dontFragment: 2,
    },
    seen: {
      id: 5,
      group6: 'ff05::5',
      local6: '2001:db8::1',
      link: 'lower',
      label: '0x12345',
      df: 'inherit',
    },
  },
  {
    kind: 'vxlan',
    title: 'of many VNIs, in the generic format',
    words: 'external vnifilter dstport 4791 gpe',
    data: { collectMetadata: true, vniFilter: true, port: 4791, genericProtocol: true, learning: false },
    seen: { external: true, vnifilter: true, port: 4791, gpe: true },
  },
  {
    kind: 'macvlan',
    title: 'with a list of sources',
    parent: 'lower',
    words: 'mode source bcqueuelen 777',
    data: { mode: 'source', broadcastQueueLength: 777 },
    told: { macAddressCount: 0, broadcastQueueLengthUsed: 777 },
    seen: { mode: 'source', bcqueuelen: 777 },
  },
  {
    kind: 'macvtap',
    parent: 'lower',
    words: 'mode passthru nopromisc',
    data: { mode: 'passthru', flags: { noPromisc: true } },
    seen: { mode: 'passthru', nopromisc: true },
  },
  { kind: 'ifb', words: '', data: {}, seen: {} },
];

let ns: TestNamespace;
let connection: Connection;

beforeAll(async () => {
  ns = await testNamespace('kinds');
  connection = await openConnection({ protocol: NETLINK_ROUTE, netns: ns.path });
  ip(ns.name, 'link', 'add', 'lower', 'index', String(LOWER), 'type', 'veth', 'peer', 'name', 'lower-peer');
});
afterAll(async () => {
  await connection[Symbol.asyncDispose]();
  await ns[Symbol.asyncDispose]();
});

test.each(rows.map((row) => [row.kind, row.title ?? 'with all its options', row] as const))(
  'kind %s: %s: ip(8) reads what we write, we read what it writes',
  async (_kind, _title, row) => {
    await checkRow(connection, ns.name, row);
  },
);

test('the rows name every option of a bridge that can be set', async () => {
  const told = new Set([
    ...['rootId', 'bridgeId', 'rootPort', 'rootPathCost', 'topologyChange', 'topologyChangeDetected', 'helloTimer'],
    ...['topologyChangeNotificationTimer', 'topologyChangeTimer', 'collectionTimer', 'multicastQuerierState'],
  ]);
  // Without effect since Linux 5.1; an order; not in this iproute2.
  const other = new Set(['multicastHashElasticity', 'flushFdb', 'fdbLearned', 'fdbMaxLearned']);
  const named = new Set([bridgeRow, bridgeVlanRow].flatMap(({ data }) => Object.keys(data)));
  expect(Object.keys(bridge.shape).filter((name) => !told.has(name) && !other.has(name) && !named.has(name))).toEqual(
    [],
  );
});
