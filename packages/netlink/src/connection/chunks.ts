import { ValueError } from '../codec/error.ts';
import { Writer } from '../codec/writer.ts';
import { beginMessage, endMessage, NLMSG_HDRLEN } from '../message/message.ts';
import type { Request } from '../message/request.ts';

/**
 * How much goes in one sendmsg. Bigger is slower: above 16 KiB the kernel's hash tables are not resized in time, and
 * 100,000 forwarding entries take six times as long. More acknowledgements than 200 overrun a default receive buffer.
 */
export const CHUNK_BYTES = 8 * 1024;
export const CHUNK_MESSAGES = 200;

/**
 * How much is encoded at once. The kernel works on one part while the next is encoded, and the event loop waits for a
 * part and not for the whole.
 */
export const PART_BYTES = 128 * 1024;
/** Of the first part; each is twice as long as the one before, so that the kernel has something to do at once. */
const FIRST_PART_BYTES = 4 * CHUNK_BYTES;

/** Messages in one buffer, cut into chunks. Message i has the sequence number `first + i`. */
export interface Encoded {
  readonly bytes: Uint8Array;
  /** Of each chunk, in bytes. */
  readonly lengths: Int32Array;
  /** Which message is the last of each chunk. */
  readonly lasts: Int32Array;
  /** Messages that could not be encoded and are in no chunk, and why. */
  readonly invalid: ReadonlyMap<number, ValueError>;
}

interface Limits {
  readonly bytes: number;
  readonly messages: number;
}

const DEFAULT_LIMITS: Limits = { bytes: CHUNK_BYTES, messages: CHUNK_MESSAGES };

/** What is asked of the kernel beside what each request says. */
interface Flags {
  /** Of each message. */
  readonly flags: number;
  /**
   * Of the last message of each chunk. The kernel executes messages in order and reports errors unasked, so that one
   * acknowledgement proves all that came before it.
   */
  readonly lastFlags?: number;
}

type Encodable = Pick<Request<unknown>, 'type' | 'flags' | 'measure' | 'encode'>;

/** @throws {ValueError} A request's value cannot be encoded; none of them is to be sent then. */
export function encodeRequests(
  requests: readonly Encodable[],
  options: Flags & { readonly firstSequence: number; readonly limits?: Limits },
): Encoded {
  const encoder = new BatchEncoder(requests, { ...options, partBytes: Number.POSITIVE_INFINITY });
  const { encoded } = encoder.next(options.firstSequence);
  for (const error of encoded.invalid.values()) throw error;
  return encoded;
}

interface EncoderOptions extends Flags {
  readonly limits?: Limits;
  /** The longest part ends with the message that reaches this many. */
  readonly partBytes: number;
}

/** Encodes requests part by part, into the same room. The bytes of a part are valid until the next one is asked for. */
export class BatchEncoder<R extends Encodable> {
  readonly #options: EncoderOptions;
  readonly #out = new Writer(0);
  readonly #iterator: Iterator<R>;
  /** Infinite of requests that are made one by one. */
  #remaining: number;
  #partBytes: number;
  #upcoming: IteratorResult<R>;

  constructor(requests: Iterable<R>, options: EncoderOptions) {
    this.#options = options;
    this.#partBytes = Number.isFinite(options.partBytes) ? FIRST_PART_BYTES : options.partBytes;
    this.#remaining = Array.isArray(requests) ? requests.length : Number.POSITIVE_INFINITY;
    this.#iterator = requests[Symbol.iterator]();
    this.#upcoming = this.#iterator.next();
  }

  /** Whether there is a next part. */
  get done(): boolean {
    return this.#upcoming.done === true;
  }

