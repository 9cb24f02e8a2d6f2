import { attributes, type UnknownAttribute } from '../codec/attributes.ts';
import { bits } from '../codec/bits.ts';
import { body } from '../codec/body.ts';
import type { Infer } from '../codec/codec.ts';
import { array, nested } from '../codec/nested.ts';
import { be32, be64, bytes } from '../codec/scalar.ts';
import { cstring } from '../codec/text.ts';
import {
  NFT_DATA_VERDICT,
  NFT_SET_ANONYMOUS,
  NFT_SET_CONCAT,
  NFT_SET_CONSTANT,
  NFT_SET_EVAL,
  NFT_SET_EXPR,
  NFT_SET_INTERVAL,
  NFT_SET_MAP,
  NFT_SET_OBJECT,
  NFT_SET_TIMEOUT,
  NFTA_LIST_ELEM,
  NFTA_SET_COUNT,
  NFTA_SET_DATA_LEN,
  NFTA_SET_DATA_TYPE,
  NFTA_SET_DESC,
  NFTA_SET_DESC_CONCAT,
  NFTA_SET_DESC_SIZE,
  NFTA_SET_EXPR,
  NFTA_SET_EXPRESSIONS,
  NFTA_SET_FIELD_LEN,
  NFTA_SET_FLAGS,
  NFTA_SET_GC_INTERVAL,
  NFTA_SET_HANDLE,
  NFTA_SET_ID,
  NFTA_SET_KEY_LEN,
  NFTA_SET_KEY_TYPE,
  NFTA_SET_NAME,
  NFTA_SET_OBJ_TYPE,
  NFTA_SET_POLICY,
  NFTA_SET_TABLE,
  NFTA_SET_TIMEOUT,
  NFTA_SET_TYPE,
  NFTA_SET_USERDATA,
} from '../uapi/nf-tables.ts';
import { sizeOfTypes } from './data-type/concatenation.ts';
import { type DataTypeName, typesOfNumber } from './data-type/data-type.ts';
import { type StatefulExpression, statefulCodec } from './expression/stateful.ts';
import { type Family, familyOfHeader, nfgenmsg } from './header.ts';
import { type ObjectKind, objectKindOf } from './object-kind.ts';
import { decodeSetUserData, type UserData } from './user-data.ts';

const setFlags = bits(be32, {
  anonymous: NFT_SET_ANONYMOUS,
  constant: NFT_SET_CONSTANT,
  interval: NFT_SET_INTERVAL,
  map: NFT_SET_MAP,
  timeout: NFT_SET_TIMEOUT,
  dynamic: NFT_SET_EVAL,
  object: NFT_SET_OBJECT,
  concatenation: NFT_SET_CONCAT,
  expression: NFT_SET_EXPR,
});
/** `NFTA_SET_FLAGS` by name. */
export type SetFlags = Infer<typeof setFlags>;

/** Bytes of each part of a concatenation. */
const fields = array(nested(attributes(() => ({ length: [NFTA_SET_FIELD_LEN, be32] }))), { type: NFTA_LIST_ELEM });

const setAttributes = attributes(() => ({
  table: [NFTA_SET_TABLE, cstring],
  name: [NFTA_SET_NAME, cstring],
  flags: [NFTA_SET_FLAGS, setFlags],
  /** Only for people and nft: the kernel looks at the length. */
  keyType: [NFTA_SET_KEY_TYPE, be32],
  keyLength: [NFTA_SET_KEY_LEN, be32],
  dataType: [NFTA_SET_DATA_TYPE, be32],
  dataLength: [NFTA_SET_DATA_LEN, be32],
  objectType: [NFTA_SET_OBJ_TYPE, be32],
  /** Milliseconds. */
  timeout: [NFTA_SET_TIMEOUT, be64],
  /** Milliseconds. */
  gcInterval: [NFTA_SET_GC_INTERVAL, be32],
  policy: [NFTA_SET_POLICY, be32],
  description: [
    NFTA_SET_DESC,
    nested(attributes(() => ({ size: [NFTA_SET_DESC_SIZE, be32], fields: [NFTA_SET_DESC_CONCAT, fields] }))),
  ],
  /** A number within the transaction. The kernel insists on it; we refer to sets by name where they have one. */
  id: [NFTA_SET_ID, be32],
  userData: [NFTA_SET_USERDATA, bytes],
  expression: [NFTA_SET_EXPR, statefulCodec],
  expressions: [NFTA_SET_EXPRESSIONS, array(statefulCodec, { type: NFTA_LIST_ELEM })],
  handle: [NFTA_SET_HANDLE, be64],
  /** Name of the data structure that the kernel chose. */
  backend: [NFTA_SET_TYPE, cstring],
  count: [NFTA_SET_COUNT, be32],
}));
export type SetAttributes = Infer<typeof setAttributes>;
export const setBody = body(nfgenmsg, setAttributes);

