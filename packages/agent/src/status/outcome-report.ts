import type { Condition, NodeSpec } from '@kcore/contract';
import type { Desired } from '../compile/desired.ts';
import { operationKey } from '../loop/drift.ts';
import type { Problem, Problems } from '../loop/problem.ts';
import type { PassOutcome } from '../loop/reconcile.ts';
import { repairEvents } from '../loop/repairs.ts';
import type { Causes } from '../loop/wakeups.ts';
import type { StatusBoard } from './board.ts';
import type { EventLog } from './events.ts';
import { networkStatuses, nodeConditions, onePerObject, problemLine } from './network-status.ts';

/** Events of failed operations for one pass; the networks' own messages tell the rest. */
const FAILURES_TOLD_MOST = 20;

/** Turns what a pass did into status and events. */
export interface OutcomeReport {
  /** `spec`: the one that the pass worked from. `more`: conditions of the node beside those of the pass. */
  passed(spec: NodeSpec, outcome: PassOutcome, causes: Causes, more: readonly Condition[]): void;
  /** The pass could not be done; what was reached stays, and the node says why it goes no further. */
  failed(spec: NodeSpec | undefined, error: unknown): void;
}

export function createOutcomeReport(board: StatusBoard, events: EventLog): OutcomeReport {
  const state: { problems: Problems } = { problems: new Map() };
  return {
    passed(spec, outcome, causes, more) {
      const { desired, observation, problems, repaired } = outcome;
      if (desired === undefined) return;
      board.replace('network', [
        ...networkStatuses(desired, observation.state, problems),
        ...pendingNetworks(spec, desired),
      ]);
      const conditions = [...nodeConditions(desired, problems), ...more];
      board.put({ kind: 'reached', epoch: spec.epoch, revision: spec.revision, conditions });
      for (const event of repairEvents(repaired, causes, (key) => desired.owners.get(key))) events.record(event);
      for (const event of failureEvents(problems, state.problems, desired)) events.record(event);
      state.problems = problems;
    },
    failed(spec, error) {
      const message = error instanceof Error ? error.message : String(error);
      const before = board.get('reached');
      const reached = before?.kind === 'reached' ? before : undefined;
      const epoch = reached?.epoch ?? spec?.epoch;
      if (epoch === undefined) return;
      const conditions = [{ type: 'ReconcileFailed', message }];
      board.put({ kind: 'reached', epoch, revision: reached?.revision ?? 0, conditions });
    },
  };
}

function pendingNetworks(spec: NodeSpec, desired: Desired) {
  return [...spec.objects.values()].flatMap((object) =>
    object.kind === 'network' && !desired.networks.has(object.name)
      ? [{ kind: 'network' as const, name: object.name, state: 'pending' as const, conditions: [] }]
      : [],
  );
}

/** An event when an operation begins to fail, not each time it is tried again. */
function failureEvents(problems: Problems, before: Problems, desired: Desired) {
  const fresh = [...problems].flatMap(([signature, problem]) =>
    problem.status === 'skipped' || before.get(signature)?.message === problem.message ? [] : [problem],
  );
  return onePerObject(fresh)
    .slice(0, FAILURES_TOLD_MOST)
    .map((problem: Problem) => {
      const network = desired.owners.get(operationKey(problem.operation));
      const object = network === undefined ? operationKey(problem.operation) : `network/${network}`;
      return { type: 'OperationFailed', object, message: problemLine(problem) };
    });
}
