import { inputOf } from '../codec/codec.ts';
import { MalformedError } from '../codec/error.ts';
import { NetlinkError, ProtocolError, UnknownOutcomeError } from '../error.ts';
import { type Acknowledgement, readAcknowledgement } from '../message/acknowledgement.ts';
import { failureOf } from '../message/failure.ts';
import { eachMessage, type RawMessage } from '../message/message.ts';
import type { Request } from '../message/request.ts';
import type { ChunkReply } from '../native/port.ts';
import { ECANCELED, errnoName } from '../uapi/errno.ts';
import { NLMSG_DONE, NLMSG_ERROR, NLMSG_NOOP, NLMSG_OVERRUN } from '../uapi/netlink.ts';
import type { Encoded } from './chunks.ts';
import type { Outcome, Silence, TransactionOutcome } from './outcome.ts';

/** What came back for one message. */
interface Answer {
  readonly replies: RawMessage[];
  acknowledgement?: Acknowledgement;
}

/** Calls `visit` for each message. @throws {ProtocolError} The datagram is no sequence of netlink messages. */
export function visitMessages(datagram: Uint8Array, visit: (message: RawMessage) => void): void {
  try {
    eachMessage(inputOf(datagram), visit);
  } catch (cause) {
    if (!(cause instanceof MalformedError)) throw cause;
    throw new ProtocolError('the kernel sent a datagram that is not netlink', { cause });
  }
}

/** The answers of all chunks, by the place of the message that they answer. Answers to earlier requests are left out. */
export function answersOf(replies: readonly ChunkReply[], first: number, count: number): ReadonlyMap<number, Answer> {
  const answers = new Map<number, Answer>();
  const visit = (message: RawMessage): void => {
    const index = (message.sequence - first) >>> 0;
    if (index >= count) return;
    const answer = answers.get(index) ?? { replies: [] };
    answers.set(index, answer);
    note(answer, message);
  };
  for (const { datagrams } of replies) for (const datagram of datagrams) visitMessages(datagram, visit);
  return answers;
}

function note(answer: Answer, message: RawMessage): void {
  if (message.type === NLMSG_ERROR || message.type === NLMSG_DONE) {
    try {
      answer.acknowledgement ??= readAcknowledgement(message);
    } catch (cause) {
      throw new ProtocolError('the kernel sent an acknowledgement that cannot be read', { cause });
    }
  } else if (message.type !== NLMSG_NOOP && message.type !== NLMSG_OVERRUN) answer.replies.push(message);
}

/** The one outcome that bulks have many of. */
const DONE: Outcome = Object.freeze({ status: 'ok', value: undefined });

/** The part of a batch that was sent at once. */
interface Sent {
  readonly requests: readonly Request<unknown>[];
  readonly encoded: Encoded;
  readonly replies: readonly ChunkReply[];
  /** Sequence number of the first. */
  readonly first: number;
}

/**
 * What became of each request, from all that came back. Only the last message of each chunk was to be acknowledged: the
 * kernel executes messages in order and reports each error unasked, so when the last was answered and no answer was
 * lost, those it was silent about are done.
 */
export function settleBatch(sent: Sent): readonly Outcome[] {
  const answers = answersOf(sent.replies, sent.first, sent.requests.length);
  return settle<Outcome>(sent, answers, provenChunks(sent, answers), ({ operation }) => ({
    status: 'unknown',
    error: silence(operation),
  }));
}

/** What became of each request of one that asked for no acknowledgement but those its messages ask for themselves. */
export function settleTransaction(sent: Sent): readonly TransactionOutcome[] {
  const answers = answersOf(sent.replies, sent.first, sent.requests.length);
  // What cannot be encoded was thrown before it was sent, so that no error is one of a value.
  return settle<Outcome | Silence>(sent, answers, [], () => SILENT) as readonly TransactionOutcome[];
}

const NONE: readonly RawMessage[] = [];
const SILENT: Silence = Object.freeze({ status: 'silent' });

