import {
  alreadyExists,
  type ByteStream,
  bridgeName,
  channelPair,
  failedPrecondition,
  type Handlers,
  type KeptDisks,
  type Network,
  type NetworkSpec,
  type NetworkView,
  type Nic,
  type NicSpec,
  nicMac,
  nicSeed,
  notFound,
  Peer,
  parseMemory,
  preferredVni,
  prefixOfNetmask,
  type SshKey,
  tapName,
  type Vm,
  type VmSpec,
  type VmView,
} from '@kcore/contract';
import type { Connect } from '../../src/connection/connection.ts';

const CREATED_AT = '2026-11-22T10:00:00Z';
const NODES = ['node-1', 'node-2', 'node-3'] as const;

/** A call as it came in. */
export interface Call {
  readonly method: string;
  readonly params: unknown;
}

function networkOf(name: string, spec: NetworkSpec, targetNodes: readonly string[]): Network {
  const { type = 'nat', nodes, enableOutboundNat, forwards = [], allowedTcpPorts = [], allowedUdpPorts = [] } = spec;
  const { dhcp = {}, externalIp, gatewayIp, internalNetmask, vlanId, uplink, mtu } = spec;
  const everyNode = type === 'vxlan' && targetNodes.length === 0 && nodes === undefined;
  const places = everyNode ? NODES : targetNodes.length > 0 ? targetNodes : (nodes ?? [{ name: 'node-1' }]);
  return {
    name,
    uid: `uid-${name}`,
    type: type as Network['type'],
    ...(externalIp === undefined ? {} : { externalIp }),
    ...(gatewayIp === undefined ? {} : { gatewayIp }),
    ...(internalNetmask === undefined ? {} : { internalNetmask, prefix: prefixOfNetmask(internalNetmask) }),
    ...(vlanId === undefined ? {} : { vlanId }),
    ...(uplink === undefined ? {} : { uplink }),
    outboundNat: type === 'nat' || (type === 'vxlan' && enableOutboundNat !== false),
    ...(type === 'vxlan' ? { vni: preferredVni(name), mtu: mtu ?? 1450 } : {}),
    forwards,
    allowedTcpPorts,
    allowedUdpPorts,
    dhcp,
    everyNode,
    nodes: places.map((place) => (typeof place === 'string' ? { name: place } : place)),
    bridge: bridgeName(name).name,
    createdAt: CREATED_AT,
  };
}

function nicOf(vm: string, index: number, { network = 'default', address }: NicSpec): Nic {
  return {
    index,
    network,
    mac: nicMac(nicSeed(vm, index)),
    address: address ?? `10.250.0.${index + 2}`,
    tap: tapName(nicSeed(vm, index)),
    antiSpoofing: true,
  };
}

function vmOf(name: string, spec: VmSpec): Vm {
  const nics = spec.nics ?? [{}];
  return {
    name,
    uid: `uid-${name}`,
    node: spec.node ?? 'node-1',
    cpu: spec.cpu ?? 1,
    memoryBytes: parseMemory(spec.memoryBytes ?? '1G'),
    storageBackend: 'filesystem',
    disks: (spec.disks ?? []).map(({ sizeBytes: _size, ...disk }) => disk),
    nics: nics.map((nic, index) => nicOf(name, index, nic)),
    state: spec.state ?? 'running',
    hostname: name,
    sshKeys: [],
    restartPolicy: 'always',
    createdAt: CREATED_AT,
  };
}

/**
 * A controller in memory: it remembers networks and VMs and speaks through a real Peer, so that every message is
 * checked with the schemas of the contract. It judges nothing; `handlers` replaces what a test wants otherwise.
 */
export class FakeController {
  readonly calls: Call[] = [];
  readonly networks = new Map<string, Network>();
  readonly vms = new Map<string, Vm>();
  readonly sshKeys = new Map<string, SshKey>();
  readonly disks = new Map<string, KeptDisks>();
  readonly handlers: Handlers;
  /** Connections so far. */
  connections = 0;

  constructor(handlers: Handlers = {}) {
    this.handlers = handlers;
  }

  readonly connect: Connect = async () => {
    this.connections += 1;
    const [near, far] = channelPair();
    const server = new Peer(far);
    const all = { ...this.#defaults(), ...this.handlers } as Handlers;
    const recorded = Object.entries(all).map(([method, handler]) => [
      method,
      (params: unknown, stream: ByteStream) => {
        this.calls.push({ method, params });
        return (handler as (params: unknown, stream: ByteStream) => unknown)(params, stream);
      },
    ]);
    server.serve(Object.fromEntries(recorded) as Handlers);
    return new Peer(near);
  };

  view(network: Network): NetworkView {
    return {
      network,
      nodes: network.nodes.map(({ name }, index) => ({
        node: name,
        ...(network.type === 'vxlan' ? { vtep: `192.168.40.${101 + index}` } : {}),
        state: 'ready',
        bridge: network.bridge,
        conditions: [],
      })),
    };
  }

  #network(name: string): Network {
    const found = this.networks.get(name);
    if (found === undefined) throw notFound(`network '${name}' not found`);
    return found;
  }

