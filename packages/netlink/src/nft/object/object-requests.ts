import { type DumpRequest, dumpOf, type Request } from '../../message/request.ts';
import { NLM_F_CREATE, NLM_F_EXCL } from '../../uapi/netlink.ts';
import {
  NFT_MSG_DELOBJ,
  NFT_MSG_DESTROYOBJ,
  NFT_MSG_GETOBJ,
  NFT_MSG_GETOBJ_RESET,
  NFT_MSG_NEWOBJ,
} from '../../uapi/nf-tables.ts';
import { type Create, type CreateOptions, changeOf, echoOf, getOf } from '../change.ts';
import { type Family, familyHeader, messageType } from '../header.ts';
import { type ObjectKind, objectNumber } from '../object-kind.ts';
import {
  type NftObject,
  type ObjectName,
  type ObjectSpec,
  objectAttributesOf,
  objectBody,
  objectOf,
} from './object.ts';

/**
 * Only within a transaction. An object of that name and kind that exists stays (a quota or limit takes the new
 * setting), unless `exclusive`: then EEXIST. With `echo`, the result is the object as the kernel has it.
 */
const create = ((object: ObjectSpec, options: CreateOptions = {}) => {
  const change = {
    operation: `create ${object.kind} ${object.family} ${object.table} ${object.name}`,
    family: object.family,
    message: NFT_MSG_NEWOBJ,
    flags: NLM_F_CREATE | (options.exclusive === true ? NLM_F_EXCL : 0),
    attributes: objectAttributesOf(object),
  };
  return options.echo === true ? echoOf(objectBody, change, objectOf) : changeOf(objectBody, change);
}) as Create<ObjectSpec, NftObject>;

/** By its name, or by its handle. The kind is part of both. */
export type ObjectSelector =
  | ObjectName
  | { readonly family: Family; readonly table: string; readonly kind: ObjectKind; readonly handle: bigint };

function removal(verb: string, message: number, object: ObjectSelector): Request<void> {
  const { family, table, kind } = object;
  const which = 'name' in object ? { name: object.name } : { handle: object.handle };
  const operation = `${verb} ${kind} ${family} ${table} ${Object.values(which).join()}`;
  return changeOf(objectBody, {
    operation,
    family,
    message,
    attributes: { table, type: objectNumber(kind), ...which },
  });
}

/** Only within a transaction. ENOENT when there is none, EBUSY while a rule or element uses it. */
function deleteObject(object: ObjectSelector): Request<void> {
  return removal('delete', NFT_MSG_DELOBJ, object);
}

/** Only within a transaction. As `delete`, but the absent is no error. Linux 6.3; EINVAL before. */
function destroy(object: ObjectSelector): Request<void> {
  return removal('destroy', NFT_MSG_DESTROYOBJ, object);
}

function query(verb: string, message: number, { family, table, kind, name }: ObjectName): Request<NftObject> {
  const operation = `${verb} ${kind} ${family} ${table} ${name}`;
  const attributes = { table, name, type: objectNumber(kind) };
  return getOf(objectBody, { operation, family, message, attributes }, objectOf);
}

/** One object. ENOENT when there is none. */
function get(object: ObjectName): Request<NftObject> {
  return query('get', NFT_MSG_GETOBJ, object);
}

/** As `get`, and a counter or quota begins anew. What was told is what it had. */
function getAndReset(object: ObjectName): Request<NftObject> {
  return query('reset', NFT_MSG_GETOBJ_RESET, object);
}

/** Which objects. */
export interface ObjectFilter {
  readonly family?: Family;
  readonly table?: string;
  readonly kind?: ObjectKind;
}

function dump(verb: string, message: number, { family, table, kind }: ObjectFilter): DumpRequest<NftObject> {
  return dumpOf({
    operation: `${verb} objects`,
    type: messageType(message),
    codec: objectBody,
    value: {
      header: familyHeader(family),
      attributes: {
        ...(table === undefined ? {} : { table }),
        ...(kind === undefined ? {} : { type: objectNumber(kind) }),
      },
    },
    itemCodec: objectBody,
    item(read) {
      const object = objectOf(read);
      return object?.table === (table ?? object?.table) && object?.kind === (kind ?? object?.kind) ? object : undefined;
    },
  });
}

/** The objects of all tables, of a table, of a kind. */
function list(filter: ObjectFilter = {}): DumpRequest<NftObject> {
  return dump('list', NFT_MSG_GETOBJ, filter);
}

/** As `list`, and counters and quotas begin anew. What was told is what they had. */
function reset(filter: ObjectFilter = {}): DumpRequest<NftObject> {
  return dump('reset', NFT_MSG_GETOBJ_RESET, filter);
}

/** Requests about named objects of nftables. */
export const objects = { create, delete: deleteObject, destroy, get, getAndReset, list, reset } as const;
