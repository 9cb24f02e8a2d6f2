import type { Operation, OperationResult, Plan } from '../model/operation.ts';
import { operationKey } from './drift.ts';

/** An operation that did not bring what it should, as the last try left it. */
export interface Problem {
  readonly operation: Operation;
  /** `failed`: refused by the kernel. `skipped`: what it depends on is not there. `unknown`: its acknowledgement was lost. `ignored`: acknowledged, and yet not so. */
  readonly status: 'failed' | 'skipped' | 'unknown' | 'ignored';
  readonly message: string;
}

/** By the operation's signature. */
export type Problems = ReadonlyMap<string, Problem>;

/** Two operations of one signature do the same to the same object. (One key may have two in a plan: delete, then create.) */
export function signatureOf(operation: Operation): string {
  const value = operation.op === 'delete' ? '' : JSON.stringify(operation.want);
  return `${operation.op} ${operationKey(operation)} ${value}`;
}

/**
 * What is wrong after a try: of the operations that are still to do, those that were tried. One that was acknowledged
 * and has to be done again was ignored by the kernel, or undone at once; taking that for a problem is what keeps the
 * loop from writing for ever.
 */
export function problemsOf(tried: ReadonlyMap<string, OperationResult>, remaining: Plan): Problems {
  return new Map(
    remaining.flatMap((operation) => {
      const result = tried.get(signatureOf(operation));
      return result === undefined ? [] : [[signatureOf(operation), problemOf(operation, result)] as const];
    }),
  );
}

function problemOf(operation: Operation, result: OperationResult): Problem {
  if (result.status === 'ok') {
    const message = `the kernel acknowledged it, and yet it is to be done again (${operation.reason})`;
    return { operation, status: 'ignored', message };
  }
  const message = result.status === 'failed' ? withCode(result.code, result.message) : result.message;
  return { operation, status: result.status, message };
}

/** Kernel errors mostly name their code in the text; those that do not are given it. */
function withCode(code: string, message: string): string {
  return message.includes(code) ? message : `${code}: ${message}`;
}

/** Whether a plan holds nothing that was not tried in vain before. */
export function isRepetition(plan: Plan, problems: Problems): boolean {
  return plan.length > 0 && plan.every((operation) => problems.has(signatureOf(operation)));
}
