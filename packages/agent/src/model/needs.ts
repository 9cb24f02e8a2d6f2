import { keyOf } from './key.ts';
import type { NftChain, NftStatement, Resource } from './resource.ts';

/**
 * The keys of what must be there before a resource can be made: the planner orders by them, and an apply that stops the
 * dependants of a failed operation follows them. A key may name something that is not in the state at all, for example
 * a foreign parent NIC; such a need is taken as met.
 */
export function needsOf(resource: Resource): readonly string[] {
  switch (resource.kind) {
    case 'link': {
      const needs: string[] = [];
      if (typeof resource.master === 'string') needs.push(linkKey(resource.master));
      if (resource.type === 'vlan') needs.push(linkKey(resource.parent));
      return needs;
    }
    case 'address':
    case 'neighbour':
    case 'fdb':
      return [linkKey(resource.link)];
    case 'route':
      return resource.link === undefined ? [] : [linkKey(resource.link)];
    case 'rule':
      return [];
    case 'nft-table':
      return [];
    case 'nft-set':
      return [tableKey(resource)];
    case 'nft-element':
      return elementNeeds(resource);
    case 'nft-chain':
      return [tableKey(resource), ...resource.rules.flatMap((rule) => rule.statements.flatMap(referencesIn(resource)))];
  }
}

interface InTable {
  readonly family: NftChain['family'];
  readonly table: string;
}

export function linkKey(name: string): string {
  return `link ${name}`;
}

export function tableKey({ family, table }: InTable): string {
  return keyOf({ kind: 'nft-table', family, name: table });
}

function chainKey({ family, table }: InTable, name: string): string {
  return keyOf({ kind: 'nft-chain', family, table, name, rules: [] });
}

function setKey({ family, table }: InTable, name: string): string {
  return keyOf({ kind: 'nft-set', family, table, name, key: [], interval: false });
}

function elementNeeds(element: Extract<Resource, { kind: 'nft-element' }>): readonly string[] {
  const [verb, chain] = element.value?.[0]?.split(' ') ?? [];
  const needs = [tableKey(element), setKey(element, element.set)];
  return verb === 'jump' && chain !== undefined ? [...needs, chainKey(element, chain)] : needs;
}

function referencesIn(chain: InTable): (statement: NftStatement) => readonly string[] {
  return (statement) => {
    if ('jump' in statement) return [chainKey(chain, statement.jump)];
    if ('set' in statement) return [setKey(chain, statement.set)];
    if ('map' in statement) return [setKey(chain, statement.map)];
    return [];
  };
}
