import type { HostState } from '../model/key.ts';
import { linkKey } from '../model/needs.ts';
import type { Operation } from '../model/operation.ts';
import type { BridgeLink, Resource } from '../model/resource.ts';
import { difference } from './equal.ts';

/**
 * Takes the MTU of bridges out of the operations and sets it at the end.
 *
 * A bridge follows the least MTU of its ports until somebody has *changed* its own: an MTU in the message that creates
 * it does not count, and neither does setting the value it already has. So it is created without one, its ports join,
 * and then it is told.
 */
export function linkOperations(operations: readonly Operation[], desired: HostState): readonly Operation[] {
  const early: Operation[] = [];
  const late = new Map<string, Operation>();
  for (const operation of operations) {
    const bridge = operation.op === 'delete' ? undefined : bridgeOf(operation.want);
    if (operation.op === 'delete' || bridge?.mtu === undefined) early.push(operation);
    else if (operation.op === 'create') {
      const created = withoutMtu(bridge);
      early.push({ ...operation, want: created });
      late.set(bridge.name, { op: 'update', want: bridge, have: created, reason: `mtu ${bridge.mtu}` });
    } else splitUpdate(operation, bridge, { early, late });
  }
  for (const [name, mtu] of joiningMtus(operations)) {
    const bridge = bridgeOf(desired.get(linkKey(name)));
    if (bridge?.mtu === undefined || mtu === bridge.mtu || late.has(name)) continue;
    late.set(name, { op: 'update', want: bridge, have: { ...bridge, mtu }, reason: `mtu ${mtu} → ${bridge.mtu}` });
  }
  return [...early, ...late.values()];
}

function bridgeOf(resource: Resource | undefined): BridgeLink | undefined {
  return resource?.kind === 'link' && resource.type === 'bridge' ? resource : undefined;
}

function withoutMtu({ mtu: _, ...rest }: BridgeLink): BridgeLink {
  return rest;
}

function splitUpdate(
  operation: Extract<Operation, { op: 'update' }>,
  bridge: BridgeLink,
  { early, late }: { readonly early: Operation[]; readonly late: Map<string, Operation> },
): void {
  const rest = difference(withoutMtu(bridge), operation.have);
  if (rest !== undefined) early.push({ ...operation, want: withoutMtu(bridge), reason: rest.reason });
  const before = operation.have.kind === 'link' ? operation.have.mtu : undefined;
  if (before === bridge.mtu || bridge.mtu === undefined) return;
  const have = before === undefined ? withoutMtu(bridge) : { ...bridge, mtu: before };
  late.set(bridge.name, { op: 'update', want: bridge, have, reason: `mtu ${before ?? 'none'} → ${bridge.mtu}` });
}

/** Bridge → MTU of a port that joins it with another MTU than it has, or with one that nobody declared. */
function joiningMtus(operations: readonly Operation[]): ReadonlyMap<string, number> {
  const mtus = new Map<string, number>();
  for (const operation of operations) {
    if (operation.op === 'delete' || operation.want.kind !== 'link') continue;
    const { want } = operation;
    if (typeof want.master !== 'string' || want.kind !== 'link') continue;
    const have = operation.op === 'update' && operation.have.kind === 'link' ? operation.have : undefined;
    if (have?.master === want.master) continue;
    const mtu = want.mtu ?? have?.mtu;
    if (mtu !== undefined) mtus.set(want.master, Math.min(mtu, mtus.get(want.master) ?? mtu));
  }
  return mtus;
}
