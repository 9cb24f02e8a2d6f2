import type { SpecObject } from '@kcore/contract';
import { describe, expect, it } from 'vitest';
import {
  attachmentsOf,
  bridgeNetwork,
  host,
  localBinding,
  natNetwork,
  nic,
  node,
  peer,
  remoteBinding,
  spec,
  vm,
  vmNic,
  vxlanNetwork,
} from '../../test/support/node-fixture.ts';
import type { HostFacts } from '../model/host-facts.ts';
import type { Resource } from '../model/resource.ts';
import { compile } from './compile.ts';
import type { Desired, NodeIdentity } from './desired.ts';
import { forwardFilter } from './forwards.ts';

interface Situation {
  readonly host?: Partial<HostFacts>;
  readonly node?: Partial<NodeIdentity>;
}

function compiled(objects: readonly SpecObject[], situation: Situation = {}): Desired {
  const nodeSpec = spec(...objects);
  const facts = { ...host, ...situation.host };
  return compile(nodeSpec, facts, { ...node, ...situation.node }, attachmentsOf(nodeSpec));
}

function resource(desired: Desired, key: string): Resource | undefined {
  return desired.state.get(key);
}

function keys(desired: Desired, start: string): readonly string[] {
  return [...desired.state.keys()].filter((key) => key.startsWith(start));
}

/** Condition types of a network, and whether it was refused. */
function verdict(desired: Desired, network: string): readonly string[] {
  const outcome = desired.networks.get(network);
  const types = outcome?.conditions.map((condition) => condition.type) ?? ['absent'];
  return outcome?.blocked === true ? ['blocked', ...types] : types;
}

const owned = (name: string, kind: string) => nic(name, { kind, owned: true, index: 9 });
const withLinks = (...links: HostFacts['links'][number][]): Situation => ({
  host: { links: [...host.links, ...links] },
});

