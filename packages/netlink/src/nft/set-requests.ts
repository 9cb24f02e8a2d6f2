import { type DumpRequest, dumpOf, type Request } from '../message/request.ts';
import { NLM_F_CREATE, NLM_F_EXCL } from '../uapi/netlink.ts';
import {
  NFT_DATA_VERDICT,
  NFT_MSG_DELSET,
  NFT_MSG_DESTROYSET,
  NFT_MSG_GETSET,
  NFT_MSG_NEWSET,
  NFT_SET_POL_MEMORY,
} from '../uapi/nf-tables.ts';
import { type Create, type CreateOptions, changeOf, echoOf, getOf } from './change.ts';
import { sizeOfTypes } from './data-type/concatenation.ts';
import { type DataTypeName, dataTypes, typeNumber } from './data-type/data-type.ts';
import type { StatefulExpression } from './expression/stateful.ts';
import { type Family, familyHeader, messageType } from './header.ts';
import { objectNumber } from './object-kind.ts';
import {
  type NftSet,
  type SetAttributes,
  type SetFlags,
  type SetName,
  type SetShape,
  type SetSpec,
  setBody,
  setOf,
  shapeOf,
} from './set.ts';
import { encodeSetUserData } from './user-data.ts';

function byteOrder(types: readonly DataTypeName[]): 'big' | 'host' | undefined {
  const [only] = types;
  return types.length === 1 && only !== undefined ? dataTypes[only].byteOrder : undefined;
}

/** What the kernel accepts and cannot mean, or refuses without a word. @throws {RangeError} */
function checkSpec({ name, key, interval, data, object, timeout, timeouts, gcInterval, expressions }: SetSpec): void {
  const [only, ...more] = key;
  if (only === undefined) throw new RangeError(`set ${name}: a key has at least one type`);
  if (data?.length === 0) throw new RangeError(`map ${name}: data has at least one type`);
  if (data !== undefined && object !== undefined)
    throw new RangeError(`map ${name}: it maps either to values or to objects`);
  if (sizeOfTypes(key) > 64) throw new RangeError(`set ${name}: the key has ${sizeOfTypes(key)} bytes; 64 is the most`);
  if (interval === true && more.length === 0 && !dataTypes[only].ordered)
    throw new RangeError(`set ${name}: keys of type ${only} cannot be ranges; use one such as ipv4_addr`);
  if (timeout !== undefined && timeouts === false)
    throw new RangeError(`set ${name}: it has a default timeout, and \`timeouts: false\``);
  if (gcInterval !== undefined && timeout === undefined && timeouts !== true)
    throw new RangeError(`set ${name}: a gcInterval is for sets with timeouts`);
  if (expressions?.length === 0) throw new RangeError(`set ${name}: leave out expressions where there are none`);
}

function dataAttributesOf({ data, object }: SetShape): SetAttributes {
  if (object !== undefined) return { objectType: objectNumber(object) };
  if (data === undefined) return {};
  // nft writes a length of 0 for verdicts; the kernel does not look at it.
  if (data === 'verdict') return { dataType: NFT_DATA_VERDICT, dataLength: 0 };
  return { dataType: typeNumber(data), dataLength: sizeOfTypes(data) };
}

/** The number of elements, and the parts of a concatenation, which ranges in one are compared by. */
export function descriptionOf(size: number | undefined, fields: readonly number[] | undefined): SetAttributes {
  if (size === undefined && fields === undefined) return {};
  return {
    description: {
      ...(size === undefined ? {} : { size }),
      ...(fields === undefined ? {} : { fields: fields.map((length) => ({ length })) }),
    },
  };
}

export function stateAttributesOf(expressions: readonly StatefulExpression[] | undefined): SetAttributes {
  const [only, ...more] = expressions ?? [];
  if (only === undefined) return {};
  return more.length === 0 ? { expression: only } : { expressions: [only, ...more] };
}

function flagsOf({
  key,
  interval,
  data,
  object,
  timeout,
  timeouts,
  dynamic,
  constant,
  expressions,
}: SetSpec): SetFlags {
  return {
    constant: constant === true,
    interval: interval === true,
    map: data !== undefined,
    timeout: timeout !== undefined || timeouts === true,
    dynamic: dynamic === true,
    object: object !== undefined,
    concatenation: interval === true && key.length > 1,
    expression: (expressions?.length ?? 0) > 1,
  };
}

