import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { Writer } from '../src/codec/writer.ts';
import type { Request } from '../src/message/request.ts';
import { addresses } from '../src/rtnl/address.ts';
import { vlanDatabase } from '../src/rtnl/bridge-vlan/database.ts';
import { bridgeVlans } from '../src/rtnl/bridge-vlan/membership.ts';
import { fdb } from '../src/rtnl/fdb.ts';
import { mdb } from '../src/rtnl/mdb.ts';
import { neighbours } from '../src/rtnl/neighbour.ts';
import { nexthops } from '../src/rtnl/nexthop.ts';
import { routes } from '../src/rtnl/route.ts';
import { rules } from '../src/rtnl/rule.ts';
import { classes } from '../src/rtnl/tc/class.ts';
import { filters } from '../src/rtnl/tc/filter.ts';
import { tcHandle } from '../src/rtnl/tc/handle.ts';
import { qdiscs } from '../src/rtnl/tc/qdisc.ts';
import { u32Match } from '../src/rtnl/tc/u32-match.ts';
import { bytesOf, expectBytes } from '../src/testing/hexdump.ts';
import { NLM_F_ACK, NLM_F_ECHO, NLM_F_REQUEST } from '../src/uapi/netlink.ts';

/** What iproute2 6.1 sends, captured by golden-capture.mjs, and the request of ours that means the same. */
const VA = 10;
const VB = 11;
const BR = 12;
const VX = 13;
const ip = { index: VA, parent: tcHandle(1) } as const;

