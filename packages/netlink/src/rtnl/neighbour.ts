import { alike } from '../codec/alike.ts';
import type { Infer } from '../codec/codec.ts';
import { ValueError } from '../codec/error.ts';
import { readBody } from '../message/message.ts';
import { type DumpRequest, dumpBy, queryOf, type Request, requestOf } from '../message/request.ts';
import { NLM_F_CREATE, NLM_F_EXCL, NLM_F_REPLACE } from '../uapi/netlink.ts';
import { RTM_DELNEIGH, RTM_GETNEIGH, RTM_NEWNEIGH } from '../uapi/rtnetlink.ts';
import { IP_FAMILIES, itemsOf } from './family.ts';
import {
  type NeighbourExtendedFlags,
  type NeighbourFlags,
  type NeighbourState,
  ndmsg,
  type neighbourAttributes,
  neighbourBody,
} from './neighbour-body.ts';
import { familyOf } from './prefix.ts';
import { ignored, refuse, refuseFlags, TOLD } from './refuse.ts';

/** Which hardware address an IP address has on a link. */
export type Neighbour = Omit<Infer<typeof neighbourAttributes>, 'outgoing' | 'address'> & {
  readonly family: number;
  readonly index: number;
  readonly address: string;
  readonly state: NeighbourState;
  readonly flags: NeighbourFlags;
};

/** The state is `permanent` when none is given, and none of a proxy entry. */
export interface NeighbourSpec {
  readonly index: number;
  readonly address: string;
  /** A proxy entry has none, nor has one that the kernel is to resolve (`use`, `managed`). */
  readonly mac?: string;
  readonly state?: NeighbourState;
  readonly flags?: NeighbourFlags;
  readonly extendedFlags?: NeighbourExtendedFlags;
  /** RTPROT_*: who made it. */
  readonly protocol?: number;
}

type Writable<T> = { -readonly [K in keyof T]: T[K] };

/** The object that the table made becomes the neighbour itself: a dump of many need not copy each. */
export function neighbourOf({ header, attributes: read }: Infer<typeof neighbourBody>): Neighbour {
  const entry: Writable<typeof read & Partial<Neighbour>> = read;
  entry.family = header.family;
  entry.index = header.index;
  entry.address ??= '';
  entry.state = header.state;
  entry.flags = header.flags;
  // All of its members were just given.
  return entry as Neighbour;
}

const PERMANENT = { permanent: true } as const;
const NONE = {} as const;

/** Members of a spec that are not attributes. */
const IN_HEADER: ReadonlySet<string> = new Set(['index', 'state', 'flags']);

function bodyOf(spec: NeighbourSpec): Infer<typeof neighbourBody> {
  check(spec);
  const { index, address } = spec;
  const attributes: Record<string, unknown> = {};
  for (const name in spec) {
    if (!IN_HEADER.has(name)) attributes[name] = spec[name as keyof NeighbourSpec];
  }
  const state = spec.state ?? (spec.mac === undefined ? NONE : PERMANENT);
  return {
    header: { family: familyOf(address), index, state, flags: spec.flags ?? NONE, type: 0 },
    attributes: attributes as Infer<typeof neighbourAttributes>,
  };
}

const specCodec = alike(neighbourBody, bodyOf, ['mac', 'address']);

const OF_ENTRIES = 'it is of forwarding entries; see fdb';

// What the kernel takes in a request, answers with success, and does not do (seen in Linux 6.18).
const notOfNeighbours = ignored({
  outgoing: 'it is of lists; index is the link',
  probes: TOLD,
  cacheInfo: TOLD,
  master: TOLD,
  linkNetnsId: TOLD,
});
const notFlags = ignored({ self: OF_ENTRIES, master: OF_ENTRIES, sticky: OF_ENTRIES, offloaded: TOLD });

/**
 * The kernel forgets the MAC and the state of an entry that has none, or that it resolves by itself. Not of each entry of
 * a bulk: one that has the members of the one before, and differs in addresses only, is as good.
 * @throws {ValueError}
 */
function check(spec: NeighbourSpec): void {
  const { flags, extendedFlags } = spec;
  refuse(notOfNeighbours, spec);
  if (flags !== undefined) refuseFlags(notFlags, flags, 'flags');
  if (flags?.proxy === true) refuseBoth(spec, 'a proxy entry has none');
  if (flags?.use === true) refuseBoth(spec, 'with flags.use the kernel finds it out');
  if (extendedFlags?.managed === true) refuseBoth(spec, 'with extendedFlags.managed the kernel finds it out');
}

