import type { Infer } from '../../codec/codec.ts';
import { type DumpRequest, dumpOf, type Request, requestOf } from '../../message/request.ts';
import { RTM_DELVLAN, RTM_GETVLAN, RTM_NEWVLAN } from '../../uapi/rtnetlink.ts';
import { AF_BRIDGE } from '../../uapi/socket.ts';
import { type globalOptions, vlanDatabaseBody, vlanDumpBody, type vlanEntry, vlanMessage } from './database-body.ts';
import { checkRange, type VlanRange } from './range.ts';

/** VLANs of a port (or of the bridge as its own port) with their options. */
export type VlanEntry = VlanRange & Omit<Infer<typeof vlanEntry>, 'info' | 'last'>;

/** Options of VLANs of the bridge as a whole. Intervals are in hundredths of a second. */
export type VlanGlobalOptions = Omit<Infer<typeof globalOptions>, 'id' | 'last'> & {
  readonly first: number;
  readonly last?: number;
};

/** What the VLAN database tells of one link. */
export interface VlanDatabase {
  readonly index: number;
  readonly entries: readonly VlanEntry[];
  /** Of a bridge, where asked for, and in events. */
  readonly globalOptions: readonly VlanGlobalOptions[];
}

/** What can be set of VLANs that a port has. */
export type VlanOptions = Pick<
  VlanEntry,
  'first' | 'last' | 'state' | 'multicastRouter' | 'multicastMaxGroups' | 'neighSuppress'
>;

export function vlanDatabaseOf({ header, attributes: read }: Infer<typeof vlanDatabaseBody>): VlanDatabase {
  return {
    index: header.index,
    entries: (read.entries ?? []).map(entryOf),
    globalOptions: (read.globalOptions ?? []).map(({ id = 0, ...rest }) => ({ ...rest, first: id })),
  };
}

function entryOf({ info, ...rest }: Infer<typeof vlanEntry>): VlanEntry {
  const { id = 0, flags = {} } = info ?? {};
  const { pvid, untagged } = flags;
  return {
    ...rest,
    first: id,
    ...(pvid === undefined ? {} : { pvid }),
    ...(untagged === undefined ? {} : { untagged }),
  };
}

function ofLink(verb: string, type: number, index: number, ranges: readonly VlanRange[]): Request<void> {
  return requestOf({
    operation: `${verb} VLANs of link #${index}`,
    type,
    codec: vlanDatabaseBody,
    value: {
      header: vlanMessage.fill({ family: AF_BRIDGE, index }),
      attributes: { entries: ranges.map((range) => wireEntry(range, false)) },
    },
  });
}

function wireEntry(range: VlanRange & VlanOptions, onlyOptions: boolean): Infer<typeof vlanEntry> {
  checkRange(range);
  const { first, last = first, pvid = false, untagged = false, ...options } = range;
  const flags = {
    ...(pvid ? { pvid } : {}),
    ...(untagged ? { untagged } : {}),
    ...(onlyOptions ? { onlyOptions } : {}),
  };
  return { info: { id: first, flags }, ...(last === first ? {} : { last }), ...options };
}

/** Adds VLANs to a port, or to a bridge as its own port, by the database's own message. */
function add(wanted: { readonly index: number; readonly vlans: readonly VlanRange[] }): Request<void> {
  return ofLink('add', RTM_NEWVLAN, wanted.index, wanted.vlans);
}

/** Deletes VLANs of a port or bridge. */
function deleteVlans(wanted: { readonly index: number; readonly vlans: readonly VlanRange[] }): Request<void> {
  const ranges = wanted.vlans.map(({ first, last }) => (last === undefined ? { first } : { first, last }));
  return ofLink('delete', RTM_DELVLAN, wanted.index, ranges);
}

/** Sets options of VLANs that the port has already. ENOENT when it has not. */
function setOptions(wanted: { readonly index: number } & VlanOptions): Request<void> {
  const { index, ...options } = wanted;
  return requestOf({
    operation: `set options of VLANs of link #${index}`,
    type: RTM_NEWVLAN,
    codec: vlanDatabaseBody,
    value: {
      header: vlanMessage.fill({ family: AF_BRIDGE, index }),
      attributes: { entries: [wireEntry(options, true)] },
    },
  });
}

/** Sets options of VLANs of a bridge as a whole. EINVAL when the bridge does not snoop by VLAN (`mcast_vlan_snooping`). */
function setGlobalOptions(
  wanted: { readonly index: number } & Omit<VlanGlobalOptions, 'routerPorts' | 'querierState' | 'unknown'>,
): Request<void> {
  const { index, first, last, ...options } = wanted;
  checkRange({ first, ...(last === undefined ? {} : { last }) });
  return requestOf({
    operation: `set global options of VLANs of link #${index}`,
    type: RTM_NEWVLAN,
    codec: vlanDatabaseBody,
    value: {
      header: vlanMessage.fill({ family: AF_BRIDGE, index }),
      attributes: { globalOptions: [{ id: first, ...(last === undefined ? {} : { last }), ...options }] },
    },
  });
}

/**
 * Of all bridges and ports, or of one link: one item for each. `global` asks for the options of bridges as a whole
 * instead. ENODEV when there is no such link, EINVAL when it is in no bridge.
 */
function list(
  asked: { readonly index?: number; readonly statistics?: true; readonly global?: true } = {},
): DumpRequest<VlanDatabase> {
  const { index, ...flags } = asked;
  return dumpOf({
    operation: 'list VLAN database',
    type: RTM_GETVLAN,
    codec: vlanDumpBody,
    value: {
      header: vlanMessage.fill({ family: AF_BRIDGE, ...(index === undefined ? {} : { index }) }),
      attributes: Object.keys(flags).length === 0 ? {} : { flags },
    },
    itemCodec: vlanDatabaseBody,
    item: (read) => (index === undefined || read.header.index === index ? vlanDatabaseOf(read) : undefined),
  });
}

/** Requests about the VLAN database: membership with options and statistics by VLAN. */
export const vlanDatabase = { add, delete: deleteVlans, setOptions, setGlobalOptions, list } as const;
