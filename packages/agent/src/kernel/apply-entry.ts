import { addresses, fdb, neighbours, type Request, routes, rules } from '@kcore/netlink';
import type { Operation } from '../model/operation.ts';
import {
  type Address,
  type FdbEntry,
  type Neighbour,
  type Resource,
  ROUTE_PROTOCOL,
  type Route,
  type Rule,
} from '../model/resource.ts';
import { ABSENT, PRESENT } from './result.ts';

/** What is neither a link nor nftables: one request an operation, many in a batch. */
export type Entry = Address | Neighbour | FdbEntry | Route | Rule;

export function isEntry(resource: Resource): resource is Entry {
  switch (resource.kind) {
    case 'address':
    case 'neighbour':
    case 'fdb':
    case 'route':
    case 'rule':
      return true;
    default:
      return false;
  }
}

export interface EntryRequest {
  readonly request: Request<unknown>;
  readonly tolerated: ReadonlySet<string>;
}

/** Indexes of links by name. */
export type LinkIndexes = ReadonlyMap<string, number>;

/** A link that an operation needs is not there. */
export class NoLinkError extends Error {
  override readonly name = 'NoLinkError';
  readonly code = 'ENODEV';

  constructor(link: string) {
    super(`there is no link ${link}`);
  }
}

/** A bridge entry of a link that left its bridge is gone with that; the kernel calls it "not supported" then. */
const ABSENT_FDB: ReadonlySet<string> = new Set([...ABSENT, 'EOPNOTSUPP']);
/** Many destinations of this MAC are the flood list of a vxlan device. */
const FLOOD = '00:00:00:00:00:00';

/** @throws {NoLinkError} Only where something is to be made; what was on a link that is gone needs no deletion: undefined. */
export function entryRequest(operation: Operation, indexes: LinkIndexes): EntryRequest | undefined {
  const deletes = operation.op === 'delete';
  const resource = deletes ? operation.have : operation.want;
  if (!isEntry(resource)) throw new TypeError(`${resource.kind} is not an entry`);
  const index = linkOf(resource, indexes);
  if (index === 'absent') {
    if (deletes) return undefined;
    throw new NoLinkError('link' in resource ? (resource.link ?? '') : '');
  }
  return deletes ? deletion(resource, index) : creation(resource, index);
}

function linkOf(resource: Entry, indexes: LinkIndexes): number | 'absent' {
  if (resource.kind === 'rule' || resource.link === undefined) return 0;
  return indexes.get(resource.link) ?? 'absent';
}

/** Everything but an address is replaced, so that creating what is there in another shape puts it right. */
function creation(resource: Entry, index: number): EntryRequest {
  switch (resource.kind) {
    case 'address': {
      const { address, prefix } = resource;
      return { request: addresses.create({ index, address, prefix }), tolerated: PRESENT };
    }
    case 'neighbour': {
      const { address, mac } = resource;
      return { request: neighbours.replace({ index, address, mac }), tolerated: PRESENT };
    }
    case 'fdb':
      return { request: fdbCreation(resource, index), tolerated: PRESENT };
    case 'route':
      return { request: routes.replace(routeSpec(resource, index)), tolerated: PRESENT };
    case 'rule':
      return { request: rules.create(ruleSpec(resource)), tolerated: PRESENT };
  }
}

function fdbCreation({ table, mac, destination }: FdbEntry, index: number): Request<unknown> {
  if (table === 'bridge') return fdb.replace({ where: 'master', index, mac });
  const spec = { where: 'self' as const, index, mac, ...(destination === undefined ? {} : { destination }) };
  return mac === FLOOD ? fdb.append(spec) : fdb.replace(spec);
}

function deletion(resource: Entry, index: number): EntryRequest {
  switch (resource.kind) {
    case 'address': {
      const { address, prefix } = resource;
      return { request: addresses.delete({ index, address, prefix }), tolerated: ABSENT };
    }
    case 'neighbour':
      return { request: neighbours.delete({ index, address: resource.address }), tolerated: ABSENT };
    case 'fdb': {
      const { table, mac, destination } = resource;
      const spec =
        table === 'bridge'
          ? { where: 'master' as const, index, mac }
          : { where: 'self' as const, index, mac, ...(destination === undefined ? {} : { destination }) };
      return { request: fdb.delete(spec), tolerated: ABSENT_FDB };
    }
    case 'route':
      return { request: routes.delete(routeSpec(resource, index)), tolerated: ABSENT };
    case 'rule':
      return { request: rules.delete(ruleSpec(resource)), tolerated: ABSENT };
  }
}

function routeSpec(
  { table, destination, type, via, metric }: Route,
  index: number,
): Parameters<typeof routes.create>[0] {
  return {
    table,
    destination,
    type,
    protocol: ROUTE_PROTOCOL,
    ...(via === undefined ? {} : { via }),
    ...(index === 0 ? {} : { outgoing: index }),
    ...(metric === undefined ? {} : { metric }),
  };
}

function ruleSpec({ priority, table, from, incomingLink }: Rule): Parameters<typeof rules.create>[0] {
  return {
    priority,
    table,
    protocol: ROUTE_PROTOCOL,
    ...(from === undefined ? {} : { from }),
    ...(incomingLink === undefined ? {} : { incomingLink }),
  };
}
