/**
 * User data: type-length-value triples of one byte each, which the kernel stores and nft(8) reads. Not netlink attributes.
 * The numbers are nft's own (libnftnl's udata.h), one series for each kind of object.
 */

/** Of a table, chain or rule. */
const UDATA_COMMENT = 0;
/** Of a set. */
const UDATA_SET_KEYBYTEORDER = 0;
const UDATA_SET_DATABYTEORDER = 1;
const UDATA_SET_COMMENT = 7;
/** Of an element. */
const UDATA_SET_ELEM_COMMENT = 0;

const BYTEORDER_HOST = 1;
const BYTEORDER_BIG = 2;

/** A value's length is one byte; nft keeps comments shorter still. */
const COMMENT_MAX = 128;

type Entry = readonly [type: number, value: Uint8Array];

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

function commentOf(type: number, bytes: Uint8Array | undefined): string | undefined {
  const value = bytes && decode(bytes).find((entry) => entry[0] === type)?.[1];
  if (value === undefined) return undefined;
  const end = value.indexOf(0);
  return Buffer.from(end < 0 ? value : value.subarray(0, end)).toString();
}

function u32(value: number): Uint8Array {
  const bytes = new Uint8Array(4);
  new DataView(bytes.buffer).setUint32(0, value, true);
  return bytes;
}

/** Of a table, chain or rule. */
export function encodeComment(text: string): Uint8Array {
  return encode([comment(UDATA_COMMENT, text)]);
}

export function decodeComment(userData: Uint8Array | undefined): string | undefined {
  return commentOf(UDATA_COMMENT, userData);
}

export function encodeElementComment(text: string): Uint8Array {
  return encode([comment(UDATA_SET_ELEM_COMMENT, text)]);
}

export function decodeElementComment(userData: Uint8Array | undefined): string | undefined {
  return commentOf(UDATA_SET_ELEM_COMMENT, userData);
}

/** `undefined` as a byte order: of a concatenation, whose parts may differ. */
export function encodeSetUserData(set: {
  readonly keyByteOrder: 'big' | 'host' | undefined;
  readonly dataByteOrder: 'big' | 'host' | undefined;
  readonly isMap: boolean;
  readonly comment?: string;
}): Uint8Array {
  const number = (order: 'big' | 'host' | undefined): Uint8Array =>
    u32(order === 'big' ? BYTEORDER_BIG : order === 'host' ? BYTEORDER_HOST : 0);
  const entries: Entry[] = [[UDATA_SET_KEYBYTEORDER, number(set.keyByteOrder)]];
  if (set.isMap) entries.push([UDATA_SET_DATABYTEORDER, number(set.dataByteOrder)]);
  if (set.comment !== undefined) entries.push(comment(UDATA_SET_COMMENT, set.comment));
  return encode(entries);
}

export function decodeSetComment(userData: Uint8Array | undefined): string | undefined {
  return commentOf(UDATA_SET_COMMENT, userData);
}
