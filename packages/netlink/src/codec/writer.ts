import { ValueError } from './error.ts';

/** Where an attribute lies in a message; for the kernel's NLMSGERR_ATTR_OFFS. Offsets are the writer's. */
export interface Span {
  readonly start: number;
  readonly end: number;
  readonly path: string;
}

/** Length of nlattr, in front of each attribute's payload. */
export const NLA_HDRLEN = 4;
/** nla_len is 16 bits wide and counts the header. */
const MAX_ATTRIBUTE = 0xffff;
export const MAX_PAYLOAD = MAX_ATTRIBUTE - NLA_HDRLEN;

export function tooLong(length: number): ValueError {
  return new ValueError(`${length} bytes do not fit an attribute, which holds ${MAX_PAYLOAD}`);
}

/** Zeroed bytes and the place where the next one goes. */
export class Writer {
  bytes: Uint8Array;
  view: DataView;
  offset = 0;
  /** Recorded only when asked for: a failed request is encoded again to find the attribute that the kernel points at. */
  readonly spans: Span[] | undefined;
  readonly #names: (string | number)[] = [];

  constructor(size: number, options?: { readonly recordSpans: boolean }) {
    this.bytes = new Uint8Array(size);
    this.view = new DataView(this.bytes.buffer);
    this.spans = options?.recordSpans === true ? [] : undefined;
  }

  /** Drops what was written from `offset` on, and makes room for `more` bytes there. The room is zeroed again. */
  rewind(offset: number, more: number): void {
    const kept = this.bytes.subarray(0, offset);
    this.bytes = new Uint8Array(Math.max(offset + more, offset * 2));
    this.bytes.set(kept);
    this.view = new DataView(this.bytes.buffer);
    this.offset = offset;
  }

  /** Begins anew in the same room. */
  clear(): void {
    this.bytes.fill(0, 0, this.offset);
    this.offset = 0;
  }

  /** Attributes and messages begin at multiples of four (NLA_ALIGNTO, NLMSG_ALIGNTO). The buffer is zeroed already. */
  align(): void {
    this.offset = (this.offset + 3) & ~3;
  }

  /** Opens an attribute and returns its start, for `end`. */
  begin(name: string | number, type: number): number {
    const start = this.offset;
    this.view.setUint16(start + 2, type, true);
    this.offset = start + 4;
    if (this.spans !== undefined) this.#names.push(name);
    return start;
  }

  /**
   * Closes the attribute that began at `start`: notes its length, which does not count the padding behind it.
   * @throws {ValueError} It is longer than nla_len, 16 bits wide, can tell: its tail would be read as attributes.
   */
  end(start: number): void {
    const length = this.offset - start;
    if (length > MAX_ATTRIBUTE) throw tooLong(length - NLA_HDRLEN);
    this.view.setUint16(start, length, true);
    if (this.spans !== undefined) {
      this.spans.push({ start, end: this.offset, path: this.#names.join('.') });
      this.#names.pop();
    }
    this.offset = (this.offset + 3) & ~3;
  }
}

/** The path of the attribute that begins at `offset`, else of the innermost one that covers it. */
export function pathAt(spans: readonly Span[], offset: number): string | undefined {
  let best: Span | undefined;
  for (const span of spans) {
    if (span.start === offset) return span.path;
    const covers = span.start < offset && offset < span.end;
    if (covers && (best === undefined || span.start > best.start)) best = span;
  }
  return best?.path;
}
