import type { Condition, Nic, Vm } from '@kcore/contract';
import type { HostFacts } from '../model/host-facts.ts';
import { ALIAS_PREFIX, type Link, type LinkCommon, type TapLink, type VethLink } from '../model/resource.ts';
import type { NicAttachment } from '../model/runtime.ts';
import { conditions } from './conditions.ts';
import type { Attachments } from './desired.ts';
import { isForeign, linkNamed } from './host.ts';
import type { ResolvedNetwork } from './resolved-network.ts';

/** A guest's NIC as a port of its network's bridge. */
export interface Port {
  readonly network: ResolvedNetwork;
  readonly nic: Nic;
  readonly link: Link;
  readonly hairpin: boolean;
}

export interface Ports {
  readonly ports: readonly Port[];
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
  const found = new Map<string, readonly Condition[]>();
  for (const vm of vms) {
    for (const [position, nic] of vm.nics.entries()) {
      const network = byName.get(nic.network);
      if (network === undefined) continue;
      if (isForeign(host, nic.tap)) {
        found.set(nic.network, [...(found.get(nic.network) ?? []), conditions.linkNameTaken(nic.tap)]);
        continue;
      }
      const attachment = attachments.get(vm.name)?.[position];
      const end = attachment === undefined ? adopted(host, vm, nic, network) : endOf(attachment, nic, network);
      if (end !== undefined) ports.push(portOf(network, vm, nic, end, host));
    }
  }
  return { ports, conditions: found };
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

function endOf(attachment: NicAttachment, nic: Nic, network: ResolvedNetwork): End {
  if (attachment.kind === 'veth') {
    const { name, netns } = attachment;
    return { type: 'veth', peer: { name, mac: nic.mac, mtu: network.mtu, netns } };
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
