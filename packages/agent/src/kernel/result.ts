import type { Outcome } from '@kcore/netlink';
import type { OperationResult } from '../model/operation.ts';

export const OK: OperationResult = { status: 'ok' };

/** Deleting what is not there is done already, whatever the kernel calls its absence. */
export const ABSENT: ReadonlySet<string> = new Set(['ENOENT', 'ENODEV', 'ESRCH', 'EADDRNOTAVAIL']);
/** Creating what is there, where it cannot be there in another shape. */
export const PRESENT: ReadonlySet<string> = new Set(['EEXIST']);
const NOTHING: ReadonlySet<string> = new Set();

/** `tolerated`: codes that mean that all is as it was wanted. */
export function resultOf(outcome: Outcome | undefined, tolerated: ReadonlySet<string> = NOTHING): OperationResult {
  if (outcome === undefined || outcome.status === 'ok') return OK;
  if (outcome.status === 'unknown') return { status: 'unknown', message: outcome.error.message };
  const { code, message } = outcome.error;
  return tolerated.has(code) ? OK : { status: 'failed', code, message };
}

/** The result of a request or system call that threw. */
export function failureOf(error: unknown): OperationResult {
  if (!(error instanceof Error)) return { status: 'failed', code: 'UNKNOWN', message: String(error) };
  const { code } = error as NodeJS.ErrnoException;
  if (code === 'UNKNOWN_OUTCOME') return { status: 'unknown', message: error.message };
  return { status: 'failed', code: code ?? error.name, message: error.message };
}

/** The first that is not ok, in the order the steps were made. */
export function firstProblem(results: readonly OperationResult[]): OperationResult {
  return results.find(({ status }) => status !== 'ok') ?? OK;
}
