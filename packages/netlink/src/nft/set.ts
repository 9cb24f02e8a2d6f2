import { attributes } from '../codec/attributes.ts';
import { bits } from '../codec/bits.ts';
import { body } from '../codec/body.ts';
import type { Infer } from '../codec/codec.ts';
import { nested } from '../codec/nested.ts';
import { be32, be64, bytes } from '../codec/scalar.ts';
import { cstring } from '../codec/text.ts';
import { type DumpRequest, dumpOf, type Request, requestOf } from '../message/request.ts';
import { NLM_F_CREATE, NLM_F_EXCL, NLM_F_REQUEST } from '../uapi/netlink.ts';
import {
  NFT_DATA_VERDICT,
  NFT_MSG_DELSET,
  NFT_MSG_GETSET,
  NFT_MSG_NEWSET,
  NFT_SET_ANONYMOUS,
  NFT_SET_CONCAT,
  NFT_SET_CONSTANT,
  NFT_SET_EVAL,
  NFT_SET_EXPR,
  NFT_SET_INTERVAL,
  NFT_SET_MAP,
  NFT_SET_OBJECT,
  NFT_SET_TIMEOUT,
  NFTA_SET_DATA_LEN,
  NFTA_SET_DATA_TYPE,
  NFTA_SET_DESC,
  NFTA_SET_DESC_SIZE,
  NFTA_SET_FLAGS,
  NFTA_SET_HANDLE,
  NFTA_SET_ID,
  NFTA_SET_KEY_LEN,
  NFTA_SET_KEY_TYPE,
  NFTA_SET_NAME,
  NFTA_SET_TABLE,
  NFTA_SET_TIMEOUT,
  NFTA_SET_USERDATA,
} from '../uapi/nf-tables.ts';
import { type DataTypeName, dataTypes, sizeOfTypes, typeNumber, typesOfNumber } from './data-type.ts';
import { type Family, familyHeader, familyOfHeader, messageType, nfgenmsg } from './header.ts';
import { decodeSetComment, encodeSetUserData } from './user-data.ts';

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
export type SetFlags = Infer<typeof setFlags>;

const setAttributes = attributes({
  table: [NFTA_SET_TABLE, cstring],
  name: [NFTA_SET_NAME, cstring],
  flags: [NFTA_SET_FLAGS, setFlags],
  /** Only for people and nft: the kernel looks at the length. */
  keyType: [NFTA_SET_KEY_TYPE, be32],
  keyLength: [NFTA_SET_KEY_LEN, be32],
  dataType: [NFTA_SET_DATA_TYPE, be32],
  dataLength: [NFTA_SET_DATA_LEN, be32],
  description: [NFTA_SET_DESC, nested(attributes({ size: [NFTA_SET_DESC_SIZE, be32] }))],
  /** A number within the transaction. The kernel insists on it; we refer to sets by name. */
  id: [NFTA_SET_ID, be32],
  /** Milliseconds. */
  timeout: [NFTA_SET_TIMEOUT, be64],
  handle: [NFTA_SET_HANDLE, be64],
  userData: [NFTA_SET_USERDATA, bytes],
});
export const setBody = body(nfgenmsg, setAttributes);

export interface SetName {
  readonly family: Family;
  readonly table: string;
  readonly name: string;
}

/** What one must know of a set to write and read its elements. */
export interface SetShape extends SetName {
  readonly key: readonly DataTypeName[];
  /** Keys are ranges: prefixes, or `10.0.0.1-10.0.0.9`. Only of a single type that is in packet order. */
  readonly interval?: boolean;
  /** Absent: a set. `verdict`: a verdict map. Otherwise a map to values of these types. */
  readonly data?: 'verdict' | readonly DataTypeName[];
}

export type SetSpec = SetShape & {
  readonly comment?: string;
  /** Elements may have a timeout; the default of them, milliseconds. */
  readonly timeout?: bigint;
};

/** A set or map as it is. `key` and `data` are absent when they have types this library does not know. */
export interface NftSet extends SetName {
  readonly key?: readonly DataTypeName[];
  readonly data?: 'verdict' | readonly DataTypeName[];
  readonly keyType: number;
  readonly keyLength: number;
  readonly flags: SetFlags;
  readonly comment?: string;
  readonly timeout?: bigint;
  readonly handle?: bigint;
}

