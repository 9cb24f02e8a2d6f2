import {
  failedPrecondition,
  formatSubnet,
  type KcoreError,
  type Network,
  overlaps,
  parseIpv4,
  parseSubnet,
  type Subnet,
  subnetOf,
} from '@kcore/contract';
import type { NodeRow } from '../store/rows.ts';

/**
 * Whether a network can be on a node, by what the node said of itself and what is there already.
 * Each check gives the reason why not; the first one counts.
 */

/** What a check of a network on a node looks at. `others`: the networks that are on that node, without this one. */
export interface NodeCheck {
  readonly network: Network;
  readonly node: NodeRow;
  readonly others: readonly Network[];
}

/** Bytes that VXLAN takes from the underlay's MTU: outer IPv4, UDP and VXLAN headers, inner Ethernet header (RFC 7348). */
export const VXLAN_OVERHEAD = 50;

/** Assumed where a node does not say: every Ethernet carries it. */
const USUAL_MTU = 1500;

/** MTU that an overlay can have on a node. */
export function overlayMtu(node: NodeRow): number {
  return (node.facts.underlayMtu ?? USUAL_MTU) - VXLAN_OVERHEAD;
}

/** All reasons why a network cannot be on a node; the first one counts. */
export function problemOnNode(check: NodeCheck): KcoreError | undefined {
  return vxlanProblem(check) ?? subnetProblem(check) ?? uplinkProblem(check) ?? forwardProblem(check);
}

function vxlanProblem({ network, node }: NodeCheck): KcoreError | undefined {
  if (network.type !== 'vxlan') return undefined;
  if (node.facts.vxlanDisabled) {
    return failedPrecondition(`VXLAN is disabled on node '${node.name}'; cannot create vxlan network`, {
      condition: 'VxlanDisabled',
      remedy: `name other nodes with --target-node, or enable VXLAN on '${node.name}'`,
    });
  }
  if (node.facts.vtep === undefined) {
    return failedPrecondition(`node '${node.name}' has no address that a vxlan tunnel could use`, {
      condition: 'VtepMissing',
      remedy: 'give it a default route, or name its underlay address in the configuration of its agent',
    });
  }
  if (network.mtu !== undefined && network.mtu > overlayMtu(node)) {
    const underlay = overlayMtu(node) + VXLAN_OVERHEAD;
    return failedPrecondition(
      `node '${node.name}' cannot carry MTU ${network.mtu} of network '${network.name}': its underlay MTU is ${underlay}, which leaves ${underlay - VXLAN_OVERHEAD}`,
      { condition: 'UnderlayMtuTooSmall', remedy: `raise the underlay MTU to ${network.mtu + VXLAN_OVERHEAD}` },
    );
  }
  return undefined;
}

export function subnetOfNetwork(network: Network): Subnet | undefined {
  if (network.gatewayIp === undefined || network.prefix === undefined) return undefined;
  return subnetOf(parseIpv4(network.gatewayIp), network.prefix);
}

/** R-09. */
function subnetProblem({ network, node, others }: NodeCheck): KcoreError | undefined {
  const subnet = subnetOfNetwork(network);
  if (subnet === undefined) return undefined;
  const conflict = (what: string) =>
    failedPrecondition(
      `subnet ${formatSubnet(subnet)} of network '${network.name}' overlaps ${what} on node '${node.name}'`,
      {
        condition: 'SubnetConflict',
        field: 'spec.gatewayIp',
        remedy: 'choose another gateway address',
      },
    );
  const address = node.facts.addresses.find((each) => overlaps(parseSubnet(each.address), subnet));
  if (address !== undefined) return conflict(`address ${address.address} of ${address.link}`);
  const route = node.facts.routes.find((each) => overlaps(parseSubnet(each.subnet), subnet));
  if (route !== undefined) return conflict(`the route to ${route.subnet}${route.link ? ` through ${route.link}` : ''}`);
  const other = others.find((each) => {
    const theirs = subnetOfNetwork(each);
    return theirs !== undefined && overlaps(theirs, subnet);
  });
  return other === undefined ? undefined : conflict(`network '${other.name}'`);
}

/** The NIC that a network uses on a node. */
function uplinkOf(network: Network, node: NodeRow): string | undefined {
  return network.uplink ?? node.facts.gatewayInterface;
}

