import { type NodeDescription, roundBytes } from '@kcore/contract';
import { colouredState } from '../text/colour.ts';
import { age } from '../text/duration.ts';
import { type Column, fieldLines, NONE } from '../text/table.ts';
import { conditionLines, eventLines, section } from './describe.ts';
import { nodeAddress, usedText, vxlanState } from './node-table.ts';
import { byName } from './order.ts';
import { vmColumns } from './vm-table.ts';

type Facts = NonNullable<NodeDescription['facts']>;

const networkColumns: readonly Column<NodeDescription['networks'][number]>[] = [
  { heading: 'NAME', cell: ({ name }) => name },
  { heading: 'BRIDGE', cell: ({ bridge }) => bridge ?? NONE },
  { heading: 'VTEP', cell: ({ vtep }) => vtep ?? NONE },
  { heading: 'STATE', cell: ({ state }) => state, paint: colouredState },
  { heading: 'MESSAGE', cell: ({ message }) => message ?? NONE },
];

function linkColumns(facts: Facts): Column<Facts['links'][number]>[] {
  const addresses = (link: string): string =>
    facts.addresses.flatMap((entry) => (entry.link === link ? [entry.address] : [])).join(',');
  const protection = (link: string): string => facts.protectedLinks.find(({ name }) => name === link)?.reason ?? NONE;
  return [
    { heading: 'NAME', cell: ({ name }) => name },
    { heading: 'KIND', cell: ({ kind }) => kind ?? NONE },
    { heading: 'UP', cell: ({ up }) => (up ? 'yes' : 'no') },
    { heading: 'MTU', cell: ({ mtu }) => String(mtu) },
    { heading: 'ADDRESS', cell: ({ name }) => addresses(name) },
    { heading: 'NOT-A-BRIDGE-PORT', cell: ({ name }) => protection(name) },
  ];
}

/** `3 of 16 CPUs, 4G of 7.5G of memory, 40G of 200G of disk`. */
function roomText(node: NodeDescription): string {
  const room = node.facts?.room;
  if (room?.kind === 'none') return `it runs none: ${room.reason}`;
  const of = (field: keyof NodeDescription['used'], words: (value: number) => string) =>
    usedText(node, field, words).replace('/', ' of ');
  const what = `${of('cpus', String)} CPUs, ${of('memoryBytes', roundBytes)} of memory, ${of('diskBytes', roundBytes)} of disk`;
  return node.allowed === undefined ? `${what} (without a limit)` : what;
}

const imageColumns: readonly Column<NodeDescription['images'][number]>[] = [
  { heading: 'NAME', cell: ({ name }) => name ?? NONE },
  { heading: 'STATE', cell: ({ state }) => state, paint: colouredState },
  { heading: 'SIZE', cell: ({ sizeBytes }) => roundBytes(sizeBytes) },
  { heading: 'DIGEST', cell: ({ digest }) => `${digest.slice(0, 19)}…` },
  { heading: 'FROM', cell: ({ url }) => url ?? 'uploaded' },
  { heading: 'MESSAGE', cell: ({ message }) => message ?? NONE },
];

function fields(node: NodeDescription, now: Date): (readonly [string, string])[] {
  const { facts } = node;
  return [
    ['Name', node.name],
    [
      'State',
      node.state === 'ready' ? 'ready' : 'unknown: its agent is not connected; what runs there goes on running',
    ],
    ['Address', nodeAddress(node)],
    ['VXLAN', vxlanState(node)],
    ['VTEP', facts?.vtep ?? NONE],
    ['Uplink', facts?.gatewayInterface ?? NONE],
    ['Underlay MTU', String(facts?.underlayMtu ?? NONE)],
    ['Runtime', facts?.runtime ?? NONE],
    ['Hostname', facts?.hostname ?? NONE],
    ['Kernel', facts?.kernel ?? NONE],
    ['Agent', facts?.agentVersion ?? NONE],
    ['Capacity', facts === undefined ? NONE : `${facts.capacity.cpus} CPUs, ${roundBytes(facts.capacity.memoryBytes)}`],
    ['Used by VMs', roomText(node)],
    ['Revision', String(node.reached ?? NONE)],
    ['Registered', `${node.registeredAt} (${age(node.registeredAt, now)} ago)`],
  ];
}

export function describeNode(node: NodeDescription, now: Date, colours: boolean): string[] {
  const networks = [...node.networks].sort((a, b) => byName(a.name, b.name));
  const vms = [...node.vms].sort((a, b) => byName(a.vm.name, b.vm.name));
  return [
    ...fieldLines(fields(node, now)),
    ...(node.facts === undefined ? [] : section('Links', linkColumns(node.facts), node.facts.links, colours)),
    ...section('Networks', networkColumns, networks, colours),
    ...section('VMs', vmColumns, vms, colours),
    ...section('Images', imageColumns, node.images, colours),
    ...conditionLines([
      ...node.conditions.map((condition) => ({ condition })),
      ...networks.flatMap((network) =>
        network.conditions.map((condition) => ({
          condition: { ...condition, message: `network '${network.name}': ${condition.message}` },
        })),
      ),
    ]),
    ...eventLines(
      node.events.map((event) => ({ event })),
      now,
      colours,
    ),
  ];
}
