import type { Operation } from '../model/operation.ts';
import { summarize } from '../plan/summarize.ts';
import { operationKey, relevantNotifications } from './drift.ts';
import type { Causes } from './wakeups.ts';

/** Repairs of one pass that are told one by one; a flushed ruleset has hundreds, and the ring of events is small. */
const TOLD_MOST = 20;

export interface RepairEvent {
  readonly type: 'DriftRepaired';
  readonly object: string;
  readonly message: string;
}

/** One event for each repair: what had changed, and the notification that told of it. */
export function repairEvents(
  repaired: readonly Operation[],
  causes: Causes,
  ownerOf: (key: string) => string | undefined,
): readonly RepairEvent[] {
  const told = repaired.slice(0, TOLD_MOST).map((operation): RepairEvent => {
    const key = operationKey(operation);
    const network = ownerOf(key);
    return {
      type: 'DriftRepaired',
      object: network === undefined ? key : `network/${network}`,
      message: `${summarize(operation)}; noticed by: ${noticedBy(operation, causes)}`,
    };
  });
  const rest = repaired.slice(TOLD_MOST);
  const [first] = rest;
  if (first === undefined) return told;
  const message = `${rest.length} more objects: ${countKinds(rest)}; noticed by: ${noticedBy(first, causes)}`;
  return [...told, { type: 'DriftRepaired', object: 'node', message }];
}

function noticedBy(operation: Operation, { kinds, notifications }: Causes): string {
  const relevant = relevantNotifications(operation, notifications);
  if (relevant.length > 0) return relevant.join(', ');
  return kinds.has('audit') ? 'the periodic audit' : `a look for another reason (${[...kinds].join(', ')})`;
}

function countKinds(operations: readonly Operation[]): string {
  const counts = new Map<string, number>();
  for (const operation of operations) {
    const [kind = ''] = operationKey(operation).split(' ');
    counts.set(kind, (counts.get(kind) ?? 0) + 1);
  }
  return [...counts].map(([kind, count]) => `${count} ${kind}`).join(', ');
}