const ours: Readonly<Record<string, Request<unknown>>> = {
  'ip addr add 10.1.0.1/24 brd + label va:x dev va': addresses.create({
    index: VA,
    address: '10.1.0.1',
    prefix: 24,
    broadcast: '10.1.0.255',
    label: 'va:x',
  }),
  'ip addr add 10.1.0.2 peer 10.1.0.3/32 dev va': addresses.create({
    index: VA,
    address: '10.1.0.2',
    prefix: 32,
    peer: '10.1.0.3',
  }),
  'ip addr add 2001:db8:1::1/64 dev va nodad noprefixroute': addresses.create({
    index: VA,
    address: '2001:db8:1::1',
    prefix: 64,
    flags: { noDad: true, noPrefixRoute: true },
  }),
  'ip addr del 10.1.0.1/24 dev va': addresses.delete({ index: VA, address: '10.1.0.1', prefix: 24 }),
  'ip route add 10.9.0.0/16 via 10.0.0.2 dev va metric 50 table 4711': routes.create({
    destination: '10.9.0.0/16',
    via: '10.0.0.2',
    outgoing: VA,
    metric: 50,
    table: 4711,
  }),
  'ip route add 10.9.0.0/16 table 4711 metric 60 nexthop via 10.0.0.2 dev va weight 3 nexthop via 10.0.0.3 dev va':
    routes.create({
      destination: '10.9.0.0/16',
      table: 4711,
      metric: 60,
      multipath: [
        { via: '10.0.0.2', outgoing: VA, weight: 3 },
        { via: '10.0.0.3', outgoing: VA },
      ],
    }),
  'ip route replace 10.9.0.0/16 dev va mtu 1400': routes.replace({
    destination: '10.9.0.0/16',
    outgoing: VA,
    metrics: { mtu: 1400 },
  }),
  'ip route append 10.9.1.0/24 nhid 1': routes.append({ destination: '10.9.1.0/24', nextHopId: 1 }),
  'ip route del 10.9.0.0/16 table 4711': routes.delete({ destination: '10.9.0.0/16', table: 4711 }),
  'ip route add unreachable 2001:db8:9::/48 metric 7': routes.create({
    destination: '2001:db8:9::/48',
    type: 'unreachable',
    metric: 7,
  }),
  'ip rule add from 10.0.0.0/24 fwmark 0x10/0xf0 lookup 4711 priority 500': rules.create({
    from: '10.0.0.0/24',
    mark: 0x10,
    markMask: 0xf0,
    table: 4711,
    priority: 500,
  }),
  'ip rule add iif va ipproto tcp dport 80-90 uidrange 1-2 lookup 100 priority 501': rules.create({
    incomingLink: 'va',
    ipProtocol: 6,
    destinationPorts: { first: 80, last: 90 },
    uids: { first: 1, last: 2 },
    table: 100,
    priority: 501,
  }),
  'ip rule del priority 501': rules.delete({ priority: 501 }),
  'ip neigh add 10.0.0.9 lladdr 02:00:00:00:00:09 dev va': neighbours.create({
    index: VA,
    address: '10.0.0.9',
    mac: '02:00:00:00:00:09',
  }),
  'ip neigh replace 10.0.0.9 lladdr 02:00:00:00:00:0a nud reachable router dev va': neighbours.replace({
    index: VA,
    address: '10.0.0.9',
    mac: '02:00:00:00:00:0a',
    state: { reachable: true },
    flags: { router: true },
  }),
  'ip neigh add proxy 10.0.0.77 dev va': neighbours.create({
    index: VA,
    address: '10.0.0.77',
    state: { permanent: true },
    flags: { proxy: true },
  }),
  'bridge fdb add 52:54:00:00:00:05 dev vx dst 192.0.2.2 vni 9 port 4790': fdb.create({
    where: 'self',
    index: VX,
    mac: '52:54:00:00:00:05',
    destination: '192.0.2.2',
    vni: 9,
    port: 4790,
  }),
  'bridge fdb append 00:00:00:00:00:00 dev vx dst 192.0.2.2': fdb.append({
    where: 'self',
    index: VX,
    mac: '00:00:00:00:00:00',
    destination: '192.0.2.2',
  }),
  'bridge fdb replace 52:54:00:00:00:06 dev br self permanent': fdb.replace({
    where: 'self',
    index: BR,
    mac: '52:54:00:00:00:06',
  }),
  'bridge fdb add 52:54:00:00:00:07 dev vx master static': fdb.create({
    where: 'master',
    index: VX,
    mac: '52:54:00:00:00:07',
  }),
  'bridge fdb del 52:54:00:00:00:05 dev vx dst 192.0.2.2': fdb.delete({
    where: 'self',
    index: VX,
    mac: '52:54:00:00:00:05',
    destination: '192.0.2.2',
  }),
  'bridge vlan add dev vx vid 10-20 untagged': bridgeVlans.add({
    index: VX,
    vlans: [{ first: 10, last: 20, untagged: true }],
  }),
  'bridge vlan del dev br vid 5 self': bridgeVlans.delete({ index: BR, where: 'self', vlans: [{ first: 5 }] }),
  'bridge vlan set dev vx vid 10 state blocking': vlanDatabase.setOptions({ index: VX, first: 10, state: 4 }),
  'bridge mdb add dev br port vx grp 239.1.1.1 permanent vid 5': mdb.create({
    index: BR,
    port: VX,
    group: '239.1.1.1',
    vlan: 5,
  }),
  'bridge mdb del dev br port vx grp ff0e::1 temp': mdb.delete({
    index: BR,
    port: VX,
    group: 'ff0e::1',
    state: 'temporary',
  }),
  'ip nexthop add id 7 via 10.0.0.6 dev va onlink': nexthops.create({
    id: 7,
    via: '10.0.0.6',
    outgoing: VA,
    flags: { onLink: true },
  }),
  'ip nexthop add id 8 group 1,3/2': nexthops.create({ id: 8, group: [{ id: 1, weight: 3 }, { id: 2 }] }),
  'ip nexthop add id 9 group 1/2 type resilient buckets 8 idle_timer 60': nexthops.create({
    id: 9,
    group: [{ id: 1 }, { id: 2 }],
    groupType: 'resilient',
    resilient: { buckets: 8, idleTimer: 6000 },
  }),
  'ip nexthop del id 8': nexthops.delete(8),
  'tc qdisc add dev va root handle 1: htb default 10': qdiscs.create({
    kind: 'htb',
    index: VA,
    handle: tcHandle(1),
    options: { defaultClass: 0x10 },
  }),
  'tc qdisc add dev va clsact': qdiscs.create({ kind: 'clsact', index: VA }),
  'tc filter add dev va parent 1: protocol ip prio 5 u32 match ip dst 10.0.0.1/32 classid 1:10': filters.create({
    ...ip,
    kind: 'u32',
    priority: 5,
    protocol: 0x800,
    options: { classId: tcHandle(1, 0x10), selector: { keys: u32Match.ipv4({ destination: '10.0.0.1/32' }) } },
  }),
  'tc filter add dev vb ingress protocol ip prio 6 u32 match u32 0 0 action police rate 1mbit burst 10k conform-exceed drop/pipe':
    filters.create({
      index: VB,
      parent: 'ingress',
      kind: 'u32',
      priority: 6,
      protocol: 0x800,
      options: {
        selector: { keys: u32Match.any() },
        actions: [{ kind: 'police', options: { rate: 125_000, burst: 10_240, exceed: 'drop', conform: 'pipe' } }],
      },
    }),
  'tc filter add dev vb ingress protocol ip prio 7 u32 match u32 0 0 action mirred egress redirect dev va':
    filters.create({
      index: VB,
      parent: 'ingress',
      kind: 'u32',
      priority: 7,
      protocol: 0x800,
      options: {
        selector: { keys: u32Match.any() },
        actions: [{ kind: 'mirred', options: { direction: 'egressRedirect', link: VA } }],
      },
    }),
  'tc filter add dev vb ingress prio 8 matchall action drop': filters.create({
    index: VB,
    parent: 'ingress',
    kind: 'matchall',
    priority: 8,
    options: { actions: [{ kind: 'gact', options: { verdict: 'drop' } }] },
  }),
  'tc qdisc replace dev vb root fq_codel limit 1000 target 5ms ecn': qdiscs.replace({
    kind: 'fq_codel',
    index: VB,
    options: { limit: 1000, ecn: 1, target: 5000 },
  }),
  'tc qdisc del dev va root': qdiscs.delete({ index: VA }),
  'tc class add dev va parent 1: classid 1:10 htb rate 10mbit ceil 20mbit': classes.create({
    ...ip,
    kind: 'htb',
    handle: tcHandle(1, 0x10),
    options: { rate: 1_250_000, ceil: 2_500_000 },
  }),
  'tc qdisc add dev va parent 1:10 handle 20: tbf rate 1mbit burst 32kb limit 64kb': qdiscs.create({
    kind: 'tbf',
    index: VA,
    parent: tcHandle(1, 0x10),
    handle: tcHandle(0x20),
    options: { rate: 125_000, burst: 32_768, limit: 65_536 },
  }),
};

