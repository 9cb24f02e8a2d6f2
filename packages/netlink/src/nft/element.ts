import { attributes } from '../codec/attributes.ts';
import { bits } from '../codec/bits.ts';
import { body } from '../codec/body.ts';
import type { Infer } from '../codec/codec.ts';
import { array, nested } from '../codec/nested.ts';
import { be32, be64, bytes } from '../codec/scalar.ts';
import { cstring } from '../codec/text.ts';
import {
  NFT_SET_ELEM_CATCHALL,
  NFT_SET_ELEM_INTERVAL_END,
  NFTA_LIST_ELEM,
  NFTA_SET_ELEM_DATA,
  NFTA_SET_ELEM_EXPIRATION,
  NFTA_SET_ELEM_EXPR,
  NFTA_SET_ELEM_EXPRESSIONS,
  NFTA_SET_ELEM_FLAGS,
  NFTA_SET_ELEM_KEY,
  NFTA_SET_ELEM_KEY_END,
  NFTA_SET_ELEM_LIST_ELEMENTS,
  NFTA_SET_ELEM_LIST_SET,
  NFTA_SET_ELEM_LIST_SET_ID,
  NFTA_SET_ELEM_LIST_TABLE,
  NFTA_SET_ELEM_OBJREF,
  NFTA_SET_ELEM_TIMEOUT,
  NFTA_SET_ELEM_USERDATA,
} from '../uapi/nf-tables.ts';
import { data } from './data.ts';
import { type StatefulExpression, statefulCodec } from './expression/stateful.ts';
import { nfgenmsg } from './header.ts';
import type { UserData } from './user-data.ts';

const elementAttributes = attributes(() => ({
  key: [NFTA_SET_ELEM_KEY, data],
  /** The last key, included, of a range in a concatenation. */
  keyEnd: [NFTA_SET_ELEM_KEY_END, data],
  data: [NFTA_SET_ELEM_DATA, data],
  flags: [NFTA_SET_ELEM_FLAGS, bits(be32, { intervalEnd: NFT_SET_ELEM_INTERVAL_END, catchAll: NFT_SET_ELEM_CATCHALL })],
  /** Milliseconds. */
  timeout: [NFTA_SET_ELEM_TIMEOUT, be64],
  /** Milliseconds that are left. */
  expiration: [NFTA_SET_ELEM_EXPIRATION, be64],
  userData: [NFTA_SET_ELEM_USERDATA, bytes],
  /** Name of the object, in a map to objects. */
  object: [NFTA_SET_ELEM_OBJREF, cstring],
  expression: [NFTA_SET_ELEM_EXPR, statefulCodec],
  expressions: [NFTA_SET_ELEM_EXPRESSIONS, array(statefulCodec, { type: NFTA_LIST_ELEM })],
}));
/** An element as the kernel has it; of a set of ranges, one bound. */
export type WireElement = Infer<typeof elementAttributes>;

export const elementCodec = nested(elementAttributes);

const listAttributes = attributes(() => ({
  table: [NFTA_SET_ELEM_LIST_TABLE, cstring],
  set: [NFTA_SET_ELEM_LIST_SET, cstring],
  setId: [NFTA_SET_ELEM_LIST_SET_ID, be32],
  elements: [NFTA_SET_ELEM_LIST_ELEMENTS, array(elementCodec, { type: NFTA_LIST_ELEM })],
}));
export type ElementListAttributes = Infer<typeof listAttributes>;
export const elementsBody = body(nfgenmsg, listAttributes);

/**
 * Values as text, one for each type of the key and of the data: `10.0.0.1`, `tcp`, `8080`, `jump net-1`. Parts of the
 * key of a set of ranges may be `10.0.0.0/24` or `8000-8080`. The key `*` alone is the element for what no other is for.
 */
export interface Element extends UserData {
  readonly key: readonly string[];
  /** Of a verdict map: one text such as `accept` or `jump <chain>`. */
  readonly value?: readonly string[];
  /** Of a map to objects: the name. */
  readonly object?: string;
  /** Milliseconds; the set must have timeouts. 0n: never, in a set whose elements have a timeout by default. */
  readonly timeout?: bigint;
  /** Milliseconds that are left of it. When writing, absent: all. */
  readonly expiration?: bigint;
  /** A state of its own: a counter, a limit, a quota. Those of the set, in their order. */
  readonly expressions?: readonly StatefulExpression[];
}

/** The text of the key that stands for all others. */
export const CATCH_ALL = '*';
