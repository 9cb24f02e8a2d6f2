import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { Connection } from '../../src/connection/connection.ts';
import { openConnection } from '../../src/connection/open.ts';
import { addressBody, addresses, ifaddrmsg } from '../../src/rtnl/address.ts';
import { fdb } from '../../src/rtnl/fdb.ts';
import { createLink } from '../../src/rtnl/link/create.ts';
import { vnis } from '../../src/rtnl/link/vni-filter.ts';
import { mdb } from '../../src/rtnl/mdb.ts';
import { mdbEntry, mdbRequestBody, portMessage } from '../../src/rtnl/mdb-body.ts';
import { neighbours } from '../../src/rtnl/neighbour.ts';
import { fdbBody, ndmsg, neighbourBody } from '../../src/rtnl/neighbour-body.ts';
import { neighbourTableBody, neighbourTables } from '../../src/rtnl/neighbour-table.ts';
import { netnsIds } from '../../src/rtnl/netns-id.ts';
import { routes } from '../../src/rtnl/route.ts';
import { routeBody, rtmsg } from '../../src/rtnl/route-body.ts';
import { rules } from '../../src/rtnl/rule.ts';
import { ruleBody, ruleHeader } from '../../src/rtnl/rule-body.ts';
import { FR_ACT_TO_TBL } from '../../src/uapi/fib-rules.ts';
import { NETLINK_ROUTE } from '../../src/uapi/netlink.ts';
import * as rtm from '../../src/uapi/rtnetlink.ts';
import { AF_BRIDGE, AF_INET, AF_INET6 } from '../../src/uapi/socket.ts';
import {
  attribute,
  attributeFlag,
  type Case,
  headerFlag,
  ignoredCases,
  rawRequest,
  refusal,
  type Subject,
} from './ignored.ts';
import { type TestNamespace, testNamespace } from './namespace.ts';

const BR = 500;
const PORT = 501;
const VXLAN = 502;
const EXTERNAL = 503;
const MAC = '02:00:00:00:00:01';

let ns: TestNamespace;
let connection: Connection;

beforeAll(async () => {
  ns = await testNamespace('ignored');
  connection = await openConnection({ protocol: NETLINK_ROUTE, netns: ns.path });
  await createLink(connection, { kind: 'bridge', name: 'br', index: BR });
  // Its own link-local address would change while it is looked at.
  ns.run('ip', 'link', 'set', 'dev', 'br', 'addrgenmode', 'none');
  ns.run('ip', 'link', 'set', 'dev', 'br', 'up');
  await createLink(connection, { kind: 'veth', name: 'port', index: PORT, master: BR, data: { peer: { name: 'q' } } });
  const vxlan = { port: 4789, learning: false };
  await createLink(connection, { kind: 'vxlan', name: 'vx', index: VXLAN, data: { vni: 7, ...vxlan } });
  const external = { collectMetadata: true, vniFilter: true, port: 4790 };
  await createLink(connection, { kind: 'vxlan', name: 'ext', index: EXTERNAL, data: external });
  await connection.request(addresses.create({ index: BR, address: '192.0.2.1', prefix: 24 }));
  await connection.request(addresses.create({ index: BR, address: '2001:db8::1', prefix: 64, flags: { noDad: true } }));
});
afterAll(async () => {
  await connection[Symbol.asyncDispose]();
  await ns[Symbol.asyncDispose]();
});

const bench = (): { ns: TestNamespace; connection: Connection } => ({ ns, connection });
const ofFamily = (ipv6: boolean): string => (ipv6 ? 'IPv6' : 'IPv4');

/** Flags of which the value is not an attribute but a member of the header. */
const headerMember = (name: string, value: unknown): Case => ({
  path: name,
  spec: { [name]: value },
  header: { [name]: value },
});

describe('addresses', () => {
  const subject = (ipv6: boolean, cases: () => readonly Case[]): Subject => {
    const [address, prefix, family] = ipv6 ? ['2001:db8:9::1', 64, AF_INET6] : ['10.0.9.1', 24, AF_INET];
    // The kernel takes no time then to look for the same address elsewhere, and so the same flags are told each time.
    const fixed = ipv6 ? { noDad: true } : {};
    return {
      title: ofFamily(ipv6),
      cases,
      checked: (spec) => addresses.create({ index: BR, address, prefix, ...spec }),
      raw: (header, { flags, ...rest }: { flags?: object }) =>
        rawRequest(addressBody, rtm.RTM_NEWADDR, ifaddrmsg.fill({ family, index: BR, prefix, ...header }), {
          local: address,
          prefixAddress: address,
          flags: { ...fixed, ...flags },
          ...rest,
        }),
      undo: () => addresses.delete({ index: BR, address, prefix }),
      shown: ['ip', 'address', 'show', 'dev', 'br'],
    };
  };
  const always = ['secondary', 'dadFailed', 'tentative', 'stablePrivacy', 'permanent', 'deprecated'];
  const netns = attribute('targetNetnsId', 3);
  ignoredCases(
    bench,
    subject(false, () => [
      ...[...always, 'noDad', 'optimistic', 'home', 'manageTempAddress'].map(attributeFlag),
      netns,
    ]),
  );
  ignoredCases(
    bench,
    subject(true, () => [
      ...always.map(attributeFlag),
      netns,
      attribute('label', 'br:x'),
      attribute('broadcast', '2001:db8:9::ffff'),
      headerMember('scope', 253),
    ]),
  );
});

