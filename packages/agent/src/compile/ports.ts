import type { Condition, Nic, Vm } from '@kcore/contract';
import type { HostFacts } from '../model/host-facts.ts';
import { ALIAS_PREFIX, type Link, type LinkCommon, type TapLink, type VethLink } from '../model/resource.ts';
import type { NicAttachment } from '../model/runtime.ts';
import { conditions } from './conditions.ts';
import type { AttachedNic, Attachments } from './desired.ts';
import { isForeign, linkNamed } from './host.ts';
import type { ResolvedNetwork } from './resolved-network.ts';

/** Bytes, of a link that leads nowhere. */
const ETHERNET_MTU = 1500;

/** A guest's NIC as a port of its network's bridge. */
export interface Port {
  readonly network: ResolvedNetwork;
  readonly nic: Nic;
  readonly link: Link;
  readonly hairpin: boolean;
}

export interface Ports {
  readonly ports: readonly Port[];
  /** Ports without a network, for as long as a guest holds their other end. */
  readonly idle: readonly Link[];
  /** By network. */
  readonly conditions: ReadonlyMap<string, readonly Condition[]>;
}

export function compilePorts(
  vms: readonly Vm[],
  networks: readonly ResolvedNetwork[],
  host: HostFacts,
  attachments: Attachments,
): Ports {
  const byName = new Map(networks.filter(({ blocked }) => !blocked).map((network) => [network.spec.name, network]));
  const ports: Port[] = [];
  const idle: Link[] = [];
  const found = new Map<string, readonly Condition[]>();
  for (const vm of vms) {
    const attached = attachments.get(vm.name);
    const own = new Set<string>();
    for (const nic of vm.nics) {
      const network = byName.get(nic.network);
      if (network === undefined) continue;
      if (isForeign(host, nic.tap)) {
        found.set(nic.network, [...(found.get(nic.network) ?? []), conditions.linkNameTaken(nic.tap)]);
        continue;
      }
      const held = attached?.find((other) => isSame(other, nic));
      const unknown = attached === undefined ? adopted(host, vm, nic, network) : undefined;
      const end = held === undefined ? unknown : endOf(held.attachment, nic, network.mtu);
      if (end === undefined) continue;
      ports.push(portOf(network, vm, nic, end, host));
      own.add(nic.tap);
    }
    for (const nic of attached ?? []) if (!own.has(nic.tap) && !isForeign(host, nic.tap)) idle.push(idlePort(vm, nic));
  }
  return { ports, idle, conditions: found };
}

/** An index, and with it a MAC, is used again for another NIC. */
function isSame(a: AttachedNic, b: Nic): boolean {
  return a.index === b.index && a.mac === b.mac && a.network === b.network && a.address === b.address;
}

/** Down and on no bridge: whoever is behind it is cut off, and may let go of it in its own time. */
function idlePort(vm: Vm, { tap, mac, attachment }: AttachedNic): Link {
  const common = { kind: 'link', name: tap, owned: true, alias: `${ALIAS_PREFIX}${vm.name}` } as const;
  return { ...common, up: false, master: null, ipv6LinkLocal: false, ...endOf(attachment, { mac }, ETHERNET_MTU) };
}

function portOf(network: ResolvedNetwork, vm: Vm, nic: Nic, end: End, host: HostFacts): Port {
  const hairpin = needsHairpin(network, nic, host);
  const common = {
    kind: 'link',
    name: nic.tap,
    owned: true,
    alias: `${ALIAS_PREFIX}${vm.name}`,
    mtu: network.mtu,
    up: true,
    master: network.bridge.name,
    port: { hairpin },
    ipv6LinkLocal: false,
  } as const;
  return { network, nic, hairpin, link: { ...common, ...end } };
}

/** What the guest has at the other end. */
type End = Omit<TapLink, keyof LinkCommon> | Omit<VethLink, keyof LinkCommon>;

function endOf(attachment: NicAttachment, { mac }: Pick<Nic, 'mac'>, mtu: number): End {
  if (attachment.kind === 'veth') {
    const { name, netns } = attachment;
    return { type: 'veth', peer: { name, mac, netns, mtu } };
  }
  const { owner, vnetHeader, multiQueue } = attachment;
  return { type: 'tap', ...(owner === undefined ? {} : { owner }), vnetHeader, multiQueue };
}

/**
 * The port of a running VM that nobody has said the attachment of, which is so between an agent's start and its finding
 * the guest again: it is kept as it is, because deleting it would cut the guest off. Of its end nothing is
 * declared that could make the planner replace it; a veth's peer is only ever used to make one.
 */
function adopted(host: HostFacts, vm: Vm, nic: Nic, network: ResolvedNetwork): End | undefined {
  const existing = linkNamed(host, nic.tap);
  if (existing === undefined || vm.state !== 'running') return undefined;
  if (existing.kind !== 'veth') return { type: 'tap' };
  return { type: 'veth', peer: { name: '', mac: nic.mac, mtu: network.mtu, netns: '' } };
}

/**
 * A VM that reaches itself by its own forward: while br_netfilter calls the ip hooks, the frame is translated inside the
 * bridge and has to leave by the port it came in on. Without br_netfilter the host routes it, and hairpin mode would
 * only reflect the guest's own broadcasts.
 */
function needsHairpin(network: ResolvedNetwork, nic: Nic, host: HostFacts): boolean {
  if (host.bridgeCallsIptables !== true || network.spec.type !== 'nat' || nic.address === undefined) return false;
  return network.spec.forwards.some((forward) => forward.address === nic.address);
}
