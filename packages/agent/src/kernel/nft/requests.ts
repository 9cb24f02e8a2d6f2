import { nft, type Request } from '@kcore/netlink';
import { keyOf } from '../../model/key.ts';
import type { Operation } from '../../model/operation.ts';
import type { NftChain, NftElement, NftSet, Resource } from '../../model/resource.ts';
import { compileRule } from './compile-rule.ts';
import { groupBy } from './group.ts';
import type { ShapeOf } from './shapes.ts';

/** A request of a transaction, and the operations it is for: elements of one set share one. */
export interface NftRequest {
  readonly request: Request<unknown>;
  readonly operations: readonly number[];
}

/** An operation that has no request, because it cannot be written. */
export class UnwritableOperation extends Error {
  override readonly name = 'UnwritableOperation';
  readonly operation: number;

  constructor(operation: number, cause: unknown) {
    super(cause instanceof Error ? cause.message : String(cause), { cause });
    this.operation = operation;
  }
}

interface Numbered<R extends Resource> {
  readonly index: number;
  readonly resource: R;
}

/**
 * The requests of ONE transaction for operations on nft objects, whatever their order. What is deleted goes first: rules
 * before the sets and chains they use, elements before the chains they jump to. An object that is deleted and created
 * is replaced so. A chain's rules are written anew as a whole.
 * @throws {UnwritableOperation} A rule or value that has no encoding.
 */
export function nftRequests(operations: readonly Operation[], shapeOf: ShapeOf): readonly NftRequest[] {
  const deleted = pick(operations, 'delete');
  const made = pick(operations, 'make');
  const gone = new Set(deleted('nft-table').map(({ resource }) => `${resource.family} ${resource.name}`));
  const inTable = ({ family, table }: NftChain | NftSet | NftElement): boolean => !gone.has(`${family} ${table}`);
  const chains = deleted('nft-chain').filter(({ resource }) => inTable(resource));
  const sets = deleted('nft-set').filter(({ resource }) => inTable(resource));
  const goneSets = new Set(sets.map(({ resource }) => keyOf(resource)));
  const elements = deleted('nft-element').filter(
    ({ resource }) => inTable(resource) && !goneSets.has(setKeyOf(resource)) && shapeOf(resource) !== undefined,
  );
  const rewritten = made('nft-chain').filter(({ index }) => operations[index]?.op === 'update');
  return [
    ...each(deleted('nft-table'), (table) => [nft.tables.delete(table)]),
    ...each([...chains, ...rewritten.filter(({ resource }) => inTable(resource))], (chain) => [flush(chain)]),
    ...elementRequests(elements, shapeOf, nft.elements.delete),
    // Emptied first: older kernels count a deleted map's jumps until the transaction ends.
    ...each(sets, (set) => [nft.elements.flush(set), nft.sets.delete(set)]),
    ...each(chains, (chain) => [nft.chains.delete(chain)]),
    // No flags: one that somebody put to sleep awakes.
    ...each(made('nft-table'), ({ family, name }) => [nft.tables.create({ family, name, flags: {} })]),
    ...each(made('nft-set'), (set) => [nft.sets.create(set)]),
    ...each(made('nft-chain'), (chain) => [nft.chains.create(chain), flush(chain)]),
    ...each(made('nft-chain'), rules),
    ...elementRequests(made('nft-element'), shapeOf, nft.elements.add),
  ];
}

type Kinds = { readonly [R in Resource as R['kind']]: R };

function pick(
  operations: readonly Operation[],
  what: 'delete' | 'make',
): <K extends Resource['kind']>(kind: K) => readonly Numbered<Kinds[K]>[] {
  return (kind) =>
    operations.flatMap((operation, index) => {
      if ((operation.op === 'delete') !== (what === 'delete')) return [];
      const resource = operation.op === 'delete' ? operation.have : operation.want;
      return isKind(resource, kind) ? [{ index, resource }] : [];
    });
}

function isKind<K extends Resource['kind']>(resource: Resource, kind: K): resource is Kinds[K] {
  return resource.kind === kind;
}

function each<R extends Resource>(
  list: readonly Numbered<R>[],
  requestsOf: (resource: R) => readonly Request<unknown>[],
): readonly NftRequest[] {
  return list.flatMap(({ index, resource }) =>
    attempt(index, () => requestsOf(resource)).map((request) => ({ request, operations: [index] })),
  );
}

function attempt<T>(index: number, step: () => T): T {
  try {
    return step();
  } catch (error) {
    throw new UnwritableOperation(index, error);
  }
}

function flush({ family, table, name }: NftChain): Request<unknown> {
  return nft.rules.flush({ family, table, chain: name });
}

function rules({ family, table, name, rules: list }: NftChain): readonly Request<unknown>[] {
  return list.map((rule) =>
    nft.rules.append({
      family,
      table,
      chain: name,
      expressions: compileRule(family, rule),
      ...(rule.comment === undefined ? {} : { comment: rule.comment }),
    }),
  );
}

function setKeyOf({ family, table, set }: NftElement): string {
  return keyOf({ kind: 'nft-set', family, table, name: set, key: [], interval: false });
}

type ElementBuilder = typeof nft.elements.add | typeof nft.elements.delete;

/** One message for many elements of a set. When it cannot be built, the first element that cannot be written is told. */
function elementRequests(
  list: readonly Numbered<NftElement>[],
  shapeOf: ShapeOf,
  build: ElementBuilder,
): readonly NftRequest[] {
  const bySet = groupBy(list, ({ resource }) => setKeyOf(resource));
  return [...bySet.values()].flatMap((members) => {
    const [first] = members;
    if (first === undefined) return [];
    const shape = shapeOf(first.resource);
    if (shape === undefined)
      throw new UnwritableOperation(first.index, new Error(`there is no set ${first.resource.set} of kcore's`));
    try {
      const operations = members.map(({ index }) => index);
      return build(
        shape,
        members.map(({ resource }) => resource),
      ).map((request) => ({ request, operations }));
    } catch (error) {
      for (const { index, resource } of members) attempt(index, () => build(shape, [resource]));
      throw error;
    }
  });
}
