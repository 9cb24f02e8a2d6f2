/**
 * User data: type-length-value triples of one byte each, which the kernel stores and nft(8) reads. Not netlink attributes.
 * The numbers are nft's own (libnftnl's udata.h), one series for each kind of object. Other programs may put any bytes
 * there: what is not just what this library would write is kept whole, and written back.
 */

/** Of a table, chain, rule, named object or element. */
const UDATA_COMMENT = 0;
/** Of a set. */
const UDATA_SET_KEYBYTEORDER = 0;
const UDATA_SET_DATABYTEORDER = 1;
const UDATA_SET_MERGE_ELEMENTS = 2;
const UDATA_SET_COMMENT = 7;

/** Of an element. */
const UDATA_SET_ELEM_FLAGS = 1;
const SET_ELEM_F_INTERVAL_OPEN = 1;

const BYTEORDER_HOST = 1;
const BYTEORDER_BIG = 2;

/** A value's length is one byte; nft keeps comments shorter still. */
const COMMENT_MAX = 128;

type Entry = readonly [type: number, value: Uint8Array];

function u32(value: number): Uint8Array {
  const bytes = new Uint8Array(4);
  new DataView(bytes.buffer).setUint32(0, value, true);
  return bytes;
}

/** What a comment and other user data make of an object. */
export interface UserData {
  /** Printed by nft. Up to 127 bytes. */
  readonly comment?: string;
  /** The user data as a whole, where it is more than the comment, or something else than nft writes. */
  readonly userData?: Uint8Array;
}

function encode(entries: readonly Entry[]): Uint8Array {
  const bytes: number[] = [];
  for (const [type, value] of entries) bytes.push(type, value.length, ...value);
  return Uint8Array.from(bytes);
}

function decode(bytes: Uint8Array): readonly Entry[] {
  const entries: Entry[] = [];
  for (let at = 0; at + 2 <= bytes.length; ) {
    const length = bytes[at + 1] ?? 0;
    entries.push([bytes[at] ?? 0, bytes.subarray(at + 2, at + 2 + length)]);
    at += 2 + length;
  }
  return entries;
}

function comment(type: number, text: string): Entry {
  const value = Buffer.from(`${text}\0`);
  if (value.length > COMMENT_MAX || text.includes('\0'))
    throw new RangeError(`the comment '${text}' has ${value.length - 1} bytes; nft prints up to ${COMMENT_MAX - 1}`);
  return [type, value];
}

/** Text that ends with a NUL, as nft writes it; foreign user data may look like an entry and hold something else. */
function commentOf(type: number, bytes: Uint8Array): string | undefined {
  const value = decode(bytes).find((entry) => entry[0] === type)?.[1];
  if (value === undefined || value.at(-1) !== 0) return undefined;
  return Buffer.from(value.subarray(0, value.indexOf(0))).toString();
}

function isSame(a: Uint8Array, b: Uint8Array): boolean {
  return a.length === b.length && a.every((byte, index) => byte === b[index]);
}

/** Of a table, chain, rule, object or element. @throws {RangeError} A comment that is too long, or not the user data's. */
export function encodeUserData({ comment: text, userData }: UserData): { readonly userData?: Uint8Array } {
  if (userData !== undefined) {
    if (text !== undefined && commentOf(UDATA_COMMENT, userData) !== text)
      throw new RangeError(`the comment '${text}' is not that of the user data; give one of them`);
    return { userData };
  }
  return text === undefined ? {} : { userData: encode([comment(UDATA_COMMENT, text)]) };
}

/** The comment, and the whole where it is more than the comment and `more`. */
function decodeWith(userData: Uint8Array, more: readonly Entry[]): UserData {
  const text = commentOf(UDATA_COMMENT, userData);
  const comments: readonly Entry[] = text === undefined ? [] : [[UDATA_COMMENT, Buffer.from(`${text}\0`)]];
  const isAll = Buffer.byteLength(text ?? '') < COMMENT_MAX && isSame(userData, encode([...comments, ...more]));
  return { ...(text === undefined ? {} : { comment: text }), ...(isAll ? {} : { userData }) };
}

export function decodeUserData(userData: Uint8Array | undefined): UserData {
  return userData === undefined ? {} : decodeWith(userData, []);
}

/** nft marks ranges up to the largest value so, which it would print as a number otherwise. */
const open: readonly Entry[] = [[UDATA_SET_ELEM_FLAGS, u32(SET_ELEM_F_INTERVAL_OPEN)]];

/** Of an element that is a range up to the largest value. @throws {RangeError} */
export function encodeOpenUserData(element: UserData): { readonly userData?: Uint8Array } {
  if (element.userData !== undefined) return encodeUserData(element);
  const { comment: text } = element;
  return { userData: encode([...(text === undefined ? [] : [comment(UDATA_COMMENT, text)]), ...open]) };
}

export function decodeElementUserData(userData: Uint8Array): UserData {
  const plain = decodeWith(userData, []);
  return plain.userData === undefined ? plain : decodeWith(userData, open);
}

/** What nft must know of a set to print it. `undefined` as a byte order: of a concatenation, whose parts may differ. */
export interface SetUserData {
  readonly keyByteOrder: 'big' | 'host' | undefined;
  readonly dataByteOrder: 'big' | 'host' | undefined;
  readonly isMap: boolean;
  /** nft joins ranges that touch before it adds them. The kernel does not look at it, and neither does this library. */
  readonly autoMerge?: boolean;
  readonly comment?: string;
}

export function encodeSetUserData(set: SetUserData): Uint8Array {
  const number = (order: 'big' | 'host' | undefined): Uint8Array =>
    u32(order === 'big' ? BYTEORDER_BIG : order === 'host' ? BYTEORDER_HOST : 0);
  const entries: Entry[] = [[UDATA_SET_KEYBYTEORDER, number(set.keyByteOrder)]];
  if (set.isMap) entries.push([UDATA_SET_DATABYTEORDER, number(set.dataByteOrder)]);
  if (set.autoMerge === true) entries.push([UDATA_SET_MERGE_ELEMENTS, u32(1)]);
  if (set.comment !== undefined) entries.push(comment(UDATA_SET_COMMENT, set.comment));
  return encode(entries);
}

export function decodeSetUserData(userData: Uint8Array | undefined): UserData & { readonly autoMerge?: true } {
  if (userData === undefined) return {};
  const text = commentOf(UDATA_SET_COMMENT, userData);
  const merge = decode(userData).find(([type]) => type === UDATA_SET_MERGE_ELEMENTS)?.[1];
  return {
    ...(text === undefined ? {} : { comment: text }),
    ...(merge?.some((byte) => byte !== 0) === true ? { autoMerge: true } : {}),
    userData,
  };
}
