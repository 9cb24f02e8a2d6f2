import type { DumpRequest, Request } from '../message/request.ts';
import type { Outcome, TransactionOutcome } from './outcome.ts';

/** How a request is waited for. */
export interface RequestOptions {
  /**
   * Takes back what is still queued: the call rejects with the signal's reason. What runs is not recalled, and its promise
   * says what came of it; a batch that runs sends no more than the two parts of 128 KiB that the kernel is at.
   */
  readonly signal?: AbortSignal;
}

/** A list that the kernel gave. */
export interface DumpResult<T> {
  readonly items: readonly T[];
  /** The list changed while it was read, again and again: items may be missing or there twice. */
  readonly interrupted: boolean;
}

/** A netlink socket for requests. They are executed in order, off the JavaScript thread. */
export interface Connection extends AsyncDisposable {
  /**
   * @throws {NetlinkError} The kernel refused it; nothing changed.
   * @throws {ValueError} A value cannot be encoded; it was not sent.
   * @throws {UnknownOutcomeError} It may have been done: the acknowledgement was lost, or did not come, or the answer cannot
   * be read (then `cause` is a ProtocolError).
   * @throws {ProtocolError} What came back is not netlink at all.
   * @throws {SystemError} ENOBUFS: 10,000 calls wait for this socket already; nothing was sent.
   * @throws {ClosedError} The connection was closed before it was sent.
   */
  request<T>(request: Request<T>, options?: RequestOptions): Promise<T>;
  /**
   * NOT atomic: each request succeeds or fails by itself, none stops the others, not even one that cannot be encoded.
   * One outcome a request, in order. Requests that an iterable makes one by one need no memory for all of them; should it
   * throw, the call rejects with that, and what was sent before is done.
   *
   * One that is stopped, by its signal or by closing the connection, resolves with what came of those that were sent; the
   * others are `failed` with ECANCELED. An iterable is not asked for more then: those it did not make have no outcome.
   */
  batch(requests: Iterable<Request<unknown>>, options?: RequestOptions): Promise<readonly Outcome[]>;
  /**
   * All messages in ONE sendmsg with consecutive sequence numbers and exactly the flags they have, for nfnetlink's
   * batches. The meaning of silence is the caller's business.
   * @throws {ValueError} A value cannot be encoded; nothing was sent.
   * @throws {SystemError} EMSGSIZE: the whole does not fit the socket's send buffer.
   */
  transaction(requests: readonly Request<unknown>[], options?: RequestOptions): Promise<readonly TransactionOutcome[]>;
  dump<T>(request: DumpRequest<T>, options?: RequestOptions): Promise<DumpResult<T>>;
}
