import type { NftChain, NftElement, NftFamily, NftField, NftRule, NftSet, NftStatement } from '../model/resource.ts';

/** Short words for nft objects of one table, so that a ruleset can be read as one. */

export const KCORE_TABLE = 'kcore';

export function rule(...statements: NftStatement[]): NftRule {
  return { statements };
}

export function is(match: NftField, value: string): NftStatement {
  return { match, op: '==', value };
}

export function isNot(match: NftField, value: string): NftStatement {
  return { match, op: '!=', value };
}

/** For fields that are flags: any of them is set. */
export function has(match: NftField, value: string): NftStatement {
  return { match, op: 'in', value };
}

export function inSet(set: string, ...lookup: NftField[]): NftStatement {
  return { lookup, set };
}

export function notInSet(set: string, ...lookup: NftField[]): NftStatement {
  return { lookup, set, negate: true };
}

export const accept: NftStatement = { verdict: 'accept' };
/** Every drop of kcore's is counted, so that `nft list ruleset` shows what it did. */
export const countedDrop: readonly NftStatement[] = [{ counter: true }, { verdict: 'drop' }];

export interface TableBuilder {
  readonly table: { readonly kind: 'nft-table'; readonly family: NftFamily; readonly name: string };
  set(name: string, key: NftSet['key'], options?: Partial<Pick<NftSet, 'data' | 'interval'>>): NftSet;
  element(set: string, key: readonly string[], ...value: string[]): NftElement;
  chain(name: string, rules: readonly NftRule[], base?: NftChain['base']): NftChain;
}

export function tableBuilder(family: NftFamily): TableBuilder {
  const inTable = { family, table: KCORE_TABLE } as const;
  return {
    table: { kind: 'nft-table', family, name: KCORE_TABLE },
    set: (name, key, options = {}) => ({ kind: 'nft-set', ...inTable, name, key, interval: false, ...options }),
    element: (set, key, ...value) => ({
      kind: 'nft-element',
      ...inTable,
      set,
      key,
      ...(value.length > 0 ? { value } : {}),
    }),
    chain: (name, rules, base) => ({
      kind: 'nft-chain',
      ...inTable,
      name,
      ...(base === undefined ? {} : { base }),
      rules,
    }),
  };
}
