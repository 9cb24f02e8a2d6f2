import type { NetlinkError, UnknownOutcomeError } from '../error.ts';

/** What became of one request of a batch. `unknown`: its acknowledgement was lost; only looking again tells. */
export type Outcome =
  | { readonly status: 'ok'; readonly value: unknown }
  | { readonly status: 'failed'; readonly error: NetlinkError }
  | { readonly status: 'unknown'; readonly error: UnknownOutcomeError };

/** In a transaction a request may also get no answer at all: it asked for none, or the kernel gave up before it. */
export type TransactionOutcome = Outcome | { readonly status: 'silent' };