describe('compile nat', () => {
  it('R-02 R-03 makes the bridge with its own MAC, and the gateway address', () => {
    const desired = compiled([natNetwork('customer-acme', '10.100.0.1')]);
    expect(resource(desired, 'link kb-06c5cd41')).toMatchObject({
      type: 'bridge',
      altNames: ['kbr-customer-acme'],
      alias: 'kcore:customer-acme',
      mac: expect.stringMatching(/^02:6c:/),
      forwarding: true,
    });
    expect(keys(desired, 'address')).toEqual(['address kb-06c5cd41 10.100.0.1/24']);
    expect(desired.networks.get('customer-acme')).toMatchObject({
      bridge: 'kb-06c5cd41',
      uplink: 'eno1',
      blocked: false,
    });
    expect(desired.owners.get('link kb-06c5cd41')).toBe('customer-acme');
  });

  it('R-05 leaves with externalIp where the node owns it, else masquerades with a condition', () => {
    const source = (externalIp: string) => {
      const desired = compiled([natNetwork('default', '10.240.0.1', { externalIp })]);
      const chain = resource(desired, 'nft-chain ip kcore nat-default');
      const statements = chain?.kind === 'nft-chain' ? chain.rules.at(-1)?.statements : [];
      return [statements?.at(-1), ...verdict(desired, 'default')];
    };
    expect(source('192.168.40.101')).toEqual([{ snat: '192.168.40.101' }]);
    expect(source('192.168.40.105')).toEqual([{ masquerade: true }, 'ExternalIpNotLocal']);
  });

  it('R-06 forwards are elements keyed by the external address, the second user of a port gets a condition', () => {
    const forward = { protocol: 'udp', port: 53, address: '10.240.0.100', targetPort: 5353 } as const;
    const other = { ...forward, address: '10.241.0.100' };
    const desired = compiled([
      natNetwork('default', '10.240.0.1', { forwards: [forward] }),
      natNetwork('other', '10.241.0.1', { forwards: [other] }),
    ]);
    const key = 'nft-element ip kcore forwards 192.168.40.101 . udp . 53';
    const element = resource(desired, key);
    expect(element).toMatchObject({ value: ['10.240.0.100', '5353'] });
    expect(keys(desired, 'nft-element ip kcore forwards')).toEqual([key]);
    expect(verdict(desired, 'other')).toEqual(['ForwardConflict']);
    expect(element === undefined ? element : forwardFilter(element)).toEqual({
      protocol: 'udp',
      address: '192.168.40.101',
      port: 53,
    });
  });

  it('R-06 the port of a forward is in hairpin mode while br_netfilter calls the ip hooks, and then its broadcasts are not reflected', () => {
    const forwards = [{ protocol: 'tcp', port: 80, address: '10.240.0.100', targetPort: 80 }] as const;
    const objects = [
      natNetwork('default', '10.240.0.1', { forwards: [...forwards] }),
      vm('web-01', vmNic('web-01', 0, 'default', '10.240.0.100')),
      vm('vm1', vmNic('vm1', 0, 'default', '10.240.0.101')),
    ];
    const hairpins = (bridgeCallsIptables: boolean) => {
      const desired = compiled(objects, { host: { bridgeCallsIptables } });
      return [
        ...['tap-0b9d9f06', 'tap-7b11e3d1'].map((tap) => resource(desired, `link ${tap}`)),
        keys(desired, 'nft-element bridge kcore hairpin-ports'),
      ];
    };
    expect(hairpins(true)).toMatchObject([
      { port: { hairpin: true } },
      { port: { hairpin: false } },
      ['nft-element bridge kcore hairpin-ports tap-0b9d9f06 . tap-0b9d9f06'],
    ]);
    expect(hairpins(false)).toMatchObject([{ port: { hairpin: false } }, { port: { hairpin: false } }, []]);
  });

  it('R-07 guards an uplink only where the host does not route already', () => {
    const guarded = (ipForward: boolean) =>
      keys(compiled([natNetwork('default', '10.240.0.1')], { host: { ipForward } }), 'nft-element ip kcore guarded');
    expect(guarded(false)).toEqual(['nft-element ip kcore guarded-uplinks eno1']);
    expect(guarded(true)).toEqual([]);
  });

  it('R-09 refuses a subnet that overlaps the host or another network, by true overlap; default routes do not count', () => {
    const overlapping = compiled([natNetwork('lan', '192.168.40.129', { prefix: 25 })]);
    expect(verdict(overlapping, 'lan')).toEqual(['blocked', 'SubnetConflict']);
    expect(overlapping.state.size).toBe(0);
    expect(verdict(compiled([natNetwork('lan', '192.168.41.1')]), 'lan')).toEqual([]);
    const two = compiled([natNetwork('b', '10.0.0.1'), natNetwork('a', '10.0.0.129', { prefix: 25 })]);
    expect([verdict(two, 'a'), verdict(two, 'b')]).toEqual([[], ['blocked', 'SubnetConflict']]);
  });

  it('R-51 does not tear down a network that runs for what others did to the host since', () => {
    const routes = [...host.routes, { table: 254, destination: '10.0.0.0/8', link: 'tun0', metric: 0 }];
    const running = { host: { routes, links: [...host.links, owned('kbr-default', 'bridge')] } };
    expect(verdict(compiled([natNetwork('default', '10.240.0.1')], running), 'default')).toEqual(['SubnetConflict']);
    expect(verdict(compiled([natNetwork('default', '10.240.0.1')], { host: { routes } }), 'default')).toEqual([
      'blocked',
      'SubnetConflict',
    ]);
  });

  it('R-35 a VLAN is an uplink of its own: its address, its table, its rules, shared by two networks', () => {
    const vlan = { vlanId: 100, externalIp: '192.168.100.10', externalGateway: '192.168.100.1' };
    const desired = compiled([
      natNetwork('vlan-net', '10.100.0.1', vlan),
      natNetwork('second', '10.101.0.1', { ...vlan, externalIp: '192.168.100.11/25' }),
    ]);
    expect(resource(desired, 'link eno1.100')).toMatchObject({
      type: 'vlan',
      parent: 'eno1',
      vlanId: 100,
      forwarding: true,
    });
    expect(resource(desired, 'link eno1')).toEqual({
      kind: 'link',
      type: 'foreign',
      name: 'eno1',
      owned: false,
      up: true,
    });
    expect(keys(desired, 'address eno1.100')).toEqual([
      'address eno1.100 192.168.100.11/25',
      'address eno1.100 192.168.100.10/24',
    ]);
    const routes = keys(desired, 'route').map((key) => key.replace(/^route \d+ /, ''));
    expect(routes).toEqual([
      '0.0.0.0/0 0',
      '192.168.100.0/25 0',
      '192.168.100.0/24 0',
      '10.101.0.0/24 0',
      '10.100.0.0/24 0',
    ]);
    expect(new Set(keys(desired, 'route').map((key) => key.split(' ')[1])).size).toBe(1);
    const rules = keys(desired, 'rule').map((key) => key.replace(/^rule 10000 \d+ /, ''));
    expect(rules).toEqual(['- kbr-second', '192.168.100.11/32 -', '- kbr-vlan-net', '192.168.100.10/32 -']);
  });

  it('R-35 without an external gateway what is not on the VLAN is unreachable, and a taken table id is avoided', () => {
    const network = natNetwork('vlan-net', '10.100.0.1', { vlanId: 100, externalIp: '192.168.100.10' });
    const routeOf = (situation: Situation) =>
      [...compiled([network], situation).state.values()].find((each) => each.kind === 'route');
    const route = routeOf({});
    expect(route).toMatchObject({ destination: '0.0.0.0/0', type: 'unreachable' });
    const table = route?.kind === 'route' ? route.table : 0;
    const taken = { table, destination: '10.9.0.0/16', metric: 0 };
    expect(routeOf({ host: { routes: [...host.routes, taken] } })).toMatchObject({ table: table + 1 });
  });

  it('an uplink that is not the default one is routed by its own default route; the default one by the main table', () => {
    const elsewhere = { table: 254, destination: '0.0.0.0/0', link: 'eno2', via: '10.7.0.1', metric: 500 };
    const situation = { host: { routes: [...host.routes, elsewhere] } };
    const desired = compiled([natNetwork('default', '10.240.0.1', { uplink: 'eno2' })], situation);
    expect([...desired.state.values()].find((each) => each.kind === 'route')).toMatchObject({
      via: '10.7.0.1',
      link: 'eno2',
    });
    expect(keys(compiled([natNetwork('default', '10.240.0.1')], situation), 'route')).toEqual([]);
  });
});

