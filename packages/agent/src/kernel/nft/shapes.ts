import { type Connection, nft, type SetShape } from '@kcore/netlink';
import type { Operation } from '../../model/operation.ts';
import type { NftElement, NftSet } from '../../model/resource.ts';
import { FAMILIES, TABLE } from './owned.ts';
import { setResource } from './resource-of.ts';

/** The shape of an element's set: what is written of an element depends on its types. */
export type ShapeOf = (element: Pick<NftElement, 'family' | 'table' | 'set'>) => SetShape | undefined;

function nameOf({ family, table, set }: Pick<NftElement, 'family' | 'table' | 'set'>): string {
  return `${family} ${table} ${set}`;
}

/** Shapes of the sets that the operations make, and of those that the kernel has, which are read only if one is asked for. */
export async function readShapes(connection: Connection, operations: readonly Operation[]): Promise<ShapeOf> {
  const shapes = new Map<string, NftSet>();
  const made = operations.flatMap((operation) => (operation.op === 'delete' ? [] : [operation.want]));
  for (const resource of made)
    if (resource.kind === 'nft-set') shapes.set(nameOf({ ...resource, set: resource.name }), resource);
  const needed = operations.flatMap((operation) => {
    const resource = operation.op === 'delete' ? operation.have : operation.want;
    return resource.kind === 'nft-element' && !shapes.has(nameOf(resource)) ? [resource.family] : [];
  });
  for (const family of FAMILIES.filter((each) => needed.includes(each))) {
    const { items } = await connection.dump(nft.sets.list({ family }));
    for (const set of items) {
      const resource = setResource(family, set);
      const name = nameOf({ family, table: set.table, set: set.name });
      if (set.table === TABLE && resource.key.length > 0 && !shapes.has(name)) shapes.set(name, resource);
    }
  }
  return (element) => shapes.get(nameOf(element));
}
