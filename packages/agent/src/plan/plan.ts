import type { HostState } from '../model/key.ts';
import { keyOf } from '../model/key.ts';
import { needsOf } from '../model/needs.ts';
import type { Operation, Plan } from '../model/operation.ts';
import type { Resource, ResourceKind } from '../model/resource.ts';
import { type Casualties, casualties } from './casualties.ts';
import { difference } from './equal.ts';
import { linkOperations } from './links.ts';

/**
 * What takes a host from observed to desired. Total: any two states have a plan. Deterministic: it depends on the two
 * states only, not on the order they are held in. Empty exactly when nothing that desired declares differs.
 *
 * The order: what hangs on links goes, deepest dependant first; then links; then nftables, in one run, so that a port is
 * guarded before it exists and a network is filtered until it is gone; then links are made, each after what it needs;
 * then what hangs on them.
 */
export function plan(desired: HostState, observed: HostState): Plan {
  const changes = diff(desired, casualties(desired, observed));
  const of = (kinds: readonly ResourceKind[]) => (change: Change) => kinds.includes(change.resource.kind);
  const deletes = changes.filter((change) => change.operation.op === 'delete');
  const makes = changes.filter((change) => change.operation.op !== 'delete');
  return [
    ...sortByKind(deletes.filter(of(ON_LINKS)), ON_LINKS.toReversed()),
    ...sortLinkDeletes(deletes.filter(of(['link']))),
    ...nftables(changes.filter((change) => change.resource.kind.startsWith('nft-'))),
    ...linkOperations(operations(inDependencyOrder(makes.filter(of(['link'])))), desired),
    ...sortByKind(makes.filter(of(ON_LINKS)), ON_LINKS),
  ];
}

/** What hangs on links, in the order in which it is made: a route's next hop must be on a link that has its address. */
const ON_LINKS: readonly ResourceKind[] = ['address', 'fdb', 'neighbour', 'route', 'rule'];

interface Change {
  readonly key: string;
  readonly resource: Resource;
  readonly operation: Operation;
}

function diff(desired: HostState, { deleted, survivors, lost }: Casualties): readonly Change[] {
  const changes: Change[] = [];
  const add = (operation: Operation): void => {
    const resource = operation.op === 'delete' ? operation.have : operation.want;
    changes.push({ key: keyOf(resource), resource, operation });
  };
  for (const { have, reason } of deleted.values()) add({ op: 'delete', have, reason });
  for (const [key, have] of survivors) {
    const isForeign = have.kind === 'link' && !have.owned;
    if (!desired.has(key) && !isForeign) add({ op: 'delete', have, reason: 'not wanted' });
  }
  for (const [key, want] of desired) {
    const have = survivors.get(key);
    const isForeign = want.kind === 'link' && !want.owned;
    if (have === undefined) {
      // A link of others is never made; it comes when its owner brings it.
      if (!isForeign) add({ op: 'create', want, reason: lost.get(key) ?? deleted.get(key)?.reason ?? 'missing' });
      continue;
    }
    // The name was taken by a link of others since compile looked.
    if (want.kind === 'link' && have.kind === 'link' && want.owned && !have.owned) continue;
    const found = difference(want, have);
    if (found === undefined) continue;
    if (found.action === 'update') add({ op: 'update', want, have, reason: found.reason });
    else {
      add({ op: 'delete', have, reason: found.reason });
      add({ op: 'create', want, reason: found.reason });
    }
  }
  return changes.toSorted((a, b) => (a.key < b.key ? -1 : a.key > b.key ? 1 : 0));
}

function operations(changes: readonly Change[]): readonly Operation[] {
  return changes.map((change) => change.operation);
}

function sortByKind(changes: readonly Change[], kinds: readonly ResourceKind[]): readonly Operation[] {
  return operations(kinds.flatMap((kind) => changes.filter((change) => change.resource.kind === kind)));
}

/** What leans on another link goes before it: ports before bridges, sub-interfaces before their parents. */
function sortLinkDeletes(changes: readonly Change[]): readonly Operation[] {
  return operations(inDependencyOrder(changes)).toReversed();
}

/** Each after all it needs that is in the list; otherwise in the given order. */
function inDependencyOrder(changes: readonly Change[]): readonly Change[] {
  const byKey = new Map(changes.map((change) => [change.key, change]));
  const ordered = new Set<Change>();
  const visit = (change: Change): void => {
    if (!byKey.delete(change.key)) return;
    for (const need of needsOf(change.resource)) {
      const needed = byKey.get(need);
      if (needed !== undefined) visit(needed);
    }
    ordered.add(change);
  };
  for (const change of changes) visit(change);
  return [...ordered];
}

/**
 * Elements go before what they refer to, and before elements that would overlap them; chains are rewritten before the
 * sets that their old rules used go.
 */
function nftables(changes: readonly Change[]): readonly Operation[] {
  const pick = (op: Operation['op'], kind: ResourceKind): readonly Change[] =>
    changes.filter((change) => change.operation.op === op && change.resource.kind === kind);
  const chains = [...pick('create', 'nft-chain'), ...pick('update', 'nft-chain')];
  return [
    ...operations(pick('delete', 'nft-table')),
    ...operations(pick('delete', 'nft-element')),
    ...operations([...pick('create', 'nft-table'), ...pick('update', 'nft-table')]),
    ...operations(pick('create', 'nft-set')),
    ...operations(inDependencyOrder(chains)),
    ...operations(pick('create', 'nft-element')),
    ...operations(inDependencyOrder(pick('delete', 'nft-chain'))).toReversed(),
    ...operations(pick('delete', 'nft-set')),
  ];
}
