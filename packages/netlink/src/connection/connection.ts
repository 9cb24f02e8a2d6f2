import type { DumpRequest, Request } from '../message/request.ts';
import type { Outcome, TransactionOutcome } from './outcome.ts';

/** How a request is waited for. */
export interface RequestOptions {
  /** Takes back what is still queued. A message that the kernel has is not recalled: its promise says what came of it. */
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
   * @throws {UnknownOutcomeError} The acknowledgement was lost: it may have been done.
   * @throws {ProtocolError} The kernel answered with something that netlink does not allow.
   */
  request<T>(request: Request<T>, options?: RequestOptions): Promise<T>;
  /**
   * NOT atomic: each request succeeds or fails by itself, none stops the others, not even one that cannot be encoded.
   * One outcome a request, in order. Requests that an iterable makes one by one need no memory for all of them; should it
   * throw, the call rejects with that, and what was sent before is done.
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
