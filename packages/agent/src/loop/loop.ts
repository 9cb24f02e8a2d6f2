import type { Logger } from 'pino';
import type { Desired } from '../compile/desired.ts';
import type { Clock } from '../model/clock.ts';
import type { HostFacts } from '../model/host-facts.ts';
import type { Kernel } from '../model/kernel.ts';
import { createHoldOff, type HoldOff } from '../vm/hold-off.ts';
import type { ConnectionEnds } from './connection-ends.ts';
import type { Settled } from './drift.ts';
import type { Problems } from './problem.ts';
import { type PassOutcome, reconcile } from './reconcile.ts';
import type { Cause, Causes, Wakeups } from './wakeups.ts';

/** A look that nothing asked for, milliseconds: it finds what no notification told, and writes nothing when all is well. */
const AUDIT_MILLISECONDS = 60_000;
/** Before the kernel's notifications are subscribed to again, when that failed. */
const WATCH_AGAIN_MILLISECONDS = 1_000;
const PASS = 'pass';
/** Reasons to try again at once what failed before: something that it may have failed for is different now. */
const NEW_GROUNDS: readonly Cause['kind'][] = ['start', 'spec', 'vm', 'facts', 'retry'];

export interface LoopOptions {
  readonly kernel: Kernel;
  readonly clock: Clock;
  readonly log: Logger;
  readonly wakeups: Wakeups;
  readonly connectionEnds: ConnectionEnds;
  readonly compile: (facts: HostFacts) => Desired | undefined;
  /** After each pass. The loop waits for it, so that it never overlaps itself. */
  readonly onOutcome: (outcome: PassOutcome, causes: Causes) => Promise<void>;
  /** The pass could not be done at all: the kernel could not be read, or the disk not written. */
  readonly onFailure: (error: unknown) => void;
}

interface State {
  foreignLinks: ReadonlySet<string>;
  problems: Problems;
  settled?: Settled;
  readonly holdOff: HoldOff;
  sleeping: boolean;
}

/** The one loop that writes to the kernel: woken by dirty flags, it looks at everything again. Runs until the signal aborts. */
export async function runLoop(options: LoopOptions, signal: AbortSignal): Promise<void> {
  const { wakeups, clock } = options;
  const state: State = {
    foreignLinks: new Set(),
    problems: new Map(),
    holdOff: createHoldOff(clock),
    sleeping: false,
  };
  const watching = [watchKernel(options, signal), audit(options, signal)];
  wakeups.wake({ kind: 'start' });
  while (!signal.aborted) {
    const causes = await wakeups.next(signal);
    if (!signal.aborted) await pass(options, state, causes, signal);
  }
  await Promise.allSettled(watching);
}

async function pass(options: LoopOptions, state: State, causes: Causes, signal: AbortSignal): Promise<void> {
  const { kernel, compile, connectionEnds, clock, log } = options;
  try {
    const begun = clock.monotonic();
    const outcome = await reconcile({
      kernel,
      compile,
      foreignLinks: state.foreignLinks,
      ...(state.settled === undefined ? {} : { settled: state.settled }),
      problems: state.problems,
      holdProblems: state.holdOff.remaining(PASS) > 0 && !NEW_GROUNDS.some((kind) => causes.kinds.has(kind)),
      beforeApply: (plan, drift) => connectionEnds.note(plan, drift),
    });
    keepOutcome(state, outcome);
    const ended = await connectionEnds.flush();
    if (outcome.applied > 0) {
      const milliseconds = Math.round(clock.monotonic() - begun);
      const counts = { applied: outcome.applied, problems: outcome.problems.size, repaired: outcome.repaired.length };
      log.info({ ...counts, ended, milliseconds, causes: [...causes.kinds] }, 'applied');
    }
    await options.onOutcome(outcome, causes);
    if (outcome.problems.size === 0) state.holdOff.clear(PASS);
    else retryLater(options, state, outcome.applied > 0, signal);
  } catch (error) {
    // What was half done is not known; nothing that the next look finds may be called drift.
    delete state.settled;
    options.onFailure(error);
    retryLater(options, state, true, signal);
  }
}

function keepOutcome(state: State, { desired, settled, problems }: PassOutcome): void {
  const wanted = desired?.foreignLinks ?? new Set<string>();
  // A link that is no longer desired is looked at until what was set on it is gone.
  state.foreignLinks = problems.size === 0 ? wanted : new Set([...state.foreignLinks, ...wanted]);
  state.problems = problems;
  if (settled === undefined) delete state.settled;
  else state.settled = settled;
}

function retryLater({ clock, wakeups }: LoopOptions, state: State, tried: boolean, signal: AbortSignal): void {
  if (tried) state.holdOff.attempted(PASS);
  if (state.sleeping) return;
  state.sleeping = true;
  clock
    .sleep(state.holdOff.remaining(PASS), signal)
    .then(() => wakeups.wake({ kind: 'retry' }))
    .catch(() => {})
    .finally(() => {
      state.sleeping = false;
    });
}

async function watchKernel({ kernel, wakeups, clock, log }: LoopOptions, signal: AbortSignal): Promise<void> {
  while (!signal.aborted) {
    try {
      for await (const { notification } of kernel.watch(signal)) wakeups.wake({ kind: 'kernel', notification });
    } catch (err) {
      log.error({ err }, 'watching the kernel failed; subscribing again');
    }
    if (signal.aborted) return;
    await clock.sleep(WATCH_AGAIN_MILLISECONDS, signal).catch(() => {});
    wakeups.wake({ kind: 'audit' });
  }
}

async function audit({ clock, wakeups }: LoopOptions, signal: AbortSignal): Promise<void> {
  while (!signal.aborted) {
    await clock.sleep(AUDIT_MILLISECONDS, signal).catch(() => {});
    wakeups.wake({ kind: 'audit' });
  }
}