describe('routes', () => {
  const subject = (ipv6: boolean, cases: () => readonly Case[]): Subject => {
    const [address, length, family] = ipv6 ? ['2001:db8:8::', 48, AF_INET6] : ['10.8.0.0', 16, AF_INET];
    const destination = `${address}/${length}`;
    const header = { family, destinationLength: length, table: 100, protocol: 3, type: 1, scope: ipv6 ? 0 : 253 };
    return {
      title: ofFamily(ipv6),
      cases,
      checked: (spec) => routes.create({ destination, outgoing: BR, table: 100, ...spec }),
      raw: (others, attributes) =>
        rawRequest(routeBody, rtm.RTM_NEWROUTE, rtmsg.fill({ ...header, ...others }), {
          destination: address,
          outgoing: BR,
          ...attributes,
        }),
      undo: () => routes.delete({ destination, table: 100 }),
      shown: ['ip', ipv6 ? '-6' : '-4', 'route', 'show', 'table', '100'],
    };
  };
  const cacheInfo = { clients: 1, lastUsed: 1, expires: 9, error: 0, id: 0, timestamp: 0, timestampAge: 0 };
  const always = [
    attribute('incoming', 1),
    attribute('mark', 3),
    attribute('uid', 3),
    attribute('ipProtocol', 6),
    attribute('sourcePort', 6),
    attribute('destinationPort', 6),
    attribute('cacheInfo', cacheInfo),
    attribute('newDestination', new Uint8Array(4)),
    attribute('ttlPropagate', 1),
    ...['unresolved', 'notify', 'prefix', 'lookupTable', 'fibMatch'].map((name) => headerFlag(name)),
    ...['hardwareOffload', 'hardwareTrap', 'hardwareOffloadFailed'].map((name) => headerFlag(name)),
  ];
  const source: Case = {
    path: 'source',
    spec: { source: '10.7.0.0/16' },
    header: { sourceLength: 16 },
    attributes: { source: '10.7.0.0' },
  };
  ignoredCases(
    bench,
    subject(false, () => [...always, source, attribute('expires', 99), attribute('preference', 'high')]),
  );
  ignoredCases(
    bench,
    subject(true, () => [
      ...always,
      attribute('realms', 7),
      headerMember('scope', 200),
      ...['dead', 'offload', 'trap'].map((name) => headerFlag(name)),
    ]),
  );

  test('hops of a multipath route', () => {
    const refused = (hop: object, ipv6 = false): string => {
      const destination = ipv6 ? '2001:db8:8::/48' : '10.8.0.0/16';
      return refusal(() => routes.create({ destination, multipath: [{ outgoing: BR }, { outgoing: BR, ...hop }] }))
        .path;
    };
    expect(refused({ ttlPropagate: 1 })).toBe('multipath.1.ttlPropagate');
    expect(refused({ flags: { pervasive: true } })).toBe('multipath.1.flags.pervasive');
    expect(refused({ realms: 4 }, true)).toBe('multipath.1.realms');
    expect(refused({ weight: 300 })).toBe('multipath.1.weight');
  });

  test.each([
    ['mtu', 'mtu', 65_520],
    ['advertisedMss', 'advmss', 65_495],
    // ip(8) refuses that one itself.
    ['hopLimit', undefined, 255],
  ])('a metric %s (%s) above %i, which the kernel takes larger ones for', async (name, option, most) => {
    const spec = { destination: '10.8.0.0/16', outgoing: BR, table: 100 };
    const refused = refusal(() => routes.create({ ...spec, metrics: { [name]: most + 1 } }));
    expect(refused.path).toBe(`metrics.${name}`);
    if (option !== undefined) {
      ns.run('ip', 'route', 'add', '10.8.0.0/16', 'dev', 'br', 'table', '100', option, String(most + 1));
      expect(ns.run('ip', 'route', 'show', 'table', '100')).toContain(`${option} ${most} `);
    }
    await connection.request(routes.replace({ ...spec, metrics: { [name]: most } }));
    await connection.request(routes.delete(spec));
  });

  test('a scope that all routes of IPv6 have is let through', async () => {
    const spec = { destination: '2001:db8:8::/48', outgoing: BR, table: 100 };
    await connection.request(routes.create({ ...spec, scope: rtm.RT_SCOPE_UNIVERSE }));
    await connection.request(routes.delete({ ...spec, scope: rtm.RT_SCOPE_UNIVERSE }));
  });
});

