import { attributes, type UnknownAttribute } from '../codec/attributes.ts';
import { bits } from '../codec/bits.ts';
import { body } from '../codec/body.ts';
import type { Infer } from '../codec/codec.ts';
import { be32, be64, bytes } from '../codec/scalar.ts';
import { cstring } from '../codec/text.ts';
import { type DumpRequest, dumpOf, type Request } from '../message/request.ts';
import { NLM_F_CREATE, NLM_F_EXCL } from '../uapi/netlink.ts';
import {
  NFT_MSG_DELTABLE,
  NFT_MSG_DESTROYTABLE,
  NFT_MSG_GETTABLE,
  NFT_MSG_NEWTABLE,
  NFT_TABLE_F_DORMANT,
  NFT_TABLE_F_OWNER,
  NFT_TABLE_F_PERSIST,
  NFTA_TABLE_FLAGS,
  NFTA_TABLE_HANDLE,
  NFTA_TABLE_NAME,
  NFTA_TABLE_OWNER,
  NFTA_TABLE_USE,
  NFTA_TABLE_USERDATA,
} from '../uapi/nf-tables.ts';
import { type Create, type CreateOptions, changeOf, echoOf, getOf } from './change.ts';
import { type Family, familyHeader, familyOfHeader, messageType, nfgenmsg } from './header.ts';
import { decodeUserData, encodeUserData, type UserData } from './user-data.ts';

const tableAttributes = attributes(() => ({
  name: [NFTA_TABLE_NAME, cstring],
  flags: [
    NFTA_TABLE_FLAGS,
    bits(be32, { dormant: NFT_TABLE_F_DORMANT, owner: NFT_TABLE_F_OWNER, persist: NFT_TABLE_F_PERSIST }),
  ],
  use: [NFTA_TABLE_USE, be32],
  handle: [NFTA_TABLE_HANDLE, be64],
  userData: [NFTA_TABLE_USERDATA, bytes],
  owner: [NFTA_TABLE_OWNER, be32],
}));
export const tableBody = body(nfgenmsg, tableAttributes);

/** How a request names a table. */
export interface TableName {
  readonly family: Family;
  readonly name: string;
}

/** What a table is beside its name. */
export interface TableFlags {
  /** None of its chains sees a packet. */
  readonly dormant?: boolean;
  /** Only the socket that made it may change it, and it is gone with that socket. Others get EPERM. */
  readonly owner?: boolean;
  /** With `owner`: it stays, without an owner, when the socket is closed. Linux 6.9. */
  readonly persist?: boolean;
}

/** A table as the kernel tells it. */
export interface Table extends TableName, UserData {
  readonly flags: TableFlags & { readonly rest?: number };
  /** How many chains, sets, objects and flowtables it has. */
  readonly use?: number;
  /** Port id of the socket that owns it. */
  readonly owner?: number;
  /** Names it as long as it lives. */
  readonly handle?: bigint;
  readonly unknown?: readonly UnknownAttribute[];
}

/** A table to be made. */
export type TableSpec = TableName & UserData & { readonly flags?: TableFlags };

export function tableOf({ header, attributes: read }: Infer<typeof tableBody>): Table | undefined {
  const family = familyOfHeader(header);
  if (family === undefined) return undefined;
  const { name = '', flags = {}, userData, ...rest } = read;
  return { family, name, flags, ...decodeUserData(userData), ...rest };
}

/**
 * Only within a transaction. A table that exists stays as it is, unless `exclusive`: then EEXIST; where flags are given, it
 * falls asleep by `dormant`, and awakes without it.
 * With `echo`, the result is the table as the kernel has it.
 */
const create = ((table: TableSpec, options: CreateOptions = {}) => {
  const change = {
    operation: `create table ${table.family} ${table.name}`,
    family: table.family,
    message: NFT_MSG_NEWTABLE,
    flags: NLM_F_CREATE | (options.exclusive === true ? NLM_F_EXCL : 0),
    attributes: {
      name: table.name,
      ...(table.flags === undefined ? {} : { flags: table.flags }),
      ...encodeUserData(table),
    },
  };
  return options.echo === true ? echoOf(tableBody, change, tableOf) : changeOf(tableBody, change);
}) as Create<TableSpec, Table>;

/** By its name, or by its handle. */
export type TableSelector = TableName | { readonly family: Family; readonly handle: bigint };

function removal(verb: string, message: number, table: TableSelector): Request<void> {
  const attributes = 'name' in table ? { name: table.name } : { handle: table.handle };
  const operation = `${verb} table ${table.family} ${Object.values(attributes).join()}`;
  return changeOf(tableBody, { operation, family: table.family, message, attributes });
}

/** Only within a transaction. Deletes all that is in it. ENOENT when there is none. */
function deleteTable(table: TableSelector): Request<void> {
  return removal('delete', NFT_MSG_DELTABLE, table);
}

/** Only within a transaction. As `delete`, but the absent is no error. Linux 6.3; EINVAL before. */
function destroy(table: TableSelector): Request<void> {
  return removal('destroy', NFT_MSG_DESTROYTABLE, table);
}

/** Only within a transaction. Deletes all tables of one family, or of all: those of other programs, too. */
function flushRuleset(family?: Family): Request<void> {
  const operation = `flush ruleset${family === undefined ? '' : ` ${family}`}`;
  return changeOf(tableBody, { operation, ...(family && { family }), message: NFT_MSG_DELTABLE, attributes: {} });
}

/** One table. ENOENT when there is none. */
function get(table: TableName): Request<Table> {
  const { family, name } = table;
  const operation = `get table ${family} ${name}`;
  return getOf(tableBody, { operation, family, message: NFT_MSG_GETTABLE, attributes: { name } }, tableOf);
}

/** The tables of one family, or of all. */
function list(filter: { readonly family?: Family } = {}): DumpRequest<Table> {
  return dumpOf({
    operation: 'list tables',
    type: messageType(NFT_MSG_GETTABLE),
    codec: tableBody,
    value: { header: familyHeader(filter.family), attributes: {} },
    itemCodec: tableBody,
    item: tableOf,
  });
}

/** Requests about tables of nftables. */
export const tables = { create, delete: deleteTable, destroy, flushRuleset, get, list } as const;
