import { type Condition, type EventStatus, formatSubnet, parseIpv4, prefixOfNetmask, subnetOf } from '@kcore/contract';
import { age } from '../text/duration.ts';
import { type Column, printable, tableLines } from '../text/table.ts';

/** `Heading:` and an indented table below it, or `Heading:  none`. */
export function section<Row>(
  heading: string,
  columns: readonly Column<Row>[],
  rows: readonly Row[],
  colours: boolean,
): string[] {
  if (rows.length === 0) return [`${heading}:  none`];
  return [`${heading}:`, ...tableLines(columns, rows, { colours }).map((line) => `  ${line}`)];
}

export interface PlacedCondition {
  readonly node?: string;
  readonly condition: Condition;
}

/** Conditions are sentences, so they are lines and not columns; the remedy stands below what it heals. */
export function conditionLines(conditions: readonly PlacedCondition[]): string[] {
  if (conditions.length === 0) return ['Conditions:  none'];
  return [
    'Conditions:',
    ...conditions.flatMap(({ node, condition }) => [
      `  ${printable(`${condition.type}${node === undefined ? '' : ` on ${node}`}: ${condition.message}`)}`,
      ...(condition.remedy === undefined ? [] : [`    remedy: ${printable(condition.remedy)}`]),
    ]),
  ];
}

export interface PlacedEvent {
  readonly node?: string;
  readonly event: EventStatus;
}

/** Newest last, as in a log. */
export function eventLines(events: readonly PlacedEvent[], now: Date, colours: boolean): string[] {
  const sorted = [...events].sort(
    (a, b) => a.event.at.localeCompare(b.event.at) || a.event.sequence - b.event.sequence,
  );
  const withNode = events.some(({ node }) => node !== undefined);
  const columns: Column<PlacedEvent>[] = [
    { heading: 'AGO', cell: ({ event }) => age(event.at, now) },
    ...(withNode ? [{ heading: 'NODE', cell: ({ node }: PlacedEvent) => node ?? '' }] : []),
    { heading: 'TYPE', cell: ({ event }) => event.type },
    { heading: 'OBJECT', cell: ({ event }) => event.object ?? '' },
    { heading: 'MESSAGE', cell: ({ event }) => event.message },
  ];
  return section('Events', columns, sorted, colours);
}

/** `10.250.0.0/24` of a gateway and its mask. */
export function subnetText(gateway: string | undefined, netmask: string | undefined): string | undefined {
  if (gateway === undefined || netmask === undefined) return undefined;
  return formatSubnet(subnetOf(parseIpv4(gateway), prefixOfNetmask(netmask)));
}
