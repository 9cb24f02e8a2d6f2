import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { Connection } from '../../src/connection/connection.ts';
import { openConnection } from '../../src/connection/open.ts';
import type { Request } from '../../src/message/request.ts';
import { bridgeLinkBody, linkBody } from '../../src/rtnl/link/attributes.ts';
import { createLink } from '../../src/rtnl/link/create.ts';
import { ifinfomsg } from '../../src/rtnl/link/header.ts';
import { links } from '../../src/rtnl/link/requests.ts';
import { netnsIds } from '../../src/rtnl/netns-id.ts';
import { NETLINK_ROUTE } from '../../src/uapi/netlink.ts';
import { RTM_NEWLINK, RTM_SETLINK } from '../../src/uapi/rtnetlink.ts';
import { AF_BRIDGE } from '../../src/uapi/socket.ts';
import { attribute, type Case, ignoredCases, rawRequest, refusal } from './ignored.ts';
import { type TestNamespace, testNamespace } from './namespace.ts';

// Numbers that the kernel would choose otherwise, so that a link made twice looks the same.
const BRIDGE = 500;
const PORT = 501;
const LOWER = 502;
const MADE = 600;
const MAC = '02:00:00:00:00:01';

let ns: TestNamespace;
let connection: Connection;

beforeAll(async () => {
  ns = await testNamespace('ignored-links');
  connection = await openConnection({ protocol: NETLINK_ROUTE, netns: ns.path });
  await createLink(connection, { kind: 'bridge', name: 'bridge', index: BRIDGE });
  const peer = { name: 'port-peer' };
  await createLink(connection, { kind: 'veth', name: 'port', index: PORT, master: BRIDGE, data: { peer } });
  await createLink(connection, { kind: 'veth', name: 'lower', index: LOWER, data: { peer: { name: 'lower-peer' } } });
  await connection.request(netnsIds.assign({ pid: 1, id: 7 }));
});
afterAll(async () => {
  await connection[Symbol.asyncDispose]();
  await ns[Symbol.asyncDispose]();
});

const bench = (): { ns: TestNamespace; connection: Connection } => ({ ns, connection });
const undo = (): Request<unknown> => links.delete({ name: 'made' });
const shown = (name: string): readonly string[] => ['ip', 'link', 'show', 'dev', name];

const told: readonly Case[] = [
  attribute('weight', 5),
  attribute('virtualFunctions', 3),
  attribute('minMtu', 100),
  attribute('maxMtu', 1000),
  attribute('qdisc', 'fq'),
  attribute('promiscuity', 3),
  attribute('carrierChanges', 7),
  attribute('event', 3),
  attribute('physicalPortName', 'p0'),
  attribute('parentDevice', '0000:00:03.0'),
  attribute('newNetnsId', 3),
  attribute('altName', 'other'),
  attribute('properties', { altNames: ['other'] }),
  attribute('operationalState', 5),
];

const forgotten: readonly Case[] = [
  attribute('alias', 'mine'),
  attribute('carrier', 0),
  attribute('protocolDown', true),
  attribute('protocolDownReason', { mask: 6, value: 2 }),
  attribute('xdp', new Uint8Array(8)),
  attribute('virtualFunctionList', new Uint8Array(8)),
  attribute('virtualPorts', new Uint8Array(8)),
  attribute('virtualPortSelf', new Uint8Array(8)),
  attribute('newIndex', 555),
];

function made(kind: string, data?: object): (header: object, attributes: object) => Request<unknown> {
  return (_header, attributes) => {
    const linkinfo = { kind, ...(data === undefined ? {} : { data }) };
    const header = ifinfomsg.fill({ index: MADE });
    return rawRequest(linkBody, RTM_NEWLINK, header, { name: 'made', mac: MAC, linkinfo, ...attributes });
  };
}

describe('of a new link', () => {
  ignoredCases(bench, {
    title: 'bridge',
    cases: () => [...told, ...forgotten, attribute('parent', LOWER)],
    checked: (spec) => links.create({ kind: 'bridge', name: 'made', ...spec } as never),
    raw: made('bridge'),
    undo,
    shown: shown('made'),
  });
  const vxlan = { vni: 9, port: 4789 };
  ignoredCases(bench, {
    title: 'vxlan',
    cases: () => [attribute('parent', LOWER), attribute('protocolDown', true)],
    checked: (spec) => links.create({ kind: 'vxlan', name: 'made', data: vxlan, ...spec } as never),
    raw: made('vxlan', vxlan),
    undo,
    shown: shown('made'),
  });
  ignoredCases(bench, {
    title: 'veth',
    cases: () => [attribute('parent', LOWER)],
    checked: (spec) => links.create({ kind: 'veth', name: 'made', data: { peer: { name: 'made-peer' } }, ...spec }),
    raw: made('veth', { peer: { name: 'made-peer' } }),
    undo,
    shown: shown('made'),
  });
  const ofPeer = ({ path, spec }: Case): Case => {
    const data = { peer: { name: 'made-peer', ...spec } };
    return { path: `data.peer.${path}`, spec: { data }, attributes: { linkinfo: { kind: 'veth', data } } };
  };
  ignoredCases(bench, {
    title: 'the other end of a veth pair',
    cases: () =>
      [...forgotten, attribute('master', BRIDGE), attribute('parent', LOWER), attribute('linkNetnsId', 7)].map(ofPeer),
    checked: (spec) => links.create({ kind: 'veth', name: 'made', ...spec }),
    raw: made('veth', { peer: { name: 'made-peer' } }),
    undo,
    shown: shown('made-peer'),
  });
});