describe('compile bridge', () => {
  it('R-10 R-11 takes the NIC as a port, without address, NAT or DHCP', () => {
    const desired = compiled([bridgeNetwork('lan', { uplink: 'eno2' })]);
    expect([...desired.state.keys()]).toEqual(['link kbr-lan', 'link eno2']);
    expect(resource(desired, 'link eno2')).toMatchObject({ owned: false, master: 'kbr-lan', up: true });
    expect([...desired.foreignLinks]).toEqual(['eno2']);
    expect(desired.dhcp).toEqual([]);
  });

  const protectedNics: readonly [string, SpecObject, Situation, string][] = [
    ['default route', bridgeNetwork('lan'), {}, 'UplinkProtected'],
    [
      'address',
      bridgeNetwork('lan', { uplink: 'eno2' }),
      { host: { addresses: [...host.addresses, { link: 'eno2', address: '10.7.0.2', prefix: 24 }] } },
      'UplinkProtected',
    ],
    [
      'controller session',
      bridgeNetwork('lan', { uplink: 'eno2' }),
      {
        node: { controllerAddress: '10.8.0.5' },
        host: { routes: [...host.routes, { table: 254, destination: '10.8.0.0/16', link: 'eno2', metric: 0 }] },
      },
      'UplinkProtected',
    ],
    [
      'bridge of others',
      bridgeNetwork('lan', { uplink: 'eno2' }),
      { host: { links: [nic('eno1'), nic('eno2', { master: 'br0' })] } },
      'UplinkInUse',
    ],
  ];
  it.each(protectedNics)('R-10 does not take a NIC with the %s', (_, network, situation, condition) => {
    const desired = compiled([network], situation);
    expect(verdict(desired, 'lan')).toEqual(['blocked', condition]);
    expect(desired.state.size).toBe(0);
  });

  it('R-10 on a VLAN the protected NIC may be used: the sub-interface is the port', () => {
    const desired = compiled([bridgeNetwork('lan', { vlanId: 100 })]);
    expect(verdict(desired, 'lan')).toEqual([]);
    expect(resource(desired, 'link eno1.100')).toMatchObject({ master: 'kbr-lan', parent: 'eno1' });
  });

  it('a NIC that is missing leaves a bridge without it, and one link is a port of one bridge', () => {
    const missing = compiled([bridgeNetwork('lan', { uplink: 'eno9' })]);
    expect(verdict(missing, 'lan')).toEqual(['UplinkMissing']);
    expect([...missing.state.keys()]).toEqual(['link kbr-lan']);
    const twice = compiled([bridgeNetwork('a', { uplink: 'eno2' }), bridgeNetwork('b', { uplink: 'eno2' })]);
    expect([verdict(twice, 'a'), verdict(twice, 'b')]).toEqual([[], ['blocked', 'UplinkInUse']]);
  });
});

