import { type Span, Writer } from '../codec/writer.ts';
import { NLA_F_NESTED } from '../uapi/netlink.ts';
import { NFTA_DATA_VALUE, NFTA_LIST_ELEM, NFTA_SET_ELEM_KEY } from '../uapi/nf-tables.ts';
import { paddedSize, sizeOfTypes, writeValue } from './data-type/concatenation.ts';
import { dataTypes } from './data-type/data-type.ts';
import type { DataType } from './data-type/type.ts';
import { elementCodec, type WireElement } from './element.ts';
import type { SetShape } from './set.ts';

/** Elements that fit one attribute, as its payload. */
export interface ElementList {
  readonly bytes: Uint8Array;
  /** For each element of the payload, which of the given elements it is of; -1: of none. */
  readonly owners: readonly number[];
}

/** Bytes of a list of elements: nla_len is 16 bits wide. */
const LIST_MAX = 0xffff - 4;
/** Room for one more element than fits: its header, two keys of 64 bytes, and what the table says of the rest. */
const KEYS_MAX = 256;

/** The headers of an element, its key and the key's value: nla_len, and nla_type in the upper half. */
interface PlainHeaders {
  readonly element: number;
  readonly key: number;
  readonly value: number;
  /** Of the whole element. */
  readonly length: number;
}

const PLAIN_HEADERS = 12;

/** What is the same for all elements of a set that are a key and nothing more. */
export interface PlainElements {
  readonly headers: PlainHeaders;
  readonly types: readonly DataType[];
}

export function plainElements(set: SetShape): PlainElements {
  return { headers: plainHeaders(set), types: set.key.map((name) => dataTypes[name]) };
}

function plainHeaders(set: SetShape): PlainHeaders {
  const size = sizeOfTypes(set.key);
  const length = PLAIN_HEADERS + paddedSize(size);
  return {
    element: (length | ((NFTA_LIST_ELEM | NLA_F_NESTED) << 16)) >>> 0,
    key: ((length - 4) | ((NFTA_SET_ELEM_KEY | NLA_F_NESTED) << 16)) >>> 0,
    value: (4 + size) | (NFTA_DATA_VALUE << 16),
    length,
  };
}

/** Elements one behind the other, cut into lists that each fit an attribute. */
export class ListBuilder {
  readonly #lists: ElementList[] = [];
  readonly #room: number;
  #out: Writer;
  #owners: number[] = [];
  #start = 0;

  constructor(room: number) {
    this.#room = Math.min(room, LIST_MAX) + KEYS_MAX;
    this.#out = new Writer(this.#room);
  }

  /** Opens an element; its keys are to be written next. `rest` is what `end` will write. */
  begin(rest: WireElement | undefined): Writer {
    const restLength = rest === undefined ? 0 : elementCodec.measure(rest);
    if (this.#out.offset + KEYS_MAX + restLength > this.#out.bytes.length) this.#grow(restLength);
    this.#start = this.#out.begin('', NFTA_LIST_ELEM | NLA_F_NESTED);
    return this.#out;
  }

  /** Closes the element; where it does not fit any more, it is the first of the next list. */
  end(owner: number, rest: WireElement | undefined): void {
    const start = this.#start;
    if (rest !== undefined) elementCodec.write(rest, this.#out);
    this.#out.end(start);
    if (this.#out.offset > LIST_MAX && start > 0) {
      const bytes = this.#out.bytes.subarray(start, this.#out.offset);
      this.#out.offset = start;
      this.#close();
      this.#out.bytes.set(bytes);
      this.#out.offset = bytes.length;
    }
    this.#owners.push(owner);
  }

  /** An element that is a key and nothing more, whose three attributes have the same headers each time. */
  addPlain(owner: number, { headers, types }: PlainElements, key: readonly string[]): void {
    if (this.#out.offset + headers.length > LIST_MAX) this.#close();
    const out = this.#out;
    const { view, offset } = out;
    view.setUint32(offset, headers.element, true);
    view.setUint32(offset + 4, headers.key, true);
    view.setUint32(offset + 8, headers.value, true);
    out.offset = offset + PLAIN_HEADERS;
    writeValue(types, key, out);
    out.offset = offset + headers.length;
    this.#owners.push(owner);
  }

  lists(): readonly ElementList[] {
    if (this.#owners.length > 0) this.#close();
    return this.#lists;
  }

  #grow(restLength: number): void {
    const larger = new Writer(Math.max(this.#out.bytes.length * 2, this.#out.offset + KEYS_MAX + restLength));
    larger.bytes.set(this.#out.bytes.subarray(0, this.#out.offset));
    larger.offset = this.#out.offset;
    this.#out = larger;
  }

  #close(): void {
    this.#lists.push({ bytes: this.#out.bytes.subarray(0, this.#out.offset), owners: this.#owners });
    this.#owners = [];
    this.#out = new Writer(this.#room);
  }
}

/** Where each element lies in a list that begins at `start` of a message: `elements.17` for the eighteenth given. */
export function spansOfList(list: ElementList, start: number, spans: Span[]): void {
  const view = new DataView(list.bytes.buffer, list.bytes.byteOffset, list.bytes.byteLength);
  let at = 0;
  for (const owner of list.owners) {
    const length = view.getUint16(at, true);
    const path = owner === -1 ? 'elements' : `elements.${owner}`;
    spans.push({ start: start + at, end: start + at + length, path });
    at += (length + 3) & ~3;
  }
}
