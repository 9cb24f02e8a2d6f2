import { attributes, type UnknownAttribute } from '../codec/attributes.ts';
import { bits } from '../codec/bits.ts';
import { body } from '../codec/body.ts';
import type { Infer } from '../codec/codec.ts';
import { nested } from '../codec/nested.ts';
import { be32, be64, sbe32 } from '../codec/scalar.ts';
import { cstring } from '../codec/text.ts';
import { type DumpRequest, dumpOf, type Request } from '../message/request.ts';
import { NF_NETDEV_INGRESS } from '../uapi/netfilter.ts';
import { NLM_F_CREATE, NLM_F_EXCL } from '../uapi/netlink.ts';
import {
  NFT_MSG_DELFLOWTABLE,
  NFT_MSG_DESTROYFLOWTABLE,
  NFT_MSG_GETFLOWTABLE,
  NFT_MSG_NEWFLOWTABLE,
} from '../uapi/nf-tables.ts';
import {
  NFT_FLOWTABLE_COUNTER,
  NFT_FLOWTABLE_HW_OFFLOAD,
  NFTA_FLOWTABLE_FLAGS,
  NFTA_FLOWTABLE_HANDLE,
  NFTA_FLOWTABLE_HOOK,
  NFTA_FLOWTABLE_HOOK_DEVS,
  NFTA_FLOWTABLE_HOOK_NUM,
  NFTA_FLOWTABLE_HOOK_PRIORITY,
  NFTA_FLOWTABLE_NAME,
  NFTA_FLOWTABLE_TABLE,
  NFTA_FLOWTABLE_USE,
} from '../uapi/nf-tables-object.ts';
import { type Create, type CreateOptions, changeOf, echoOf, getOf } from './change.ts';
import { deviceList } from './device-list.ts';
import { type Family, familyHeader, familyOfHeader, messageType, nfgenmsg } from './header.ts';

const hookAttributes = attributes(() => ({
  number: [NFTA_FLOWTABLE_HOOK_NUM, be32],
  priority: [NFTA_FLOWTABLE_HOOK_PRIORITY, sbe32],
  devices: [NFTA_FLOWTABLE_HOOK_DEVS, deviceList],
}));

const flowtableAttributes = attributes(() => ({
  table: [NFTA_FLOWTABLE_TABLE, cstring],
  name: [NFTA_FLOWTABLE_NAME, cstring],
  hook: [NFTA_FLOWTABLE_HOOK, nested(hookAttributes)],
  flags: [NFTA_FLOWTABLE_FLAGS, bits(be32, { offload: NFT_FLOWTABLE_HW_OFFLOAD, counter: NFT_FLOWTABLE_COUNTER })],
  use: [NFTA_FLOWTABLE_USE, be32],
  handle: [NFTA_FLOWTABLE_HANDLE, be64],
}));
export const flowtableBody = body(nfgenmsg, flowtableAttributes);

/** What names a flowtable. */
export interface FlowtableName {
  readonly family: Family;
  readonly table: string;
  readonly name: string;
}

/** Connections that a rule hands over (`flow_offload`) go from link to link past the chains. */
export interface FlowtableSpec extends FlowtableName {
  /** Names of the links at whose ingress it sits. */
  readonly devices: readonly string[];
  /** Smaller is earlier. */
  readonly priority: number;
  readonly flags?: { readonly offload?: boolean; readonly counter?: boolean };
}

/** A flowtable as the kernel has it. */
export interface Flowtable extends FlowtableSpec {
  /** Rules that refer to it. */
  readonly use?: number;
  readonly handle?: bigint;
  readonly unknown?: readonly UnknownAttribute[];
}

/** The kernel tells the hook of a flowtable that goes without its devices, or not at all. */
export function flowtableOf({ header, attributes: read }: Infer<typeof flowtableBody>): Flowtable | undefined {
  const family = familyOfHeader(header);
  if (family === undefined) return undefined;
  const { table = '', name = '', hook, flags, ...rest } = read;
  return {
    family,
    table,
    name,
    devices: hook?.devices ?? [],
    priority: hook?.priority ?? 0,
    ...(flags === undefined || Object.keys(flags).length === 0 ? {} : { flags }),
    ...rest,
  };
}

