import type { SpecObject } from '@kcore/contract';
import { describe, expect, it } from 'vitest';
import { compiled, keys, owned, resource, type Situation, verdict, withLinks } from '../../test/support/compiled.ts';
import {
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
import { compile } from './compile.ts';

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

  it('R-10 a bridge that runs and lost its NIC to the host goes on without it, and does not take it back', () => {
    const addresses = [...host.addresses, { link: 'eno2', address: '10.7.0.2', prefix: 24 }];
    const links = [...host.links, owned('kbr-lan', 'bridge')];
    const desired = compiled([bridgeNetwork('lan', { uplink: 'eno2' })], { host: { addresses, links } });
    expect(verdict(desired, 'lan')).toEqual(['UplinkProtected']);
    expect([...desired.state.keys()]).toEqual(['link kbr-lan']);
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

  it('R-04 tells DHCP what a person wrote for it, and nothing that nobody did', () => {
    const dhcp = {
      domain: 'lan',
      search: ['lan', 'example.org'],
      ntp: ['10.240.0.9'],
      routes: [{ destination: '10.9.0.0/16', via: '10.240.0.2' }],
      rapidCommit: true,
      probe: false,
      captivePortal: 'https://portal.example/api',
      ipv6OnlySeconds: 1800,
      autoConfigure: false,
      boot: { server: '10.240.0.9', bios: 'pxelinux.0' },
    };
    const options = [
      { code: 138, addresses: ['10.240.0.9'] },
      { code: 23, u8: 64 },
    ];
    const [served] = compiled([natNetwork('default', '10.240.0.1', { dhcp: { ...dhcp, options } })]).dhcp;
    expect(served).toMatchObject({
      ...dhcp,
      options: [
        { code: 138, hex: '0af00009' },
        { code: 23, hex: '40' },
      ],
    });
    const [plain] = compiled([natNetwork('default', '10.240.0.1')]).dhcp;
    expect(Object.keys(plain ?? {}).filter((key) => key in dhcp)).toEqual([]);
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
