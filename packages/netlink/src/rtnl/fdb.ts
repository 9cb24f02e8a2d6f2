import { alike } from '../codec/alike.ts';
import type { Infer } from '../codec/codec.ts';
import { ValueError } from '../codec/error.ts';
import { type RawMessage, readBody } from '../message/message.ts';
import { type DumpRequest, dumpBy, queryOf, type Request, requestOf } from '../message/request.ts';
import { NLM_F_APPEND, NLM_F_BULK, NLM_F_CREATE, NLM_F_EXCL, NLM_F_REPLACE } from '../uapi/netlink.ts';
import { RTM_DELNEIGH, RTM_GETNEIGH, RTM_NEWNEIGH } from '../uapi/rtnetlink.ts';
import { AF_BRIDGE } from '../uapi/socket.ts';
import { itemsOf } from './family.ts';
import type { FdbEntry, FdbFlush, FdbSpec, FdbState, SelfEntry } from './fdb-entry.ts';
import { type fdbAttributes, fdbBody, type NeighbourFlags, type NeighbourState, ndmsg } from './neighbour-body.ts';
import { ignored, refuse, refuseFlags, TOLD } from './refuse.ts';

// Frozen, so that the codec knows them again.
const states = {
  // With NUD_NOARP as bridge(8) has it.
  permanent: Object.freeze({ noArp: true, permanent: true }),
  // A vxlan device refuses a state that is neither permanent nor reachable.
  static: Object.freeze({ noArp: true, reachable: true }),
  dynamic: Object.freeze({ reachable: true }),
  stale: Object.freeze({ stale: true }),
} as const;

const SELF = Object.freeze({ self: true });
const MASTER = Object.freeze({ master: true });

type Writable<T> = { -readonly [K in keyof T]: T[K] };

/** The object that the table made becomes the entry itself: a dump of many need not copy each. */
export function fdbOf({ header, attributes: read }: Infer<typeof fdbBody>): FdbEntry {
  const entry: Writable<typeof read & Partial<FdbEntry>> = read;
  const { flags } = header;
  entry.mac ??= '';
  entry.index = header.index;
  entry.where = flags.self === true ? 'self' : 'master';
  entry.state = stateNamed(header.state);
  entry.flags = flags;
  // All of its members were just given.
  return entry as FdbEntry;
}

function stateNamed(state: NeighbourState): FdbState {
  if (state.permanent === true) return 'permanent';
  if (state.noArp === true) return 'static';
  return state.stale === true ? 'stale' : 'dynamic';
}

function whereFlags(where: FdbSpec['where'], flags: NeighbourFlags | undefined): NeighbourFlags {
  const flag = where === 'self' ? SELF : MASTER;
  return flags === undefined ? flag : { ...flags, ...flag };
}

/** Members of a spec that are not attributes. */
const IN_HEADER: ReadonlySet<string> = new Set(['where', 'index', 'state', 'flags']);

const OF_VXLAN = "it is of a vxlan device's own entries; give where: 'self'";
const BY_WHERE = 'where says it; leave it out';
const NEVER = {
  protocol: 'forwarding entries have none; leave it out',
  extendedFlags: TOLD,
  probes: TOLD,
  cacheInfo: TOLD,
  master: 'it is of lists; index is the port',
  linkNetnsId: TOLD,
  stateMask: 'it is of fdb.flush; leave it out',
  flagsMask: 'it is of fdb.flush; leave it out',
};

// What the kernel takes in a request, answers with success, and does not do (seen in Linux 6.18).
const notOfSelf = ignored(NEVER);
const notOfMaster = ignored(NEVER, {
  destination: OF_VXLAN,
  vni: OF_VXLAN,
  sourceVni: OF_VXLAN,
  port: OF_VXLAN,
  outgoing: OF_VXLAN,
  nextHopId: OF_VXLAN,
});
/** A bridge has entries of its own too, with VLANs: that the link is a vxlan device is told by what else is asked. */
const notOfVxlan = ignored({
  vlan: 'entries of a vxlan device have none; leave it out, or give sourceVni',
  activity: 'it is of entries of a bridge; leave it out',
});
const flagsNotOfSelf = ignored({ self: BY_WHERE, master: BY_WHERE });
const flagsNotOfMaster = ignored({
  self: BY_WHERE,
  master: BY_WHERE,
  proxy: 'a bridge has no such entries; leave it out',
  router: 'a bridge has no such entries; leave it out',
  offloaded: TOLD,
});

