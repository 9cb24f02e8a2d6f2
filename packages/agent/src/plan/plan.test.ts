import type { SpecObject } from '@kcore/contract';
import { describe, expect, it } from 'vitest';
import {
  attachmentsOf,
  bridgeNetwork,
  host,
  natNetwork,
  node,
  peer,
  remoteBinding,
  spec,
  vm,
  vmNic,
  vxlanNetwork,
} from '../../test/support/node-fixture.ts';
import { compile } from '../compile/compile.ts';
import { type HostState, hostState, keyOf } from '../model/key.ts';
import type { Plan } from '../model/operation.ts';
import type { Link, Resource } from '../model/resource.ts';
import { describe as commands } from './describe.ts';
import { plan } from './plan.ts';

function stateOf(...objects: SpecObject[]): HostState {
  const nodeSpec = spec(...objects);
  return compile(nodeSpec, { ...host, bridgeCallsIptables: false }, node, attachmentsOf(nodeSpec)).state;
}

/** The plan as a terminal would show it. */
function check(desired: HostState, observed: HostState, ...lines: string[]): void {
  expect(commands(plan(desired, observed)).split('\n')).toEqual(lines);
}

function changed(state: HostState, key: string, fields: Partial<Link>): HostState {
  const resource = state.get(key);
  return new Map([...state, [key, { ...resource, ...fields } as Resource]]);
}

function without(state: HostState, ...keys: string[]): HostState {
  return new Map([...state].filter(([key]) => !keys.some((each) => key.startsWith(each))));
}

const overlay = vxlanNetwork('private', '10.250.0.1', 14416, { outboundNat: false });
const web = remoteBinding('private', 'web-01', '10.250.0.2', '192.168.40.102');
const participants = [overlay, peer('private', 'node-2', '192.168.40.102'), web];

describe('plan of what the controller changes', () => {
  it('R-16 one peer more is one flood entry, and one element of the guard', () => {
    check(
      stateOf(...participants, peer('private', 'node-3', '192.168.40.103')),
      stateOf(...participants),
      "nft 'add element ip kcore vxlan-peers { 192.168.40.103 }'  # missing",
      'bridge fdb append 00:00:00:00:00:00 dev vxlan14416 dst 192.168.40.103 self permanent  # missing',
    );
  });

  it('R-21 a VM that moves moves its entry, and the bridge keeps answering for it', () => {
    check(
      stateOf(overlay, peer('private', 'node-2', '192.168.40.102'), { ...web, vtep: '192.168.40.103' }),
      stateOf(...participants),
      'bridge fdb delete 52:54:00:0b:9d:9f dev vxlan14416 dst 192.168.40.102 self permanent  # not wanted',
      'bridge fdb replace 52:54:00:0b:9d:9f dev vxlan14416 dst 192.168.40.103 self permanent  # missing',
    );
  });

  it('R-06 a forward that leads elsewhere is one element', () => {
    const to = (address: string) =>
      natNetwork('default', '10.240.0.1', { forwards: [{ protocol: 'tcp', port: 8080, address, targetPort: 80 }] });
    check(
      stateOf(to('10.240.0.101')),
      stateOf(to('10.240.0.100')),
      "nft 'delete element ip kcore forwards { 192.168.40.101 . tcp . 8080 }'  # value 10.240.0.100 . 80 → 10.240.0.101 . 80",
      "nft 'add element ip kcore forwards { 192.168.40.101 . tcp . 8080 : 10.240.0.101 . 80 }'  # value 10.240.0.100 . 80 → 10.240.0.101 . 80",
    );
  });

  it('R-31 a deleted network goes without a command for what dies with its links', () => {
    const lan = bridgeNetwork('lan', { uplink: 'eno2' });
    check(
      stateOf(lan),
      stateOf(lan, ...participants),
      'ip link delete dev vxlan14416  # not wanted',
      'ip link delete dev kbr-private  # not wanted',
      "nft 'delete table bridge kcore'  # not wanted",
      "nft 'delete table ip kcore'  # not wanted",
    );
  });

  it('R-28 outbound NAT is switched on in place: rules before the bridge forwards, and no link is made anew', () => {
    const lines = commands(plan(stateOf(vxlanNetwork('private', '10.250.0.1', 14416)), stateOf(overlay))).split('\n');
    expect(lines.filter((line) => line.startsWith('ip ') || line.startsWith('sysctl'))).toEqual([
      'sysctl -q -w net/ipv4/conf/kbr-private/forwarding=1  # forwarding no → yes',
    ]);
    expect(lines).toContain(
      'nft \'add rule ip kcore nat-private ip saddr 10.250.0.0/24 meta oifname "eno1" masquerade\'',
    );
    expect(lines.at(-1)).toMatch(/^sysctl/);
  });
});

