import { nicMac } from '@kcore/contract';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { compile } from '../../src/compile/compile.ts';
import { describe as commands } from '../../src/plan/describe.ts';
import { plan } from '../../src/plan/plan.ts';
import { Namespaces } from '../support/network-namespaces.ts';
import { attachmentsOf, host, node, peer, spec, vm, vmNic, vxlanNetwork } from '../support/node-fixture.ts';

/**
 * Two nodes and a stranger on one underlay, an overlay without outbound NAT, a guest on each node, and what compile
 * makes of it on a real kernel, with br_netfilter calling the ip hooks and not.
 */
describe.each([0, 1])('vxlan with bridge-nf-call-iptables %i', (bridgeCalls) => {
  const namespaces = new Namespaces(`vx${bridgeCalls}`);
  const names = { underlay: '', node1: '', node2: '', web: '', app: '' };
  const guests = { node1: 'web', node2: 'app' } as const;
  const vteps = { node1: '192.168.40.101', node2: '192.168.40.102' } as const;
  const addresses = { web: '10.250.0.2', app: '10.250.0.3' } as const;

  beforeAll(() => {
    for (const name of ['underlay', 'node1', 'node2', 'web', 'app'] as const) names[name] = namespaces.add(name);
    namespaces.run(
      names.underlay,
      'ip link add sw type bridge; ip link set dev sw up; ip address add 192.168.40.9/24 dev sw',
    );
    for (const at of ['node1', 'node2'] as const) {
      namespaces.run(
        names.underlay,
        `ip link add ${at} type veth peer name eno1 netns ${names[at]}; ip link set dev ${at} master sw up`,
      );
      namespaces.run(
        names[at],
        `sysctl -q -w net.bridge.bridge-nf-call-iptables=${bridgeCalls}
         ip address add ${vteps[at]}/24 dev eno1; ip link set dev eno1 up`,
      );
      namespaces.run(names[at], desiredCommands(at));
      const guest = guests[at];
      namespaces.run(
        names[guest],
        `ip address add ${addresses[guest]}/24 dev eth0; ip link set dev eth0 up; ip route add default via 10.250.0.1`,
      );
    }
  });
  afterAll(() => namespaces[Symbol.dispose]());

  function desiredCommands(at: 'node1' | 'node2'): string {
    const other = at === 'node1' ? 'node2' : 'node1';
    const there = guests[other];
    const objects = spec(
      vxlanNetwork('private', '10.250.0.1', 14416, { outboundNat: false }),
      peer('private', other, vteps[other]),
      vm(guests[at], vmNic(guests[at], 0, 'private', addresses[guests[at]])),
      {
        kind: 'binding',
        network: 'private',
        vm: there,
        nic: 0,
        mac: nicMac(there),
        address: addresses[there],
        node: other,
        vtep: vteps[other],
      },
    );
    const facts = {
      ...host,
      addresses: [{ link: 'eno1', address: vteps[at], prefix: 24 }],
      bridgeCallsIptables: bridgeCalls === 1,
    };
    const attachment = { kind: 'veth', netns: `/run/netns/${names[guests[at]]}`, name: 'eth0' } as const;
    const desired = compile(
      objects,
      facts,
      { ...node, name: at, vtep: vteps[at] },
      attachmentsOf(objects, () => attachment),
    );
    return commands(plan(desired.state, new Map()));
  }

  /** Counts what arrives on the vxlan device of node 2, by a rule of its own. */
  function arriving(match: string): () => number {
    namespaces.run(
      names.node2,
      `nft 'add table netdev t; flush table netdev t; add chain netdev t in { type filter hook ingress device vxlan14416 priority 0; }
        add rule netdev t in ${match} counter'`,
    );
    return () => Number(/counter packets (\d+)/.exec(namespaces.run(names.node2, 'nft list table netdev t'))?.[1]);
  }

  it('R-12 guests of two nodes reach each other with full packets that may not be fragmented', () => {
    // 1422 bytes and the headers of ICMP and IPv4 are the 1450 of the overlay.
    expect(namespaces.pings(names.web, addresses.app, '-M do -s 1422')).toBe(true);
    expect(namespaces.run(names.web, 'cat /sys/class/net/eth0/mtu').trim()).toBe('1450');
  });

  it('R-19 R-21 ARP for the gateway and for known VMs is answered locally and does not cross', () => {
    const crossed = arriving('ether type arp');
    namespaces.run(names.web, 'ip neighbour flush dev eth0');
    expect(namespaces.pings(names.web, addresses.app)).toBe(true);
    expect(namespaces.pings(names.web, '10.250.0.1')).toBe(true);
    expect(crossed()).toBe(0);
    // Nobody knows this one, so it is asked for everywhere: the counter counts.
    namespaces.pings(names.web, '10.250.0.77');
    expect(crossed()).toBeGreaterThan(0);
  });

  it('R-19 nothing crosses with the MAC of the gateway as its source', () => {
    const crossed = arriving('ether saddr 02:6b:00:00:38:50');
    // The host says something to everybody: ARP requests of its own, from the bridge.
    namespaces.pings(names.node1, '10.250.0.88');
    expect(crossed()).toBe(0);
    expect(namespaces.run(names.node1, 'nft list chain bridge kcore to-overlay')).toMatch(
      /@overlay-gateways counter packets [1-9]/,
    );
  });

  it('R-12 a host that is no peer cannot send into the overlay', () => {
    const arrived = arriving('ether type ip');
    namespaces.run(
      names.underlay,
      `ip link add vx type vxlan id 14416 local 192.168.40.9 remote ${vteps.node2} dstport 4789
       ip address add 10.250.0.200/24 dev vx; ip link set dev vx up
       ip neighbour add ${addresses.app} lladdr ${nicMac('app')} dev vx`,
    );
    expect(namespaces.pings(names.underlay, addresses.app)).toBe(false);
    expect(arrived()).toBe(0);
    expect(namespaces.run(names.node2, 'nft list chain ip kcore input')).toMatch(/counter packets [1-9]/);
  });

  it('R-17 without outbound NAT the overlay is not routed', () => {
    namespaces.run(names.node1, 'sysctl -q -w net.ipv4.ip_forward=1');
    namespaces.run(names.underlay, `ip route add 10.250.0.2/32 via ${vteps.node1}`);
    expect(namespaces.pings(names.web, '192.168.40.9')).toBe(false);
    expect(namespaces.pings(names.underlay, addresses.web)).toBe(false);
    expect(namespaces.pings(names.web, addresses.app)).toBe(true);
  });
});
