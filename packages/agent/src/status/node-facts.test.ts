import { describe, expect, it } from 'vitest';
import { memoryHost } from '../../test/support/rig.ts';
import type { HostFacts } from '../model/host-facts.ts';
import { hasNetAdmin } from './capability.ts';
import { linkTowards, nodeFacts, vtepOf } from './node-facts.ts';
import { parseResolvers } from './resolvers.ts';

const { facts } = await memoryHost().observe(new Set());
const link = { index: 9, mtu: 1400, up: true, forwarding: false, owned: false };

/** A second NIC with an address of its own, a VPN that leads to the controller, and a bridge of kcore's. */
const host: HostFacts = {
  ...facts,
  links: [
    ...facts.links,
    { ...link, name: 'eno2' },
    { ...link, name: 'wg0', kind: 'wireguard' },
    { ...link, name: 'kbr-x', owned: true },
  ],
  addresses: [
    ...facts.addresses,
    { link: 'eno2', address: '10.0.0.5', prefix: 24 },
    { link: 'eno2', address: '10.0.0.6', prefix: 24 },
  ],
  routes: [
    ...facts.routes,
    { table: 254, destination: '0.0.0.0/0', link: 'eno2', via: '10.0.0.1', metric: 500 },
    { table: 254, destination: '172.16.0.0/12', link: 'wg0', metric: 0 },
  ],
};
const plain = {
  agentVersion: '1',
  hostname: 'n',
  kernel: 'k',
  vxlanDisabled: false,
  runtime: 'none',
  capacity: { cpus: 1, memoryBytes: 1 },
  listening: [],
};

describe('nodeFacts', () => {
  it('takes the default route with the least metric as gateway, and its first address as tunnel endpoint (R-20)', () => {
    expect(nodeFacts(host, plain)).toMatchObject({
      gatewayInterface: 'eno1',
      vtep: '192.168.40.101',
      underlayMtu: 1500,
    });
  });

  it('takes the configured endpoint, by address or by NIC, and its MTU', () => {
    expect(nodeFacts(host, { ...plain, vtep: '10.0.0.6' })).toMatchObject({ vtep: '10.0.0.6', underlayMtu: 1400 });
    expect(nodeFacts(host, { ...plain, vtep: 'eno2' })).toMatchObject({ vtep: '10.0.0.5', underlayMtu: 1400 });
    expect(vtepOf(host, '10.0.0.99', 'eno1')).toBeUndefined();
  });

  it("leaves out kcore's own links and default routes", () => {
    const { links, routes } = nodeFacts(host, plain);
    expect(links.map(({ name }) => name)).toEqual(['eno1', 'eno2', 'wg0']);
    expect(routes).toEqual([
      { link: 'eno1', subnet: '192.168.40.0/24' },
      { link: 'wg0', subnet: '172.16.0.0/12' },
    ]);
  });

  it('protects what would cut the node off (R-10)', () => {
    const described = { ...plain, vtep: '10.0.0.5', controllerAddress: '172.20.0.1' };
    expect(nodeFacts(host, described).protectedLinks).toEqual([
      { name: 'eno1', reason: "carries the node's default route" },
      { name: 'eno2', reason: "carries the node's default route" },
      { name: 'wg0', reason: 'carries the session with the controller' },
    ]);
    const single = { ...host, routes: host.routes.filter(({ link: name }) => name !== 'eno2') };
    expect(nodeFacts(single, described).protectedLinks[1]).toEqual({
      name: 'eno2',
      reason: 'carries the tunnel endpoint 10.0.0.5',
    });
  });

  it.each([
    ['172.20.0.1', 'wg0'],
    ['10.0.0.77', 'eno2'],
    ['192.168.40.10', 'eno1'],
    ['8.8.8.8', 'eno1'],
  ])('knows the link towards %s', (target, name) => {
    expect(linkTowards(host, target)).toBe(name);
  });
});

describe('resolvers (R-04)', () => {
  it('are the IPv4 ones that a guest could reach, once each', () => {
    const text =
      '# resolv.conf\nsearch example.org\nnameserver 127.0.0.53\nnameserver 192.168.40.1\n nameserver\t9.9.9.9 # x\nnameserver fe80::1\nnameserver 9.9.9.9\nnameserver 0.0.0.0\n';
    expect(parseResolvers(text)).toEqual(['192.168.40.1', '9.9.9.9']);
    expect(parseResolvers('')).toEqual([]);
  });
});

describe('hasNetAdmin', () => {
  it.each([
    ['CapEff:\t000001ffffffffff', true],
    ['CapEff:\t0000000000001000', true],
    ['CapEff:\t0000000000000fff', false],
    ['Name:\tnode', false],
  ])('%s: %s', (text, expected) => {
    expect(hasNetAdmin(`Name:\tx\nCapPrm:\t000001ffffffffff\n${text}\n`)).toBe(expected);
  });
});
