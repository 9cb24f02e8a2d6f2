import { attributes } from '../codec/attributes.ts';
import { bits } from '../codec/bits.ts';
import { body } from '../codec/body.ts';
import type { Infer } from '../codec/codec.ts';
import { be32, be64, bytes } from '../codec/scalar.ts';
import { cstring } from '../codec/text.ts';
import { type DumpRequest, dumpOf, type Request, requestOf } from '../message/request.ts';
import { NLM_F_CREATE, NLM_F_EXCL, NLM_F_REQUEST } from '../uapi/netlink.ts';
import {
  NFT_MSG_DELTABLE,
  NFT_MSG_GETTABLE,
  NFT_MSG_NEWTABLE,
  NFT_TABLE_F_DORMANT,
  NFT_TABLE_F_OWNER,
  NFTA_TABLE_FLAGS,
  NFTA_TABLE_HANDLE,
  NFTA_TABLE_NAME,
  NFTA_TABLE_USE,
  NFTA_TABLE_USERDATA,
} from '../uapi/nf-tables.ts';
import { type Family, familyHeader, familyOfHeader, messageType, nfgenmsg } from './header.ts';
import { decodeComment, encodeComment } from './user-data.ts';

const tableAttributes = attributes({
  name: [NFTA_TABLE_NAME, cstring],
  flags: [NFTA_TABLE_FLAGS, bits(be32, { dormant: NFT_TABLE_F_DORMANT, owner: NFT_TABLE_F_OWNER })],
  /** How many chains it has. */
  use: [NFTA_TABLE_USE, be32],
  handle: [NFTA_TABLE_HANDLE, be64],
  userData: [NFTA_TABLE_USERDATA, bytes],
});
export const tableBody = body(nfgenmsg, tableAttributes);

export interface TableName {
  readonly family: Family;
  readonly name: string;
}

export interface Table extends TableName {
  readonly comment?: string;
  readonly flags: { readonly dormant?: boolean; readonly owner?: boolean };
  readonly handle?: bigint;
}

export function tableOf({ header, attributes: read }: Infer<typeof tableBody>): Table | undefined {
  const family = familyOfHeader(header);
  if (family === undefined) return undefined;
  const comment = decodeComment(read.userData);
  return {
    family,
    name: read.name ?? '',
    flags: read.flags ?? {},
    ...(comment === undefined ? {} : { comment }),
    ...(read.handle === undefined ? {} : { handle: read.handle }),
  };
}

/** Only within a transaction. A table that exists stays as it is, unless `exclusive`: then EEXIST. */
function create(
  table: TableName & { readonly comment?: string },
  options?: { readonly exclusive: boolean },
): Request<void> {
  return requestOf({
    operation: `create table ${table.family} ${table.name}`,
    type: messageType(NFT_MSG_NEWTABLE),
    flags: NLM_F_REQUEST | NLM_F_CREATE | (options?.exclusive === true ? NLM_F_EXCL : 0),
    codec: tableBody,
    value: {
      header: familyHeader(table.family),
      attributes: {
        name: table.name,
        flags: {},
        ...(table.comment === undefined ? {} : { userData: encodeComment(table.comment) }),
      },
    },
  });
}

/** Only within a transaction. Deletes all that is in it. ENOENT when there is none. */
function deleteTable(table: TableName): Request<void> {
  return requestOf({
    operation: `delete table ${table.family} ${table.name}`,
    type: messageType(NFT_MSG_DELTABLE),
    flags: NLM_F_REQUEST,
    codec: tableBody,
    value: { header: familyHeader(table.family), attributes: { name: table.name } },
  });
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
export const tables = { create, delete: deleteTable, list } as const;
