import type { BindingObject, NodeNetwork, PeerObject, SpecObject, Vm, VmObject } from '@kcore/contract';
import { nicMac, tapName } from '@kcore/contract';

/** NodeSpec objects with everything that a test does not care about. */

export function natNetwork(name: string, more: Partial<NodeNetwork> = {}): NodeNetwork {
  return {
    kind: 'network',
    name,
    uid: `uid-${name}`,
    type: 'nat',
    gatewayIp: '10.100.0.1',
    prefix: 24,
    externalIp: '192.168.40.101',
    outboundNat: true,
    dhcp: {},
    forwards: [],
    ...more,
  };
}

export function vxlanNetwork(name: string, more: Partial<NodeNetwork> = {}): NodeNetwork {
  return {
    kind: 'network',
    name,
    uid: `uid-${name}`,
    type: 'vxlan',
    gatewayIp: '10.250.0.1',
    prefix: 24,
    outboundNat: true,
    vni: 14416,
    mtu: 1450,
    dhcp: {},
    forwards: [],
    ...more,
  };
}

export function peer(network: string, node: string, vtep: string): PeerObject {
  return { kind: 'peer', network, node, vtep };
}

export function vm(name: string, network: string, more: Partial<Vm> = {}): Vm {
  return {
    name,
    uid: `uid-${name}`,
    node: 'node-1',
    cpu: 1,
    memoryBytes: 512 * 1024 * 1024,
    storageBackend: 'filesystem',
    disks: [],
    nics: [{ index: 0, network, mac: nicMac(name), address: '10.100.0.100', tap: tapName(name), antiSpoofing: true }],
    state: 'running',
    hostname: name,
    sshKeys: [],
    restartPolicy: 'on-failure',
    createdAt: '2030-01-01T00:00:00Z',
    ...more,
  };
}

export function vmObject(name: string, network: string, more: Partial<Vm> = {}): VmObject {
  return { kind: 'vm', vm: vm(name, network, more) };
}

export function binding(name: string, network: string, address: string): BindingObject {
  return { kind: 'binding', network, vm: name, nic: 0, mac: nicMac(name), address, node: 'node-1' };
}

/** A VM with its binding: what the controller sends for one. */
export function guest(name: string, network: string, address: string, more: Partial<Vm> = {}): readonly SpecObject[] {
  const object = vmObject(name, network, more);
  const nics = object.vm.nics.map((nic) => ({ ...nic, address }));
  return [{ kind: 'vm', vm: { ...object.vm, nics } }, binding(name, network, address)];
}
