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

/** Messages in one buffer, cut into chunks. Message i has the sequence number `first + i`, and is in chunk `chunkOf[i]`. */
export interface Encoded {
  readonly bytes: Uint8Array;
  readonly lengths: Int32Array;
  readonly chunkOf: Int32Array;
}

interface Limits {
  readonly bytes: number;
  readonly messages: number;
}

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

/** @throws {ValueError} A request's value cannot be encoded; none of them is sent then. */
export function encodeRequests(
  requests: readonly Encodable[],
  options: Flags & { readonly firstSequence: number; readonly limits?: Limits },
): Encoded {
  const { firstSequence, flags, lastFlags = 0, limits = { bytes: CHUNK_BYTES, messages: CHUNK_MESSAGES } } = options;
  const out = new Writer(roomFor(requests[0], requests.length));
  const chunks = new Chunks(requests.length, limits);
  let last = 0;
  for (const [index, request] of requests.entries()) {
    const start = out.offset;
    writeRequest(out, request, flags, sequenceAt(firstSequence, index), requests.length - index);
    if (chunks.add(index, out.offset - start) && index > 0) addFlags(out, last, lastFlags);
    last = start;
  }
  if (requests.length > 0) addFlags(out, last, lastFlags);
  return { bytes: out.bytes.subarray(0, out.offset), lengths: chunks.lengths(), chunkOf: chunks.of };
}

/** Bytes of room that is made at most for messages that may be as long as the one at hand. */
const FORESIGHT = 16 << 20;

/** Enough for `count` messages as long as this one, as the many of a bulk are. */
function roomFor(request: Encodable | undefined, count: number): number {
  if (request === undefined) return 0;
  const length = lengthOf(request);
  return Math.min(length * count, length + FORESIGHT);
}

function lengthOf(request: Encodable): number {
  return (NLMSG_HDRLEN + request.measure() + 3) & ~3;
}

/** To measure takes as long as to write, so it is only done for the first message and one that found no room. */
function writeRequest(out: Writer, request: Encodable, flags: number, sequence: number, remaining: number): void {
  const start = out.offset;
  try {
    writeOnce(out, request, flags, sequence);
    // Bulk writes of typed arrays that meet the end are silent.
    if (out.offset <= out.bytes.byteLength) return;
  } catch (error) {
    // A DataView that meets its end throws a RangeError; so does a value that does not fit, but that one is ours.
    if (!(error instanceof RangeError) || error instanceof ValueError) throw error;
  }
  out.rewind(start, roomFor(request, remaining));
  writeOnce(out, request, flags, sequence);
}

function writeOnce(out: Writer, request: Encodable, flags: number, sequence: number): void {
  const start = beginMessage(out, request.type, request.flags | flags, sequence);
  request.encode(out);
  endMessage(out, start);
}

function addFlags(out: Writer, start: number, flags: number): void {
  out.view.setUint16(start + 6, out.view.getUint16(start + 6, true) | flags, true);
}

/** Where the chunks of a list of messages end. */
class Chunks {
  /** The chunk of each message. */
  readonly of: Int32Array;
  readonly #limits: Limits;
  readonly #lengths: number[] = [];
  #length = 0;
  #messages = 0;

  constructor(count: number, limits: Limits) {
    this.of = new Int32Array(count);
    this.#limits = limits;
  }

  /** Whether this message begins a chunk. */
  add(index: number, size: number): boolean {
    const begins = index === 0 || this.#length + size > this.#limits.bytes || this.#messages === this.#limits.messages;
    if (begins) {
      if (index > 0) this.#lengths.push(this.#length);
      this.#length = 0;
      this.#messages = 0;
    }
    this.#length += size;
    this.#messages += 1;
    this.of[index] = this.#lengths.length;
    return begins;
  }

  lengths(): Int32Array {
    return Int32Array.from(this.of.length === 0 ? [] : [...this.#lengths, this.#length]);
  }
}

/** Sequence numbers are 32 bits wide and wrap. */
export function sequenceAt(first: number, index: number): number {
  return (first + index) >>> 0;
}