  #vmView(name: string): VmView {
    const vm = this.vms.get(name);
    if (vm === undefined) throw notFound(`vm '${name}' not found`);
    return { vm, status: { kind: 'vm', name, state: 'running', pid: 4711 } };
  }

  #defaults(): Handlers {
    return { ...this.#networkHandlers(), ...this.#vmHandlers(), ...this.#nicHandlers(), ...this.#leftHandlers() };
  }

  #networkHandlers(): Handlers {
    return {
      'network.create': ({ name, spec, targetNodes }) => {
        if (this.networks.has(name)) throw alreadyExists(`network '${name}' already exists`);
        const network = networkOf(name, spec, targetNodes);
        this.networks.set(name, network);
        return {
          network,
          nodes: network.nodes.map((node) => node.name),
          picked: targetNodes.length === 0 && network.type !== 'vxlan',
        };
      },
      'network.apply': ({ name, spec, dryRun }) => {
        const before = this.networks.get(name);
        const network = networkOf(name, spec, []);
        const same = before !== undefined && JSON.stringify(before) === JSON.stringify(network);
        if (dryRun !== true) this.networks.set(name, network);
        const outcome = before === undefined ? 'created' : same ? 'unchanged' : 'configured';
        const changes = outcome === 'configured' ? [`externalIp: ${before?.externalIp} → ${network.externalIp}`] : [];
        return { outcome, network, nodes: network.nodes.map((node) => node.name), changes };
      },
      'network.list': ({ node }) => {
        const all = [...this.networks.values()].map((network) => this.view(network));
        return { networks: all.filter(({ nodes }) => node === undefined || nodes.some((one) => one.node === node)) };
      },
      'network.get': ({ name }) => {
        const vms = [...this.vms.keys()].map((vm) => this.#vmView(vm));
        return {
          ...this.view(this.#network(name)),
          vms: vms.filter(({ vm }) => vm.nics.some(({ network }) => network === name)),
          dhcp: [],
          events: [],
        };
      },
      'network.delete': ({ name, targetNodes, allNodes }) => {
        const { nodes } = this.#network(name);
        const names = nodes.map((node) => node.name);
        if (names.length > 1 && targetNodes.length === 0 && !allNodes) {
          throw failedPrecondition(`network '${name}' exists on multiple nodes; pass --target-node`);
        }
        const gone = targetNodes.length === 0 ? names : targetNodes;
        return { name, nodes: gone, remaining: names.filter((node) => !gone.includes(node)) };
      },
    };
  }

  #vmHandlers(): Handlers {
    return {
      'vm.create': ({ name, spec }) => {
        const vm = vmOf(name, spec);
        this.vms.set(name, vm);
        return { vm };
      },
      'vm.apply': ({ name, spec }) => {
        const outcome = this.vms.has(name) ? 'unchanged' : 'created';
        const vm = vmOf(name, spec);
        this.vms.set(name, vm);
        return { outcome, vm, changes: [] };
      },
      'vm.list': ({ network, node }) => ({
        vms: [...this.vms.keys()]
          .map((name) => this.#vmView(name))
          .filter(({ vm }) => node === undefined || vm.node === node)
          .filter(({ vm }) => network === undefined || vm.nics.some((nic) => nic.network === network)),
      }),
      'vm.get': ({ name }) => this.#vmView(name),
      'vm.setState': ({ name, state }) => {
        const { vm } = this.#vmView(name);
        const changes = vm.state === state ? [] : [`state: ${vm.state} → ${state}`];
        this.vms.set(name, { ...vm, state });
        return { outcome: changes.length === 0 ? 'unchanged' : 'configured', vm, changes };
      },
      'vm.delete': ({ name, keepDisks }) => {
        const { vm } = this.#vmView(name);
        this.vms.delete(name);
        if (keepDisks !== true || vm.disks.length === 0) return { name, node: vm.node };
        const disks = vm.disks.map(() => ({ sizeBytes: 40 * 2 ** 30 }));
        const kept = { name: `${name}-0a1b2c3d`, uid: vm.uid, vm: name, node: vm.node, disks, keptAt: CREATED_AT };
        this.disks.set(kept.name, kept);
        return { name, node: vm.node, kept };
      },
    };
  }

  #nicHandlers(): Handlers {
    return {
      'vm.attachNic': ({ name, nic: spec }) => {
        const { vm } = this.#vmView(name);
        const nic = nicOf(name, vm.nics.length, spec);
        const changed = { ...vm, nics: [...vm.nics, nic] };
        this.vms.set(name, changed);
        return { vm: changed, nic };
      },
      'vm.detachNic': ({ name, index }) => {
        const { vm } = this.#vmView(name);
        const nic = vm.nics.find((each) => each.index === index);
        if (nic === undefined) throw notFound(`VM '${name}' has no NIC ${index}`);
        const changed = { ...vm, nics: vm.nics.filter((each) => each !== nic) };
        this.vms.set(name, changed);
        return { vm: changed, nic };
      },
    };
  }

  #leftHandlers(): Handlers {
    const drop = (map: Map<string, unknown>, name: string) => {
      if (!map.delete(name)) throw notFound(`'${name}' not found`);
    };
    return {
      'sshKey.create': ({ name, publicKey }) => {
        const sshKey = { name, publicKey, createdAt: CREATED_AT };
        this.sshKeys.set(name, sshKey);
        return { sshKey };
      },
      'sshKey.list': () => ({ sshKeys: [...this.sshKeys.values()] }),
      'sshKey.delete': ({ name }) => {
        drop(this.sshKeys, name);
        return { name };
      },
      'disk.list': () => ({ disks: [...this.disks.values()] }),
      'disk.delete': ({ name }) => {
        const node = this.disks.get(name)?.node ?? '';
        drop(this.disks, name);
        return { name, node };
      },
    };
  }
}