/** R-10, R-35. */
function uplinkProblem({ network, node, others }: NodeCheck): KcoreError | undefined {
  const uplink = uplinkOf(network, node);
  const needed = network.type === 'bridge' || network.vlanId !== undefined;
  if (uplink === undefined) {
    return needed
      ? failedPrecondition(`node '${node.name}' has no default route, so network '${network.name}' needs an uplink`, {
          condition: 'UplinkMissing',
          field: 'spec.uplink',
          remedy: 'name a NIC with --uplink',
        })
      : undefined;
  }
  const named = needed || network.uplink !== undefined;
  if (named && !node.facts.links.some(({ name }) => name === uplink)) {
    const links = node.facts.links.map(({ name }) => name).filter((name) => name !== 'lo');
    return failedPrecondition(`node '${node.name}' has no link '${uplink}'; it has ${links.join(', ') || 'none'}`, {
      condition: 'UplinkMissing',
      field: 'spec.uplink',
    });
  }
  return network.type === 'bridge'
    ? bridgePortProblem({ network, node, others }, uplink)
    : sharedPortProblem({ network, node, others }, uplink);
}

function bridgePortProblem({ network, node, others }: NodeCheck, uplink: string): KcoreError | undefined {
  const guarded = node.facts.protectedLinks.find(({ name }) => name === uplink);
  if (network.vlanId === undefined && guarded !== undefined) {
    return failedPrecondition(
      `link '${uplink}' of node '${node.name}' cannot become a port of a bridge: ${guarded.reason}; it would cut the node off`,
      {
        condition: 'UplinkProtected',
        field: 'spec.uplink',
        remedy: 'name another NIC with --uplink, or use a VLAN with --vlan-id',
      },
    );
  }
  const other = others.find(
    (each) => uplinkOf(each, node) === uplink && usesLink(each) && each.vlanId === network.vlanId,
  );
  return other === undefined ? undefined : portTaken(network, other, uplink, node);
}

/** A nat network may share a VLAN sub-interface with other nat networks, not with a bridge, which takes all its frames. */
function sharedPortProblem({ network, node, others }: NodeCheck, uplink: string): KcoreError | undefined {
  if (network.vlanId === undefined) return undefined;
  const other = others.find(
    (each) => each.type === 'bridge' && uplinkOf(each, node) === uplink && each.vlanId === network.vlanId,
  );
  return other === undefined ? undefined : portTaken(network, other, uplink, node);
}

/** Whether a network has the very link (the NIC as a port, or a sub-interface) and does not only route through it. */
function usesLink(network: Network): boolean {
  return network.type === 'bridge' || network.vlanId !== undefined;
}

function portTaken(network: Network, other: Network, uplink: string, node: NodeRow): KcoreError {
  const link = network.vlanId === undefined ? uplink : `${uplink}.${network.vlanId}`;
  return failedPrecondition(`link '${link}' of node '${node.name}' is used by network '${other.name}' already`, {
    condition: 'UplinkInUse',
    field: network.vlanId === undefined ? 'spec.uplink' : 'spec.vlanId',
  });
}

interface PortUse {
  readonly protocol: 'tcp' | 'udp';
  readonly port: number;
}

export function forwardedPorts(network: Network): readonly PortUse[] {
  return [
    ...network.forwards,
    ...network.allowedTcpPorts.map((port) => ({ protocol: 'tcp' as const, port })),
    ...network.allowedUdpPorts.map((port) => ({ protocol: 'udp' as const, port })),
  ];
}

function externalIpOn(network: Network, node: string): string | undefined {
  const own = network.nodes.find(({ name }) => name === node)?.externalIp;
  return (own ?? network.externalIp)?.split('/')[0];
}

/** R-06: neither a port on which the host listens nor one that another network forwards from the same address. */
function forwardProblem({ network, node, others }: NodeCheck): KcoreError | undefined {
  const same = (a: PortUse) => (b: PortUse) => a.protocol === b.protocol && a.port === b.port;
  for (const use of forwardedPorts(network)) {
    const port = `${use.protocol}:${use.port}`;
    if (node.facts.listening.some(same(use))) {
      return failedPrecondition(
        `node '${node.name}' itself listens on ${port}; forwarding it would cut that service off`,
        {
          field: 'spec.forwards',
          remedy: 'forward another port',
        },
      );
    }
    const other = others.find(
      (each) =>
        externalIpOn(each, node.name) === externalIpOn(network, node.name) && forwardedPorts(each).some(same(use)),
    );
    if (other !== undefined) {
      return failedPrecondition(`${port} on node '${node.name}' is forwarded by network '${other.name}' already`, {
        condition: 'ForwardConflict',
        field: 'spec.forwards',
      });
    }
  }
  return undefined;
}
