import { Writer } from '../codec/writer.ts';
import { NLMSG_HDRLEN, writeMessage } from '../message/message.ts';
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

/** @throws {ValueError} A request's value cannot be encoded; none of them is sent then. */
export function encodeRequests(
  requests: readonly Pick<Request<unknown>, 'type' | 'flags' | 'measure' | 'encode'>[],
  options: { readonly firstSequence: number; readonly flags: number; readonly limits?: Limits },
): Encoded {
  const limits = options.limits ?? { bytes: CHUNK_BYTES, messages: CHUNK_MESSAGES };
  const sizes = requests.map((request) => (NLMSG_HDRLEN + request.measure() + 3) & ~3);
  const out = new Writer(sizes.reduce((sum, size) => sum + size, 0));
  for (const [index, request] of requests.entries()) {
    const sequence = sequenceAt(options.firstSequence, index);
    writeMessage(out, { type: request.type, flags: request.flags | options.flags, sequence }, (to) =>
      request.encode(to),
    );
  }
  return { bytes: out.bytes, ...cut(sizes, limits) };
}

function cut(sizes: readonly number[], limits: Limits): Pick<Encoded, 'lengths' | 'chunkOf'> {
  const lengths: number[] = [];
  const chunkOf = new Int32Array(sizes.length);
  let messages = 0;
  for (const [index, size] of sizes.entries()) {
    const last = lengths.at(-1);
    if (last === undefined || last + size > limits.bytes || messages === limits.messages) {
      lengths.push(size);
      messages = 1;
    } else {
      lengths[lengths.length - 1] = last + size;
      messages += 1;
    }
    chunkOf[index] = lengths.length - 1;
  }
  return { lengths: Int32Array.from(lengths), chunkOf };
}

/** Sequence numbers are 32 bits wide and wrap. */
export function sequenceAt(first: number, index: number): number {
  return (first + index) >>> 0;
}
