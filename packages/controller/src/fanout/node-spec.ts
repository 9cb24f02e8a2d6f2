import {
  type BindingObject,
  type Network,
  type NodeNetwork,
  type PeerObject,
  type SpecObject,
  specKey,
  type Vm,
} from '@kcore/contract';
import { present } from '../present.ts';
import type { ClusterView } from './cluster-view.ts';

/**
 * What one node must be, computed from the cluster: the whole of it, the keys of one network in it, or the object of one
 * key. All three agree, because the whole is made of the parts. Pure.
 */

/** All keys of a node's spec, networks first, so that a snapshot in parts names a network before what is on it. */
export function keysOf(view: ClusterView, node: string): string[] {
  const networks = [...view.networksAt(node)].sort();
  const vms = [...view.vmsAt(node)].map((vm) => `vm/${vm}`);
  const kept = [...view.keptAt(node)].map(keptDisksKey);
  return [...networks.flatMap((network) => keysOfNetwork(view, node, network)), ...vms, ...kept];
}

/** The keys that a network brings to a node that is on it. */
export function keysOfNetwork(view: ClusterView, node: string, name: string): string[] {
  const network = view.networks.get(name);
  if (network === undefined || !view.isOn(name, node)) return [];
  const peers = network.type === 'vxlan' ? network.nodes.map((peer) => `peer/${name}/${peer.name}`) : [];
  const bindings = [...view.vmsOn(name)].flatMap((vmName) => {
    const vm = view.vms.get(vmName);
    return vm === undefined ? [] : bindingKeys(vm).filter((key) => key.startsWith(`binding/${name}/`));
  });
  return [`network/${name}`, ...peers, ...bindings].filter((key) => objectOf(view, node, key) !== undefined);
}

export function bindingKeys(vm: Vm): string[] {
  return vm.nics.map((nic) => `binding/${nic.network}/${vm.name}/${nic.index}`);
}

/** By the uid of the VM whose disks they were. */
export function keptDisksKey(uid: string): string {
  return `kept-disks/${uid}`;
}

/** The whole spec of a node. */
export function specOf(view: ClusterView, node: string): ReadonlyMap<string, SpecObject> {
  const objects = new Map<string, SpecObject>();
  for (const key of keysOf(view, node)) {
    const object = objectOf(view, node, key);
    if (object !== undefined) objects.set(specKey(object), object);
  }
  return objects;
}

/** The object of a key in a node's spec; undefined when the node has none of that key. */
export function objectOf(view: ClusterView, node: string, key: string): SpecObject | undefined {
  const [kind, first = '', second = '', third = ''] = key.split('/');
  switch (kind) {
    case 'network':
      return networkObject(view, node, first);
    case 'peer':
      return peerObject(view, node, first, second);
    case 'binding':
      return bindingObject(view, node, first, second, Number(third));
    case 'vm': {
      const vm = view.vms.get(first);
      return vm?.node === node ? { kind: 'vm', vm } : undefined;
    }
    case 'kept-disks': {
      const kept = view.keptDisks.get(first);
      return kept?.node === node ? { kind: 'kept-disks', uid: first, vm: kept.vm } : undefined;
    }
    default:
      return undefined;
  }
}

function networkObject(view: ClusterView, node: string, name: string): NodeNetwork | undefined {
  const network = view.networks.get(name);
  if (network === undefined || !view.isOn(name, node)) return undefined;
  const { uid, type, gatewayIp, prefix, vlanId, uplink, externalGateway, outboundNat, vni, mtu, dhcp } = network;
  const externalIp = network.nodes.find((each) => each.name === node)?.externalIp ?? network.externalIp;
  const optional = present({ gatewayIp, prefix, externalIp, vlanId, uplink, externalGateway, vni, mtu });
  const forwards = resolvedForwards(view, network, node);
  return { kind: 'network', name, uid, type, ...optional, outboundNat, dhcp, forwards };
}

/** VMs by their addresses. A forward to a VM that is not there, or on another node's copy, is left out until it is. */
function resolvedForwards(view: ClusterView, network: Network, node: string): NodeNetwork['forwards'] {
  const guests = [...view.vmsOn(network.name)]
    .map((name) => view.vms.get(name))
    .filter((vm) => vm !== undefined && vm.node === node);
  const addressOf = (vm: Vm | undefined) => vm?.nics.find((nic) => nic.network === network.name)?.address;
  const resolved: NodeNetwork['forwards'] = [];
  for (const { protocol, port, vm, address, targetPort } of network.forwards) {
    const target = address ?? addressOf(guests.find((guest) => guest?.name === vm));
    if (target !== undefined) resolved.push({ protocol, port, address: target, targetPort: targetPort ?? port });
  }
  const only = guests.length === 1 ? addressOf(guests[0]) : undefined;
  if (only === undefined) return resolved;
  const named = new Set(network.forwards.map(({ protocol, port }) => `${protocol}:${port}`));
  for (const [protocol, ports] of [
    ['tcp', network.allowedTcpPorts],
    ['udp', network.allowedUdpPorts],
  ] as const) {
    for (const port of ports) {
      if (!named.has(`${protocol}:${port}`)) resolved.push({ protocol, port, address: only, targetPort: port });
    }
  }
  return resolved;
}

function peerObject(view: ClusterView, node: string, network: string, peer: string): PeerObject | undefined {
  const type = view.networks.get(network)?.type;
  if (type !== 'vxlan' || peer === node || !view.isOn(network, node) || !view.isOn(network, peer)) return undefined;
  const vtep = view.nodes.get(peer)?.facts.vtep;
  return vtep === undefined ? undefined : { kind: 'peer', network, node: peer, vtep };
}

/** On an overlay every participant knows every NIC; of a nat or bridge network a node knows its own. */
function bindingObject(
  view: ClusterView,
  node: string,
  networkName: string,
  vmName: string,
  index: number,
): BindingObject | undefined {
  const vm = view.vms.get(vmName);
  const network = view.networks.get(networkName);
  const nic = vm?.nics.find((each) => each.index === index && each.network === networkName);
  if (vm === undefined || network === undefined || nic === undefined || !view.isOn(networkName, node)) return undefined;
  const local = vm.node === node;
  if (!local && network.type !== 'vxlan') return undefined;
  const vtep = local ? undefined : view.nodes.get(vm.node)?.facts.vtep;
  if (!local && vtep === undefined) return undefined;
  const { hostname } = vm;
  const optional = present({ address: nic.address, vtep });
  return {
    kind: 'binding',
    network: networkName,
    vm: vmName,
    nic: index,
    mac: nic.mac,
    node: vm.node,
    hostname,
    ...optional,
  };
}