/** Not of each entry of a bulk: one that has the members of the one before, and differs in addresses only, is as good. @throws {ValueError} */
function check(spec: FdbSpec): void {
  const { where, state, flags } = spec;
  const master = where === 'master';
  if (!master && where !== 'self') throw new ValueError(`${String(where)} is neither 'self' nor 'master'`, 'where');
  if (state !== undefined && !Object.hasOwn(states, state)) {
    throw new ValueError(`${String(state)} is none of ${Object.keys(states).join(', ')}`, 'state');
  }
  refuse(master ? notOfMaster : notOfSelf, spec);
  if (!master && ('vlan' in spec || 'activity' in spec) && isOfVxlan(spec)) refuse(notOfVxlan, spec);
  if (flags !== undefined) refuseFlags(master ? flagsNotOfMaster : flagsNotOfSelf, flags, 'flags');
}

function isOfVxlan({ destination, nextHopId, vni, sourceVni, port }: SelfEntry): boolean {
  return (destination ?? nextHopId ?? vni ?? sourceVni ?? port) !== undefined;
}

type Verb = (spec: FdbSpec) => string;

const created: Verb = (spec) => operationOf('create', spec);
const appended: Verb = (spec) => operationOf('append', spec);
const replaced: Verb = (spec) => operationOf('replace', spec);
const deleted: Verb = (spec) => operationOf('delete', spec);

function change(operation: Verb, type: number, flags: number, spec: FdbSpec): Request<void> {
  return requestOf({ operation, type, flags, codec: specCodec, value: spec });
}

/** Of the long list of entries of one device, which share their other members. */
const specCodec = alike(fdbBody, bodyOf, ['mac', 'destination', 'vlan', 'vni']);

function bodyOf(spec: FdbSpec): Infer<typeof fdbBody> {
  check(spec);
  const { where, index } = spec;
  const wanted = spec.state ?? (where === 'self' ? 'permanent' : 'static');
  const attributes: Record<string, unknown> = {};
  for (const name in spec) {
    if (!IN_HEADER.has(name)) attributes[name] = spec[name as keyof FdbSpec];
  }
  return {
    header: { family: AF_BRIDGE, index, state: states[wanted], flags: whereFlags(where, spec.flags), type: 0 },
    attributes: attributes as Infer<typeof fdbAttributes>,
  };
}

function operationOf(verb: string, spec: FdbSpec): string {
  const destination = spec.where === 'self' && spec.destination !== undefined ? ` dst ${spec.destination}` : '';
  return `${verb} fdb ${spec.mac}${destination} ${spec.where} of link #${spec.index}`;
}

/** EEXIST when there is one of that MAC. EPERM for a dynamic one of a port that does not forward (its link is down). */
function create(spec: FdbSpec): Request<void> {
  return change(created, RTM_NEWNEIGH, NLM_F_CREATE | NLM_F_EXCL, spec);
}

/** One more destination of a MAC: entries of 00:00:00:00:00:00 are the list that unknown frames are flooded to. EEXIST when it is there. */
function append(spec: SelfEntry): Request<void> {
  return change(appended, RTM_NEWNEIGH, NLM_F_CREATE | NLM_F_APPEND, spec);
}

/** Of a vxlan device it puts one destination in the place of all others of the MAC; of 00:00:00:00:00:00 it is refused (EOPNOTSUPP). */
function replace(spec: FdbSpec): Request<void> {
  return change(replaced, RTM_NEWNEIGH, NLM_F_CREATE | NLM_F_REPLACE, spec);
}

