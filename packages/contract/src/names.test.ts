import { describe, expect, test } from 'vitest';
import {
  bridgeName,
  INTERFACE_NAME_MAX,
  localBridgeMac,
  nicMac,
  nicSeed,
  preferredVni,
  tapName,
  vlanName,
  vxlanBridgeMac,
} from './names.ts';

describe('names', () => {
  test.each([
    ['private', { name: 'kbr-private' }],
    ['prod', { name: 'kbr-prod' }],
    ['customer-acme', { name: 'kb-06c5cd41', altName: 'kbr-customer-acme' }],
    ['bridge-vlan100', { name: 'kb-38ce67ce', altName: 'kbr-bridge-vlan100' }],
    ['elevenchars', { name: 'kbr-elevenchars' }],
  ])('R-02: the bridge of %s', (network, name) => {
    expect(bridgeName(network)).toEqual(name);
    expect(bridgeName(network).name.length).toBeLessThanOrEqual(INTERFACE_NAME_MAX);
  });

  test.each([
    ['private', 14416],
    ['prod', 14458],
    ['dns', 11642],
    ['edge', 11642],
  ])('R-18: %s asks for VNI %d', (network, vni) => {
    expect(preferredVni(network)).toBe(vni);
  });

  test.each([
    ['web-01', 'tap-0b9d9f06', '52:54:00:0b:9d:9f'],
    ['vm1', 'tap-7b11e3d1', '52:54:00:7b:11:e3'],
  ])('R-45: tap and MAC of %s', (vm, tap, mac) => {
    expect(tapName(nicSeed(vm, 0))).toBe(tap);
    expect(nicMac(nicSeed(vm, 0))).toBe(mac);
    expect(nicMac(nicSeed(vm, 1))).not.toBe(mac);
    expect(nicMac(nicSeed(vm, 0), 1)).not.toBe(mac);
  });

  test('R-02: bridge MACs: of the VNI on a vxlan network, of node and name otherwise', () => {
    expect(vxlanBridgeMac(14416)).toBe('02:6b:00:00:38:50');
    expect(localBridgeMac('n1', 'lan')).toMatch(/^02:6c:/);
    expect(localBridgeMac('n1', 'lan')).not.toBe(localBridgeMac('n2', 'lan'));
  });

  test('R-35: a VLAN sub-interface', () => {
    expect(vlanName('eno1', 100)).toEqual({ name: 'eno1.100' });
    expect(vlanName('enp129s0f1np1', 4094)).toMatchObject({ altName: 'enp129s0f1np1.4094' });
  });
});