  /** The next part and its requests; their sequence numbers follow each other. */
  next(firstSequence: number): { readonly encoded: Encoded; readonly requests: readonly R[] } {
    const { flags, lastFlags = 0, limits = DEFAULT_LIMITS } = this.#options;
    const out = this.#out;
    out.clear();
    const chunks = new Chunks(limits);
    const invalid = new Map<number, ValueError>();
    const requests: R[] = [];
    let last: number | undefined;
    while (this.#upcoming.done !== true && out.offset < this.#partBytes) {
      const start = out.offset;
      const index = requests.length;
      const error = this.#write(this.#upcoming.value, flags, sequenceAt(firstSequence, index));
      if (error !== undefined) invalid.set(index, error);
      else {
        if (chunks.add(index, out.offset - start) && last !== undefined) addFlags(out, last, lastFlags);
        last = start;
      }
      requests.push(this.#upcoming.value);
      this.#remaining -= 1;
      this.#upcoming = this.#iterator.next();
    }
    if (last !== undefined) addFlags(out, last, lastFlags);
    this.#partBytes = Math.min(this.#partBytes * 2, this.#options.partBytes);
    const bytes = out.bytes.subarray(0, out.offset);
    return { requests, encoded: { bytes, ...chunks.cut(), invalid } };
  }

  /** Ends it. The requests that were made and are in no part: of a list all that are left. */
  stop(): readonly R[] {
    if (this.#upcoming.done === true) return [];
    const left = [this.#upcoming.value];
    this.#upcoming = { done: true, value: undefined };
    if (Number.isFinite(this.#remaining)) left.push(...remainder(this.#iterator));
    else this.#iterator.return?.();
    return left;
  }

  /**
   * To measure takes as long as to write, so it is only done for the first message and one that found no room. What is
   * wrong with the request's value is answered and leaves no byte behind. One function where three would read better:
   * each that a bulk goes through is compiled by itself, with all that it calls, while the kernel wants the processor.
   */
  #write(request: Encodable, flags: number, sequence: number): ValueError | undefined {
    const out = this.#out;
    const start = out.offset;
    if (out.bytes.byteLength === 0) return this.#writeWithRoom(request, flags, sequence, start);
    try {
      beginMessage(out, request.type, request.flags | flags, sequence);
      request.encode(out);
      endMessage(out, start);
      // Bulk writes of typed arrays that meet the end are silent.
      if (out.offset <= out.bytes.byteLength) return undefined;
    } catch (error) {
      // A DataView that meets its end throws a RangeError; so does a value that does not fit, but that one is ours.
      if (!(error instanceof RangeError) || error instanceof ValueError) return this.#takeBack(start, error);
    }
    return this.#writeWithRoom(request, flags, sequence, start);
  }

  #writeWithRoom(request: Encodable, flags: number, sequence: number, start: number): ValueError | undefined {
    const out = this.#out;
    try {
      out.rewind(start, roomFor(request, this.#remaining, Math.min(this.#options.partBytes, FORESIGHT)));
      beginMessage(out, request.type, request.flags | flags, sequence);
      request.encode(out);
      endMessage(out, start);
      return undefined;
    } catch (error) {
      return this.#takeBack(start, error);
    }
  }

  #takeBack(start: number, error: unknown): ValueError {
    this.#out.bytes.fill(0, start);
    this.#out.offset = start;
    if (error instanceof ValueError) return error;
    // A value of quite another type than the one declared: a TypeError of whoever touched it first.
    return new ValueError(`cannot be encoded: ${String(error)}`, '', { cause: error });
  }
}

function* remainder<R>(iterator: Iterator<R>): Generator<R> {
  for (let next = iterator.next(); next.done !== true; next = iterator.next()) yield next.value;
}

/** Bytes of room that is made at most for messages that may be as long as the one at hand. */
const FORESIGHT = 16 << 20;
/** Few requests find room in this, whatever the first was like; to find none costs more than the room. */
const LEAST_ROOM = 4096;

/** Enough for `count` messages as long as this one, as the many of a bulk are. */
function roomFor(request: Encodable, count: number, foresight: number): number {
  const length = (NLMSG_HDRLEN + request.measure() + 3) & ~3;
  return Math.max(LEAST_ROOM, Math.min(length * count, length + foresight));
}

function addFlags(out: Writer, start: number, flags: number): void {
  out.view.setUint16(start + 6, out.view.getUint16(start + 6, true) | flags, true);
}

/** Where the chunks of a list of messages end. */
class Chunks {
  readonly #limits: Limits;
  readonly #lengths: number[] = [];
  readonly #lasts: number[] = [];
  #length = 0;
  #messages = 0;
  #last = 0;

  constructor(limits: Limits) {
    this.#limits = limits;
  }

  /** Whether this message begins a chunk. */
  add(index: number, size: number): boolean {
    const { bytes, messages } = this.#limits;
    const begins = this.#messages === 0 || this.#length + size > bytes || this.#messages === messages;
    if (begins) this.#end();
    this.#length += size;
    this.#messages += 1;
    this.#last = index;
    return begins;
  }

  cut(): Pick<Encoded, 'lengths' | 'lasts'> {
    this.#end();
    return { lengths: new Int32Array(this.#lengths), lasts: new Int32Array(this.#lasts) };
  }

  #end(): void {
    if (this.#messages === 0) return;
    this.#lengths.push(this.#length);
    this.#lasts.push(this.#last);
    this.#length = 0;
    this.#messages = 0;
  }
}

/** Sequence numbers are 32 bits wide and wrap. */
export function sequenceAt(first: number, index: number): number {
  return (first + index) >>> 0;
}