/** How a request names a set or map. */
export interface SetName {
  readonly family: Family;
  readonly table: string;
  readonly name: string;
}

/** What one must know of a set to write and read its elements. */
export interface SetShape extends SetName {
  readonly key: readonly DataTypeName[];
  /** Keys are ranges: prefixes, or `10.0.0.1-10.0.0.9`. In a concatenation, each part may be one. */
  readonly interval?: boolean;
  /** Absent: a set. `verdict`: a verdict map. Otherwise a map to values of these types. */
  readonly data?: 'verdict' | readonly DataTypeName[];
  /** A map to named objects of this kind. */
  readonly object?: ObjectKind;
  /** Elements may have timeouts. */
  readonly timeouts?: boolean;
}

/** How a set is, beside what it holds. */
interface SetOptions extends UserData {
  /** Elements may have timeouts; this is the default of them, milliseconds. */
  readonly timeout?: bigint;
  /** How often what has timed out is cleared away, milliseconds. */
  readonly gcInterval?: number;
  /** How many elements it may have: one more is ENFILE. */
  readonly size?: number;
  /** Absent: performance. */
  readonly policy?: 'memory';
  /** What each element has of its own: counters, limits. Several of them need Linux 5.11. */
  readonly expressions?: readonly StatefulExpression[];
  /** For nft, which joins ranges that touch before it adds them. This library and the kernel do not. */
  readonly autoMerge?: boolean;
}

/** A set or map to be made. */
export interface SetSpec extends SetShape, SetOptions {
  /** Rules may add elements. */
  readonly dynamic?: boolean;
  /** Its elements cannot be changed once a rule uses it. */
  readonly constant?: boolean;
}

/** A set or map as it is. `key` and `data` are absent when they have types this library does not know. */
export interface NftSet extends SetName, SetOptions {
  readonly key?: readonly DataTypeName[];
  readonly data?: 'verdict' | readonly DataTypeName[];
  readonly object?: ObjectKind;
  readonly keyType: number;
  /** Bytes. */
  readonly keyLength: number;
  readonly dataType?: number;
  readonly dataLength?: number;
  readonly objectType?: number;
  /** Bytes of the parts of a concatenation, where it was created with them. */
  readonly fields?: readonly number[];
  readonly flags: SetFlags;
  /** Linux 6.16. */
  readonly backend?: string;
  readonly count?: number;
  readonly handle?: bigint;
  readonly unknown?: readonly UnknownAttribute[];
}

function dataOf(read: SetAttributes): NftSet['data'] {
  if (read.flags?.map !== true || read.dataType === undefined) return undefined;
  return read.dataType === NFT_DATA_VERDICT ? 'verdict' : typesOfNumber(read.dataType);
}

/** Members that are not undefined. */
function present<T extends object>(value: T): { [K in keyof T]?: Exclude<T[K], undefined> } {
  return Object.fromEntries(Object.entries(value).filter(([, member]) => member !== undefined)) as never;
}

export function setOf({ header, attributes: read }: Infer<typeof setBody>): NftSet | undefined {
  const family = familyOfHeader(header);
  if (family === undefined) return undefined;
  const { table = '', name = '', flags = {}, keyType = 0, keyLength = 0, description, expression, userData } = read;
  const { policy, expressions, id: _id, dataType, dataLength, objectType, timeout, gcInterval } = read;
  const { backend, count, handle, unknown } = read;
  return {
    family,
    table,
    name,
    keyType,
    keyLength,
    flags,
    ...decodeSetUserData(userData),
    ...present({
      key: typesOfNumber(keyType),
      data: dataOf(read),
      object: objectType === undefined ? undefined : objectKindOf(objectType),
      dataType,
      dataLength,
      objectType,
      timeout,
      gcInterval,
      size: description?.size,
      fields: description?.fields?.map(({ length = 0 }) => length),
      policy: policy === undefined || policy === 0 ? undefined : ('memory' as const),
      expressions: expressions ?? (expression === undefined ? undefined : [expression]),
      backend,
      count,
      handle,
      unknown,
    }),
  };
}

/** The shape of a set that was read; undefined when it has types this library does not know. */
export function shapeOf(set: NftSet): SetShape | undefined {
  const { family, table, name, key, data, object, flags } = set;
  if (key === undefined || sizeOfTypes(key) !== set.keyLength) return undefined;
  if (flags.map === true && data === undefined) return undefined;
  if (data !== undefined && data !== 'verdict' && sizeOfTypes(data) !== set.dataLength) return undefined;
  if (flags.object === true && object === undefined) return undefined;
  return {
    family,
    table,
    name,
    key,
    interval: flags.interval === true,
    ...(data === undefined ? {} : { data }),
    ...(object === undefined ? {} : { object }),
    ...(flags.timeout === true ? { timeouts: true } : {}),
  };
}
