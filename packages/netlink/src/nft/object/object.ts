import { attributes, type UnknownAttribute } from '../../codec/attributes.ts';
import { body } from '../../codec/body.ts';
import type { Infer } from '../../codec/codec.ts';
import { be32, be64, bytes } from '../../codec/scalar.ts';
import { select } from '../../codec/select.ts';
import { cstring } from '../../codec/text.ts';
import {
  NFT_OBJECT_CONNLIMIT,
  NFT_OBJECT_COUNTER,
  NFT_OBJECT_CT_EXPECT,
  NFT_OBJECT_CT_HELPER,
  NFT_OBJECT_CT_TIMEOUT,
  NFT_OBJECT_LIMIT,
  NFT_OBJECT_QUOTA,
  NFT_OBJECT_SECMARK,
  NFT_OBJECT_SYNPROXY,
  NFT_OBJECT_TUNNEL,
  NFTA_OBJ_DATA,
  NFTA_OBJ_HANDLE,
  NFTA_OBJ_NAME,
  NFTA_OBJ_TABLE,
  NFTA_OBJ_TYPE,
  NFTA_OBJ_USE,
  NFTA_OBJ_USERDATA,
} from '../../uapi/nf-tables-object.ts';
import { connlimit } from '../expression/connlimit.ts';
import { counter } from '../expression/counter.ts';
import { limit } from '../expression/limit.ts';
import { quota } from '../expression/quota.ts';
import { synproxy } from '../expression/synproxy.ts';
import { type Family, familyOfHeader, nfgenmsg } from '../header.ts';
import { type ObjectKind, objectKindOf, objectNumber } from '../object-kind.ts';
import { decodeUserData, encodeUserData, type UserData } from '../user-data.ts';
import { ctExpectation, ctHelper, ctTimeout } from './conntrack-objects.ts';
import { secmark } from './secmark.ts';
import { tunnel } from './tunnel-object.ts';

/** What an object of each kind holds. A new one is a line here, and one in object-kind.ts. */
interface ObjectTables {
  readonly counter: typeof counter;
  readonly quota: typeof quota;
  readonly limit: typeof limit;
  readonly connlimit: typeof connlimit;
  readonly ctHelper: typeof ctHelper;
  readonly ctTimeout: typeof ctTimeout;
  readonly ctExpectation: typeof ctExpectation;
  readonly secmark: typeof secmark;
  readonly synproxy: typeof synproxy;
  readonly tunnel: typeof tunnel;
}

const objectAttributes = attributes(() => ({
  table: [NFTA_OBJ_TABLE, cstring],
  name: [NFTA_OBJ_NAME, cstring],
  type: [NFTA_OBJ_TYPE, be32],
  data: [
    NFTA_OBJ_DATA,
    select('type', {
      [NFT_OBJECT_COUNTER]: counter,
      [NFT_OBJECT_QUOTA]: quota,
      [NFT_OBJECT_LIMIT]: limit,
      [NFT_OBJECT_CONNLIMIT]: connlimit,
      [NFT_OBJECT_CT_HELPER]: ctHelper,
      [NFT_OBJECT_CT_TIMEOUT]: ctTimeout,
      [NFT_OBJECT_CT_EXPECT]: ctExpectation,
      [NFT_OBJECT_SECMARK]: secmark,
      [NFT_OBJECT_SYNPROXY]: synproxy,
      [NFT_OBJECT_TUNNEL]: tunnel,
    }),
  ],
  use: [NFTA_OBJ_USE, be32],
  handle: [NFTA_OBJ_HANDLE, be64],
  userData: [NFTA_OBJ_USERDATA, bytes],
}));
export type ObjectAttributes = Infer<typeof objectAttributes>;
export const objectBody = body(nfgenmsg, objectAttributes);

/** What names an object: objects of different kinds may have the same name. */
export interface ObjectName {
  readonly family: Family;
  readonly table: string;
  readonly kind: ObjectKind;
  readonly name: string;
}

/** Of each kind, what it holds; of a kind that is not in the table, bytes. */
export type ObjectContent =
  | { readonly [K in ObjectKind]: { readonly kind: K; readonly data: Infer<ObjectTables[K]> } }[ObjectKind]
  | { readonly kind: 'other'; readonly type: number; readonly data: Uint8Array };

/** An object to be made. */
export type ObjectSpec = ObjectContent &
  UserData & { readonly family: Family; readonly table: string; readonly name: string };

/** A named object: a state or setting that rules and maps share. */
export type NftObject = ObjectSpec & {
  /** Rules and elements that refer to it. */
  readonly use?: number;
  readonly handle?: bigint;
  readonly unknown?: readonly UnknownAttribute[];
};

export function objectOf({ header, attributes: read }: Infer<typeof objectBody>): NftObject | undefined {
  const family = familyOfHeader(header);
  if (family === undefined) return undefined;
  const { table = '', name = '', type = 0, data, userData, ...rest } = read;
  const kind = objectKindOf(type);
  const content =
    kind === undefined ? { kind: 'other', type, data: data ?? new Uint8Array() } : { kind, data: data ?? {} };
  // The select ties the data to the kind, which the compiler cannot follow.
  return { family, table, name, ...content, ...decodeUserData(userData), ...rest } as NftObject;
}

export function objectAttributesOf(object: ObjectSpec): ObjectAttributes {
  const { table, name, data } = object;
  const type = object.kind === 'other' ? object.type : objectNumber(object.kind);
  return { table, name, type, data, ...encodeUserData(object) };
}
