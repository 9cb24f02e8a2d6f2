import { afterAll, beforeAll, expect, test } from 'vitest';
import { eventually } from '../support/eventually.ts';
import { openLab, type TestLab } from '../support/lab.ts';
import { inNetns, ping, witness } from '../support/namespace.ts';

const DEVICE = 'vxlan14416';
const BRIDGE = 'kbr-private';
const PEER = '192.168.40.102';
const opened: TestLab[] = [];
const lab = (): TestLab => opened[0] as TestLab;
const node = (): string => lab().netns('node-1');
const known: { tap: string; right: { mac: string; address: string }; nat: string }[] = [];
const facts = () => known[0] as (typeof known)[number];

/** What a repair must bring back, less what changes when an object is made anew: indices, handles, counters. */
async function snapshot(): Promise<unknown> {
  const links = await witness(node(), 'ip', '-j', '-d', 'link', 'show');
  const addresses = await witness(node(), 'ip', '-j', '-4', 'address', 'show');
  const neighbours = await witness(node(), 'ip', '-j', '-4', 'neigh', 'show', 'nud', 'permanent');
  const fdb = await witness(node(), 'bridge', '-j', 'fdb', 'show');
  const rules = await witness(node(), 'ip', '-j', 'rule', 'show');
  const nft = await witness(node(), 'nft', '-j', 'list', 'ruleset');
  return {
    links: links
      .map(({ ifname, address, mtu, master, flags, linkinfo }: Record<string, unknown>) => ({
        ifname,
        // A tap's own MAC is nobody's business: the guest's is the one at the other end.
        address: String(ifname).startsWith('tap-') ? undefined : address,
        mtu,
        master,
        up: (flags as string[]).includes('UP'),
        kind: (linkinfo as { info_kind?: string } | undefined)?.info_kind,
        port: portSettings(linkinfo),
      }))
      .sort(byText),
    addresses: addresses
      .flatMap(({ ifname, addr_info }: { ifname: string; addr_info: { local: string; prefixlen: number }[] }) =>
        addr_info.map(({ local, prefixlen }) => `${ifname} ${local}/${prefixlen}`),
      )
      .sort(),
    neighbours: neighbours.map(({ dst, dev, lladdr }: Record<string, string>) => `${dst} ${dev} ${lladdr}`).sort(),
    // What kcore wrote is static or permanent. What is learned comes and goes, and a tap's own MAC is random.
    fdb: fdb
      .filter(({ state }: { state?: string }) => state === 'permanent' || state === 'static')
      .filter(
        ({ mac, ifname }: Record<string, string>) => !/^(33:33|01:00)/.test(mac ?? '') && !ifname?.startsWith('tap-'),
      )
      .map(
        ({ mac, ifname, dst, state, master }: Record<string, string>) => `${mac} ${ifname} ${dst} ${state} ${master}`,
      )
      .sort(),
    rules: rules.map((rule: object) => JSON.stringify(rule)).sort(),
    nft: rulesetText(nft.nftables),
  };
}

/** A ruleset whose order says nothing but within a chain. */
function rulesetText(objects: readonly Record<string, Record<string, unknown>>[]): unknown {
  const plain = objects
    .flatMap((object) => Object.entries(object))
    .filter(([kind]) => kind !== 'metainfo')
    .map(([kind, { handle, elem, ...rest }]) => ({
      kind,
      ...rest,
      ...(Array.isArray(elem) ? { elem: elem.map((one) => JSON.stringify(one)).sort() } : {}),
    }));
  const text = JSON.stringify(plain, (key, value) => (key === 'packets' || key === 'bytes' ? 0 : value));
  const all = JSON.parse(text) as { kind: string; family: string; table: string; chain?: string }[];
  const rules = new Map<string, object[]>();
  for (const rule of all.filter(({ kind }) => kind === 'rule')) {
    const chain = `${rule.family} ${rule.table} ${rule.chain}`;
    rules.set(chain, [...(rules.get(chain) ?? []), rule]);
  }
  return { objects: all.filter(({ kind }) => kind !== 'rule').sort(byText), rules: [...rules].sort(byText) };
}

function portSettings(linkinfo: unknown): unknown {
  const data = (linkinfo as { info_slave_data?: Record<string, unknown> } | undefined)?.info_slave_data;
  if (data === undefined) return undefined;
  const { learning, neigh_suppress, hairpin } = data;
  return { learning, neigh_suppress, hairpin };
}

function byText(a: unknown, b: unknown): number {
  return JSON.stringify(a).localeCompare(JSON.stringify(b));
}

interface DriftEvent {
  readonly sequence: string;
  readonly message: string;
}
async function repairs(): Promise<readonly DriftEvent[]> {
  const { status } = await lab().json('describe', 'node', 'node-1');
  return status.events.filter(({ type }: { type: string }) => type === 'DriftRepaired');
}

beforeAll(async () => {
  opened.push(await openLab({ nodes: 2 }));
  await lab().ok(
    ...'create network private --type vxlan --gateway-ip 10.250.0.1 --internal-netmask 255.255.255.0'.split(' '),
  );
  await lab().ok(
    ...'create network shop --type nat --gateway-ip 10.60.0.1 --internal-netmask 255.255.255.0'.split(' '),
    ...'--external-ip 192.168.40.101 --target-node node-1'.split(' '),
  );
  await lab().createVm('left', '--network', 'private', '--node', 'node-1');
  const address = await lab().createVm('right', '--network', 'private', '--node', 'node-2');
  const nat = await lab().createVm('shop-a', '--network', 'shop', '--node', 'node-1');
  await eventually(() => ping(lab().vmNetns('left'), address));
  const left = (await lab().json('get', 'vms', 'left')).status.nics[0];
  const right = (await lab().json('get', 'vms', 'right')).status.nics[0];
  known.push({ tap: left.tap, right: { mac: right.mac, address }, nat });
});
afterAll(async () => {
  for (const one of opened) await one[Symbol.asyncDispose]();
});

