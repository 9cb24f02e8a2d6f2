import type {
  DataTypeName,
  NftChain as KernelChain,
  NftElement as KernelElement,
  NftSet as KernelSet,
} from '@kcore/netlink';
import { shapeOf } from '@kcore/netlink';
import type { NftChain, NftElement, NftFamily, NftRule, NftSet, NftType } from '../../model/resource.ts';

/* The kernel's objects as resources. What kcore's model has no words for becomes something that nothing desired equals. */

const types: ReadonlySet<DataTypeName> = new Set<NftType>([
  'ipv4_addr',
  'ether_addr',
  'inet_proto',
  'inet_service',
  'ifname',
]);

function areModelTypes(names: readonly DataTypeName[]): names is readonly NftType[] {
  return names.every((name) => types.has(name));
}

/** A set of types that kcore does not use has no key here, so it differs from every one that is wanted. */
export function setResource(family: NftFamily, set: KernelSet): NftSet {
  const { table, name } = set;
  const { key, data, interval } = shapeOf(set) ?? { key: [], data: undefined, interval: false };
  const known = areModelTypes(key) && (data === undefined || data === 'verdict' || areModelTypes(data));
  return {
    kind: 'nft-set',
    family,
    table,
    name,
    key: known ? key : [],
    interval: interval === true,
    ...(known && data !== undefined ? { data } : {}),
  };
}

export function elementResource(set: NftSet, { key, value }: KernelElement): NftElement {
  const { family, table, name } = set;
  return { kind: 'nft-element', family, table, set: name, key, ...(value === undefined ? {} : { value }) };
}

/** A base chain of a type or hook that kcore does not use looks like a regular chain, so it differs from a wanted one. */
export function chainResource(family: NftFamily, chain: KernelChain, rules: readonly NftRule[]): NftChain {
  const base = baseOf(chain.base);
  const { table, name } = chain;
  return { kind: 'nft-chain', family, table, name, ...(base === undefined ? {} : { base }), rules };
}

function baseOf(base: KernelChain['base']): NftChain['base'] {
  if (base === undefined || base.hook === 'ingress' || base.hook === 'egress') return undefined;
  const { type, hook, priority, policy } = base;
  return type === 'nat' || type === 'filter' ? { type, hook, priority, policy } : undefined;
}