function dataOf(read: Infer<typeof setAttributes>): NftSet['data'] {
  if (read.flags?.map !== true || read.dataType === undefined) return undefined;
  return read.dataType === NFT_DATA_VERDICT ? 'verdict' : typesOfNumber(read.dataType);
}

export function setOf({ header, attributes: read }: Infer<typeof setBody>): NftSet | undefined {
  const family = familyOfHeader(header);
  if (family === undefined) return undefined;
  const key = typesOfNumber(read.keyType ?? 0);
  const data = dataOf(read);
  const comment = decodeSetComment(read.userData);
  return {
    family,
    table: read.table ?? '',
    name: read.name ?? '',
    ...(key === undefined ? {} : { key }),
    ...(data === undefined ? {} : { data }),
    keyType: read.keyType ?? 0,
    keyLength: read.keyLength ?? 0,
    flags: read.flags ?? {},
    ...(comment === undefined ? {} : { comment }),
    ...(read.timeout === undefined ? {} : { timeout: read.timeout }),
    ...(read.handle === undefined ? {} : { handle: read.handle }),
  };
}

/** The shape of a set that was read; undefined when it has types this library does not know. */
export function shapeOf(set: NftSet): SetShape | undefined {
  const { family, table, name, key, data, flags } = set;
  if (key === undefined || (flags.map === true && data === undefined) || flags.object === true) return undefined;
  return { family, table, name, key, interval: flags.interval === true, ...(data === undefined ? {} : { data }) };
}

function byteOrder(types: readonly DataTypeName[]): 'big' | 'host' | undefined {
  const [only] = types;
  return types.length === 1 && only !== undefined ? dataTypes[only].byteOrder : undefined;
}

function checkShape({ name, key, interval, data }: SetShape): void {
  if (key.length === 0) throw new RangeError(`set ${name}: a key has at least one type`);
  if (data?.length === 0) throw new RangeError(`map ${name}: data has at least one type`);
  if (interval === true && byteOrder(key) !== 'big')
    throw new RangeError(
      `set ${name}: keys of type ${key.join(' . ')} cannot be ranges; use one type such as ipv4_addr`,
    );
}

function dataAttributesOf(data: SetShape['data']): Infer<typeof setAttributes> {
  if (data === undefined) return {};
  // nft writes a length of 0 for verdicts; the kernel does not look at it.
  if (data === 'verdict') return { dataType: NFT_DATA_VERDICT, dataLength: 0 };
  return { dataType: typeNumber(data), dataLength: sizeOfTypes(data) };
}

/** Only within a transaction. A set that exists stays as it is, if it has the same shape (else EEXIST); `exclusive`: always EEXIST. */
function create(set: SetSpec, options?: { readonly exclusive: boolean }): Request<void> {
  checkShape(set);
  const { family, table, name, key, interval, data, timeout, comment } = set;
  return requestOf({
    operation: `create ${data === undefined ? 'set' : 'map'} ${family} ${table} ${name}`,
    type: messageType(NFT_MSG_NEWSET),
    flags: NLM_F_REQUEST | NLM_F_CREATE | (options?.exclusive === true ? NLM_F_EXCL : 0),
    codec: setBody,
    value: {
      header: familyHeader(family),
      attributes: {
        table,
        name,
        flags: { interval: interval === true, map: data !== undefined, timeout: timeout !== undefined },
        keyType: typeNumber(key),
        keyLength: sizeOfTypes(key),
        ...dataAttributesOf(data),
        id: 1,
        ...(timeout === undefined ? {} : { timeout }),
        userData: encodeSetUserData({
          keyByteOrder: byteOrder(key),
          dataByteOrder: data === undefined || data === 'verdict' ? undefined : byteOrder(data),
          isMap: data !== undefined,
          ...(comment === undefined ? {} : { comment }),
        }),
      },
    },
  });
}

/** Only within a transaction. Its elements go with it. EBUSY while a rule uses it. */
function deleteSet({ family, table, name }: SetName): Request<void> {
  return requestOf({
    operation: `delete set ${family} ${table} ${name}`,
    type: messageType(NFT_MSG_DELSET),
    flags: NLM_F_REQUEST,
    codec: setBody,
    value: { header: familyHeader(family), attributes: { table, name } },
  });
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
export const sets = { create, delete: deleteSet, list, shapeOf } as const;