describe('compile vxlan', () => {
  const overlay = vxlanNetwork('private', '10.250.0.1', 14416);
  const web = remoteBinding('private', 'web-01', '10.250.0.2', '192.168.40.102');

  it('R-12 R-19 R-21 makes the device, the anycast gateway and three entries a remote VM', () => {
    const desired = compiled([
      overlay,
      peer('private', 'node-2', '192.168.40.102'),
      peer('private', 'node-1', '192.168.40.101'),
      web,
      localBinding('private', 'vm1', '10.250.0.3'),
    ]);
    expect(resource(desired, 'link kbr-private')).toMatchObject({ mac: '02:6b:00:00:38:50', mtu: 1450 });
    expect(resource(desired, 'link vxlan14416')).toMatchObject({
      vni: 14416,
      local: '192.168.40.101',
      destinationPort: 4789,
      learning: false,
      mtu: 1450,
      master: 'kbr-private',
      port: { learning: false, neighSuppress: true },
    });
    expect(keys(desired, 'fdb')).toEqual([
      'fdb vxlan vxlan14416 00:00:00:00:00:00 192.168.40.102',
      'fdb vxlan vxlan14416 52:54:00:0b:9d:9f 192.168.40.102',
      'fdb bridge vxlan14416 52:54:00:0b:9d:9f -',
    ]);
    expect(keys(desired, 'neighbour')).toEqual(['neighbour kbr-private 10.250.0.2']);
    expect(desired.networks.get('private')).toMatchObject({ vtep: '192.168.40.101' });
    expect(desired.dhcp).toEqual([]);
  });

  it('R-17 without outbound NAT it is not routed: no translation, no forwarding, dropped both ways', () => {
    const desired = compiled([{ ...overlay, outboundNat: false }]);
    expect(resource(desired, 'link kbr-private')).toMatchObject({ forwarding: false });
    expect(keys(desired, 'nft-chain ip kcore nat-')).toEqual([]);
    expect(keys(desired, 'nft-element ip kcore sources')).toEqual([]);
    expect(resource(desired, 'nft-element ip kcore from-bridge kbr-private')).toMatchObject({ value: ['drop'] });
    expect(resource(desired, 'nft-element ip kcore to-bridge kbr-private')).toMatchObject({ value: ['drop'] });
    expect(desired.foreignLinks.size).toBe(0);
  });

  const noVxlan = { ...host.features, vxlan: false };
  const refusals: readonly [string, Situation, string][] = [
    ['R-37 where it is disabled', { node: { vxlanDisabled: true } }, 'VxlanDisabled'],
    ['where the kernel has none', { host: { features: noVxlan } }, 'VxlanUnsupported'],
    ['R-12 where the underlay is too small', { host: { links: [nic('eno1', { mtu: 1499 })] } }, 'UnderlayMtuTooSmall'],
    ['where the endpoint is on no link', { node: { vtep: '192.168.40.250' } }, 'VtepMissing'],
    ['R-54 where a stranger has the name', withLinks(nic('vxlan14416', { kind: 'vxlan' })), 'LinkNameTaken'],
    ['R-54 where a stranger has the bridge', withLinks(nic('kbr-private', { kind: 'bridge' })), 'BridgeNameTaken'],
  ];
  it.each(refusals)('stays out %s', (_, situation, condition) => {
    const desired = compiled([overlay], situation);
    expect(verdict(desired, 'private')).toEqual(['blocked', condition]);
    expect(desired.state.size).toBe(0);
  });

  it('R-15 serves DHCP when asked, its own VMs only', () => {
    const desired = compiled([
      { ...overlay, dhcp: { enabled: true } },
      web,
      localBinding('private', 'vm1', '10.250.0.3'),
    ]);
    expect(desired.dhcp).toMatchObject([
      {
        network: 'private',
        link: 'kbr-private',
        serverAddress: '10.250.0.1',
        mtu: 1450,
        bindingsOnly: true,
        bindings: [{ mac: '52:54:00:7b:11:e3', address: '10.250.0.3', hostname: 'vm1' }],
      },
    ]);
    expect(desired.dhcp[0]?.range).toBeUndefined();
  });
});

