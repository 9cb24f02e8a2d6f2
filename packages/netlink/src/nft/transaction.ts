import { attributes } from '../codec/attributes.ts';
import { body } from '../codec/body.ts';
import { be32 } from '../codec/scalar.ts';
import type { Connection, RequestOptions } from '../connection/connection.ts';
import type { TransactionOutcome } from '../connection/outcome.ts';
import { NetlinkError, UnknownOutcomeError } from '../error.ts';
import { type Request, requestOf, withFlags } from '../message/request.ts';
import { EMSGSIZE, ERESTART } from '../uapi/errno.ts';
import { NLM_F_ACK, NLM_F_REQUEST } from '../uapi/netlink.ts';
import { NFNL_BATCH_GENID, NFNL_MSG_BATCH_BEGIN, NFNL_MSG_BATCH_END, NFNL_SUBSYS_NFTABLES } from '../uapi/nfnetlink.ts';
import { generation } from './generation.ts';
import { nfgenmsg } from './header.ts';

const batchBody = body(
  nfgenmsg,
  attributes(() => ({ generation: [NFNL_BATCH_GENID, be32] })),
);

/** One request of a transaction that the kernel refused. All others were rolled back with it. */
export interface TransactionFailure {
  /** Of the requests that were given. */
  readonly index: number;
  /** Which element it was, of those given to `elements.add` or `delete`; absent where the kernel does not say. */
  readonly element?: number;
  readonly error: NetlinkError;
}

/** What the requests that have a result (`echo`) resulted in; undefined for the others. */
export type TransactionValues<R extends readonly Request<unknown>[]> = {
  readonly [K in keyof R]: R[K] extends Request<infer T> ? T : never;
};

/** What became of a transaction. */
export type TransactionResult<V = readonly unknown[]> =
  /** All requests took effect at once. */
  | { readonly status: 'ok'; readonly values: V }
  /** Nothing changed. The kernel goes on after a failure, so there may be several. */
  | { readonly status: 'failed'; readonly failures: readonly TransactionFailure[] }
  /** Nothing changed: the ruleset is not of the generation that was asked for. */
  | { readonly status: 'stale'; readonly error: NetlinkError }
  /**
   * Nothing changed, and no single request is to blame: EPERM, EMSGSIZE (the whole does not fit the send buffer), ELOOP
   * or EMLINK (chains that jump to each other), ENOMEM.
   */
  | { readonly status: 'refused'; readonly error: NetlinkError | UnknownOutcomeError }
  /** It may have taken effect as a whole or not; only looking again tells. */
  | { readonly status: 'unknown'; readonly error: UnknownOutcomeError };

/** Options of one transaction. */
export interface TransactionOptions extends RequestOptions {
  /** Applies only if the ruleset still has this generation, see `generation()`. */
  readonly generation?: number;
}

function envelope(operation: string, type: number, flags: number, asked?: number): Request<void> {
  return requestOf({
    operation,
    type,
    flags: NLM_F_REQUEST | flags,
    codec: batchBody,
    value: {
      header: nfgenmsg.fill({ resourceId: NFNL_SUBSYS_NFTABLES }),
      attributes: asked === undefined ? {} : { generation: asked },
    },
  });
}

/** Only the last request is acknowledged, and those that have a result: 2000 acknowledgements would overrun the socket. */
function withAcknowledgement(requests: readonly Request<unknown>[]): readonly Request<unknown>[] {
  return requests.map((request, index) =>
    index === requests.length - 1 || request.reply !== undefined ? withFlags(request, NLM_F_ACK) : request,
  );
}

function failureOf(index: number, error: NetlinkError): TransactionFailure {
  const element = /^elements\.(\d+)/.exec(error.attribute ?? '')?.[1];
  return { index, ...(element === undefined ? {} : { element: Number(element) }), error };
}

function refusal(error: NetlinkError, requests: readonly Request<unknown>[]): TransactionResult {
  if (error.errno === ERESTART) return { status: 'stale', error };
  if (error.errno !== EMSGSIZE) return { status: 'refused', error };
  const bytes = requests.reduce((sum, request) => sum + request.measure(), 0);
  const { operation, errno, code, request } = error;
  const kernelMessage = `its ${bytes} bytes do not fit the socket; open the connection with a larger sendBuffer`;
  return { status: 'refused', error: new NetlinkError({ operation, errno, code, kernelMessage, request }) };
}

/**
 * Judges the answers. An error of BATCH_BEGIN is one of the batch as a whole. Success needs a proof, because silence
 * also follows a batch that was thrown away: kernels since 6.10 acknowledge BATCH_END, which others do not; they, too,
 * acknowledge the last request, and report an error in the commit with the sequence number of BATCH_BEGIN.
 */
function judge(outcomes: readonly TransactionOutcome[], requests: readonly Request<unknown>[]): TransactionResult {
  const failures: TransactionFailure[] = [];
  for (const [index, outcome] of outcomes.entries()) {
    if (outcome.status !== 'failed') continue;
    if (index === 0) return refusal(outcome.error, requests);
    failures.push(failureOf(Math.min(index, outcomes.length - 2) - 1, outcome.error));
  }
  if (failures.length > 0) return { status: 'failed', failures };
  const lost = outcomes.find((outcome) => outcome.status === 'unknown');
  if (lost === undefined && outcomes.slice(-2).some(({ status }) => status === 'ok')) {
    const values = outcomes.slice(1, -1).map((outcome) => (outcome.status === 'ok' ? outcome.value : undefined));
    return { status: 'ok', values };
  }
  const reason = 'neither the batch nor its last request was acknowledged';
  return { status: 'unknown', error: lost?.error ?? new UnknownOutcomeError('nftables transaction', reason) };
}

/** The answer was lost; but a transaction for a generation changed nothing as long as the ruleset still has it. */
async function lookAgain(
  connection: Connection,
  result: Extract<TransactionResult, { status: 'unknown' }>,
  asked: number,
): Promise<TransactionResult> {
  try {
    const { id } = await connection.request(generation());
    return id === asked ? { status: 'refused', error: result.error } : result;
  } catch {
    return result;
  }
}

/**
 * Applies all requests or none, in one message to the kernel. A namespace may only be told more at once than its
 * `sendBuffer` holds; a mebibyte is some 40,000 elements.
 * @throws {SystemError} The socket failed.
 */
export async function nftTransaction<const R extends readonly Request<unknown>[]>(
  connection: Connection,
  requests: R,
  options: TransactionOptions = {},
): Promise<TransactionResult<TransactionValues<R>>> {
  // The values are those of the requests, in their order, which the compiler cannot follow.
  return (await transact(connection, requests, options)) as TransactionResult<TransactionValues<R>>;
}

async function transact(
  connection: Connection,
  requests: readonly Request<unknown>[],
  options: TransactionOptions,
): Promise<TransactionResult> {
  if (requests.length === 0) return { status: 'ok', values: [] };
  const { generation: asked, ...rest } = options;
  const outcomes = await connection.transaction(
    [
      envelope('begin nftables transaction', NFNL_MSG_BATCH_BEGIN, 0, asked),
      ...withAcknowledgement(requests),
      envelope('end nftables transaction', NFNL_MSG_BATCH_END, NLM_F_ACK),
    ],
    rest,
  );
  const result = judge(outcomes, requests);
  return result.status === 'unknown' && asked !== undefined ? lookAgain(connection, result, asked) : result;
}
