import { NetlinkError, ProtocolError, UnknownOutcomeError } from '../error.ts';
import { type Acknowledgement, readAcknowledgement } from '../message/acknowledgement.ts';
import { failureOf } from '../message/failure.ts';
import type { RawMessage } from '../message/message.ts';
import type { DumpRequest } from '../message/request.ts';
import type { ChunkReply } from '../native/port.ts';
import { errnoName } from '../uapi/errno.ts';
import { NLM_F_DUMP, NLM_F_DUMP_INTR, NLM_F_REQUEST, NLMSG_DONE, NLMSG_ERROR, NLMSG_NOOP } from '../uapi/netlink.ts';
import type { DumpResult } from './connection.ts';
import { visitMessages } from './settle.ts';

/** How often a dump is read before one that changed meanwhile is handed on as it is. */
const ATTEMPTS = 5;

interface Pass<T> {
  readonly items: readonly T[];
  readonly interrupted: boolean;
  readonly end: Acknowledgement | undefined;
}

/** Sends the dump, with these flags, and drains it. */
type Exchange = (flags: number) => Promise<{ readonly reply: ChunkReply | undefined; readonly sequence: number }>;

/** One dump, read again while it was interrupted or lost something. */
export async function dumpOver<T>(request: DumpRequest<T>, exchange: Exchange): Promise<DumpResult<T>> {
  for (let attempt = 1; ; attempt += 1) {
    const { reply, sequence } = await exchange(NLM_F_REQUEST | NLM_F_DUMP);
    if (reply === undefined) throw new ProtocolError(`${request.operation}: no answer`);
    if (reply.sendErrno !== 0) throw refused(request, reply.sendErrno);
    if (reply.receiveErrno !== 0) {
      if (attempt < ATTEMPTS) continue;
      throw new UnknownOutcomeError(request.operation, `answers were lost: ${errnoName(reply.receiveErrno)}`);
    }
    const pass = readPass(request, reply, sequence);
    if (pass.end === undefined) throw new ProtocolError(`${request.operation}: the list has no end`);
    if (pass.end.errno !== 0) throw failureOf(request, pass.end);
    if (!pass.interrupted || attempt === ATTEMPTS) return { items: pass.items, interrupted: pass.interrupted };
  }
}

/** NLM_F_DUMP_INTR may stand on any single message, so each is looked at. */
function readPass<T>(request: DumpRequest<T>, reply: ChunkReply, sequence: number): Pass<T> {
  const items: T[] = [];
  let interrupted = false;
  let end: Acknowledgement | undefined;
  // No list of the messages: a dump has ten thousand of them, and each is looked at once.
  const visit = (message: RawMessage): void => {
    if (message.sequence !== sequence) return;
    interrupted ||= (message.flags & NLM_F_DUMP_INTR) !== 0;
    if (message.type === NLMSG_DONE || message.type === NLMSG_ERROR) end ??= readEnd(request, message);
    else if (message.type !== NLMSG_NOOP) {
      const item = decodeItem(request, message);
      if (item !== undefined) items.push(item);
    }
  };
  for (const datagram of reply.datagrams) visitMessages(datagram, visit);
  return { items, interrupted, end };
}

function readEnd(request: DumpRequest<unknown>, message: RawMessage): Acknowledgement {
  try {
    return readAcknowledgement(message);
  } catch (cause) {
    throw new ProtocolError(`${request.operation}: the list's end cannot be read`, { cause });
  }
}

function decodeItem<T>(request: DumpRequest<T>, message: RawMessage): T | undefined {
  try {
    return request.decode(message);
  } catch (cause) {
    throw new ProtocolError(`${request.operation}: an item cannot be read`, { cause });
  }
}

function refused(request: DumpRequest<unknown>, errno: number): NetlinkError {
  return new NetlinkError({ operation: request.operation, errno, code: errnoName(errno), request });
}