/** What a hand does, as arguments of one program; what its repair is told with. */
const damages: readonly (readonly [string, () => string, RegExp])[] = [
  ['the vxlan device is deleted', () => `ip link delete ${DEVICE}`, /vxlan14416/],
  ['the bridge is deleted', () => `ip link delete ${BRIDGE}`, /kbr-private/],
  ['a tap is deleted', () => `ip link delete ${facts().tap}`, /tap-/],
  ['the nat bridge is deleted', () => 'ip link delete kbr-shop', /kbr-shop/],
  [
    'a flood entry is deleted',
    () => `bridge fdb delete 00:00:00:00:00:00 dev ${DEVICE} dst ${PEER} self`,
    /00:00:00:00:00:00/,
  ],
  [
    'a flood entry too many is made',
    () => `bridge fdb append 00:00:00:00:00:00 dev ${DEVICE} dst 192.168.40.199 self permanent`,
    /192\.168\.40\.199/,
  ],
  [
    "a VM's entry on the device is deleted",
    () => `bridge fdb delete ${facts().right.mac} dev ${DEVICE} dst ${PEER} self`,
    /52:54:00/,
  ],
  [
    "a VM's entry in the bridge is deleted",
    () => `bridge fdb delete ${facts().right.mac} dev ${DEVICE} master`,
    /52:54:00/,
  ],
  ['a permanent neighbour is deleted', () => `ip neigh delete ${facts().right.address} dev ${BRIDGE}`, /10\.250\.0\./],
  [
    "the bridge's last address is deleted, and the neighbours fall with it",
    () => `ip address delete 10.250.0.1/24 dev ${BRIDGE}`,
    /10\.250\.0\.1/,
  ],
  ['a foreign address is put on the bridge', () => `ip address add 10.250.0.77/24 dev ${BRIDGE}`, /10\.250\.0\.77/],
  ["the bridge's MAC is changed", () => `ip link set ${BRIDGE} address 02:00:00:00:00:99`, /02:00:00:00:00:99/],
  ['the bridge is set down', () => `ip link set ${BRIDGE} down`, /kbr-private/],
  ['the vxlan device is set down', () => `ip link set ${DEVICE} down`, /vxlan14416/],
  ['the vxlan device leaves the bridge', () => `ip link set ${DEVICE} nomaster`, /vxlan14416/],
  ['a tap leaves the bridge', () => `ip link set ${facts().tap} nomaster`, /tap-/],
  ['an MTU is changed', () => `ip link set ${DEVICE} mtu 1400`, /1400/],
  ['learning is switched on', () => `bridge link set dev ${DEVICE} learning on`, /learning/],
  ['the ruleset is flushed', () => 'nft flush ruleset', /nft|table/],
  ['a table is deleted', () => 'nft delete table bridge kcore', /bridge kcore/],
  ['a rule is put into a chain', () => 'nft insert rule ip kcore forward counter drop', /chain|forward/],
];

test.each(damages)('R-51: %s: repaired within 2 s, and told', async (_, command, told) => {
  const before = await eventually(async () => {
    // Only a state that stands still can be compared with.
    const first = await snapshot();
    expect(await snapshot()).toEqual(first);
    return first;
  });
  const earlier = new Set((await repairs()).map(({ sequence }) => sequence));
  await inNetns(node(), ...command().split(' '));
  await eventually(
    async () => {
      expect(await snapshot()).toEqual(before);
    },
    { timeoutMs: 2_000, everyMs: 20 },
  );
  await eventually(async () => {
    const events = (await repairs()).filter(({ sequence }) => !earlier.has(sequence));
    expect(events.map(({ message }) => message).join('\n')).toMatch(told);
    for (const { message } of events) expect(message).toMatch(/noticed by: /);
    expect(events.some(({ message }) => !message.endsWith('noticed by: the periodic audit'))).toBe(true);
  });
  await eventually(() => ping(lab().vmNetns('left'), facts().right.address, { count: 1 }));
  await eventually(() => ping(lab().vmNetns('left'), '10.250.0.1', { count: 1 }));
  await eventually(() => ping(lab().vmNetns('shop-a'), '203.0.113.10', { count: 1 }));
});

test('R-54: what belongs to others stays', async () => {
  await inNetns(node(), 'ip', 'link', 'add', 'foreign0', 'type', 'veth', 'peer', 'name', 'foreign1');
  await inNetns(node(), 'ip', 'link', 'set', 'foreign0', 'master', BRIDGE, 'up');
  await inNetns(node(), 'nft', 'add', 'table', 'ip', 'others');
  await inNetns(node(), 'nft', 'add', 'chain', 'ip', 'others', 'c');
  // A repair looks at everything; what it did not make it must leave.
  await inNetns(node(), 'bridge', 'fdb', 'delete', '00:00:00:00:00:00', 'dev', DEVICE, 'dst', PEER, 'self');
  await eventually(async () => {
    const entries = await witness(node(), 'bridge', '-j', 'fdb', 'show', 'dev', DEVICE);
    expect(entries).toContainEqual(expect.objectContaining({ mac: '00:00:00:00:00:00', dst: PEER }));
  });
  const [foreign] = await witness(node(), 'ip', '-j', 'link', 'show', 'foreign0');
  expect(foreign.master).toBe(BRIDGE);
  expect(await inNetns(node(), 'nft', 'list', 'table', 'ip', 'others')).toContain('chain c');
  await inNetns(node(), 'ip', 'link', 'delete', 'foreign0');
  await inNetns(node(), 'nft', 'delete', 'table', 'ip', 'others');
});
