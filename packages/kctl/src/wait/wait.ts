import { failedPrecondition, KcoreError, type VmView } from '@kcore/contract';
import type { RetryClock } from '../connection/retry.ts';
import { formatDuration } from '../text/duration.ts';
import { type Goal, type Phase, phaseOf } from './phase.ts';
import type { ProgressLine } from './progress-line.ts';

/** Milliseconds from one look to the next. */
const LOOK_MS = 500;
/** Milliseconds that an outcome must stay the same where it may still change at once. */
const SETTLED_MS = 2_000;

export interface Wait {
  readonly name: string;
  readonly goal: Goal;
  /** Of `clock`; and how long that is in all, for the error. */
  readonly deadline: number;
  readonly seconds: number;
  readonly look: () => Promise<VmView>;
  readonly clock: RetryClock;
  readonly line: ProgressLine;
}

const goals: Readonly<Record<Goal, string>> = { up: 'ready', down: 'stopped', taken: 'changed on its node' };

/**
 * Looks at a VM until it is where it is wanted. A controller that is away is waited for.
 * @throws {KcoreError} FailedPrecondition when the VM failed; NotFound when it is gone; DeadlineExceeded.
 */
export async function waitForVm(wait: Wait): Promise<VmView> {
  const { name, goal, clock, line } = wait;
  let since = { text: '', at: clock.monotonic() };
  try {
    while (true) {
      const { view, phase } = await look(wait);
      const now = clock.monotonic();
      if (since.text !== phase.text) since = { text: phase.text, at: now };
      line.show(`${name}: ${phase.text}`, `${name}: ${phase.step}`);
      const stayed = now - since.at >= SETTLED_MS;
      if (view !== undefined && (phase.outcome === 'done' || (phase.outcome === 'settled' && stayed))) return view;
      if (phase.outcome === 'failed' && stayed) throw failure(name, phase);
      if (now + LOOK_MS > wait.deadline) throw tooLate(wait, phase);
      await clock.sleep(LOOK_MS);
    }
  } finally {
    line.end();
  }

  async function look({ look: next }: Wait): Promise<{ readonly view?: VmView; readonly phase: Phase }> {
    try {
      const view = await next();
      return { view, phase: phaseOf(view, goal) };
    } catch (error) {
      const away = error instanceof KcoreError && ['Unavailable', 'DeadlineExceeded'].includes(error.code);
      if (!away) throw error;
      return { phase: { text: 'the controller does not answer', step: 'the controller does not answer' } };
    }
  }
}

function failure(name: string, { text }: Phase): KcoreError {
  return failedPrecondition(`VM '${name}' ${text}`, { remedy: `kctl describe vm ${name}; kctl logs ${name}` });
}

function tooLate({ name, goal, seconds }: Wait, { text }: Phase): KcoreError {
  return new KcoreError(
    'DeadlineExceeded',
    `VM '${name}' is not ${goals[goal]} after ${formatDuration(seconds)}: ${text}`,
    { remedy: `it goes on; see kctl describe vm ${name} and kctl logs ${name}, or give --timeout more time` },
  );
}
