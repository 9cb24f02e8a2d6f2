import type { Family } from '@kcore/netlink';
import type { NftFamily } from '../../model/resource.ts';

/** kcore's tables: all that is in them is kcore's, and nothing else is. */
export const TABLE = 'kcore';
export const FAMILIES: readonly NftFamily[] = ['ip', 'bridge'];

/** The family of one of kcore's tables; undefined for a table of others. */
export function ownedFamily(family: Family, table: string): NftFamily | undefined {
  return table === TABLE && (family === 'ip' || family === 'bridge') ? family : undefined;
}