describe('R-51 plan of what a hand has done', () => {
  const state = stateOf(...participants);
  const neighbour = 'ip neighbour replace 10.250.0.2 lladdr 52:54:00:0b:9d:9f dev kbr-private nud permanent';

  it('a deleted vxlan device comes back with its entries', () => {
    check(
      state,
      without(state, 'link vxlan14416', 'fdb'),
      'ip link add name vxlan14416 address 02:6d:c8:c2:e3:4d type vxlan id 14416 local 192.168.40.101 dstport 4789 nolearning  # missing',
      "ip link set dev vxlan14416 alias 'kcore:private' group 27491 mtu 1450 addrgenmode none master kbr-private up",
      'bridge link set dev vxlan14416 learning off neigh_suppress on',
      'bridge fdb replace 52:54:00:0b:9d:9f dev vxlan14416 master static  # missing',
      'bridge fdb append 00:00:00:00:00:00 dev vxlan14416 dst 192.168.40.102 self permanent  # missing',
      'bridge fdb replace 52:54:00:0b:9d:9f dev vxlan14416 dst 192.168.40.102 self permanent  # missing',
    );
  });

  it('a MAC that is set back takes the neighbours along', () => {
    check(
      state,
      changed(state, 'link kbr-private', { mac: '02:00:00:00:00:01' }),
      'ip link set dev kbr-private address 02:6b:00:00:38:50  # mac 02:00:00:00:00:01 → 02:6b:00:00:38:50',
      `${neighbour}  # falls with the change of link kbr-private's MAC`,
    );
  });

  it('a port that was moved to another bridge gets its settings and static entries again', () => {
    check(
      state,
      changed(state, 'link vxlan14416', { master: 'br0' }),
      'ip link set dev vxlan14416 master kbr-private  # master br0 → kbr-private, learning none → no, neighSuppress none → yes',
      'bridge link set dev vxlan14416 learning off neigh_suppress on',
      "bridge fdb replace 52:54:00:0b:9d:9f dev vxlan14416 master static  # falls with the change of link vxlan14416's master",
    );
  });

  it("a stranger's address is deleted, and what may fall with it is made again", () => {
    const stranger: Resource = { kind: 'address', link: 'kbr-private', address: '10.250.0.9', prefix: 24 };
    check(
      state,
      new Map([...state, ...hostState([stranger])]),
      'ip address delete 10.250.0.9/24 dev kbr-private  # not wanted',
      'ip address replace 10.250.0.1/24 dev kbr-private  # falls with address kbr-private 10.250.0.9/24',
      `${neighbour}  # falls with address kbr-private 10.250.0.9/24`,
    );
  });

  it('R-12 another VNI cannot be set in place: the device is made anew, with its entries', () => {
    const lines = commands(plan(state, changed(state, 'link vxlan14416', { vni: 7 } as Partial<Link>))).split('\n');
    expect(lines[0]).toBe('ip link delete dev vxlan14416  # vni 7 → 14416');
    expect(lines.at(-1)).toBe(
      'bridge fdb replace 52:54:00:0b:9d:9f dev vxlan14416 dst 192.168.40.102 self permanent  # falls with link vxlan14416',
    );
  });

  it('R-54 a link of others is left alone, and one under a name of ours is not touched', () => {
    const foreign: Resource = { kind: 'link', type: 'foreign', name: 'kbr-private', owned: false };
    const observed = new Map([...without(state, 'link kbr-private'), ...hostState([foreign])]);
    expect(commands(plan(state, observed))).not.toMatch(/^ip link (add|set|delete).*kbr-private( |$)/m);
  });

  it('a rewritten chain is rewritten again, and a set of another type takes its table with it', () => {
    const chain = state.get('nft-chain ip kcore forward');
    if (chain?.kind !== 'nft-chain') throw new Error('the overlay has no forward chain');
    const opened = { ...chain, rules: [{ statements: [{ verdict: 'accept' as const }] }] };
    const lines = commands(plan(state, new Map([...state, ...hostState([opened])]))).split('\n');
    expect(lines.slice(0, 3)).toEqual([
      "nft 'flush chain ip kcore forward'  # rule 1: accept → meta iifname . meta oifname @same-link accept",
      "nft 'add chain ip kcore forward { type filter hook forward priority 0; policy accept; }'",
      "nft 'add rule ip kcore forward meta iifname . meta oifname @same-link accept'",
    ]);
    const set: Resource = {
      kind: 'nft-set',
      family: 'ip',
      table: 'kcore',
      name: 'same-link',
      key: ['ifname'],
      interval: false,
    };
    const rebuilt = commands(plan(state, new Map([...state, ...hostState([set])]))).split('\n');
    expect(rebuilt[0]).toBe("nft 'delete table ip kcore'  # same-link: type ifname; → type ifname . ifname;");
    expect(rebuilt[1]).toBe("nft 'add table ip kcore'  # same-link: type ifname; → type ifname . ifname;");
    expect(rebuilt).toContain(
      "nft 'add element ip kcore vxlan-peers { 192.168.40.102 }'  # falls with nft-table ip kcore",
    );
    expect(rebuilt.filter((line) => line.includes('bridge kcore'))).toEqual([]);
  });
});

