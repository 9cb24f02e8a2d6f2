import type { NodeNetwork } from '@kcore/contract';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { compile } from '../../src/compile/compile.ts';
import type { HostFacts } from '../../src/model/host-facts.ts';
import { describe as commands } from '../../src/plan/describe.ts';
import { plan } from '../../src/plan/plan.ts';
import { Namespaces } from '../support/network-namespaces.ts';
import { attachmentsOf, host, natNetwork, node, spec, vm, vmNic } from '../support/node-fixture.ts';

/**
 * Whether the state that compile makes does on a real kernel what the requirements say, applied by the commands that
 * `describe` prints: what is tested is the state and the text, not the agent's own way to the kernel.
 *
 * world (192.168.40.1, and 10.9.9.9 behind it) — eno1 node — kbr-default with web (.100), app (.101); kbr-other with far (.100)
 */
describe.each([0, 1])('nat with bridge-nf-call-iptables %i', (bridgeCalls) => {
  const namespaces = new Namespaces(`nat${bridgeCalls}`);
  const names = { world: '', node: '', web: '', app: '', far: '' };
  const forward = { protocol: 'tcp', port: 8080, address: '10.240.0.100', targetPort: 80 } as const;
  const networks: readonly NodeNetwork[] = [
    natNetwork('default', '10.240.0.1', { forwards: [forward] }),
    natNetwork('other', '10.241.0.1'),
  ];
  const facts: HostFacts = { ...host, bridgeCallsIptables: bridgeCalls === 1 };

  beforeAll(async () => {
    for (const name of ['world', 'node', 'web', 'app', 'far'] as const) names[name] = namespaces.add(name);
    namespaces.run(
      names.world,
      `ip link add eth0 type veth peer name eno1 netns ${names.node}
       ip address add 192.168.40.1/24 dev eth0; ip link set dev eth0 up; ip address add 10.9.9.9/32 dev lo
       ip route add 10.240.0.0/16 via 192.168.40.101; ip route add 10.77.0.0/24 via 192.168.40.101`,
    );
    namespaces.run(
      names.node,
      `sysctl -q -w net.bridge.bridge-nf-call-iptables=${bridgeCalls} net.ipv4.ip_forward=0
       ip address add 192.168.40.101/24 dev eno1; ip link set dev eno1 up; ip route add default via 192.168.40.1
       ip link add side type veth peer name side-end; ip link set dev side-end up
       ip address add 10.77.0.1/24 dev side; ip link set dev side up; ip neighbour add 10.77.0.9 lladdr 02:00:00:00:00:09 dev side`,
    );
    const objects = spec(
      ...networks,
      vm('web', vmNic('web', 0, 'default', '10.240.0.100')),
      vm('app', vmNic('app', 0, 'default', '10.240.0.101')),
      vm('far', vmNic('far', 0, 'other', '10.241.0.100')),
    );
    const attachments = attachmentsOf(objects, (name) => ({
      kind: 'veth',
      netns: `/run/netns/${names[name as 'web' | 'app' | 'far']}`,
      name: 'eth0',
    }));
    const desired = compile(objects, facts, node, attachments);
    const uplink = { kind: 'link', type: 'foreign', name: 'eno1', owned: false, forwarding: false } as const;
    namespaces.run(names.node, commands(plan(desired.state, new Map([['link eno1', uplink]]))));
    for (const [name, address, gateway] of [
      ['web', '10.240.0.100', '10.240.0.1'],
      ['app', '10.240.0.101', '10.240.0.1'],
      ['far', '10.241.0.100', '10.241.0.1'],
    ] as const) {
      namespaces.run(
        names[name],
        `ip address add ${address}/24 dev eth0; ip link set dev eth0 up; ip route add default via ${gateway}`,
      );
    }
    await namespaces.serve(names.web, 80);
    await namespaces.serve(names.world, 9999);
  });
  afterAll(() => namespaces[Symbol.dispose]());

  it('R-05 VMs reach the outside with the address of the node', () => {
    expect(namespaces.ask(names.app, '10.9.9.9', 9999)).toBe('192.168.40.101');
  });

  it('R-06 a forward works from outside, the host, another VM, another network and the VM itself', () => {
    expect(namespaces.ask(names.world, '192.168.40.101', 8080)).toBe('192.168.40.1');
    expect(namespaces.ask(names.node, '192.168.40.101', 8080)).toBe('192.168.40.101');
    expect(namespaces.ask(names.app, '192.168.40.101', 8080)).toMatch(/^10\.240\.0\./);
    expect(namespaces.ask(names.far, '192.168.40.101', 8080)).toBe('10.241.0.100');
    expect(namespaces.ask(names.web, '192.168.40.101', 8080)).toMatch(/^10\.240\.0\./);
  });

  it('R-07 nothing else gets in, neither from outside nor from another network', () => {
    expect(namespaces.pings(names.world, '10.240.0.101')).toBe(false);
    expect(namespaces.ask(names.world, '10.240.0.100', 80)).toBe('timeout');
    expect(namespaces.ask(names.far, '10.240.0.100', 80)).toBe('timeout');
    expect(namespaces.pings(names.app, '10.240.0.100')).toBe(true);
  });

  it('R-07 the host does not become a router for others', () => {
    namespaces.run(names.node, 'sysctl -q -w net.ipv4.conf.side.forwarding=1');
    const before = guarded();
    expect(before).toBeGreaterThanOrEqual(0);
    // 10.77.0.9 is nobody on that link; what counts is that the packet is dropped and not forwarded there.
    expect(namespaces.pings(names.world, '10.77.0.9')).toBe(false);
    expect(guarded()).toBe(before + 1);
  });

  it('R-22 a VM cannot use a foreign MAC or address, nor answer DHCP', () => {
    const reaches = (script: string): boolean => {
      // A neighbour entry that is still being asked for would delay the answer.
      namespaces.run(names.app, `${script}; ip neighbour flush dev eth0`);
      return namespaces.pings(names.app, '10.240.0.1');
    };
    const mac = namespaces.run(names.app, 'cat /sys/class/net/eth0/address').trim();
    const takeAddress =
      'ip address add 10.240.0.77/24 dev eth0; ip route replace 10.240.0.0/24 dev eth0 src 10.240.0.77';
    const ownAddress =
      'ip address delete 10.240.0.77/24 dev eth0; ip route replace 10.240.0.0/24 dev eth0 src 10.240.0.101';
    expect(reaches('true')).toBe(true);
    expect(reaches(takeAddress)).toBe(false);
    expect(reaches(ownAddress)).toBe(true);
    expect(reaches('ip link set dev eth0 address 52:54:00:00:00:99')).toBe(false);
    expect(reaches(`ip link set dev eth0 address ${mac}`)).toBe(true);
  });

  it('a port in hairpin mode does not reflect the broadcasts of its own VM', () => {
    namespaces.run(
      names.web,
      `nft 'add table arp t; add chain arp t in { type filter hook input priority 0; }
        add rule arp t in arp operation request arp saddr ip 10.240.0.100 counter'`,
    );
    // Nobody has this address, so only ARP requests leave.
    expect(namespaces.pings(names.web, '10.240.0.250')).toBe(false);
    expect(namespaces.run(names.web, 'nft list chain arp t in')).toContain('counter packets 0');
  });

  function guarded(): number {
    const chain = namespaces.run(names.node, 'nft list chain ip kcore forward');
    return Number(/@guarded-uplinks counter packets (\d+)/.exec(chain)?.[1]);
  }
});

