import type { Body } from '../codec/body.ts';
import type { Infer } from '../codec/codec.ts';
import type { Writer } from '../codec/writer.ts';
import { type RawMessage, readBody } from '../message/message.ts';
import { type DumpRequest, dumpOf, type Request } from '../message/request.ts';
import { NLA_F_NESTED, NLM_F_CREATE, NLM_F_EXCL, NLM_F_REQUEST } from '../uapi/netlink.ts';
import {
  NFT_MSG_DELSETELEM,
  NFT_MSG_DESTROYSETELEM,
  NFT_MSG_GETSETELEM,
  NFT_MSG_GETSETELEM_RESET,
  NFT_MSG_NEWSETELEM,
  NFTA_SET_ELEM_LIST_ELEMENTS,
} from '../uapi/nf-tables.ts';
import { changeOf } from './change.ts';
import { type Element, type ElementListAttributes, elementCodec, elementsBody, type WireElement } from './element.ts';
import { elementsOf } from './element-decode.ts';
import { encodeElements } from './element-encode.ts';
import { type ElementList, spansOfList } from './element-list.ts';
import { familyHeader, messageType, type nfgenmsg } from './header.ts';
import type { SetName, SetShape } from './set.ts';

type Message = Body<Infer<typeof nfgenmsg>, ElementListAttributes>;

/** Header, table and set by the table of attributes; then the list, as it is. */
function listRequest(operation: string, type: number, flags: number, set: SetName, list: ElementList): Request<void> {
  const { family, table, name } = set;
  const head: Message = { header: familyHeader(family), attributes: { table, set: name } };
  return {
    operation,
    type: messageType(type),
    flags: NLM_F_REQUEST | flags,
    measure: () => elementsBody.measure(head) + 4 + list.bytes.byteLength,
    encode: (out: Writer) => {
      elementsBody.write(head, out);
      const start = out.begin('elements', NFTA_SET_ELEM_LIST_ELEMENTS | NLA_F_NESTED);
      out.bytes.set(list.bytes, out.offset);
      if (out.spans !== undefined) spansOfList(list, out.offset, out.spans);
      out.offset += list.bytes.byteLength;
      out.end(start);
    },
  };
}

function changes(
  verb: string,
  type: number,
  flags: number,
  set: SetName,
  lists: readonly ElementList[],
): readonly Request<void>[] {
  const { family, table, name } = set;
  return lists.map((list) =>
    listRequest(`${verb} ${list.owners.length} elements of ${family} ${table} ${name}`, type, flags, set, list),
  );
}

/**
 * Only within a transaction. As many messages as the elements need: about 4000 addresses fit one. An element that is
 * there already stays (a map's with other data is EEXIST), unless `exclusive`: then it is always EEXIST. Ranges that
 * overlap others are EEXIST; joining those that touch (nft's auto-merge) is the caller's.
 * @throws {RangeError} An element that does not fit the set.
 */
function add(
  set: SetShape,
  elements: readonly Element[],
  options?: { readonly exclusive: boolean },
): readonly Request<void>[] {
  const exclusive = options?.exclusive === true;
  const lists = encodeElements(set, elements, { leadingEnd: !exclusive });
  return changes('add', NFT_MSG_NEWSETELEM, NLM_F_CREATE | (exclusive ? NLM_F_EXCL : 0), set, lists);
}

function keysOf(set: SetShape, elements: readonly Pick<Element, 'key'>[]): readonly ElementList[] {
  const { data: _data, object: _object, ...shape } = set;
  return encodeElements(
    shape,
    elements.map(({ key }) => ({ key })),
    { leadingEnd: false },
  );
}

/** Only within a transaction. By their keys. ENOENT when one is not there. */
function deleteElements(set: SetShape, elements: readonly Pick<Element, 'key'>[]): readonly Request<void>[] {
  return changes('delete', NFT_MSG_DELSETELEM, 0, set, keysOf(set, elements));
}