function refuseBoth({ mac, state, flags }: NeighbourSpec, why: string): void {
  if (mac !== undefined) throw new ValueError(`${why}; leave it out`, 'mac');
  // ip(8) gives this state to proxies, and they do stay.
  const stays = flags?.proxy === true && state?.permanent === true;
  if (state !== undefined && !stays) throw new ValueError(`${why}; leave it out`, 'state');
}

type Verb = (spec: NeighbourSpec) => string;

const created: Verb = (spec) => operationOf('create', spec);
const replaced: Verb = (spec) => operationOf('replace', spec);
const changed: Verb = (spec) => operationOf('change', spec);
const deleted: Verb = (spec) => operationOf('delete', spec);

function change(operation: Verb, type: number, flags: number, spec: NeighbourSpec): Request<void> {
  return requestOf({ operation, type, flags, codec: specCodec, value: spec });
}

function operationOf(verb: string, { address, index }: NeighbourSpec): string {
  return `${verb} neighbour ${address} of link #${index}`;
}

/** EEXIST when there is one. */
function create(spec: NeighbourSpec): Request<void> {
  return change(created, RTM_NEWNEIGH, NLM_F_CREATE | NLM_F_EXCL, spec);
}

/** Makes it, or takes the place of the one that is there. */
function replace(spec: NeighbourSpec): Request<void> {
  return change(replaced, RTM_NEWNEIGH, NLM_F_CREATE | NLM_F_REPLACE, spec);
}

/** Like `replace`; ENOENT when there is none. */
function changeNeighbour(spec: NeighbourSpec): Request<void> {
  return change(changed, RTM_NEWNEIGH, NLM_F_REPLACE, spec);
}

/** ENOENT when there is none. A proxy entry is named by its flag. */
function deleteNeighbour(spec: Pick<NeighbourSpec, 'index' | 'address' | 'flags'>): Request<void> {
  const { index, address, flags } = spec;
  return change(deleted, RTM_DELNEIGH, 0, { index, address, ...(flags === undefined ? {} : { flags }) });
}

/** One by its address, without a dump. ENOENT when there is none. */
function get(spec: Pick<NeighbourSpec, 'index' | 'address' | 'flags'>): Request<Neighbour | undefined> {
  const { index, address, flags = {} } = spec;
  return queryOf({
    operation: `get neighbour ${address} of link #${index}`,
    type: RTM_GETNEIGH,
    codec: neighbourBody,
    value: { header: ndmsg.fill({ family: familyOf(address), index, flags }), attributes: { address } },
    reply: (messages) =>
      messages
        .filter(({ type }) => type === RTM_NEWNEIGH)
        .map((message) => neighbourOf(readBody(neighbourBody, message)))
        .at(-1),
  });
}

/** Which neighbours are listed. */
export interface NeighbourFilter {
  readonly family?: number;
  readonly index?: number;
  /** Index of the bridge or VRF that the link is in. */
  readonly master?: number;
  /** Addresses that the host answers ARP for in the name of others, instead of its neighbours. */
  readonly proxy?: boolean;
}

/** Neighbours of all links by IPv4 and IPv6, without FDB entries. The link is asked for by NDA_IFINDEX: strict checking refuses ndm_ifindex. */
function list(filter: NeighbourFilter = {}): DumpRequest<Neighbour> {
  const { family, index, master, proxy = false } = filter;
  return dumpBy({
    operation: 'list neighbours',
    type: RTM_GETNEIGH,
    codec: neighbourBody,
    value: {
      header: ndmsg.fill({ ...(family === undefined ? {} : { family }), ...(proxy ? { flags: { proxy } } : {}) }),
      attributes: {
        ...(index === undefined ? {} : { outgoing: index }),
        ...(master === undefined ? {} : { master }),
      },
    },
    decode: itemsOf(IP_FAMILIES, neighbourBody, (read) => {
      const { header } = read;
      const wanted =
        header.family === (family ?? header.family) &&
        header.index === (index ?? header.index) &&
        (header.flags.proxy === true) === proxy;
      return wanted ? neighbourOf(read) : undefined;
    }),
  });
}

/** Requests about neighbours: ARP and IPv6 neighbour discovery. */
export const neighbours = { create, replace, change: changeNeighbour, delete: deleteNeighbour, get, list } as const;
