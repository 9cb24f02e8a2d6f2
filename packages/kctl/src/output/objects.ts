import {
  formatQuantity,
  type KeptDisks,
  type Network,
  type NetworkSpec,
  type NetworkView,
  type NodeView,
  type Result,
  type SshKey,
  type Vm,
  type VmSpec,
  type VmView,
} from '@kcore/contract';

/**
 * What `-o json` and `-o yaml` print: the manifest that makes the object, and beside it what only the cluster knows.
 * `kctl get network x -o yaml | kctl apply -f -` changes nothing, because `apply` reads the spec and leaves the status.
 */
export interface KcoreObject {
  readonly kind: string;
  readonly metadata: { readonly name: string };
  readonly spec?: unknown;
  readonly status: unknown;
}

export function listObject(items: readonly KcoreObject[]): { kind: 'List'; items: readonly KcoreObject[] } {
  return { kind: 'List', items };
}

/** Members whose value is absent, and lists and objects without a member, are left out: they say nothing. */
function compact<T extends object>(value: { [K in keyof T]: T[K] | undefined }): T {
  const entries = Object.entries(value).filter(([, member]) => member !== undefined && !isEmpty(member));
  return Object.fromEntries(entries) as T;
}

function isEmpty(value: unknown): boolean {
  return typeof value === 'object' && value !== null && Object.keys(value).length === 0;
}

/** The spec that a person would have to write for this network. */
export function networkSpecOf(network: Network): NetworkSpec {
  return compact<NetworkSpec>({
    type: network.type,
    externalIp: network.externalIp,
    gatewayIp: network.gatewayIp,
    internalNetmask: network.internalNetmask,
    vlanId: network.vlanId,
    uplink: network.uplink,
    externalGateway: network.externalGateway,
    // nat always has it and bridge never: only for vxlan is it a choice.
    enableOutboundNat: network.type === 'vxlan' ? network.outboundNat : undefined,
    mtu: network.mtu,
    forwards: network.forwards,
    allowedTcpPorts: network.allowedTcpPorts,
    allowedUdpPorts: network.allowedUdpPorts,
    dhcp: network.dhcp,
    nodes: network.everyNode ? undefined : network.nodes,
  });
}

function networkStatusOf(network: Network): object {
  const { uid, bridge, vni, prefix, outboundNat, everyNode, createdAt } = network;
  return compact({ uid, bridge, vni, prefix, overlay: network.type === 'vxlan', outboundNat, everyNode, createdAt });
}

export function networkObject({ network, nodes }: NetworkView): KcoreObject {
  return {
    kind: 'Network',
    metadata: { name: network.name },
    spec: networkSpecOf(network),
    status: { ...networkStatusOf(network), nodes },
  };
}

/** A network of which only the names of its nodes are known yet: just created or applied. */
export function newNetworkObject(network: Network, nodes: readonly string[]): KcoreObject {
  return {
    kind: 'Network',
    metadata: { name: network.name },
    spec: networkSpecOf(network),
    status: { ...networkStatusOf(network), nodes: nodes.map((node) => ({ node })) },
  };
}

/** The spec that a person would have to write for this VM, with what the controller decided for it. */
export function vmSpecOf(vm: Vm): VmSpec {
  return compact<VmSpec>({
    cpu: vm.cpu,
    memoryBytes: formatQuantity(vm.memoryBytes),
    storageBackend: vm.storageBackend,
    storageSizeBytes: vm.storageSizeBytes === undefined ? undefined : formatQuantity(vm.storageSizeBytes),
    nics: vm.nics.map(({ network, address, mac, antiSpoofing }) => compact({ network, address, mac, antiSpoofing })),
    disks: vm.disks.map(({ source: _source, ...disk }) =>
      compact({ ...disk, sizeBytes: disk.sizeBytes === undefined ? undefined : formatQuantity(disk.sizeBytes) }),
    ),
    node: vm.node,
    state: vm.state,
    hostname: vm.hostname,
    userData: vm.userData,
    sshKeys: vm.sshKeys,
    restartPolicy: vm.restartPolicy,
  });
}

export function vmObject({ vm, status, pending }: VmView): KcoreObject {
  const { uid, node, createdAt, nics } = vm;
  const { kind: _kind, name: _name, state, ...said } = status ?? { kind: 'vm', name: vm.name };
  const disks = vm.disks.map(({ source }) => source ?? { kind: 'empty' });
  return {
    kind: 'VM',
    metadata: { name: vm.name },
    spec: vmSpecOf(vm),
    status: compact({ uid, node, state: state ?? 'unknown', ...said, pending, createdAt, nics, disks }),
  };
}

export function nodeObject(node: NodeView): KcoreObject {
  const { name, ...status } = node;
  return { kind: 'Node', metadata: { name }, status };
}

export function sshKeyObject({ name, publicKey, createdAt }: SshKey): KcoreObject {
  return { kind: 'SshKey', metadata: { name }, spec: { publicKey }, status: { createdAt } };
}

export function keptDisksObject({ name, ...status }: KeptDisks): KcoreObject {
  return { kind: 'Disk', metadata: { name }, status };
}

export type LeaseView = Result<'lease.list'>['leases'][number];

export function leaseObject({ node, vm, lease }: LeaseView): KcoreObject {
  const { kind: _kind, ...status } = lease;
  return {
    kind: 'Lease',
    metadata: { name: lease.mac },
    status: { node, ...(vm === undefined ? {} : { vm }), ...status },
  };
}
