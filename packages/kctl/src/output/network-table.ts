import { bridgeName, type NetworkView } from '@kcore/contract';
import { colouredState } from '../text/colour.ts';
import { age } from '../text/duration.ts';
import { type Column, NONE } from '../text/table.ts';

/** The bridge as the nodes report it; they agree, unless one of them runs another version. */
export function bridgeOf({ network, nodes }: NetworkView): string {
  const reported = [...new Set(nodes.flatMap(({ bridge }) => (bridge === undefined ? [] : [bridge])))];
  return reported.length > 0 ? reported.join(',') : network.bridge || bridgeName(network.name).name;
}

/** One word for all nodes: the worst that any of them says. */
export function stateOf({ nodes }: NetworkView): string {
  const states = new Set(nodes.map(({ state }) => state));
  return (['error', 'pending', 'unknown', 'ready'] as const).find((state) => states.has(state)) ?? 'pending';
}

/**
 * The columns of networks.txt. The widths are those of its example, which leave room for a bridge name of the
 * longest kind (15 characters) and for usual addresses.
 */
export const networkColumns: readonly Column<NetworkView>[] = [
  { heading: 'NAME', width: 5, cell: ({ network }) => network.name },
  { heading: 'TYPE', width: 5, cell: ({ network }) => network.type },
  { heading: 'GATEWAY', width: 11, cell: ({ network }) => network.gatewayIp ?? NONE },
  { heading: 'NETMASK', width: 14, cell: ({ network }) => network.internalNetmask ?? NONE },
  { heading: 'VLAN', cell: ({ network }) => String(network.vlanId ?? NONE) },
  { heading: 'OVERLAY', cell: ({ network }) => (network.type === 'vxlan' ? 'yes' : 'no') },
  { heading: 'BRIDGE', width: 15, cell: bridgeOf },
  { heading: 'NODES', cell: ({ nodes }) => String(nodes.length) },
];

export function wideNetworkColumns(now: Date): readonly Column<NetworkView>[] {
  return [
    ...networkColumns,
    { heading: 'STATE', cell: stateOf, paint: colouredState },
    { heading: 'VNI', cell: ({ network }) => String(network.vni ?? NONE) },
    { heading: 'MTU', cell: ({ network }) => String(network.mtu ?? NONE) },
    { heading: 'EXTERNAL-IP', cell: ({ network }) => network.externalIp ?? NONE },
    { heading: 'NAT', cell: ({ network }) => (network.outboundNat ? 'yes' : 'no') },
    { heading: 'AGE', cell: ({ network }) => age(network.createdAt, now) },
    { heading: 'ON', cell: ({ nodes }) => nodes.map(({ node }) => node).join(',') },
  ];
}