function userDataOf(set: SetSpec): Uint8Array {
  const { key, data, object, autoMerge, comment } = set;
  if (set.userData !== undefined) return set.userData;
  return encodeSetUserData({
    keyByteOrder: byteOrder(key),
    dataByteOrder: data === undefined || data === 'verdict' ? undefined : byteOrder(data),
    isMap: data !== undefined || object !== undefined,
    ...(autoMerge === undefined ? {} : { autoMerge }),
    ...(comment === undefined ? {} : { comment }),
  });
}

/**
 * Only within a transaction. A set that exists stays as it is, if it has the same shape (else EEXIST); `exclusive`:
 * always EEXIST. With `echo`, the result is the set as the kernel has it.
 * @throws {RangeError} A shape that no set can have.
 */
const create = ((set: SetSpec, options: CreateOptions = {}) => {
  checkSpec(set);
  const { family, table, name, key, timeout, gcInterval, policy, size } = set;
  const isRangeOfParts = set.interval === true && key.length > 1;
  const fields = isRangeOfParts ? key.map((type) => dataTypes[type].size) : undefined;
  const change = {
    operation: `create ${set.data === undefined && set.object === undefined ? 'set' : 'map'} ${family} ${table} ${name}`,
    family,
    message: NFT_MSG_NEWSET,
    flags: NLM_F_CREATE | (options.exclusive === true ? NLM_F_EXCL : 0),
    attributes: {
      table,
      name,
      flags: flagsOf(set),
      keyType: typeNumber(key),
      keyLength: sizeOfTypes(key),
      ...dataAttributesOf(set),
      id: 1,
      ...(timeout === undefined ? {} : { timeout }),
      ...(gcInterval === undefined ? {} : { gcInterval }),
      ...(policy === undefined ? {} : { policy: NFT_SET_POL_MEMORY }),
      ...descriptionOf(size, fields),
      userData: userDataOf(set),
      ...stateAttributesOf(set.expressions),
    },
  };
  return options.echo === true ? echoOf(setBody, change, setOf) : changeOf(setBody, change);
}) as Create<SetSpec, NftSet>;

/** By its name, or by its handle. */
export type SetSelector = SetName | { readonly family: Family; readonly table: string; readonly handle: bigint };

function removal(verb: string, message: number, set: SetSelector): Request<void> {
  const { family, table } = set;
  const which = 'name' in set ? { name: set.name } : { handle: set.handle };
  const operation = `${verb} set ${family} ${table} ${Object.values(which).join()}`;
  return changeOf(setBody, { operation, family, message, attributes: { table, ...which } });
}

/** Only within a transaction. Its elements go with it. EBUSY while a rule uses it. */
function deleteSet(set: SetSelector): Request<void> {
  return removal('delete', NFT_MSG_DELSET, set);
}

/** Only within a transaction. As `delete`, but the absent is no error. Linux 6.3; EINVAL before. */
function destroy(set: SetSelector): Request<void> {
  return removal('destroy', NFT_MSG_DESTROYSET, set);
}

/** One set or map. ENOENT when there is none. */
function get({ family, table, name }: SetName): Request<NftSet> {
  const operation = `get set ${family} ${table} ${name}`;
  return getOf(setBody, { operation, family, message: NFT_MSG_GETSET, attributes: { table, name } }, setOf);
}

/** The sets and maps of a table, or of all; those of rules (anonymous) as well. */
function list(filter: { readonly family?: Family; readonly table?: string } = {}): DumpRequest<NftSet> {
  const { family, table } = filter;
  return dumpOf({
    operation: 'list sets',
    type: messageType(NFT_MSG_GETSET),
    codec: setBody,
    value: { header: familyHeader(family), attributes: table === undefined ? {} : { table } },
    itemCodec: setBody,
    item(read) {
      const set = setOf(read);
      return set?.table === (table ?? set?.table) ? set : undefined;
    },
  });
}

/** Requests about sets and maps of nftables. */
export const sets = { create, delete: deleteSet, destroy, get, list, shapeOf } as const;
