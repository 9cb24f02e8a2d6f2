import { keyOf } from '../../model/key.ts';
import type { Operation } from '../../model/operation.ts';
import type { Resource } from '../../model/resource.ts';

/**
 * Operations for a ruleset that is another than the one they were planned for: what is to be deleted and is not there is
 * done, and what is to be made and is there in a shape that the kernel cannot change is deleted first. Undefined stands
 * for an operation that is done.
 */
export function converge(
  operations: readonly Operation[],
  current: readonly Resource[],
): readonly (readonly Operation[] | undefined)[] {
  const there = new Map(current.map((resource) => [keyOf(resource), resource]));
  const deleted = new Set(
    operations.flatMap((operation) => (operation.op === 'delete' ? [keyOf(operation.have)] : [])),
  );
  return operations.map((operation) => {
    if (operation.op === 'delete') return there.has(keyOf(operation.have)) ? [operation] : undefined;
    const { want } = operation;
    const have = there.get(keyOf(want));
    if (have === undefined || deleted.has(keyOf(want)) || !isFixed(want, have)) return [operation];
    return [
      { op: 'delete', have, reason: 'in the way' },
      { ...operation, op: 'create', want },
    ];
  });
}

/** Whether the kernel has it in a shape that it cannot change into the wanted one. */
function isFixed(want: Resource, have: Resource): boolean {
  const shape = JSON.stringify(shapeOf(want));
  return shape !== JSON.stringify(shapeOf(have));
}

function shapeOf(resource: Resource): unknown {
  switch (resource.kind) {
    case 'nft-set':
      return [resource.key, resource.interval, resource.data ?? null];
    case 'nft-chain': {
      const { base } = resource;
      return base === undefined ? null : [base.type, base.hook, base.priority];
    }
    case 'nft-element':
      return resource.value ?? null;
    default:
      return null;
  }
}
