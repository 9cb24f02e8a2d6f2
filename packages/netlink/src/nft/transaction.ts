import { attributes } from '../codec/attributes.ts';
import { body } from '../codec/body.ts';
import { be32 } from '../codec/scalar.ts';
import type { Connection, RequestOptions } from '../connection/connection.ts';
import type { TransactionOutcome } from '../connection/outcome.ts';
import { type NetlinkError, UnknownOutcomeError } from '../error.ts';
import { type Request, requestOf } from '../message/request.ts';
import { NLM_F_ACK, NLM_F_REQUEST } from '../uapi/netlink.ts';
import { NFNL_BATCH_GENID, NFNL_MSG_BATCH_BEGIN, NFNL_MSG_BATCH_END, NFNL_SUBSYS_NFTABLES } from '../uapi/nfnetlink.ts';
import { nfgenmsg } from './header.ts';

const batchBody = body(nfgenmsg, attributes({ generation: [NFNL_BATCH_GENID, be32] }));

/** One request of a transaction that the kernel refused. All others were rolled back with it. */
export interface TransactionFailure {
  /** Of the requests that were given. */
  readonly index: number;
  readonly error: NetlinkError;
}

export type TransactionResult =
  /** All requests took effect at once. */
  | { readonly status: 'ok' }
  /** Nothing changed. The kernel goes on after a failure, so there may be several. */
  | { readonly status: 'failed'; readonly failures: readonly TransactionFailure[] }
  /** Nothing changed: the ruleset is not of the generation that was asked for, or changed while this was applied. */
  | { readonly status: 'stale'; readonly error: NetlinkError }
  /** It may have taken effect as a whole or not; only looking again tells. */
  | { readonly status: 'unknown'; readonly error: UnknownOutcomeError };

export interface TransactionOptions extends RequestOptions {
  /** Applies only if the ruleset still has this generation, see `generation()`. */
  readonly generation?: number;
}

function envelope(operation: string, type: number, flags: number, generation?: number): Request<void> {
  return requestOf({
    operation,
    type,
    flags: NLM_F_REQUEST | flags,
    codec: batchBody,
    value: {
      header: nfgenmsg.fill({ resourceId: NFNL_SUBSYS_NFTABLES }),
      attributes: generation === undefined ? {} : { generation },
    },
  });
}

/** Only the last request is acknowledged: 2000 acknowledgements would overrun the socket. */
function withAcknowledgement(requests: readonly Request<unknown>[]): readonly Request<unknown>[] {
  return requests.map((request, index) =>
    index === requests.length - 1 ? { ...request, flags: request.flags | NLM_F_ACK } : request,
  );
}

/**
 * Judges the answers. An error of BATCH_BEGIN is one of the commit as a whole. Success needs a proof, because silence
 * also follows a batch that was thrown away: kernels since 6.10 acknowledge BATCH_END, which others do not; they, too,
 * acknowledge the last request, and report an error in the commit with the sequence number of BATCH_BEGIN.
 */
function judge(outcomes: readonly TransactionOutcome[]): TransactionResult {
  const failures: TransactionFailure[] = [];
  for (const [index, outcome] of outcomes.entries()) {
    if (outcome.status !== 'failed') continue;
    if (index === 0) return { status: 'stale', error: outcome.error };
    failures.push({ index: Math.min(index, outcomes.length - 2) - 1, error: outcome.error });
  }
  if (failures.length > 0) return { status: 'failed', failures };
  if (outcomes.slice(-2).some(({ status }) => status === 'ok')) return { status: 'ok' };
  const lost = outcomes.find((outcome) => outcome.status === 'unknown');
  const reason = 'neither the batch nor its last request was acknowledged';
  return { status: 'unknown', error: lost?.error ?? new UnknownOutcomeError('nftables transaction', reason) };
}

/**
 * Applies all requests or none, in one message to the kernel (EMSGSIZE when it does not fit the send buffer).
 * @throws {SystemError} The socket failed.
 */
export async function nftTransaction(
  connection: Connection,
  requests: readonly Request<unknown>[],
  options: TransactionOptions = {},
): Promise<TransactionResult> {
  if (requests.length === 0) return { status: 'ok' };
  const { generation, ...rest } = options;
  const outcomes = await connection.transaction(
    [
      envelope('begin nftables transaction', NFNL_MSG_BATCH_BEGIN, 0, generation),
      ...withAcknowledgement(requests),
      envelope('end nftables transaction', NFNL_MSG_BATCH_END, NLM_F_ACK),
    ],
    rest,
  );
  return judge(outcomes);
}
