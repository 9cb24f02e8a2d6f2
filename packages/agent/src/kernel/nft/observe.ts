import {
  type Connection,
  elementsOf,
  type NftChain as KernelChain,
  type NftRule as KernelRule,
  NetlinkError,
  nft,
} from '@kcore/netlink';
import type { ForeignBaseChain } from '../../model/host-facts.ts';
import type { NftFamily, NftRule, NftSet, Resource } from '../../model/resource.ts';
import { decompileRule } from './decompile-rule.ts';
import { groupBy } from './group.ts';
import { ownedFamily, TABLE } from './owned.ts';
import { chainResource, elementResource, setResource } from './resource-of.ts';

export interface NftObservation {
  /** kcore's tables and all that is in them. */
  readonly resources: readonly Resource[];
  readonly foreignBaseChains: readonly ForeignBaseChain[];
}

/** How often reading begins anew because the ruleset changed meanwhile. After that what was read is taken: a monitor wakes the loop again. */
const ATTEMPTS = 3;

/**
 * Reads kcore's tables whole, and the base chains of others that may drop what networks need. A few dumps, and one a set.
 * @throws {NetlinkError} A dump failed for another reason than that its object went away.
 */
export async function observeNft(connection: Connection): Promise<NftObservation> {
  for (let attempt = 1; ; attempt += 1) {
    const { id } = await connection.request(nft.generation());
    const observation = await readOnce(connection, attempt === ATTEMPTS);
    if (observation === undefined) continue;
    if (attempt === ATTEMPTS || (await connection.request(nft.generation())).id === id) return observation;
  }
}

/** Undefined when an object went away between two dumps; the last time its absence is what is told. */
async function readOnce(connection: Connection, last: boolean): Promise<NftObservation | undefined> {
  const tables = (await connection.dump(nft.tables.list())).items;
  const chains = (await connection.dump(nft.chains.list())).items;
  const resources: Resource[] = [];
  for (const table of tables) {
    const family = ownedFamily(table.family, table.name);
    if (family === undefined) continue;
    const asleep = table.flags.dormant === true ? { dormant: true as const } : {};
    resources.push({ kind: 'nft-table', family, name: TABLE, ...asleep });
    try {
      resources.push(...(await readSets(connection, family)), ...(await readChains(connection, family, chains)));
    } catch (error) {
      if (!(error instanceof NetlinkError) || error.code !== 'ENOENT') throw error;
      if (!last) return undefined;
    }
  }
  return { resources, foreignBaseChains: chains.flatMap(foreignBaseChain) };
}

async function readSets(connection: Connection, family: NftFamily): Promise<readonly Resource[]> {
  const { items } = await connection.dump(nft.sets.list({ family, table: TABLE }));
  const resources: Resource[] = [];
  for (const set of items) {
    // Those of single rules have no name of their own and go with the rule.
    if (set.flags.anonymous === true) continue;
    const resource = setResource(family, set);
    resources.push(resource, ...(await readElements(connection, resource)));
  }
  return resources;
}

async function readElements(connection: Connection, set: NftSet): Promise<readonly Resource[]> {
  if (set.key.length === 0) return [];
  const { items } = await connection.dump(nft.elements.list(set));
  return elementsOf(set, items).map((element) => elementResource(set, element));
}

async function readChains(
  connection: Connection,
  family: NftFamily,
  chains: readonly KernelChain[],
): Promise<readonly Resource[]> {
  const { items } = await connection.dump(nft.rules.list({ family, table: TABLE }));
  const rulesOf = groupBy(items, ({ chain }) => chain);
  return chains
    .filter((chain) => chain.family === family && chain.table === TABLE)
    .map((chain) =>
      chainResource(
        family,
        chain,
        (rulesOf.get(chain.name) ?? []).map((rule) => ruleOf(family, rule)),
      ),
    );
}

function ruleOf(family: NftFamily, { expressions, comment }: KernelRule): NftRule {
  const statements = decompileRule(family, expressions);
  return { statements, ...(comment === undefined ? {} : { comment }) };
}

/** Nothing jumps to a base chain, so what refers to it are its rules. */
function foreignBaseChain({ family, table, name, base, use }: KernelChain): readonly ForeignBaseChain[] {
  if (base === undefined || ownedFamily(family, table) !== undefined) return [];
  const { hook, policy } = base;
  const sees = family === 'ip' || family === 'inet' || family === 'bridge';
  if (!sees || (hook !== 'forward' && hook !== 'input')) return [];
  return [{ family, table, chain: name, hook, policy, rules: use }];
}
