import { describe, expect, it } from 'vitest';
import { natNetwork, vm, vxlanNetwork } from '../../test/support/specs.ts';
import { type SeedContext, seedOf } from './seed.ts';

const context: SeedContext = {
  networks: new Map([
    ['private', vxlanNetwork('private')],
    ['web', natNetwork('web')],
    ['lan', { ...natNetwork('lan'), type: 'bridge' as const }],
    ['named', vxlanNetwork('named', { dhcp: { dns: ['9.9.9.9'], domain: 'corp.example' } })],
  ]),
  mtuOf: (network) => (network === 'private' || network === 'named' ? 1450 : undefined),
  resolvers: ['192.168.40.1'],
};

const web01 = vm('web-01', 'private');
const nic = { ...web01.nics[0], index: 0, mac: '52:54:00:0b:9d:9f', tap: 'tap-0b9d9f06', antiSpoofing: true };

describe('seedOf', () => {
  it('addresses a NIC on a vxlan network statically (R-14)', () => {
    const seed = seedOf({ ...web01, nics: [{ ...nic, network: 'private', address: '10.250.0.2' }] }, context);
    expect(seed.networkConfig).toBe(`version: 2
ethernets:
  eth0:
    match:
      macaddress: "52:54:00:0b:9d:9f"
    set-name: eth0
    dhcp4: false
    addresses:
      - "10.250.0.2/24"
    routes:
      - to: "0.0.0.0/0"
        via: "10.250.0.1"
    nameservers:
      addresses:
        - "192.168.40.1"
    mtu: 1450
`);
    expect(seed.metaData).toBe('instance-id: uid-web-01\nlocal-hostname: web-01\n');
    expect(seed.userData).toBe('#cloud-config\nhostname: web-01\n');
  });

  it.each(['web', 'lan'])('leaves the address on %s to DHCP', (network) => {
    const seed = seedOf({ ...web01, nics: [{ ...nic, network, address: '10.100.0.100' }] }, context);
    expect(seed.networkConfig).toBe(`version: 2
ethernets:
  eth0:
    match:
      macaddress: "52:54:00:0b:9d:9f"
    set-name: eth0
    dhcp4: true
`);
  });

  it("prefers the network's resolvers, else the node's, else public ones", () => {
    const nics = [{ ...nic, network: 'named', address: '10.250.0.2' }];
    expect(seedOf({ ...web01, nics }, context).networkConfig).toContain(`    nameservers:
      addresses:
        - "9.9.9.9"
      search:
        - "corp.example"
`);
    const onPrivate = { ...web01, nics: [{ ...nic, network: 'private', address: '10.250.0.2' }] };
    expect(seedOf(onPrivate, { ...context, resolvers: [] }).networkConfig).toContain(`    nameservers:
      addresses:
        - "1.1.1.1"
        - "8.8.8.8"
`);
  });

  it('gives the default route of a further NIC a metric, because Linux refuses two equal ones', () => {
    const nics = [
      { ...nic, network: 'private', address: '10.250.0.2' },
      { ...nic, index: 1, mac: '52:54:00:00:00:01', network: 'named', address: '10.250.0.3' },
    ];
    const [, eth0 = '', eth1 = ''] = seedOf({ ...web01, nics }, context).networkConfig.split(/eth[01]:/);
    expect(eth0).not.toContain('metric');
    expect(eth1).toContain(`    set-name: eth1
    dhcp4: false
    addresses:
      - "10.250.0.3/24"
    routes:
      - to: "0.0.0.0/0"
        via: "10.250.0.1"
        metric: 200
`);
  });

  it('orders the default routes of several NICs, whoever gives them', () => {
    const nics = [
      { ...nic, network: 'web' },
      { ...nic, index: 2, mac: '52:54:00:00:00:02', network: 'lan' },
    ];
    const { networkConfig } = seedOf({ ...web01, nics }, context);
    expect(networkConfig.match(/dhcp4-overrides:\n {6}route-metric: \d+/g)).toEqual([
      'dhcp4-overrides:\n      route-metric: 100',
      'dhcp4-overrides:\n      route-metric: 300',
    ]);
  });

  it("passes the user's data on, whatever it is, and keys beside it", () => {
    const mine = {
      ...web01,
      userData: '#!/bin/sh\nexit 0\n',
      sshKeys: ['mine'],
      authorizedKeys: ['ssh-ed25519 AAAA me@here'],
    };
    const { userData, metaData } = seedOf(mine, context);
    expect(userData).toBe('#!/bin/sh\nexit 0\n');
    expect(metaData).toBe(
      'instance-id: uid-web-01\nlocal-hostname: web-01\npublic-keys:\n  - "ssh-ed25519 AAAA me@here"\n',
    );
    expect(seedOf({ ...web01, sshKeys: ['ssh-rsa BBBB'] }, context).metaData).toContain('  - "ssh-rsa BBBB"\n');
  });

  it('lets each boot take the network configuration, and no password in', () => {
    expect(seedOf(web01, context).vendorData).toBe(`#cloud-config
updates:
  network:
    when:
      - boot-new-instance
      - boot
ssh_pwauth: false
`);
  });
});