function settle<T extends Outcome | Silence>(
  { requests, encoded, replies }: Sent,
  answers: ReadonlyMap<number, Answer>,
  proven: readonly boolean[],
  silent: (request: Request<unknown>) => T,
): readonly (Outcome | T)[] {
  const { lasts, invalid } = encoded;
  if (replies.length !== lasts.length) throw new ProtocolError('fewer answers than chunks');
  let chunk = 0;
  let last = lasts[0] ?? 0;
  let isProven = proven[0] === true;
  return requests.map((request, index) => {
    const error = invalid.get(index);
    if (error !== undefined) return { status: 'failed', error };
    if (index > last) {
      chunk += 1;
      last = lasts[chunk] ?? index;
      isProven = proven[chunk] === true;
    }
    const answer = answers.get(index);
    if (answer === undefined && isProven) return done(request, NONE);
    return settleOne(request, replies[chunk], answer, isProven) ?? silent(request);
  });
}

/** Whether the last message of each chunk was answered, and nothing was lost. */
function provenChunks({ encoded, replies }: Sent, answers: ReadonlyMap<number, Answer>): readonly boolean[] {
  return replies.map(
    ({ sendErrno, receiveErrno }, chunk) =>
      sendErrno === 0 && receiveErrno === 0 && answers.get(encoded.lasts[chunk] ?? -1)?.acknowledgement !== undefined,
  );
}

/** Undefined when the kernel said nothing of it. */
function settleOne(
  request: Request<unknown>,
  chunk: ChunkReply | undefined,
  answer: Answer | undefined,
  proven: boolean,
): Outcome | undefined {
  if (chunk === undefined) throw new ProtocolError('fewer answers than chunks');
  if (chunk.sendErrno !== 0) return { status: 'failed', error: notSent(request, chunk.sendErrno) };
  const lost = chunk.receiveErrno !== 0;
  const acknowledgement = answer?.acknowledgement;
  if (acknowledgement !== undefined && acknowledgement.errno !== 0) {
    return { status: 'failed', error: failureOf(request, acknowledgement) };
  }
  if (lost && (acknowledgement === undefined || request.reply !== undefined)) {
    const reason = `receiving failed with ${errnoName(chunk.receiveErrno)}, answers are lost`;
    return { status: 'unknown', error: new UnknownOutcomeError(request.operation, reason) };
  }
  if (acknowledgement === undefined && !proven) return undefined;
  return done(request, answer?.replies ?? []);
}

/** Done for certain; but an echo that cannot be read leaves the caller without what it asked for. */
function done(request: Request<unknown>, replies: readonly RawMessage[]): Outcome {
  if (request.reply === undefined) return DONE;
  try {
    return { status: 'ok', value: request.reply(replies) };
  } catch (cause) {
    const problem = new ProtocolError(`${request.operation}: the kernel's answer cannot be read`, { cause });
    return {
      status: 'unknown',
      error: new UnknownOutcomeError(request.operation, problem.message, { cause: problem }),
    };
  }
}

/** sendmsg itself refused: the kernel has seen none of the chunk's messages. */
function notSent(request: Request<unknown>, errno: number): NetlinkError {
  const kernelMessage = 'sendmsg refused the message, which was not executed';
  return new NetlinkError({ operation: request.operation, errno, code: errnoName(errno), kernelMessage, request });
}

/** Of a batch that was stopped. */
export function cancelled(request: Request<unknown>): Outcome {
  const kernelMessage = 'the batch was stopped before this was sent';
  const { operation } = request;
  const error = new NetlinkError({ operation, errno: ECANCELED, code: 'ECANCELED', kernelMessage, request });
  return { status: 'failed', error };
}

/** No acknowledgement although all that the kernel had to say was read: it dropped the message without a word. */
function silence(operation: string): UnknownOutcomeError {
  const reason = 'the kernel answered neither with success nor with an error';
  return new UnknownOutcomeError(operation, reason, { cause: new ProtocolError(`${operation}: ${reason}`) });
}
