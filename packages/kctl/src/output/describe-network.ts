import type { Network, NetworkDescription, VmView } from '@kcore/contract';
import { formatForward } from '../input/forward.ts';
import { colouredState } from '../text/colour.ts';
import { age } from '../text/duration.ts';
import { type Column, fieldLines, NONE } from '../text/table.ts';
import { conditionLines, eventLines, section, subnetText } from './describe.ts';
import { bridgeOf } from './network-table.ts';
import { byName } from './order.ts';
import { vmState } from './vm-table.ts';

type Place = NetworkDescription['nodes'][number];

function fields(description: NetworkDescription, now: Date): (readonly [string, string])[] {
  const { network } = description;
  const when = (value: string | number | undefined): string => String(value ?? NONE);
  return [
    ['Name', network.name],
    ['Type', network.type],
    ['Overlay', network.type === 'vxlan' ? 'yes' : 'no'],
    ['Bridge', bridgeOf(description)],
    ['VNI', when(network.vni)],
    ['Subnet', when(subnetText(network.gatewayIp, network.internalNetmask))],
    ['Gateway', when(network.gatewayIp)],
    ['Netmask', when(network.internalNetmask)],
    ['MTU', when(network.mtu)],
    ['VLAN', when(network.vlanId)],
    ['Uplink', network.uplink ?? "the node's gateway interface"],
    ['External IP', when(network.externalIp)],
    ...(network.externalGateway === undefined ? [] : [['External gateway', network.externalGateway] as const]),
    ['Outbound NAT', network.outboundNat ? 'yes' : 'no'],
    ['DHCP', dhcpText(network)],
    ['Every node', network.everyNode ? 'yes, those that join later too' : 'no'],
    ['Created', `${network.createdAt} (${age(network.createdAt, now)} ago)`],
  ];
}

function dhcpText({ type, dhcp }: Network): string {
  if (type === 'bridge') return 'no, upstream serves it';
  if (type === 'vxlan' && dhcp.enabled !== true) return 'no, addresses are static';
  const range = dhcp.rangeStart === undefined ? '' : `, ${dhcp.rangeStart} to ${dhcp.rangeEnd ?? NONE}`;
  return `yes${range}`;
}

const placeColumns: readonly Column<Place>[] = [
  { heading: 'NAME', cell: ({ node }) => node },
  { heading: 'VTEP', cell: ({ vtep }) => vtep ?? NONE },
  { heading: 'EXTERNAL-IP', cell: ({ externalIp }) => externalIp ?? NONE },
  { heading: 'STATE', cell: ({ state }) => state, paint: colouredState },
  { heading: 'MESSAGE', cell: ({ message }) => message ?? NONE },
];

function attached(network: string): Column<VmView>[] {
  const nics = ({ vm }: VmView) => vm.nics.filter((nic) => nic.network === network);
  return [
    { heading: 'NAME', cell: ({ vm }) => vm.name },
    { heading: 'NODE', cell: ({ vm }) => vm.node },
    {
      heading: 'ADDRESS',
      cell: (view) =>
        nics(view)
          .map(({ address }) => address ?? NONE)
          .join(','),
    },
    {
      heading: 'MAC',
      cell: (view) =>
        nics(view)
          .map(({ mac }) => mac)
          .join(','),
    },
    { heading: 'STATE', cell: vmState, paint: colouredState },
  ];
}

type Served = NetworkDescription['dhcp'][number];

const MESSAGES = ['discover', 'offer', 'request', 'ack', 'nak', 'decline', 'release', 'inform'] as const;

const dhcpColumns: readonly Column<Served>[] = [
  { heading: 'NODE', cell: ({ node }) => node },
  {
    heading: 'LEASED',
    cell: ({ status: { addresses } }) =>
      addresses.range === 0 ? `${addresses.active}` : `${addresses.active} of ${addresses.range}`,
  },
  { heading: 'OFFERED', cell: ({ status }) => `${status.addresses.offered}` },
  { heading: 'DECLINED', cell: ({ status }) => `${status.addresses.declined}` },
  ...MESSAGES.map((type) => ({
    heading: `${type.toUpperCase()}S`,
    cell: ({ status }: Served) => `${status.messages[type]}`,
  })),
  {
    heading: 'NOT ANSWERED',
    cell: ({ status: { dropped, unsent } }) =>
      [...Object.entries(dropped), ...(unsent === 0 ? [] : [['unsent', unsent] as const])]
        .map(([reason, count]) => `${reason} ${count}`)
        .join(', ') || NONE,
  },
];

/** What the nodes' DHCP servers have done since they began to serve the network. */
function dhcpLines(served: NetworkDescription['dhcp'], colours: boolean): string[] {
  if (served.length === 0) return [];
  return section(
    'DHCP',
    dhcpColumns,
    [...served].sort((a, b) => byName(a.node, b.node)),
    colours,
  );
}

/** All that R-30 asks for, for a person. */
export function describeNetwork(description: NetworkDescription, now: Date, colours: boolean): string[] {
  const { network } = description;
  const nodes = [...description.nodes].sort((a, b) => byName(a.node, b.node));
  const vms = [...description.vms].sort((a, b) => byName(a.vm.name, b.vm.name));
  const conditions = nodes.flatMap((place) => place.conditions.map((condition) => ({ node: place.node, condition })));
  return [
    ...fieldLines(fields(description, now)),
    ...(network.forwards.length === 0
      ? []
      : ['Forwards:', ...network.forwards.map((one) => `  ${formatForward(one)}`)]),
    ...section('Nodes', placeColumns, nodes, colours),
    ...section('VMs', attached(network.name), vms, colours),
    ...dhcpLines(description.dhcp, colours),
    ...conditionLines(conditions),
    ...eventLines(description.events, now, colours),
  ];
}
