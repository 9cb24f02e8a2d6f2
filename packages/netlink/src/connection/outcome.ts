import type { ValueError } from '../codec/error.ts';
import type { NetlinkError, UnknownOutcomeError } from '../error.ts';

/**
 * What became of one request of a batch. `failed`: nothing changed; the kernel refused it, or a value of it cannot be
 * encoded and it was not sent. `unknown`: its acknowledgement was lost; only looking again tells.
 */
export type Outcome =
  | { readonly status: 'ok'; readonly value: unknown }
  | { readonly status: 'failed'; readonly error: NetlinkError | ValueError }
  | { readonly status: 'unknown'; readonly error: UnknownOutcomeError };

/** No answer at all: it asked for none, or the kernel gave up before it. */
export interface Silence {
  readonly status: 'silent';
}

/** In a transaction a request may also get no answer; and what cannot be encoded was refused with all of it. */
export type TransactionOutcome =
  | Exclude<Outcome, { status: 'failed' }>
  | { readonly status: 'failed'; readonly error: NetlinkError }
  | Silence;
