import { isDeepStrictEqual } from 'node:util';
import { type HostState, keyOf } from '../model/key.ts';
import type { Operation, Plan } from '../model/operation.ts';
import type { Resource } from '../model/resource.ts';

/** What the last look left behind: what was desired, and which of it was not yet so. */
export interface Settled {
  readonly desired: HostState;
  /** Keys that an operation still had to change. */
  readonly unsettled: ReadonlySet<string>;
}

export function resourceOf(operation: Operation): Resource {
  return operation.op === 'delete' ? operation.have : operation.want;
}

export function operationKey(operation: Operation): string {
  return keyOf(resourceOf(operation));
}

/**
 * Whether an operation repairs what somebody did by hand: the object was as desired at the last look, and what is
 * desired of it has not changed since. Without a last look (the agent has just started) nothing is known to be drift.
 */
export function isDrift(operation: Operation, desired: HostState, settled: Settled | undefined): boolean {
  const key = operationKey(operation);
  if (settled === undefined || settled.unsettled.has(key)) return false;
  return isDeepStrictEqual(settled.desired.get(key), desired.get(key));
}

export function settledAfter(desired: HostState, plan: Plan): Settled {
  return { desired, unsettled: new Set(plan.map(operationKey)) };
}

/** Notifications one event names at most: more of a burst say nothing new. */
const TOLD_MOST = 3;

/**
 * The notifications that name the object, or its link or table; all of them when none does. What befell the object itself
 * comes first, then what befell a link or table, because much falls with those and is told of before them.
 */
export function relevantNotifications(operation: Operation, notifications: readonly string[]): readonly string[] {
  const key = operationKey(operation);
  const names = namesOf(resourceOf(operation));
  const rank = (text: string): number => {
    if (text.startsWith(`${key} `)) return 0;
    return /^(link|nft-table) /.test(text) ? 1 : 2;
  };
  const relevant = notifications.filter((text) => names.some((name) => text.includes(name)));
  return (relevant.length > 0 ? relevant : notifications).toSorted((a, b) => rank(a) - rank(b)).slice(0, TOLD_MOST);
}

function namesOf(resource: Resource): readonly string[] {
  switch (resource.kind) {
    case 'link':
      return [resource.name];
    case 'address':
    case 'neighbour':
    case 'fdb':
      return [resource.link];
    case 'route':
      return [resource.destination, ...(resource.link === undefined ? [] : [resource.link])];
    case 'rule':
      return [`${resource.priority}`];
    case 'nft-table':
      return [`${resource.family} ${resource.name}`];
    case 'nft-set':
    case 'nft-chain':
    case 'nft-element':
      return [`${resource.family} ${resource.table}`];
  }
}
