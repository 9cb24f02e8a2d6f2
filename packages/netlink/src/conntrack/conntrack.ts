import { readBody } from '../message/message.ts';
import { type DumpRequest, dumpOf, queryOf, type Request, requestOf } from '../message/request.ts';
import { nfgenmsg } from '../nft/header.ts';
import { NLM_F_CREATE, NLM_F_EXCL } from '../uapi/netlink.ts';
import { IPCTNL_MSG_CT_DELETE, IPCTNL_MSG_CT_GET, IPCTNL_MSG_CT_NEW } from '../uapi/nfnetlink-conntrack.ts';
import { type ConntrackEntry, entryBody, entryOf } from './entry.ts';
import { type ConntrackFilter, familyOfFilter, kernelFilter, matchesFilter } from './filter.ts';
import { conntrackType } from './message-type.ts';
import { cpuStatistics, totalStatistics } from './statistics.ts';
import { describeTuple, familyOf } from './tuple.ts';

/** How a request names its entry: the original direction, and the zone where there is one. */
type Key = Pick<ConntrackEntry, 'original' | 'id' | 'zone'> & { readonly family?: number };

/** An entry to be made. Both directions and the timeout are needed. */
export type NewConntrackEntry = Required<Pick<ConntrackEntry, 'original' | 'reply' | 'timeout'>> &
  Pick<
    ConntrackEntry,
    'mark' | 'status' | 'protocolInfo' | 'labels' | 'helper' | 'zone' | 'master' | 'sourceNat' | 'destinationNat'
  >;

/** What can be changed of an entry. */
export type ConntrackChange = Pick<
  ConntrackEntry,
  'timeout' | 'mark' | 'status' | 'protocolInfo' | 'labels' | 'helper'
>;

/**
 * Connections that agree with the filter. The kernel leaves out what it can, so that a long table is not copied; what it
 * sends is looked at again here, because an older one ignores filters.
 */
function list(filter: ConntrackFilter = {}): DumpRequest<ConntrackEntry> {
  return dumpOf({
    operation: 'list conntrack entries',
    type: conntrackType(IPCTNL_MSG_CT_GET),
    codec: entryBody,
    value: { header: nfgenmsg.fill({ family: familyOfFilter(filter) }), attributes: kernelFilter(filter) },
    itemCodec: entryBody,
    item(body) {
      const entry = entryOf(body);
      return matchesFilter(entry, filter) ? entry : undefined;
    },
  });
}

const PARTICIPLES = { get: 'got', create: 'created', update: 'updated', delete: 'deleted' } as const;

/** @throws {RangeError} Without a tuple the kernel would take all entries for meant. */
function keyOf(
  verb: keyof typeof PARTICIPLES,
  key: Key,
): { operation: string; family: number; attributes: Pick<ConntrackEntry, 'original' | 'zone'> } {
  const { original, zone } = key;
  if (original?.ip === undefined || original.protocol === undefined) {
    throw new RangeError(`a conntrack entry is ${PARTICIPLES[verb]} by its original addresses and protocol`);
  }
  return {
    operation: `${verb} conntrack entry ${describeTuple(original)}`,
    family: key.family ?? familyOf(original),
    attributes: { original, ...(zone === undefined ? {} : { zone }) },
  };
}

/** One connection by its original direction. ENOENT: there is none. */
function get(key: Key): Request<ConntrackEntry | undefined> {
  const { family, attributes, operation } = keyOf('get', key);
  return queryOf({
    operation,
    type: conntrackType(IPCTNL_MSG_CT_GET),
    codec: entryBody,
    value: { header: nfgenmsg.fill({ family }), attributes },
    reply: (messages) => messages.map((message) => entryOf(readBody(entryBody, message))).at(-1),
  });
}

/** Makes an entry, as a failover does that takes over connections. EEXIST: there is one for one of the directions. */
function create(entry: NewConntrackEntry): Request<void> {
  const { family, operation } = keyOf('create', entry);
  return requestOf({
    operation,
    type: conntrackType(IPCTNL_MSG_CT_NEW),
    flags: NLM_F_CREATE | NLM_F_EXCL,
    codec: entryBody,
    value: { header: nfgenmsg.fill({ family }), attributes: entry },
  });
}

/** Changes an entry: only what is mentioned. ENOENT: it is gone. EBUSY: a bit of the status that is the kernel's. */
function update(key: Key, wanted: ConntrackChange): Request<void> {
  const { family, operation, attributes } = keyOf('update', key);
  return requestOf({
    operation: `${operation} (${Object.keys(wanted).join(', ')})`,
    type: conntrackType(IPCTNL_MSG_CT_NEW),
    codec: entryBody,
    value: { header: nfgenmsg.fill({ family }), attributes: { ...attributes, ...wanted } },
  });
}

/**
 * Ends one connection by its original direction. With an id, only if it is still that one. ENOENT when it is gone.
 * Without a tuple the kernel would end all connections, so that is refused.
 */
function deleteEntry(key: Key): Request<void> {
  const { family, operation, attributes } = keyOf('delete', key);
  return requestOf({
    operation,
    type: conntrackType(IPCTNL_MSG_CT_DELETE),
    codec: entryBody,
    value: {
      header: nfgenmsg.fill({ family }),
      attributes: { ...attributes, ...(key.id === undefined ? {} : { id: key.id }) },
    },
  });
}

/** Ends all connections of the namespace, of IPv4 and IPv6. For some of them: list those, and delete each. */
function flush(): Request<void> {
  return requestOf({
    operation: 'delete all conntrack entries',
    type: conntrackType(IPCTNL_MSG_CT_DELETE),
    codec: entryBody,
    value: { header: nfgenmsg.fill({}), attributes: {} },
  });
}

/** Requests about tracked connections. */
export const conntrack = {
  list,
  get,
  create,
  update,
  delete: deleteEntry,
  flush,
  cpuStatistics,
  totalStatistics,
} as const;
