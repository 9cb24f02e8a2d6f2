import type { Codec, Input } from '../codec/codec.ts';
import { MalformedError } from '../codec/error.ts';
import type { Writer } from '../codec/writer.ts';

/** Length of nlmsghdr: length, type, flags, sequence number, port id. Source: include/uapi/linux/netlink.h. */
export const NLMSG_HDRLEN = 16;

/** One netlink message as it came: its header and where its payload lies in the datagram. */
export interface RawMessage {
  readonly type: number;
  readonly flags: number;
  readonly sequence: number;
  /** The port the message is answered to; 0 in notifications that nobody asked for. */
  readonly portId: number;
  readonly input: Input;
  /** The payload is [start, end) of `input`. */
  readonly start: number;
  readonly end: number;
}

/** Calls `visit` for each message of one datagram. @throws {MalformedError} A length that leaves the datagram, or bytes too few for a header. */
export function eachMessage(input: Input, visit: (message: RawMessage) => void): void {
  const { view } = input;
  const size = input.bytes.byteLength;
  for (let at = 0; at < size; ) {
    if (at + NLMSG_HDRLEN > size) throw new MalformedError(`${size - at} stray bytes at offset ${at} of a datagram`);
    const length = view.getUint32(at, true);
    if (length < NLMSG_HDRLEN || at + length > size) {
      throw new MalformedError(`message at offset ${at}: length ${length} of ${size - at}`);
    }
    visit({
      type: view.getUint16(at + 4, true),
      flags: view.getUint16(at + 6, true),
      sequence: view.getUint32(at + 8, true),
      portId: view.getUint32(at + 12, true),
      input,
      start: at + NLMSG_HDRLEN,
      end: at + length,
    });
    at += (length + 3) & ~3;
  }
}

/** The messages of one datagram. @throws {MalformedError} */
export function splitMessages(input: Input): readonly RawMessage[] {
  const messages: RawMessage[] = [];
  eachMessage(input, (message) => messages.push(message));
  return messages;
}

/** Decodes a message's payload. @throws {MalformedError} */
export function readBody<T>(codec: Codec<T>, message: RawMessage): T {
  return codec.read(message.input, message.start, message.end);
}

/** Begins a message and returns its start, for `endMessage`. The port id is 0, which the kernel replaces. */
export function beginMessage(out: Writer, type: number, flags: number, sequence: number): number {
  const start = out.offset;
  const { view } = out;
  view.setUint16(start + 4, type, true);
  view.setUint16(start + 6, flags, true);
  view.setUint32(start + 8, sequence, true);
  out.offset = start + NLMSG_HDRLEN;
  return start;
}

/** Notes the length of the message that began at `start`, and goes to where the next one begins. */
export function endMessage(out: Writer, start: number): void {
  out.view.setUint32(start, out.offset - start, true);
  out.align();
}

/** Writes one message: nlmsghdr and what `payload` writes behind it. */
export function writeMessage(
  out: Writer,
  header: { readonly type: number; readonly flags: number; readonly sequence: number },
  payload: (out: Writer) => void,
): void {
  const start = beginMessage(out, header.type, header.flags, header.sequence);
  payload(out);
  endMessage(out, start);
}