function changed(index: number): (header: object, attributes: object) => Request<unknown> {
  return (_header, attributes) => rawRequest(linkBody, RTM_NEWLINK, ifinfomsg.fill({ index }), attributes, 0);
}

describe('of a change of a link', () => {
  ignoredCases(bench, {
    title: 'veth',
    cases: () => [
      ...told,
      attribute('txQueues', 8),
      attribute('rxQueues', 8),
      attribute('parent', 1),
      attribute('linkNetnsId', 7),
      attribute('newIndex', 555),
    ],
    checked: (spec) => links.change({ index: LOWER }, { mtu: 1500, ...spec }),
    raw: changed(LOWER),
    shown: shown('lower'),
  });
  const data = (name: string, value: unknown): Case => {
    const kindAndData = { kind: 'bridge', data: { [name]: value } };
    return { path: `data.${name}`, spec: kindAndData, attributes: { linkinfo: kindAndData } };
  };
  ignoredCases(bench, {
    title: 'bridge',
    cases: () => [
      data('rootId', { priority: 1, mac: MAC }),
      data('bridgeId', { priority: 1, mac: MAC }),
      data('rootPort', 7),
      data('rootPathCost', 7),
      data('topologyChange', true),
      data('topologyChangeDetected', true),
      data('helloTimer', 9n),
      data('topologyChangeNotificationTimer', 9n),
      data('topologyChangeTimer', 9n),
      data('collectionTimer', 9n),
      data('multicastHashElasticity', 5),
    ],
    checked: (spec) => links.change({ index: BRIDGE }, { mtu: 1500, ...spec }),
    raw: changed(BRIDGE),
    shown: shown('bridge'),
  });
  const port = (name: string, value: unknown): Case => {
    const settings = { port: { [name]: value } };
    return { path: `port.${name}`, spec: settings, attributes: settings };
  };
  ignoredCases(bench, {
    title: 'port of a bridge',
    cases: () => [
      port('rootId', { priority: 1, mac: MAC }),
      port('bridgeId', { priority: 1, mac: MAC }),
      port('designatedPort', 7),
      port('designatedCost', 7),
      port('id', 7),
      port('number', 7),
      port('topologyChangeAck', 1),
      port('configPending', 1),
      port('messageAgeTimer', 9n),
      port('forwardDelayTimer', 9n),
      port('holdTimer', 9n),
      port('mrpRingOpen', true),
      port('mrpInOpen', true),
    ],
    checked: (spec) => links.change({ index: PORT }, { port: { cost: 5 }, ...spec }),
    raw: (_header, attributes) => {
      const header = ifinfomsg.fill({ family: AF_BRIDGE, index: PORT });
      return rawRequest(bridgeLinkBody, RTM_SETLINK, header, attributes, 0);
    },
    shown: shown('port'),
  });
  const ipv6 = (name: string, value: unknown): Case => {
    const settings = { addressFamilies: { ipv6: { addressGeneration: 0, [name]: value } } };
    return { path: `addressFamilies.ipv6.${name}`, spec: settings, attributes: settings };
  };
  ignoredCases(bench, {
    title: 'settings of IPv6',
    cases: () => [
      ipv6('flags', 5),
      ipv6('cacheInfo', { maxReassembly: 1, updated: 1, reachableTime: 1, retransmitTime: 1 }),
      ipv6('statistics', new Uint8Array(8)),
      ipv6('icmpStatistics', new Uint8Array(8)),
    ],
    checked: (spec) => links.change({ index: LOWER }, { mtu: 1500, ...spec }),
    raw: changed(LOWER),
    shown: shown('lower'),
  });
});

describe('flags of a link', () => {
  const refused = (flags: unknown): string => refusal(() => links.change({ index: LOWER }, { flags } as never)).path;

  test('that are no object would change nothing, or be a number of others', () => {
    expect(refused(0x200)).toBe('header.flags');
    expect(refused([])).toBe('header.flags');
    expect(refused(null)).toBe('header.flags');
    expect(refused({ running: true })).toBe('flags.running');
    expect(refused({ rest: 2 ** 32 + 0x200 })).toBe('flags.rest');
  });

  test('without a name changed others, and took the link down', async () => {
    await connection.request(links.change({ index: LOWER }, { flags: { up: true } }));
    expect(refused({ rest: 2 ** 30 })).toBe('flags.rest');
    expect((await connection.request(links.get({ index: LOWER })))?.flags.up).toBe(true);
  });
});

test('what is told only is refused of a new bridge too, and so is the peer’s', () => {
  const bridge = refusal(() => links.create({ kind: 'bridge', name: 'made', data: { rootPort: 3 } }));
  expect(bridge.message).toBe('data.rootPort: the kernel tells it and takes no change of it; leave it out');
  const vxlan = { kind: 'vxlan', name: 'made', parent: LOWER, data: { vni: 1 } } as const;
  expect(refusal(() => links.create(vxlan)).message).toContain(
    'parent: a vxlan is not made on top of another link; give data.link',
  );
  const local6 = '2001:db8::1';
  const label = { kind: 'vxlan', name: 'made', data: { vni: 1, local6, label: 0x10_0000 } } as const;
  expect(refusal(() => links.create(label)).path).toBe('linkinfo.data.label');
});
