import { type Connection, nftTransaction, type TransactionResult } from '@kcore/netlink';
import type { Operation, OperationResult, Plan } from '../../model/operation.ts';
import { converge } from './converge.ts';
import { observeNft } from './observe.ts';
import { type NftRequest, nftRequests, UnwritableOperation } from './requests.ts';
import { readShapes } from './shapes.ts';

const OK: OperationResult = { status: 'ok' };

/**
 * Applies operations on nft objects in one transaction: all of them or none. When the kernel refuses one, the culprit
 * is `failed` and the others are `skipped`. Deleting the absent succeeds and creating what is there converges: if the
 * first attempt fails, the ruleset is read and the operations are fitted to what is there.
 * @throws {SystemError} EMSGSIZE: more than one message to the kernel holds.
 */
export async function applyNft(connection: Connection, operations: Plan): Promise<readonly OperationResult[]> {
  if (operations.length === 0) return [];
  const first = await commit(connection, operations);
  if (first.every(({ status }) => status === 'ok' || status === 'unknown')) return first;
  if (first.some((result) => result.status === 'failed' && result.code === UNWRITABLE)) return first;
  const { resources } = await observeNft(connection);
  const fitted = converge(operations, resources);
  if (fitted.every((each, index) => each?.length === 1 && each[0] === operations[index])) return first;
  const results = await commit(
    connection,
    fitted.flatMap((each) => each ?? []),
  );
  return joined(fitted, results);
}

/** The results of the operations that were put in the place of each. */
function joined(
  fitted: readonly (readonly Operation[] | undefined)[],
  results: readonly OperationResult[],
): readonly OperationResult[] {
  let at = 0;
  return fitted.map((each) => {
    const own = results.slice(at, at + (each?.length ?? 0));
    at += own.length;
    return own.find(({ status }) => status === 'failed') ?? own.find(({ status }) => status !== 'ok') ?? OK;
  });
}

/** Stands in for an errno when the error is in the operation itself, so that no other attempt can help. */
const UNWRITABLE = 'UNWRITABLE';

async function commit(connection: Connection, operations: readonly Operation[]): Promise<readonly OperationResult[]> {
  if (operations.length === 0) return [];
  try {
    const requests = nftRequests(operations, await readShapes(connection, operations));
    const result = await nftTransaction(
      connection,
      requests.map(({ request }) => request),
    );
    return judged(operations, requests, result);
  } catch (error) {
    if (!(error instanceof UnwritableOperation)) throw error;
    return blamed(operations, new Map([[error.operation, { code: UNWRITABLE, message: error.message }]]));
  }
}

interface Blame {
  readonly code: string;
  readonly message: string;
}

function judged(
  operations: readonly Operation[],
  requests: readonly NftRequest[],
  result: TransactionResult,
): readonly OperationResult[] {
  switch (result.status) {
    case 'ok':
      return operations.map(() => OK);
    case 'unknown':
      return operations.map(() => ({ status: 'unknown', message: result.error.message }));
    case 'stale':
    case 'refused': {
      const { code, message } = result.error;
      return operations.map(() => ({ status: 'failed', code, message }));
    }
    case 'failed': {
      const blame = new Map<number, Blame>();
      for (const { index, element, error } of result.failures) {
        const operations = requests[index]?.operations ?? [];
        // Elements share a request; the kernel points at the one that it refused.
        const guilty = element === undefined ? operations : operations.slice(element, element + 1);
        for (const operation of guilty) blame.set(operation, error);
      }
      return blamed(operations, blame);
    }
  }
}

function blamed(operations: readonly Operation[], blame: ReadonlyMap<number, Blame>): readonly OperationResult[] {
  const [first] = blame.values();
  const because = `not applied, because the transaction it was part of failed: ${first?.message ?? 'unknown'}`;
  return operations.map((_, index) => {
    const { code, message } = blame.get(index) ?? {};
    if (code === undefined || message === undefined) return { status: 'skipped', message: because };
    return { status: 'failed', code, message };
  });
}