/**
 * ENOENT when there is no entry of the MAC. With a destination, the MAC's others stay; a vxlan device without that
 * destination answers success.
 */
function deleteEntry(spec: FdbSpec): Request<void> {
  return change(deleted, RTM_DELNEIGH, 0, spec);
}

/**
 * One entry by its MAC, without a dump. Of a vxlan device it tells the first destination only. ENOENT when there is
 * none.
 */
function get(
  key: Pick<FdbSpec, 'where' | 'index' | 'mac'> & { readonly vlan?: number; readonly vni?: number },
): Request<FdbEntry | undefined> {
  const { where, index, mac, ...rest } = key;
  return queryOf({
    operation: `get fdb ${mac} ${where} of link #${index}`,
    type: RTM_GETNEIGH,
    codec: fdbBody,
    value: {
      header: ndmsg.fill({ family: AF_BRIDGE, index, flags: whereFlags(where, undefined) }),
      attributes: { mac, ...rest },
    },
    reply: entryTold,
  });
}

function entryTold(messages: readonly RawMessage[]): FdbEntry | undefined {
  const message = messages.find(({ type }) => type === RTM_NEWNEIGH);
  return message === undefined ? undefined : fdbOf(readBody(fdbBody, message));
}

/** Of a bridge's entries: permanent ones have both bits, dynamic ones neither. */
const flushStates: Readonly<Record<'permanent' | 'static' | 'dynamic', readonly [NeighbourState, NeighbourState]>> = {
  permanent: [{ permanent: true }, { permanent: true }],
  static: [{ noArp: true }, { noArp: true, permanent: true }],
  dynamic: [{}, { noArp: true, permanent: true }],
};

/**
 * Deletes at once, in the kernel, all entries that agree; without a condition, all. Bridges do since kernel 6.0, vxlan
 * devices since 6.7; EOPNOTSUPP from older ones.
 */
function flush(filter: FdbFlush): Request<void> {
  const { where, index, state, flags, ...rest } = filter;
  const [wanted, mask] = state === undefined ? [{}, undefined] : flushStates[state];
  const entryFlags = flags ?? {};
  const flagsMask = Object.fromEntries(Object.keys(entryFlags).map((name) => [name, true]));
  return requestOf({
    operation: `flush fdb ${where} of link #${index}`,
    type: RTM_DELNEIGH,
    flags: NLM_F_BULK,
    codec: fdbBody,
    value: {
      header: ndmsg.fill({ family: AF_BRIDGE, index, state: wanted, flags: whereFlags(where, entryFlags) }),
      attributes: {
        ...rest,
        ...(mask === undefined ? {} : { stateMask: mask }),
        ...(flags === undefined ? {} : { flagsMask }),
      },
    },
  });
}

const BRIDGE_FAMILY: ReadonlySet<number> = new Set([AF_BRIDGE]);

/** The entries of all devices in one dump, or those of one device or one bridge. A dump of a large vxlan FDB takes time quadratic in its size. */
function list(filter: { readonly index?: number; readonly master?: number } = {}): DumpRequest<FdbEntry> {
  const { index, master } = filter;
  const asked: Infer<typeof fdbAttributes> = {
    ...(index === undefined ? {} : { outgoing: index }),
    ...(master === undefined ? {} : { master }),
  };
  return dumpBy({
    operation: 'list fdb',
    type: RTM_GETNEIGH,
    codec: fdbBody,
    value: { header: ndmsg.fill({ family: AF_BRIDGE }), attributes: asked },
    decode: itemsOf(BRIDGE_FAMILY, fdbBody, (read) => {
      const { header, attributes: entry } = read;
      const ofIndex = index === undefined || header.index === index;
      const ofMaster = master === undefined || entry.master === master || header.index === master;
      return ofIndex && ofMaster ? fdbOf(read) : undefined;
    }),
  });
}

/** Requests about forwarding databases of bridges and vxlan devices. */
export const fdb = { create, append, replace, delete: deleteEntry, flush, get, list } as const;
