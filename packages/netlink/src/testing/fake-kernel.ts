import { inputOf } from '../codec/codec.ts';
import { Writer } from '../codec/writer.ts';
import type { Connection } from '../connection/connection.ts';
import { connectionOver } from '../connection/open.ts';
import type { Trace } from '../connection/trace.ts';
import type { Transport } from '../connection/transport.ts';
import { NLMSG_HDRLEN, type RawMessage, splitMessages, writeMessage } from '../message/message.ts';
import type { ChunkReply } from '../native/port.ts';
import {
  NLM_F_ACK_TLVS,
  NLM_F_CAPPED,
  NLM_F_MULTI,
  NLMSG_DONE,
  NLMSG_ERROR,
  NLMSGERR_ATTR_MSG,
  NLMSGERR_ATTR_OFFS,
} from '../uapi/netlink.ts';

/** What a fake kernel does with one sendmsg: the datagrams it answers with, and how reading or sending them fails. */
export interface FakeReply {
  readonly datagrams?: readonly Uint8Array[];
  readonly sendErrno?: number;
  /** ENOBUFS: acknowledgements were lost. */
  readonly receiveErrno?: number;
}

/** `(request) => replies`. The bytes may hold several messages; see `messagesIn`. */
export type FakeKernel = (request: Uint8Array) => readonly Uint8Array[] | FakeReply;

/** A connection whose kernel is a function. */
export function fakeConnection(kernel: FakeKernel, options?: { readonly trace?: (trace: Trace) => void }): Connection {
  return connectionOver(fakeTransport(kernel), options);
}

/** What is below such a connection. */
export function fakeTransport(kernel: FakeKernel): Transport {
  return {
    async transact(bytes, lengths) {
      let offset = 0;
      return Array.from(lengths, (length) => {
        offset += length;
        return chunkReply(kernel(bytes.slice(offset - length, offset)));
      });
    },
    async [Symbol.asyncDispose]() {},
  };
}

function chunkReply(reply: ReturnType<FakeKernel>): ChunkReply {
  const whole: FakeReply = Array.isArray(reply) ? { datagrams: reply } : (reply as FakeReply);
  return {
    sendErrno: whole.sendErrno ?? 0,
    receiveErrno: whole.receiveErrno ?? 0,
    datagrams: whole.datagrams ?? [],
  };
}

/** The messages of one sendmsg. */
export function messagesIn(request: Uint8Array): readonly RawMessage[] {
  return splitMessages(inputOf(request));
}

/** One message of the kernel. */
export function kernelMessage(
  header: { readonly type: number; readonly flags?: number; readonly sequence: number },
  payload: Uint8Array,
): Uint8Array {
  const out = new Writer((NLMSG_HDRLEN + payload.byteLength + 3) & ~3);
  writeMessage(out, { type: header.type, flags: header.flags ?? 0, sequence: header.sequence }, (to) => {
    to.bytes.set(payload, to.offset);
    to.offset += payload.byteLength;
  });
  return out.bytes;
}

/** Extended acknowledgement: text, and the offset of an attribute in the request. */
export interface FakeExtension {
  readonly message?: string;
  readonly offset?: number;
}

/** The acknowledgement of a request; errno 0 is success. The layout is that of a socket with CAP_ACK and EXT_ACK. */
export function acknowledge(request: RawMessage, errno = 0, extension: FakeExtension = {}): Uint8Array {
  const text = Buffer.from(extension.message === undefined ? '' : `${extension.message}\0`);
  const out = new Writer(NLMSG_HDRLEN + 4 + NLMSG_HDRLEN + 4 + ((text.length + 3) & ~3) + 8);
  const extended = extension.message !== undefined || extension.offset !== undefined;
  const flags = NLM_F_CAPPED | (extended ? NLM_F_ACK_TLVS : 0);
  writeMessage(out, { type: NLMSG_ERROR, flags, sequence: request.sequence }, (to) => {
    to.view.setInt32(to.offset, -errno, true);
    to.bytes.set(request.input.bytes.subarray(request.start - NLMSG_HDRLEN, request.start), to.offset + 4);
    to.offset += 4 + NLMSG_HDRLEN;
    writeExtension(to, extension, text);
  });
  return out.bytes.slice(0, out.offset);
}

/** The end of a dump, which has its errno and attributes in another place than an acknowledgement. */
export function endOfDump(request: RawMessage, errno = 0, extension: FakeExtension = {}): Uint8Array {
  const text = Buffer.from(extension.message === undefined ? '' : `${extension.message}\0`);
  const out = new Writer(NLMSG_HDRLEN + 4 + 4 + ((text.length + 3) & ~3) + 8);
  const flags = NLM_F_MULTI | (extension.message === undefined ? 0 : NLM_F_ACK_TLVS);
  writeMessage(out, { type: NLMSG_DONE, flags, sequence: request.sequence }, (to) => {
    to.view.setInt32(to.offset, -errno, true);
    to.offset += 4;
    writeExtension(to, extension, text);
  });
  return out.bytes.slice(0, out.offset);
}

function writeExtension(out: Writer, extension: FakeExtension, text: Uint8Array): void {
  if (extension.message !== undefined) {
    const start = out.begin('message', NLMSGERR_ATTR_MSG);
    out.bytes.set(text, out.offset);
    out.offset += text.byteLength;
    out.end(start);
  }
  if (extension.offset !== undefined) {
    const start = out.begin('offset', NLMSGERR_ATTR_OFFS);
    out.view.setUint32(out.offset, extension.offset, true);
    out.offset += 4;
    out.end(start);
  }
}