describe('plan in its order', () => {
  it('R-12 a bridge is told its MTU after its ports have joined, never when it is made', () => {
    const lines = commands(plan(stateOf(overlay, vm('db', vmNic('db', 0, 'private', '10.250.0.3'))), new Map())).split(
      '\n',
    );
    const at = (start: string): number => lines.findIndex((line) => line.startsWith(start));
    expect(lines[at('ip link set dev kbr-private')]).not.toContain('mtu');
    expect(at('ip link set dev kbr-private mtu 1450')).toBeGreaterThan(at('ip link set dev tap-'));
    expect(at('ip link set dev kbr-private mtu 1450')).toBeGreaterThan(at('ip link set dev vxlan14416 alias'));
  });

  it('tells a bridge its MTU again when a port with another one joins', () => {
    const lan = stateOf(bridgeNetwork('lan', { uplink: 'eno2', mtu: 1400 }));
    check(
      lan,
      changed(lan, 'link eno2', { master: null, mtu: 1500 }),
      'ip link set dev eno2 master kbr-lan  # master none → kbr-lan',
      'ip link set dev kbr-lan mtu 1400  # mtu 1500 → 1400',
    );
  });

  it('makes a chain after the chains it jumps to, and deletes it before them', () => {
    const table = { family: 'ip', table: 't' } as const;
    const jumpTo = (jump: string) => [{ statements: [{ jump }] }];
    const state = hostState([
      { kind: 'nft-table', family: 'ip', name: 't' },
      { kind: 'nft-chain', ...table, name: 'a', rules: jumpTo('c') },
      { kind: 'nft-chain', ...table, name: 'b', rules: [] },
      { kind: 'nft-chain', ...table, name: 'c', rules: jumpTo('b') },
    ]);
    const names = (operations: Plan): readonly unknown[] =>
      operations.map((each) =>
        keyOf(each.op === 'delete' ? each.have : each.want)
          .split(' ')
          .at(-1),
      );
    const justTable = without(state, 'nft-chain');
    expect(names(plan(state, justTable))).toEqual(['b', 'c', 'a']);
    expect(names(plan(justTable, state))).toEqual(['a', 'c', 'b']);
  });

  it('frees the port of a bridge that goes, and moves it to the one that comes', () => {
    const lines = (nodeNetwork: SpecObject, network: string) => stateOf(nodeNetwork, vm('db', vmNic('db', 0, network)));
    const before = lines(bridgeNetwork('lan', { uplink: 'eno2' }), 'lan');
    const after = lines(bridgeNetwork('new', { uplink: 'eno2' }), 'new');
    const moves = commands(plan(after, before))
      .split('\n')
      .filter((line) => line.includes(' master '));
    expect(moves).toEqual([
      'ip link set dev eno2 master kbr-new  # master none → kbr-new',
      'ip link set dev tap-7bdc25d1 master kbr-new  # master none → kbr-new, hairpin none → no',
    ]);
  });
});