/** Every packet of the network leaves by eno2 and comes back there, while the node's default route is on eno1. */
describe.each([0, 1])(
  'nat over an uplink that is not the default one, with bridge-nf-call-iptables %i',
  (bridgeCalls) => {
    const namespaces = new Namespaces(`pbr${bridgeCalls}`);
    const names = { world: '', node: '', web: '' };

    beforeAll(async () => {
      for (const name of ['world', 'node', 'web'] as const) names[name] = namespaces.add(name);
      namespaces.run(
        names.world,
        `ip link add eth0 type veth peer name eno1 netns ${names.node}; ip link add eth1 type veth peer name eno2 netns ${names.node}
       ip address add 192.168.40.1/24 dev eth0; ip address add 10.7.0.1/24 dev eth1; ip address add 10.9.9.9/32 dev lo
       ip link set dev eth0 up; ip link set dev eth1 up`,
      );
      namespaces.run(
        names.node,
        `sysctl -q -w net.bridge.bridge-nf-call-iptables=${bridgeCalls}
       ip address add 192.168.40.101/24 dev eno1; ip address add 10.7.0.2/24 dev eno2
       ip link set dev eno1 up; ip link set dev eno2 up; ip route add default via 192.168.40.1`,
      );
      const objects = spec(
        natNetwork('default', '10.240.0.1', {
          uplink: 'eno2',
          externalIp: '10.7.0.2',
          externalGateway: '10.7.0.1',
          forwards: [{ protocol: 'tcp', port: 8080, address: '10.240.0.100', targetPort: 80 }],
        }),
        vm('web', vmNic('web', 0, 'default', '10.240.0.100')),
      );
      const addresses = [...host.addresses, { link: 'eno2', address: '10.7.0.2', prefix: 24 }];
      const facts = { ...host, addresses, bridgeCallsIptables: bridgeCalls === 1 };
      const attachment = { kind: 'veth', netns: `/run/netns/${names.web}`, name: 'eth0' } as const;
      const desired = compile(
        objects,
        facts,
        node,
        attachmentsOf(objects, () => attachment),
      );
      const uplink = { kind: 'link', type: 'foreign', name: 'eno2', owned: false, forwarding: false } as const;
      namespaces.run(names.node, commands(plan(desired.state, new Map([['link eno2', uplink]]))));
      namespaces.run(
        names.web,
        'ip address add 10.240.0.100/24 dev eth0; ip link set dev eth0 up; ip route add default via 10.240.0.1',
      );
      await namespaces.serve(names.web, 80);
      await namespaces.serve(names.world, 9999);
    });
    afterAll(() => namespaces[Symbol.dispose]());

    it('R-35 leaves by it, with its address, and forwards from afar come back by it', () => {
      expect(namespaces.ask(names.web, '10.9.9.9', 9999)).toBe('10.7.0.2');
      expect(namespaces.ask(names.world, '10.7.0.2', 8080, '10.9.9.9')).toBe('10.9.9.9');
      expect(namespaces.ask(names.web, '10.7.0.2', 8080)).toMatch(/^10\.240\.0\./);
      expect(namespaces.ask(names.node, '10.7.0.2', 8080)).toBe('10.7.0.2');
    });
  },
);
