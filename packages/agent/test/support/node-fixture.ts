import {
  type BindingObject,
  type Nic,
  type NodeNetwork,
  type NodeSpec,
  nicMac,
  nicSeed,
  type PeerObject,
  type SpecObject,
  specKey,
  tapName,
  type Vm,
} from '@kcore/contract';
import type { Attachments, NodeIdentity } from '../../src/compile/desired.ts';
import type { HostFacts, HostLink } from '../../src/model/host-facts.ts';
import type { NicAttachment } from '../../src/model/runtime.ts';

/** A node like the lab's: eno1 with the default route in 192.168.40.0/24, eno2 without an address. */

export const node: NodeIdentity = { name: 'node-1', vtep: '192.168.40.101', vxlanDisabled: false };

export function nic(name: string, more: Partial<HostLink> = {}): HostLink {
  return { name, index: 2, mac: '52:55:00:00:00:01', mtu: 1500, up: true, forwarding: false, owned: false, ...more };
}

export const host: HostFacts = {
  links: [nic('eno1'), nic('eno2', { index: 3 })],
  addresses: [{ link: 'eno1', address: '192.168.40.101', prefix: 24 }],
  routes: [
    { table: 254, destination: '0.0.0.0/0', link: 'eno1', via: '192.168.40.1', metric: 0 },
    { table: 254, destination: '192.168.40.0/24', link: 'eno1', metric: 0 },
  ],
  foreignBaseChains: [],
  features: { bridge: true, vlan: true, vxlan: true, nftNat: true, nftBridge: true },
  ipForward: false,
};

const common: Pick<NodeNetwork, 'kind' | 'dhcp' | 'forwards'> = { kind: 'network', dhcp: {}, forwards: [] };

export function natNetwork(name: string, gatewayIp: string, more: Partial<NodeNetwork> = {}): NodeNetwork {
  return { ...common, name, uid: `uid-${name}`, type: 'nat', gatewayIp, prefix: 24, outboundNat: true, ...more };
}

export function bridgeNetwork(name: string, more: Partial<NodeNetwork> = {}): NodeNetwork {
  return { ...common, name, uid: `uid-${name}`, type: 'bridge', outboundNat: false, ...more };
}

export function vxlanNetwork(
  name: string,
  gatewayIp: string,
  vni: number,
  more: Partial<NodeNetwork> = {},
): NodeNetwork {
  const overlay = { type: 'vxlan', gatewayIp, prefix: 24, vni, mtu: 1450, outboundNat: true } as const;
  return { ...common, name, uid: `uid-${name}`, ...overlay, ...more };
}

export function peer(network: string, nodeName: string, vtep: string): PeerObject {
  return { kind: 'peer', network, node: nodeName, vtep };
}

export function remoteBinding(network: string, vm: string, address: string, vtep: string): BindingObject {
  return { kind: 'binding', network, vm, nic: 0, mac: nicMac(vm), address, node: `at-${vtep}`, vtep, hostname: vm };
}

export function localBinding(network: string, vm: string, address: string): BindingObject {
  return { kind: 'binding', network, vm, nic: 0, mac: nicMac(vm), address, node: node.name, hostname: vm };
}

export function vmNic(vm: string, index: number, network: string, address?: string): Nic {
  const seed = nicSeed(vm, index);
  const addressed = address === undefined ? {} : { address };
  return { index, network, mac: nicMac(seed), tap: tapName(seed), antiSpoofing: true, ...addressed };
}

export function vm(name: string, ...nics: Nic[]): SpecObject {
  const machine: Vm = {
    name,
    uid: `uid-${name}`,
    node: node.name,
    cpu: 1,
    memoryBytes: 1 << 30,
    storageBackend: 'filesystem',
    disks: [],
    nics,
    state: 'running',
    hostname: name,
    sshKeys: [],
    restartPolicy: 'always',
    createdAt: '2026-01-01T00:00:00Z',
  };
  return { kind: 'vm', vm: machine };
}

export function spec(...objects: SpecObject[]): NodeSpec {
  return { epoch: 'e', revision: 1, objects: new Map(objects.map((object) => [specKey(object), object])) };
}

/** Every NIC of every VM is a veth into `/run/netns/<vm>`, or what `attachment` says. */
export function attachmentsOf(
  nodeSpec: NodeSpec,
  attachment = (vmName: string, { index }: Nic): NicAttachment => ({
    kind: 'veth',
    netns: `/run/netns/${vmName}`,
    name: `eth${index}`,
  }),
): Attachments {
  const vms = [...nodeSpec.objects.values()].flatMap((object) => (object.kind === 'vm' ? [object.vm] : []));
  return new Map(
    vms.map((machine) => [
      machine.name,
      machine.nics.map((each) => ({ ...each, attachment: attachment(machine.name, each) })),
    ]),
  );
}