interface Captured {
  readonly command: string;
  readonly type: number;
  readonly flags: number;
  readonly payload: string;
}

const captured = JSON.parse(
  readFileSync(join(import.meta.dirname, 'golden/iproute2.json'), 'utf8'),
) as readonly Captured[];

/** Length of the family's header, by nlmsg_type ÷ 4, since the types of one family are four. */
const HEADERS: Readonly<Record<number, number>> = {
  4: 16,
  5: 8,
  6: 12,
  7: 12,
  8: 12,
  9: 20,
  10: 20,
  11: 20,
  21: 8,
  26: 8,
  28: 8,
};

/** Attributes that are made of attributes, as paths of types behind the message's family. */
const NESTS = new Set([
  '4/26',
  '6/8',
  '28/1',
  '26/12',
  '9/2',
  '10/2',
  '11/2',
  '11/2/7',
  '11/2/2',
  '11/2/7/1',
  '11/2/2/1',
  '11/2/7/1/2',
  '11/2/2/1/2',
]);

/** Left out: rate tables, which only the police action needs since the link layer is told, and their cells. */
const LEFT_OUT = new Set(['9/2/2', '10/2/3', '10/2/4']);

/** Attributes in order of their types and without NLA_F_NESTED, in which programs differ and the kernel does not care. */
function canonical(bytes: Uint8Array, path: string): Uint8Array {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const parts: { readonly type: number; readonly data: Uint8Array }[] = [];
  for (let at = 0; at + 4 <= bytes.byteLength; ) {
    const length = view.getUint16(at, true);
    const type = view.getUint16(at + 2, true) & 0x3fff;
    const data = bytes.slice(at + 4, at + length);
    const here = `${path}/${type}`;
    if (!LEFT_OUT.has(here)) parts.push({ type, data: NESTS.has(here) ? canonical(data, here) : settled(data, here) });
    at += (length + 3) & ~3;
  }
  // Stable, so that attributes of one type keep their order.
  parts.sort((a, b) => a.type - b.type);
  return Buffer.concat(
    parts.map(({ type, data }) => {
      const padded = Buffer.alloc((data.byteLength + 3) & ~3);
      padded.set(data);
      return Buffer.concat([
        Uint8Array.of((data.byteLength + 4) & 0xff, (data.byteLength + 4) >> 8, type & 0xff, type >> 8),
        padded,
      ]);
    }),
  );
}

/** Where a rate stands: what tells the kernel of the tables that are left out (cell size and alignment) is zero. */
const RATES: Readonly<Record<string, readonly number[]>> = { '9/2/1': [0, 12], '10/2/1': [0, 12] };

/** A cell of that rate is 1000 ticks; tc(8) loses up to 16 of them where a floating-point time is cut to microseconds. */
const RATE_TABLE = '11/2/7/1/2/2';

function settled(data: Uint8Array, path: string): Uint8Array {
  const copy = Uint8Array.from(data);
  if (path === RATE_TABLE) {
    const ticks = new Uint32Array(copy.buffer);
    for (const [cell, time] of ticks.entries()) ticks[cell] = Math.round(time / 1000);
  }
  for (const at of RATES[path] ?? []) {
    copy[at] = 0;
    copy[at + 4] = 0;
    copy[at + 5] = 0;
  }
  // A name is a string with or without its NUL: the kernel takes both.
  return /^(9|10|11)\/1$|\/1\/1$/.test(path) && copy.at(-1) === 0 ? copy.slice(0, -1) : copy;
}

function comparable(payload: Uint8Array, type: number): Uint8Array {
  const family = Math.floor(type / 4);
  const length = HEADERS[family] ?? 0;
  return Buffer.concat([payload.subarray(0, length), canonical(payload.subarray(length), String(family))]);
}

test.each(captured.map((row) => [row.command, row] as const))('%s', (command, row) => {
  const request = ours[command];
  if (request === undefined) throw new Error('no request of ours for it');
  const out = new Writer(request.measure());
  request.encode(out);
  expect(request.type).toBe(row.type);
  expect(request.flags & ~NLM_F_ECHO).toBe(row.flags & ~(NLM_F_REQUEST | NLM_F_ACK));
  expectBytes(comparable(out.bytes, row.type), comparable(bytesOf(row.payload), row.type));
});
