import { attributes } from '../codec/attributes.ts';
import { bits } from '../codec/bits.ts';
import { body } from '../codec/body.ts';
import type { Infer } from '../codec/codec.ts';
import { array, nested } from '../codec/nested.ts';
import { be32, be64, bytes } from '../codec/scalar.ts';
import { cstring } from '../codec/text.ts';
import { type DumpRequest, dumpOf, type Request, requestOf } from '../message/request.ts';
import { NLM_F_CREATE, NLM_F_EXCL, NLM_F_REQUEST } from '../uapi/netlink.ts';
import {
  NFT_MSG_DELSETELEM,
  NFT_MSG_GETSETELEM,
  NFT_MSG_NEWSETELEM,
  NFT_SET_ELEM_CATCHALL,
  NFT_SET_ELEM_INTERVAL_END,
  NFTA_LIST_ELEM,
  NFTA_SET_ELEM_DATA,
  NFTA_SET_ELEM_EXPIRATION,
  NFTA_SET_ELEM_FLAGS,
  NFTA_SET_ELEM_KEY,
  NFTA_SET_ELEM_KEY_END,
  NFTA_SET_ELEM_LIST_ELEMENTS,
  NFTA_SET_ELEM_LIST_SET,
  NFTA_SET_ELEM_LIST_TABLE,
  NFTA_SET_ELEM_TIMEOUT,
  NFTA_SET_ELEM_USERDATA,
} from '../uapi/nf-tables.ts';
import { dataTypes, decodeValue, encodeValue } from './data-type.ts';
import { familyHeader, messageType, nfgenmsg } from './header.ts';
import { boundBytes, boundOf, formatInterval, parseInterval } from './interval.ts';
import type { SetShape } from './set.ts';
import { decodeElementComment, encodeElementComment } from './user-data.ts';
import { type Data, dataAttributes, formatVerdict, parseVerdict } from './verdict.ts';

const elementAttributes = attributes({
  key: [NFTA_SET_ELEM_KEY, nested(dataAttributes)],
  keyEnd: [NFTA_SET_ELEM_KEY_END, nested(dataAttributes)],
  data: [NFTA_SET_ELEM_DATA, nested(dataAttributes)],
  flags: [NFTA_SET_ELEM_FLAGS, bits(be32, { intervalEnd: NFT_SET_ELEM_INTERVAL_END, catchAll: NFT_SET_ELEM_CATCHALL })],
  /** Milliseconds. */
  timeout: [NFTA_SET_ELEM_TIMEOUT, be64],
  expiration: [NFTA_SET_ELEM_EXPIRATION, be64],
  userData: [NFTA_SET_ELEM_USERDATA, bytes],
});
/** An element as the kernel has it; of a set of ranges, one bound. */
export type WireElement = Infer<typeof elementAttributes>;

const elementCodec = nested(elementAttributes);

const listAttributes = attributes({
  table: [NFTA_SET_ELEM_LIST_TABLE, cstring],
  set: [NFTA_SET_ELEM_LIST_SET, cstring],
  elements: [NFTA_SET_ELEM_LIST_ELEMENTS, array(elementCodec, { type: NFTA_LIST_ELEM })],
});
export const elementsBody = body(nfgenmsg, listAttributes);

/** Values as text, one for each type of the key and of the data: `10.0.0.1`, `10.0.0.0/24`, `tcp`, `8080`, `jump net-1`. */
export interface Element {
  readonly key: readonly string[];
  /** Of a verdict map: one text such as `accept` or `jump <chain>`. */
  readonly value?: readonly string[];
  readonly comment?: string;
  /** Milliseconds; the set must have timeouts. */
  readonly timeout?: bigint;
}

/** Bytes of a list of elements: nla_len is 16 bits wide. */
const LIST_MAX = 0xffff - 4;

function dataOf(set: SetShape, value: readonly string[] | undefined): Data | undefined {
  if (set.data === undefined) {
    if (value !== undefined) throw new RangeError(`an element of set ${set.name} has no value; it is not a map`);
    return undefined;
  }
  if (value === undefined) throw new RangeError(`an element of map ${set.name} needs a value`);
  if (set.data === 'verdict') return { verdict: parseVerdict(value.join(' ')) };
  return { value: encodeValue(set.data, value) };
}

/** The one or two elements of the kernel that are one of ours. */
function toWire(set: SetShape, element: Element): readonly WireElement[] {
  const data = dataOf(set, element.value);
  const more: WireElement = {
    ...(data === undefined ? {} : { data }),
    ...(element.timeout === undefined ? {} : { timeout: element.timeout }),
    ...(element.comment === undefined ? {} : { userData: encodeElementComment(element.comment) }),
  };
  const [type] = set.key;
  if (set.interval !== true || type === undefined)
    return [{ key: { value: encodeValue(set.key, element.key) }, ...more }];
  const { size } = dataTypes[type];
  const { start, end } = parseInterval(type, element.key.join(' . '));
  const bound: WireElement = { key: { value: boundBytes(start, size) }, ...more };
  if (end === undefined) return [bound];
  return [bound, { key: { value: boundBytes(end, size) }, flags: { intervalEnd: true } }];
}

/** nft begins a set of ranges with an end at the smallest value, and expects to read it. */
function leadingEnd(set: SetShape, elements: readonly WireElement[]): readonly WireElement[] {
  const [type] = set.key;
  if (set.interval !== true || type === undefined) return [];
  if (elements.some((element) => element.key?.value?.every((byte) => byte === 0) === true)) return [];
  return [{ key: { value: new Uint8Array(dataTypes[type].size) }, flags: { intervalEnd: true } }];
}

