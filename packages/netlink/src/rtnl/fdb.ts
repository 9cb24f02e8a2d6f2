import type { Infer } from '../codec/codec.ts';
import { type DumpRequest, dumpOf, type Request, requestOf } from '../message/request.ts';
import { NLM_F_APPEND, NLM_F_CREATE, NLM_F_EXCL, NLM_F_REPLACE } from '../uapi/netlink.ts';
import { RTM_DELNEIGH, RTM_GETNEIGH, RTM_NEWNEIGH } from '../uapi/rtnetlink.ts';
import { AF_BRIDGE } from '../uapi/socket.ts';
import { type NeighbourFlags, ndmsg, type neighbourAttributes, neighbourBody } from './neighbour-body.ts';

/** As bridge(8) says it: `permanent` is local on a bridge and fixed on a vxlan device, `static` does not age, `dynamic` does. */
export type FdbState = 'permanent' | 'static' | 'dynamic' | 'stale';

/** A forwarding entry: on a device itself (`self`: a vxlan device's own table), or in the bridge it is a port of (`master`). */
export type FdbEntry = Omit<Infer<typeof neighbourAttributes>, 'mac'> & {
  /** Of the device; of the bridge for entries of the bridge itself. */
  readonly index: number;
  readonly mac: string;
  readonly where: 'self' | 'master';
  readonly state: FdbState;
  readonly flags: NeighbourFlags;
};

/** An entry on a vxlan device: frames to `mac` go to the VTEP `destination`. Permanent unless the state is given. */
export interface SelfEntry {
  readonly where: 'self';
  readonly index: number;
  readonly mac: string;
  readonly destination?: string;
  readonly state?: FdbState;
  readonly vni?: number;
  readonly port?: number;
  readonly outgoing?: number;
}

/** An entry in the bridge that the link is a port of. Static unless the state is given. */
export interface MasterEntry {
  readonly where: 'master';
  readonly index: number;
  readonly mac: string;
  readonly state?: FdbState;
  readonly vlan?: number;
}

export type FdbSpec = SelfEntry | MasterEntry;

const states = {
  permanent: { permanent: true },
  static: { noArp: true },
  dynamic: { reachable: true },
  stale: { stale: true },
} as const;

export function fdbOf({ header, attributes: read }: Infer<typeof neighbourBody>): FdbEntry {
  const { mac = '', ...rest } = read;
  const { state, flags, index } = header;
  const named: FdbState =
    state.permanent === true
      ? 'permanent'
      : state.noArp === true
        ? 'static'
        : state.stale === true
          ? 'stale'
          : 'dynamic';
  return { ...rest, index, mac, where: flags.self === true ? 'self' : 'master', state: named, flags };
}

function change(verb: string, type: number, flags: number, spec: FdbSpec): Request<void> {
  const { where, index, state, ...rest } = spec;
  const wanted = state ?? (where === 'self' ? 'permanent' : 'static');
  const destination = spec.where === 'self' && spec.destination !== undefined ? ` dst ${spec.destination}` : '';
  return requestOf({
    operation: `${verb} fdb ${spec.mac}${destination} ${where} of link #${index}`,
    type,
    flags,
    codec: neighbourBody,
    value: {
      header: ndmsg.fill({
        family: AF_BRIDGE,
        index,
        state: states[wanted],
        flags: where === 'self' ? { self: true } : { master: true },
      }),
      attributes: rest,
    },
  });
}

/** EEXIST when there is one of that MAC. */
function create(spec: FdbSpec): Request<void> {
  return change('create', RTM_NEWNEIGH, NLM_F_CREATE | NLM_F_EXCL, spec);
}

/** One more destination of a MAC: entries of 00:00:00:00:00:00 are the list that unknown frames are flooded to. EEXIST when it is there. */
function append(spec: SelfEntry): Request<void> {
  return change('append', RTM_NEWNEIGH, NLM_F_CREATE | NLM_F_APPEND, spec);
}

/** Of a vxlan device it puts one destination in the place of all others of the MAC. */
function replace(spec: FdbSpec): Request<void> {
  return change('replace', RTM_NEWNEIGH, NLM_F_CREATE | NLM_F_REPLACE, spec);
}

/**
 * ENOENT when there is no entry of the MAC. With a destination, the MAC's others stay; a vxlan device without that
 * destination answers success.
 */
function deleteEntry(spec: FdbSpec): Request<void> {
  return change('delete', RTM_DELNEIGH, 0, spec);
}

/** The entries of all devices in one dump, or those of one device or one bridge. A dump of a large vxlan FDB takes time quadratic in its size. */
function list(filter: { readonly index?: number; readonly master?: number } = {}): DumpRequest<FdbEntry> {
  const { index, master } = filter;
  return dumpOf({
    operation: 'list fdb',
    type: RTM_GETNEIGH,
    codec: neighbourBody,
    value: {
      header: ndmsg.fill({ family: AF_BRIDGE }),
      attributes: {
        ...(index === undefined ? {} : { outgoing: index }),
        ...(master === undefined ? {} : { master }),
      },
    },
    itemCodec: neighbourBody,
    item(read) {
      const { header, attributes: entry } = read;
      const ofIndex = index === undefined || header.index === index;
      const ofMaster = master === undefined || entry.master === master || header.index === master;
      return header.family === AF_BRIDGE && ofIndex && ofMaster ? fdbOf(read) : undefined;
    },
  });
}

/** Requests about forwarding databases of bridges and vxlan devices. */
export const fdb = { create, append, replace, delete: deleteEntry, list } as const;