describe('rules', () => {
  ignoredCases(bench, {
    title: 'IPv6',
    cases: () => [attribute('realms', 7)],
    checked: (spec) => rules.create({ family: AF_INET6, priority: 200, table: 100, ...spec }),
    raw: (header, attributes) =>
      rawRequest(
        ruleBody,
        rtm.RTM_NEWRULE,
        ruleHeader.fill({ family: AF_INET6, table: 100, action: FR_ACT_TO_TBL, ...header }),
        { priority: 200, ...attributes },
      ),
    undo: () => rules.delete({ family: AF_INET6, priority: 200 }),
    shown: ['ip', '-6', 'rule', 'show'],
  });
});

describe('neighbours', () => {
  const subject = (title: string, address: string, proxy: boolean, cases: () => readonly Case[]): Subject => {
    const family = address.includes(':') ? AF_INET6 : AF_INET;
    const flags = proxy ? { flags: { proxy: true } } : {};
    const state = proxy ? {} : { permanent: true };
    return {
      title,
      cases,
      checked: (spec) => neighbours.create({ index: BR, address, ...(proxy ? flags : { mac: MAC }), ...spec }),
      raw: (header, attributes) =>
        rawRequest(neighbourBody, rtm.RTM_NEWNEIGH, ndmsg.fill({ family, index: BR, state, ...flags, ...header }), {
          address,
          ...(proxy ? {} : { mac: MAC }),
          ...attributes,
        }),
      undo: () => neighbours.delete({ index: BR, address, ...flags }),
      shown: ['ip', 'neigh', 'show', ...(proxy ? ['proxy'] : []), 'dev', 'br'],
    };
  };
  const cacheInfo = { confirmed: 5, used: 5, updated: 5, references: 5 };
  const plain = [
    ...['self', 'master', 'sticky', 'offloaded'].map((name) => headerFlag(name)),
    attribute('outgoing', 1),
    attribute('master', 1),
    attribute('probes', 5),
    attribute('linkNetnsId', 1),
    attribute('cacheInfo', cacheInfo),
  ];
  const ofProxy = [attribute('mac', MAC), headerMember('state', { reachable: true })];
  ignoredCases(
    bench,
    subject('IPv4', '192.0.2.9', false, () => plain),
  );
  ignoredCases(
    bench,
    subject('IPv6', '2001:db8::9', false, () => plain),
  );
  ignoredCases(
    bench,
    subject('a proxy of IPv4', '192.0.2.10', true, () => ofProxy),
  );
  ignoredCases(
    bench,
    subject('a proxy of IPv6', '2001:db8::10', true, () => ofProxy),
  );

  test('a MAC or a state of what the kernel resolves by itself', () => {
    const spec = { index: BR, address: '192.0.2.11' };
    expect(refusal(() => neighbours.create({ ...spec, mac: MAC, flags: { use: true } })).path).toBe('mac');
    const managed = { ...spec, extendedFlags: { managed: true }, state: { reachable: true } };
    expect(refusal(() => neighbours.replace(managed)).path).toBe('state');
  });

  ignoredCases(bench, {
    title: 'parameters of a table',
    cases: () =>
      [attribute('reachableTime', 5), attribute('references', 99)].map(({ path, spec }) => ({
        path: `parameters.${path}`,
        spec: { parameters: { index: BR, ...spec } },
        attributes: { parameters: { index: BR, ...spec } },
      })),
    checked: (spec) => neighbourTables.change({ name: 'arp_cache', family: AF_INET, ...spec }),
    raw: (_header, attributes) =>
      rawRequest(neighbourTableBody, rtm.RTM_SETNEIGHTBL, { family: AF_INET }, { name: 'arp_cache', ...attributes }, 0),
    shown: ['ip', 'ntable', 'show', 'dev', 'br'],
  });

  test('a time of more than 31 bits, of which the kernel takes the lower ones', () => {
    const parameters = { index: BR, retransmitTime: 2 ** 40 };
    const refused = refusal(() => neighbourTables.change({ name: 'arp_cache', family: AF_INET, parameters }));
    expect(refused.path).toBe('parameters.retransmitTime');
  });
});