/** Lists that each fit one attribute. */
function split(elements: readonly WireElement[]): readonly (readonly WireElement[])[] {
  const lists: WireElement[][] = [];
  let room = 0;
  for (const element of elements) {
    const length = 4 + elementCodec.measure(element);
    if (length > room || lists.length === 0) {
      lists.push([]);
      room = LIST_MAX;
    }
    lists.at(-1)?.push(element);
    room -= length;
  }
  return lists;
}

function messages(
  verb: string,
  type: number,
  flags: number,
  set: SetShape,
  elements: readonly WireElement[],
): readonly Request<void>[] {
  const { family, table, name } = set;
  return split(elements).map((list) =>
    requestOf({
      operation: `${verb} ${list.length} elements of ${family} ${table} ${name}`,
      type: messageType(type),
      flags: NLM_F_REQUEST | flags,
      codec: elementsBody,
      value: { header: familyHeader(family), attributes: { table, set: name, elements: list } },
    }),
  );
}

/**
 * Only within a transaction. As many messages as the elements need: about 4000 addresses fit one. An element that is
 * there already stays (a map's with other data is EEXIST), unless `exclusive`: then it is always EEXIST.
 */
function add(
  set: SetShape,
  elements: readonly Element[],
  options?: { readonly exclusive: boolean },
): readonly Request<void>[] {
  const wire = elements.flatMap((element) => toWire(set, element));
  const all = options?.exclusive === true ? wire : [...leadingEnd(set, wire), ...wire];
  const flags = NLM_F_CREATE | (options?.exclusive === true ? NLM_F_EXCL : 0);
  return wire.length === 0 ? [] : messages('add', NFT_MSG_NEWSETELEM, flags, set, all);
}

/** Only within a transaction. By their keys. ENOENT when one is not there. */
function deleteElements(set: SetShape, elements: readonly Pick<Element, 'key'>[]): readonly Request<void>[] {
  const { data: _, ...shape } = set;
  const wire = elements.flatMap(({ key }) => toWire(shape, { key }));
  return messages('delete', NFT_MSG_DELSETELEM, 0, set, wire);
}

/** Only within a transaction. Empties the set. */
function flush({ family, table, name }: Pick<SetShape, 'family' | 'table' | 'name'>): Request<void> {
  return requestOf({
    operation: `flush set ${family} ${table} ${name}`,
    type: messageType(NFT_MSG_DELSETELEM),
    flags: NLM_F_REQUEST,
    codec: elementsBody,
    value: { header: familyHeader(family), attributes: { table, set: name } },
  });
}

/** Parts of a set, as the kernel tells them; `elementsOf` joins them. ENOENT when there is no such set. */
function list(set: Pick<SetShape, 'family' | 'table' | 'name'>): DumpRequest<readonly WireElement[]> {
  return dumpOf({
    operation: `list elements of ${set.family} ${set.table} ${set.name}`,
    type: messageType(NFT_MSG_GETSETELEM),
    codec: elementsBody,
    value: { header: familyHeader(set.family), attributes: { table: set.table, set: set.name } },
    itemCodec: elementsBody,
    item: ({ attributes: read }) => read.elements ?? [],
  });
}

function valueTexts(set: SetShape, data: Data | undefined): readonly string[] | undefined {
  if (set.data === undefined || data === undefined) return undefined;
  if (set.data === 'verdict') return data.verdict === undefined ? undefined : [formatVerdict(data.verdict)];
  return data.value === undefined ? undefined : decodeValue(set.data, data.value);
}

function elementOf(set: SetShape, key: readonly string[], wire: WireElement): Element {
  const value = valueTexts(set, wire.data);
  const comment = decodeElementComment(wire.userData);
  return {
    key,
    ...(value === undefined ? {} : { value }),
    ...(comment === undefined ? {} : { comment }),
    ...(wire.timeout === undefined ? {} : { timeout: wire.timeout }),
  };
}

function rangesOf(set: SetShape, wire: readonly WireElement[]): readonly Element[] {
  const [type] = set.key;
  if (type === undefined) return [];
  const bounds = wire
    .map((element) => ({
      element,
      at: boundOf(element.key?.value ?? new Uint8Array()),
      end: element.flags?.intervalEnd === true,
    }))
    .sort((a, b) => (a.at < b.at ? -1 : a.at > b.at ? 1 : Number(b.end) - Number(a.end)));
  return bounds.flatMap(({ element, at, end }, index) => {
    if (end) return [];
    const next = bounds[index + 1];
    const interval = next === undefined ? { start: at } : { start: at, end: next.at };
    return [elementOf(set, [formatInterval(type, interval)], element)];
  });
}

/** The elements of a set whose parts were listed: text instead of bytes, ranges instead of bounds. */
export function elementsOf(set: SetShape, parts: readonly (readonly WireElement[])[]): readonly Element[] {
  const wire = parts.flat().filter((element) => element.flags?.catchAll !== true);
  if (set.interval === true) return rangesOf(set, wire);
  return wire.map((element) => elementOf(set, decodeValue(set.key, element.key?.value ?? new Uint8Array()), element));
}

/** Requests about elements of sets and maps. */
export const elements = { add, delete: deleteElements, flush, list, of: elementsOf } as const;
