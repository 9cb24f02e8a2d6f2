import { describe, expect, it } from 'vitest';
import { compiled, keys, owned, resource, type Situation, verdict } from '../../test/support/compiled.ts';
import { host, natNetwork, vm, vmNic } from '../../test/support/node-fixture.ts';
import { forwardFilter } from './forwards.ts';

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
