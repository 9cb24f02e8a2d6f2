import type { Desired } from '../compile/desired.ts';
import type { HostFacts } from '../model/host-facts.ts';
import type { Kernel, Observation } from '../model/kernel.ts';
import type { HostState } from '../model/key.ts';
import type { Operation, OperationResult, Plan } from '../model/operation.ts';
import { plan as planOf } from '../plan/plan.ts';
import { isDrift, type Settled, settledAfter } from './drift.ts';
import { isRepetition, type Problems, problemsOf, signatureOf } from './problem.ts';

/**
 * How often one look is repeated within a pass. Two are the rule: one that writes, one that sees it done. More are
 * needed when a change takes something else with it (a link's new MAC flushes its permanent neighbours).
 */
const ROUNDS_MOST = 8;

export interface PassInput {
  readonly kernel: Kernel;
  /** Absent: nothing was ever said of this node, so nothing may be changed. */
  readonly compile: (facts: HostFacts) => Desired | undefined;
  /** Links of others that the last pass set something on. */
  readonly foreignLinks: ReadonlySet<string>;
  readonly settled?: Settled;
  /** True: leave a plan alone that would only repeat operations of `problems`. */
  readonly holdProblems: boolean;
  readonly problems: Problems;
  /** Called before a plan is applied, and waited for. */
  readonly beforeApply: (plan: Plan, drift: ReadonlySet<Operation>) => Promise<void>;
}

export interface PassOutcome {
  readonly observation: Observation;
  readonly desired?: Desired;
  readonly problems: Problems;
  readonly settled?: Settled;
  /** Operations that worked and repaired what somebody else had changed. */
  readonly repaired: readonly Operation[];
  /** How many operations were sent to the kernel. */
  readonly applied: number;
  /** Links that were made anew: what was bound to them is not any more. */
  readonly remade: boolean;
}

interface Progress {
  readonly tried: Map<string, OperationResult>;
  readonly repaired: Operation[];
  applied: number;
  remade: boolean;
  /** What follows from a change of our own is no drift. */
  onlyDrift: boolean;
}

/** Observe, compile, plan, apply, until the plan is empty or holds nothing that was not tried. */
export async function reconcile(input: PassInput): Promise<PassOutcome> {
  const progress: Progress = { tried: new Map(), repaired: [], applied: 0, remade: false, onlyDrift: true };
  for (let round = 0; ; round += 1) {
    const { observation, desired } = await look(input);
    if (desired === undefined)
      return { observation, problems: new Map(), repaired: [], applied: progress.applied, remade: false };
    const plan = planOf(desired.state, observation.state);
    const problems = problemsOf(progress.tried, plan);
    const held = input.holdProblems && round === 0 && isRepetition(plan, input.problems);
    if (problems.size === plan.length || held || round === ROUNDS_MOST) {
      const { repaired, applied, remade } = progress;
      const settled = settledAfter(desired.state, plan);
      const left = held ? keep(plan, input.problems) : unfinished(plan, problems);
      return { observation, desired, problems: left, settled, repaired, applied, remade };
    }
    await write(plan, desired.state, input, progress);
  }
}

async function look(input: PassInput): Promise<{ readonly observation: Observation; readonly desired?: Desired }> {
  const observation = await input.kernel.observe(input.foreignLinks);
  const desired = input.compile(observation.facts);
  if (desired === undefined) return { observation };
  const missing = [...desired.foreignLinks].some((link) => !input.foreignLinks.has(link));
  if (!missing) return { observation, desired };
  // What was set on a link that is no longer desired must be seen as well, so that it is taken back.
  const links = new Set([...input.foreignLinks, ...desired.foreignLinks]);
  const whole = await input.kernel.observe(links);
  const again = input.compile(whole.facts);
  return again === undefined ? { observation: whole } : { observation: whole, desired: again };
}

async function write(plan: Plan, desired: HostState, input: PassInput, progress: Progress): Promise<void> {
  const drift = new Set(
    progress.onlyDrift ? plan.filter((operation) => isDrift(operation, desired, input.settled)) : [],
  );
  if (drift.size < plan.length) progress.onlyDrift = false;
  await input.beforeApply(plan, drift);
  const results = await input.kernel.apply(plan);
  progress.applied += plan.length;
  for (const [index, operation] of plan.entries()) {
    const result: OperationResult = results[index] ?? { status: 'unknown', message: 'the kernel gave no result' };
    progress.tried.set(signatureOf(operation), result);
    if (result.status !== 'ok') continue;
    if (drift.has(operation)) progress.repaired.push(operation);
    if (operation.op === 'create' && operation.want.kind === 'link') progress.remade = true;
  }
}

function keep(plan: Plan, problems: Problems): Problems {
  const signatures = new Set(plan.map(signatureOf));
  return new Map([...problems].filter(([signature]) => signatures.has(signature)));
}

/** What is left when the rounds ran out is a problem too, also what was not tried yet. */
function unfinished(plan: Plan, problems: Problems): Problems {
  return new Map(
    plan.map((operation) => {
      const message = `still to be changed after ${ROUNDS_MOST} rounds (${operation.reason}); something changes it back`;
      const signature = signatureOf(operation);
      return [signature, problems.get(signature) ?? { operation, status: 'ignored' as const, message }];
    }),
  );
}