/**
 * Only within a transaction. More devices of a flowtable that exists are added to it; with `exclusive`, one that exists
 * is EEXIST. With `echo`, the result is the flowtable as the kernel has it.
 */
const create = ((flowtable: FlowtableSpec, options: CreateOptions = {}) => {
  const { family, table, name, devices, priority, flags } = flowtable;
  const change = {
    operation: `create flowtable ${family} ${table} ${name}`,
    family,
    message: NFT_MSG_NEWFLOWTABLE,
    flags: NLM_F_CREATE | (options.exclusive === true ? NLM_F_EXCL : 0),
    attributes: {
      table,
      name,
      hook: { number: NF_NETDEV_INGRESS, priority, ...(devices.length === 0 ? {} : { devices }) },
      ...(flags === undefined ? {} : { flags }),
    },
  };
  return options.echo === true ? echoOf(flowtableBody, change, flowtableOf) : changeOf(flowtableBody, change);
}) as Create<FlowtableSpec, Flowtable>;

/** By its name, or by its handle. */
export type FlowtableSelector =
  | FlowtableName
  | { readonly family: Family; readonly table: string; readonly handle: bigint };

function removal(verb: string, message: number, flowtable: FlowtableSelector): Request<void> {
  const { family, table } = flowtable;
  const which = 'name' in flowtable ? { name: flowtable.name } : { handle: flowtable.handle };
  const operation = `${verb} flowtable ${family} ${table} ${Object.values(which).join()}`;
  return changeOf(flowtableBody, { operation, family, message, attributes: { table, ...which } });
}

/** Only within a transaction. ENOENT when there is none, EBUSY while a rule uses it. */
function deleteFlowtable(flowtable: FlowtableSelector): Request<void> {
  return removal('delete', NFT_MSG_DELFLOWTABLE, flowtable);
}

/** Only within a transaction. As `delete`, but the absent is no error. Linux 6.3; EINVAL before. */
function destroy(flowtable: FlowtableSelector): Request<void> {
  return removal('destroy', NFT_MSG_DESTROYFLOWTABLE, flowtable);
}

/** Only within a transaction. Takes these devices off the flowtable, which stays. ENOENT when it has one of them not. */
function deleteDevices(flowtable: FlowtableSpec): Request<void> {
  const { family, table, name, devices, priority } = flowtable;
  return changeOf(flowtableBody, {
    operation: `delete devices of flowtable ${family} ${table} ${name}`,
    family,
    message: NFT_MSG_DELFLOWTABLE,
    attributes: { table, name, hook: { number: NF_NETDEV_INGRESS, priority, devices } },
  });
}

/** One flowtable. ENOENT when there is none. */
function get({ family, table, name }: FlowtableName): Request<Flowtable> {
  const operation = `get flowtable ${family} ${table} ${name}`;
  const query = { operation, family, message: NFT_MSG_GETFLOWTABLE, attributes: { table, name } };
  return getOf(flowtableBody, query, flowtableOf);
}

/** The flowtables of all tables, or of one. */
function list(filter: { readonly family?: Family; readonly table?: string } = {}): DumpRequest<Flowtable> {
  const { family, table } = filter;
  return dumpOf({
    operation: 'list flowtables',
    type: messageType(NFT_MSG_GETFLOWTABLE),
    codec: flowtableBody,
    value: { header: familyHeader(family), attributes: table === undefined ? {} : { table } },
    itemCodec: flowtableBody,
    item(read) {
      const flowtable = flowtableOf(read);
      return flowtable?.table === (table ?? flowtable?.table) ? flowtable : undefined;
    },
  });
}

/** Requests about flowtables of nftables. */
export const flowtables = {
  create,
  delete: deleteFlowtable,
  destroy,
  deleteDevices,
  get,
  list,
} as const;
