import type { Infer } from '../codec/codec.ts';
import { readBody } from '../message/message.ts';
import { type DumpRequest, dumpOf, queryOf, type Request, requestOf } from '../message/request.ts';
import { NLM_F_BULK, NLM_F_CREATE, NLM_F_EXCL, NLM_F_REPLACE } from '../uapi/netlink.ts';
import { RTM_DELMDB, RTM_GETMDB, RTM_NEWMDB } from '../uapi/rtnetlink.ts';
import { AF_BRIDGE } from '../uapi/socket.ts';
import { mdbBody, mdbEntry, mdbGetBody, mdbRequestBody, portMessage } from './mdb-body.ts';

type Told = Infer<typeof mdbBody>;
type Groups = NonNullable<NonNullable<Told['attributes']['groups']>['entries']>;
type Info = NonNullable<Groups[number]['infos']>[number];
type Router = NonNullable<NonNullable<Told['attributes']['routers']>['ports']>[number];
type Asked = NonNullable<Infer<typeof mdbRequestBody>['attributes']['options']>;

/** A multicast group that is forwarded to a port of a bridge, or by a vxlan device to a VTEP. */
export type MdbEntry = Omit<Info['attributes'], 'sources'> &
  Info['header'] & {
    /** Whose frames are taken (`include`) or not taken (`exclude`); the timer is in hundredths of a second. */
    readonly sources?: readonly { readonly address?: string; readonly timer?: number }[];
  };

/** A port behind which a multicast router is: it gets all groups. */
export type MulticastRouter = Router['attributes'] & Router['header'];

/** The multicast database of a bridge or vxlan device. An event tells only what changed. */
export interface Mdb {
  readonly index: number;
  readonly entries: readonly MdbEntry[];
  readonly routers: readonly MulticastRouter[];
}

/** Which entry, and what is to be set of it. */
export interface MdbSpec extends Omit<Asked, 'sources' | 'stateMask' | 'unknown'> {
  /** Of the bridge or vxlan device. */
  readonly index: number;
  /** Of the port; of the bridge itself or the vxlan device for its own. */
  readonly port: number;
  /** An IPv4, IPv6 or MAC address. Of a vxlan device `0.0.0.0` and `::` are all groups that have no entry. */
  readonly group: string;
  readonly vlan?: number;
  /** Permanent unless given. */
  readonly state?: 'temporary' | 'permanent';
  /** With `mode`: whose frames are taken or not taken. Kernels since 6.2. */
  readonly sources?: readonly string[];
}

export function mdbOf({ header, attributes: read }: Told): Mdb {
  const infos = read.groups?.entries?.flatMap((entry) => entry.infos ?? []) ?? [];
  return {
    index: header.index,
    entries: infos.map(entryOf),
    routers: (read.routers?.ports ?? []).map((router) => ({ ...router.attributes, ...router.header })),
  };
}

function entryOf({ header, attributes: { sources, ...rest } }: Info): MdbEntry {
  return { ...rest, ...header, ...(sources === undefined ? {} : { sources: sources.list ?? [] }) };
}

function wireEntry(spec: MdbSpec): Infer<typeof mdbRequestBody> {
  const { index, port, group, vlan = 0, state = 'permanent', sources, ...rest } = spec;
  const options: Asked = {
    ...rest,
    ...(sources === undefined ? {} : { sources: { list: sources.map((address) => ({ address })) } }),
  };
  return {
    header: portMessage.fill({ family: AF_BRIDGE, index }),
    attributes: {
      entry: mdbEntry.fill({ port, group, vlan, state }),
      ...(Object.keys(options).length === 0 ? {} : { options }),
    },
  };
}

function change(verb: string, type: number, flags: number, spec: MdbSpec): Request<void> {
  const operation = `${verb} mdb ${spec.group} port #${spec.port} of link #${spec.index}`;
  return requestOf({ operation, type, flags, codec: mdbRequestBody, value: wireEntry(spec) });
}

/** EEXIST when it is there; EINVAL when the bridge is down or does not snoop. */
function create(spec: MdbSpec): Request<void> {
  return change('create', RTM_NEWMDB, NLM_F_CREATE | NLM_F_EXCL, spec);
}

/** Kernels since 6.2. */
function replace(spec: MdbSpec): Request<void> {
  return change('replace', RTM_NEWMDB, NLM_F_CREATE | NLM_F_REPLACE, spec);
}

/** EINVAL when there is none. */
function deleteEntry(spec: MdbSpec): Request<void> {
  return change('delete', RTM_DELMDB, 0, spec);
}

/** One group with all its ports. Kernels since 6.8; ENOENT when there is none. */
function get(key: Pick<MdbSpec, 'index' | 'group' | 'vlan' | 'source' | 'sourceVni'>): Request<Mdb | undefined> {
  const value = wireEntry({ ...key, port: 0, state: 'temporary' });
  return queryOf({
    operation: `get mdb ${key.group} of link #${key.index}`,
    type: RTM_GETMDB,
    codec: mdbGetBody,
    value,
    reply: (messages) => {
      const message = messages.find(({ type }) => type === RTM_NEWMDB);
      return message === undefined ? undefined : mdbOf(readBody(mdbBody, message));
    },
  });
}

/** Deletes at once all entries that agree; without a condition, all. Kernels since 6.8. */
function flush(
  filter: Pick<MdbSpec, 'index' | 'vlan' | 'protocol' | 'destination' | 'vni' | 'state'> & { readonly port?: number },
): Request<void> {
  const { index, port = 0, vlan = 0, state, ...rest } = filter;
  const options: Asked = { ...rest, ...(state === undefined ? {} : { stateMask: 1 }) };
  return requestOf({
    operation: `flush mdb of link #${index}`,
    type: RTM_DELMDB,
    flags: NLM_F_BULK,
    codec: mdbRequestBody,
    value: {
      header: portMessage.fill({ family: AF_BRIDGE, index }),
      attributes: {
        entry: mdbEntry.fill({ port, vlan, group: '00:00:00:00:00:00', state: state ?? 'temporary' }),
        ...(Object.keys(options).length === 0 ? {} : { options }),
      },
    },
  });
}

/** One item for each bridge and vxlan device that has groups or routers. The kernel has no filter. */
function list(filter: { readonly index?: number } = {}): DumpRequest<Mdb> {
  return dumpOf({
    operation: 'list mdb',
    type: RTM_GETMDB,
    codec: mdbRequestBody,
    value: { header: portMessage.fill({ family: AF_BRIDGE }), attributes: {} },
    itemCodec: mdbBody,
    item: (read) => (filter.index === undefined || read.header.index === filter.index ? mdbOf(read) : undefined),
  });
}

/** Requests about multicast databases. A large one comes in several items of the same link. */
export const mdb = { create, replace, delete: deleteEntry, get, flush, list } as const;
