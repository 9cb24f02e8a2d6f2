import { type NodeView, roundBytes } from '@kcore/contract';
import { colouredState } from '../text/colour.ts';
import { age } from '../text/duration.ts';
import { type Column, NONE } from '../text/table.ts';

/** The underlay address: the tunnel's end, else the gateway interface's first address. */
export function nodeAddress({ facts }: NodeView): string {
  if (facts === undefined) return NONE;
  const onGateway = facts.addresses.find(({ link }) => link === facts.gatewayInterface);
  return facts.vtep ?? onGateway?.address.split('/')[0] ?? NONE;
}

/** A node that has not registered has said neither. */
export function vxlanState({ facts }: NodeView): string {
  if (facts === undefined) return NONE;
  return facts.vxlanDisabled ? 'disabled' : 'enabled';
}

/** `3/16`; without a slash where nothing limits it. */
export function usedText(
  { used, allowed }: Pick<NodeView, 'used' | 'allowed'>,
  field: keyof NodeView['used'],
  words: (value: number) => string,
): string {
  return allowed === undefined ? words(used[field]) : `${words(used[field])}/${words(allowed[field])}`;
}

export const nodeColumns: readonly Column<NodeView>[] = [
  { heading: 'NAME', cell: ({ name }) => name },
  { heading: 'STATE', cell: ({ state }) => state, paint: colouredState },
  { heading: 'ADDRESS', cell: nodeAddress },
  { heading: 'VXLAN', cell: vxlanState },
  { heading: 'CPU', cell: ({ facts }) => String(facts?.capacity.cpus ?? NONE) },
  { heading: 'MEMORY', cell: ({ facts }) => (facts === undefined ? NONE : roundBytes(facts.capacity.memoryBytes)) },
  { heading: 'RUNTIME', cell: ({ facts }) => facts?.runtime ?? NONE },
];

export function wideNodeColumns(now: Date): readonly Column<NodeView>[] {
  return [
    ...nodeColumns,
    { heading: 'CPU-USED', cell: (node) => usedText(node, 'cpus', String) },
    { heading: 'MEMORY-USED', cell: (node) => usedText(node, 'memoryBytes', roundBytes) },
    { heading: 'DISK-USED', cell: (node) => usedText(node, 'diskBytes', roundBytes) },
    { heading: 'UPLINK', cell: ({ facts }) => facts?.gatewayInterface ?? NONE },
    { heading: 'MTU', cell: ({ facts }) => String(facts?.underlayMtu ?? NONE) },
    { heading: 'KERNEL', cell: ({ facts }) => facts?.kernel ?? NONE },
    { heading: 'AGENT', cell: ({ facts }) => facts?.agentVersion ?? NONE },
    { heading: 'REVISION', cell: ({ reached }) => String(reached ?? NONE) },
    { heading: 'AGE', cell: ({ registeredAt }) => age(registeredAt, now) },
    { heading: 'CONDITIONS', cell: ({ conditions }) => conditions.map(({ type }) => type).join(',') || NONE },
  ];
}
