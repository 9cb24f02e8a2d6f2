import type { Resource } from './resource.ts';

/** The identity of a kernel object: two resources with one key are two states of one object. */
export function keyOf(resource: Resource): string {
  switch (resource.kind) {
    case 'link':
      return `link ${resource.name}`;
    case 'address':
      return `address ${resource.link} ${resource.address}/${resource.prefix}`;
    case 'neighbour':
      return `neighbour ${resource.link} ${resource.address}`;
    case 'fdb':
      return `fdb ${resource.table} ${resource.link} ${resource.mac} ${resource.destination ?? '-'}`;
    case 'route':
      return `route ${resource.table} ${resource.destination} ${resource.metric ?? 0}`;
    case 'rule':
      return `rule ${resource.priority} ${resource.table} ${resource.from ?? '-'} ${resource.incomingLink ?? '-'}`;
    case 'nft-table':
      return `nft-table ${resource.family} ${resource.name}`;
    case 'nft-set':
      return `nft-set ${resource.family} ${resource.table} ${resource.name}`;
    case 'nft-chain':
      return `nft-chain ${resource.family} ${resource.table} ${resource.name}`;
    case 'nft-element':
      return `nft-element ${resource.family} ${resource.table} ${resource.set} ${resource.key.join(' . ')}`;
  }
}

/** A whole host, as desired or as observed. */
export type HostState = ReadonlyMap<string, Resource>;

export function hostState(resources: Iterable<Resource>): HostState {
  const state = new Map<string, Resource>();
  for (const resource of resources) state.set(keyOf(resource), resource);
  return state;
}
