import type { Connection } from '../connection/connection.ts';
import { NetlinkError } from '../error.ts';
import type { Chain } from './chain.ts';
import { chains } from './chain-requests.ts';
import type { WireElement } from './element.ts';
import { elements } from './element-requests.ts';
import { type Flowtable, flowtables } from './flowtable.ts';
import { generation } from './generation.ts';
import type { Family } from './header.ts';
import type { NftObject } from './object/object.ts';
import { objects } from './object/object-requests.ts';
import type { Rule } from './rule.ts';
import { rules } from './rule-requests.ts';
import type { NftSet } from './set.ts';
import { sets } from './set-requests.ts';
import { type Table, tables } from './table.ts';

/** A set and what is in it, as the kernel tells it; `elementsOf` makes texts of it where the shape is known. */
export interface SetContent {
  readonly set: NftSet;
  readonly elements: readonly WireElement[];
}

/** All that is in the tables of nftables, as values. */
export interface Ruleset {
  readonly generation: number;
  /** False: it changed while it was read, again and again; parts may be of different generations. */
  readonly consistent: boolean;
  readonly tables: readonly Table[];
  readonly chains: readonly Chain[];
  readonly sets: readonly SetContent[];
  readonly objects: readonly NftObject[];
  readonly flowtables: readonly Flowtable[];
  /** In their order, chain by chain. */
  readonly rules: readonly Rule[];
}

/** What of the ruleset is read. */
export interface RulesetFilter {
  readonly family?: Family;
  readonly table?: string;
}

/** How often reading begins anew because the ruleset changed meanwhile. */
const ATTEMPTS = 5;

/**
 * Reads the ruleset, or a family's, or one table. It is of one generation: when the generation changes while it is read,
 * it is read again, five times at the most.
 * @throws {NetlinkError} A dump failed for another reason than that its object went away.
 */
export async function readRuleset(connection: Connection, filter: RulesetFilter = {}): Promise<Ruleset> {
  for (let attempt = 1; ; attempt += 1) {
    const { id } = await connection.request(generation());
    const read = await readOnce(connection, filter, attempt === ATTEMPTS);
    if (read === undefined) continue;
    const consistent = (await connection.request(generation())).id === id;
    if (consistent || attempt === ATTEMPTS) return { generation: id, consistent, ...read };
  }
}

type Content = Omit<Ruleset, 'generation' | 'consistent'>;

/** Undefined when a set went away between two dumps; the last time it is left out. */
async function readOnce(connection: Connection, filter: RulesetFilter, last: boolean): Promise<Content | undefined> {
  const { family, table } = filter;
  const found: readonly Table[] = (await connection.dump(tables.list(family === undefined ? {} : { family }))).items;
  const contents: SetContent[] = [];
  for (const set of (await connection.dump(sets.list(filter))).items) {
    try {
      contents.push({ set, elements: (await connection.dump(elements.list(set))).items.flat() });
    } catch (error) {
      if (!(error instanceof NetlinkError) || error.code !== 'ENOENT') throw error;
      if (!last) return undefined;
    }
  }
  return {
    tables: found.filter(({ name }) => name === (table ?? name)),
    chains: (await connection.dump(chains.list(filter))).items,
    sets: contents,
    objects: (await connection.dump(objects.list(filter))).items,
    flowtables: (await connection.dump(flowtables.list(filter))).items,
    rules: (await connection.dump(rules.list(filter))).items,
  };
}
