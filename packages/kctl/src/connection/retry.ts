import { KcoreError, type MethodName, type Params, type Result } from '@kcore/contract';
import type { Access } from '../config/access.ts';
import type { Connect } from './connection.ts';

/** Edges of the world that retrying touches, so that tests need not wait. */
export interface RetryClock {
  /** Milliseconds from a fixed point; never set back. */
  monotonic(): number;
  sleep(milliseconds: number): Promise<void>;
  /** From 0 to below 1. */
  random(): number;
}

export interface CallPlan<M extends MethodName> {
  readonly access: Access;
  readonly method: M;
  readonly params: Params<M>;
  readonly timeoutMs: number;
  /** How to find out what happened, when that stays unknown. */
  readonly lookup: string;
}

const FIRST_WAIT_MS = 250;
const LONGEST_WAIT_MS = 4_000;
/** Longest time for one connection to stand; a controller that takes longer is as good as away. */
const CONNECT_MS = 10_000;

function isUnknown(error: unknown): boolean {
  return error instanceof KcoreError && error.details['outcome'] === 'unknown';
}

function isAway(error: unknown): boolean {
  return error instanceof KcoreError && (error.code === 'Unavailable' || error.code === 'DeadlineExceeded');
}

/**
 * One call, repeated while nobody can say whether it took effect. The same params go out each time, request id
 * included, so the controller does it once and answers each repetition from its record.
 *
 * A call that never left is not repeated: whoever mistyped an address should not wait for the timeout. Once one has
 * left, a controller that is away is waited for.
 *
 * @throws {KcoreError} what the controller says; Unavailable when it cannot be reached, or when time is up and the
 * outcome is unknown.
 */
export async function callController<M extends MethodName>(
  connect: Connect,
  clock: RetryClock,
  plan: CallPlan<M>,
): Promise<Result<M>> {
  const deadline = clock.monotonic() + plan.timeoutMs;
  let sent = false;
  for (let attempt = 0; ; attempt += 1) {
    try {
      return await callOnce(connect, plan, Math.max(1, Math.ceil(deadline - clock.monotonic())));
    } catch (error) {
      sent ||= isUnknown(error);
      if (!sent || !isAway(error)) throw error;
      const wait = Math.min(LONGEST_WAIT_MS, FIRST_WAIT_MS * 2 ** attempt) * (0.5 + clock.random() / 2);
      if (clock.monotonic() + wait >= deadline) throw timeIsUp(plan, error);
      await clock.sleep(wait);
    }
  }
}

async function callOnce<M extends MethodName>(
  connect: Connect,
  plan: CallPlan<M>,
  timeoutMs: number,
): Promise<Result<M>> {
  const connection = await connect(plan.access, Math.min(CONNECT_MS, timeoutMs));
  try {
    return await connection.call(plan.method, plan.params, { timeoutMs });
  } finally {
    connection.close();
  }
}

function timeIsUp(plan: CallPlan<MethodName>, cause: unknown): KcoreError {
  const silence = `the controller at ${plan.access.controller} did not answer within ${plan.timeoutMs / 1000} s`;
  if (!('requestId' in plan.params)) return new KcoreError('Unavailable', silence, {}, cause);
  return new KcoreError(
    'Unavailable',
    `the outcome is unknown: ${silence}; it may have done it or not`,
    { remedy: `look before you try again: ${plan.lookup}` },
    cause,
  );
}