describe('compile for all types', () => {
  it('R-22 guards MAC and address on nat and vxlan, the MAC on bridge, nothing where it is switched off', () => {
    const elements = (network: SpecObject, address: string | undefined, antiSpoofing = true) => {
      const name = network.kind === 'network' ? network.name : '';
      const port = { ...vmNic('web-01', 0, name, address), antiSpoofing };
      return keys(compiled([network, vm('web-01', port)]), 'nft-element bridge').map((key) =>
        key.replace(/^.*kcore /, ''),
      );
    };
    expect(elements(natNetwork('default', '10.240.0.1'), '10.240.0.100')).toEqual([
      'ingress tap-0b9d9f06',
      'port-macs tap-0b9d9f06 . 52:54:00:0b:9d:9f',
      'port-addresses tap-0b9d9f06 . 52:54:00:0b:9d:9f . 0.0.0.0',
      'port-addresses tap-0b9d9f06 . 52:54:00:0b:9d:9f . 10.240.0.100',
    ]);
    expect(elements(bridgeNetwork('lan', { uplink: 'eno2' }), undefined)).toEqual([
      'ingress tap-0b9d9f06',
      'port-macs tap-0b9d9f06 . 52:54:00:0b:9d:9f',
    ]);
    expect(elements(natNetwork('default', '10.240.0.1'), '10.240.0.100', false)).toEqual([]);
  });

  it('a kernel without VLANs, NAT or bridge rules is a condition and not a crash', () => {
    const lacking = (features: Partial<HostFacts['features']>) => ({
      host: { features: { ...host.features, ...features } },
    });
    const vlan = bridgeNetwork('lan', { vlanId: 100 });
    expect(verdict(compiled([vlan], lacking({ vlan: false })), 'lan')).toEqual(['blocked', 'VlanUnsupported']);
    const nat = natNetwork('default', '10.240.0.1');
    expect(verdict(compiled([nat], lacking({ nftNat: false })), 'default')).toEqual(['blocked', 'NatUnsupported']);
    const web = vm('web-01', vmNic('web-01', 0, 'default', '10.240.0.100'));
    const unguarded = compiled([nat, web], lacking({ nftBridge: false }));
    expect(unguarded.conditions.map((condition) => condition.type)).toEqual(['NftBridgeUnsupported']);
    expect(keys(unguarded, 'nft-table')).toEqual(['nft-table ip kcore']);
  });

  it('R-07 names the chain of a foreign firewall that drops, and the rule to add', () => {
    const chain = {
      family: 'ip',
      table: 'filter',
      chain: 'FORWARD',
      hook: 'forward',
      policy: 'drop',
      rules: 3,
    } as const;
    const input = { ...chain, chain: 'INPUT', hook: 'input' } as const;
    const situation = { host: { foreignBaseChains: [chain, input, { ...chain, policy: 'accept' } as const] } };
    const found = compiled([natNetwork('default', '10.240.0.1')], situation).networks.get('default')?.conditions;
    expect(found?.map((condition) => condition.remedy)).toEqual([
      'nft insert rule ip filter FORWARD iifname "kbr-default" accept; nft insert rule ip filter FORWARD oifname "kbr-default" accept',
      'nft insert rule ip filter INPUT iifname "kbr-default" udp dport 67 accept',
    ]);
    const lan = compiled([bridgeNetwork('lan', { uplink: 'eno2' })], situation);
    expect(verdict(lan, 'lan')).toEqual([]);
  });

  it('R-04 tells DHCP its range, resolvers, lease time and reservations', () => {
    const reservations = [{ mac: '02:00:00:00:00:01', address: '10.240.0.9' }];
    const [served] = compiled([natNetwork('default', '10.240.0.1', { dhcp: { reservations } })], {
      node: { resolvers: ['192.168.40.1'] },
    }).dhcp;
    expect(served).toMatchObject({
      range: { start: '10.240.0.100', end: '10.240.0.199' },
      dns: ['192.168.40.1'],
      leaseSeconds: 43_200,
      mtu: 1500,
      reservations,
      bindingsOnly: false,
    });
  });

  it('R-52 keeps the port of a running VM that nobody has said the attachment of yet', () => {
    const objects = [natNetwork('default', '10.240.0.1'), vm('web-01', vmNic('web-01', 0, 'default', '10.240.0.100'))];
    const ports = (kind?: string) => {
      const links = kind === undefined ? host.links : [...host.links, owned('tap-0b9d9f06', kind)];
      return compile(spec(...objects), { ...host, links }, node, new Map()).state.get('link tap-0b9d9f06');
    };
    expect(ports()).toBeUndefined();
    expect(ports('tun')).toMatchObject({ type: 'tap', master: 'kbr-default' });
    expect(ports('tun')).not.toHaveProperty('vnetHeader');
    expect(ports('veth')).toMatchObject({ type: 'veth', master: 'kbr-default' });
  });

  it('R-54 does not take a port whose name a stranger has', () => {
    const objects = [natNetwork('default', '10.240.0.1'), vm('web-01', vmNic('web-01', 0, 'default', '10.240.0.100'))];
    const desired = compiled(objects, withLinks(nic('tap-0b9d9f06')));
    expect(resource(desired, 'link tap-0b9d9f06')).toBeUndefined();
    expect(verdict(desired, 'default')).toEqual(['LinkNameTaken']);
  });
});