/** Only within a transaction. As `delete`, but the absent is no error. Linux 6.3; EINVAL before. */
function destroy(set: SetShape, elements: readonly Pick<Element, 'key'>[]): readonly Request<void>[] {
  return changes('destroy', NFT_MSG_DESTROYSETELEM, 0, set, keysOf(set, elements));
}

/** Only within a transaction. Empties the set. */
function flush(set: SetName): Request<void> {
  const { family, table, name } = set;
  return changeOf(elementsBody, {
    operation: `flush set ${family} ${table} ${name}`,
    family,
    message: NFT_MSG_DELSETELEM,
    attributes: { table, set: name },
  });
}

/** Lists that each fit one attribute. */
function split(elements: readonly WireElement[]): readonly (readonly WireElement[])[] {
  const lists: WireElement[][] = [];
  let room = 0;
  for (const element of elements) {
    const length = 4 + elementCodec.measure(element);
    if (length > room || lists.length === 0) {
      lists.push([]);
      room = 0xffff - 4;
    }
    lists.at(-1)?.push(element);
    room -= length;
  }
  return lists;
}

/**
 * Only within a transaction. Elements as the kernel tells them, of sets of any type: those of a dump are written back.
 * `setId` is for a set of the same transaction that has no name yet.
 */
function addWire(
  set: SetName & { readonly setId?: number },
  elements: readonly WireElement[],
): readonly Request<void>[] {
  const { family, table, name, setId } = set;
  return split(elements).map((list) =>
    changeOf(elementsBody, {
      operation: `add ${list.length} elements of ${family} ${table} ${name}`,
      family,
      message: NFT_MSG_NEWSETELEM,
      flags: NLM_F_CREATE,
      attributes: { table, set: name, ...(setId === undefined ? {} : { setId }), elements: list },
    }),
  );
}

function wireOf(message: RawMessage): readonly WireElement[] {
  return readBody(elementsBody, message).attributes.elements ?? [];
}

/** One query a list, which is one for up to some thousand keys. ENOENT when a key is not there. */
function query(verb: string, type: number, set: SetShape, elements: readonly Pick<Element, 'key'>[]) {
  const lists = keysOf(set, elements);
  return lists.map(
    (list): Request<readonly Element[]> => ({
      ...listRequest(
        `${verb} ${list.owners.length} elements of ${set.family} ${set.table} ${set.name}`,
        type,
        0,
        set,
        list,
      ),
      reply: (messages) => elementsOf(set, messages.map(wireOf)),
    }),
  );
}

/**
 * The elements of these keys, with their data, timeouts and states. In a set of ranges the key is a range that is
 * there. One request for each list of keys. ENOENT when one is not there.
 */
function get(set: SetShape, elements: readonly Pick<Element, 'key'>[]): readonly Request<readonly Element[]>[] {
  return query('get', NFT_MSG_GETSETELEM, set, elements);
}

function dump(verb: string, message: number, set: SetName): DumpRequest<readonly WireElement[]> {
  return dumpOf({
    operation: `${verb} elements of ${set.family} ${set.table} ${set.name}`,
    type: messageType(message),
    codec: elementsBody,
    value: { header: familyHeader(set.family), attributes: { table: set.table, set: set.name } },
    itemCodec: elementsBody,
    item: ({ attributes: read }) => read.elements ?? [],
  });
}

/** Parts of a set, as the kernel tells them; `elementsOf` joins them. ENOENT when there is no such set. */
function list(set: SetName): DumpRequest<readonly WireElement[]> {
  return dump('list', NFT_MSG_GETSETELEM, set);
}

/** As `list`, and the counters and quotas of the elements begin anew. What was told is what they had. Linux 6.5. */
function reset(set: SetName): DumpRequest<readonly WireElement[]> {
  return dump('reset', NFT_MSG_GETSETELEM_RESET, set);
}

/** Requests about elements of sets and maps. */
export const elements = {
  add,
  addWire,
  delete: deleteElements,
  destroy,
  flush,
  get,
  list,
  reset,
  of: elementsOf,
} as const;