describe('forwarding entries', () => {
  const state = { noArp: true, permanent: true };
  const subject = (where: 'self' | 'master', index: number, more: object, cases: () => readonly Case[]): Subject => ({
    title: where === 'self' ? 'of a vxlan device' : 'of a bridge',
    cases,
    checked: (spec) => fdb.create({ where, index, mac: MAC, ...more, ...spec } as never),
    raw: (header, attributes) =>
      rawRequest(
        fdbBody,
        rtm.RTM_NEWNEIGH,
        ndmsg.fill({ family: AF_BRIDGE, index, state, flags: { [where]: true }, ...header }),
        { mac: MAC, ...more, ...attributes },
      ),
    undo: () => fdb.delete({ where, index, mac: MAC }),
    shown: ['bridge', 'fdb', 'show', 'dev', where === 'self' ? 'vx' : 'port'],
  });
  const always = [
    attribute('protocol', 9),
    attribute('extendedFlags', { managed: true }),
    attribute('master', 1),
    attribute('probes', 5),
    attribute('linkNetnsId', 1),
    attribute('cacheInfo', { confirmed: 5, used: 5, updated: 5, references: 5 }),
  ];
  ignoredCases(
    bench,
    subject('self', VXLAN, { destination: '192.0.2.2' }, () => [
      ...always,
      attribute('vlan', 10),
      attribute('activity', { notify: { enabled: true } }),
    ]),
  );
  ignoredCases(
    bench,
    subject('master', PORT, {}, () => [
      ...always,
      attribute('destination', '192.0.2.2'),
      attribute('vni', 7),
      attribute('sourceVni', 7),
      attribute('port', 99),
      attribute('outgoing', 1),
      attribute('nextHopId', 44),
      ...['proxy', 'router', 'offloaded'].map((name) => headerFlag(name, 'master')),
    ]),
  );

  test('what is no state, no table, both tables, or no VNI', () => {
    const refused = (spec: object): string =>
      refusal(() => fdb.create({ where: 'self', index: VXLAN, mac: MAC, destination: '192.0.2.2', ...spec } as never))
        .path;
    expect(refused({ state: 'bogus' })).toBe('state');
    expect(refused({ state: 'constructor' })).toBe('state');
    expect(refused({ where: 'bogus' })).toBe('where');
    expect(refused({ flags: { master: true } })).toBe('flags.master');
    // The kernel keeps such a number, and shifts its upper bits out of each packet.
    expect(refused({ vni: 0x100_0007 })).toBe('vni');
    expect(refused({ sourceVni: 0x100_0007 })).toBe('sourceVni');
  });

  test('a bridge has entries of its own with a VLAN', () => {
    expect(() => fdb.create({ where: 'self', index: BR, mac: MAC, vlan: 10 })).not.toThrow();
  });

  test('VNIs of a range that runs backwards, or of more than 24 bits', async () => {
    const backwards = [{ first: 9, last: 5 }];
    expect(refusal(() => vnis.add({ index: EXTERNAL, vnis: backwards })).path).toBe('vnis.0.last');
    expect(refusal(() => vnis.add({ index: EXTERNAL, vnis: [{ first: 0x100_0007 }] })).path).toBe('entries.first');
    expect(() => vnis.add({ index: EXTERNAL, vnis: [{ first: 0xff_ffff }] })).not.toThrow();
  });
});

describe('multicast databases', () => {
  ignoredCases(bench, {
    title: 'flags',
    cases: () => [
      {
        path: 'options.flags',
        spec: { flags: { offload: true } },
        attributes: {
          entry: mdbEntry.fill({ port: PORT, group: '239.1.1.1', state: 'permanent', flags: { offload: true } }),
        },
      },
    ],
    checked: (spec) => mdb.create({ index: BR, port: PORT, group: '239.1.1.1', ...spec }),
    raw: (_header, attributes) =>
      rawRequest(mdbRequestBody, rtm.RTM_NEWMDB, portMessage.fill({ family: AF_BRIDGE, index: BR }), {
        entry: mdbEntry.fill({ port: PORT, group: '239.1.1.1', state: 'permanent' }),
        ...attributes,
      }),
    undo: () => mdb.delete({ index: BR, port: PORT, group: '239.1.1.1' }),
    shown: ['bridge', 'mdb', 'show', 'dev', 'br'],
  });
});

test('an id of a namespace below 0, for which the kernel chooses one', () => {
  expect(refusal(() => netnsIds.assign({ pid: 1, id: -5 })).path).toBe('id');
});
