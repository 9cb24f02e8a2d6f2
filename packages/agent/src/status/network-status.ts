import type { Condition, NetworkStatus } from '@kcore/contract';
import type { Desired, NetworkOutcome } from '../compile/desired.ts';
import { operationKey } from '../loop/drift.ts';
import type { Problem, Problems } from '../loop/problem.ts';
import type { HostState } from '../model/key.ts';

/** How many problems a message tells; the rest is counted. */
const TOLD_MOST = 3;

/** What is said of each network after a pass. */
export function networkStatuses(desired: Desired, observed: HostState, problems: Problems): readonly NetworkStatus[] {
  return [...desired.networks].map(([name, outcome]) => {
    const own = [...problems.values()].filter((problem) => ownerOf(desired, problem) === name);
    const message = outcome.blocked ? blockedText(outcome) : problemText(own);
    const vtep = observedVtep(outcome.bridge, observed);
    return {
      kind: 'network',
      name,
      state: message === undefined ? 'ready' : 'error',
      ...(message === undefined ? {} : { message }),
      bridge: outcome.bridge,
      ...(vtep === undefined ? {} : { vtep }),
      conditions: [...outcome.conditions],
    };
  });
}

/** What is wrong with the node as a whole: compile's own conditions, and what belongs to no network. */
export function nodeConditions(desired: Desired, problems: Problems): Condition[] {
  const message = problemText([...problems.values()].filter((problem) => ownerOf(desired, problem) === undefined));
  const failed = message === undefined ? [] : [{ type: 'OperationFailed', message }];
  return [...desired.conditions, ...failed];
}

/** One problem in words: the object, what was to be done, and the kernel's words. */
export function problemLine({ operation, message }: Problem): string {
  return `${operation.op} ${operationKey(operation)}: ${message}`;
}

/** The first problem of each object: an update of what could not be made says nothing new. */
export function onePerObject(problems: readonly Problem[]): readonly Problem[] {
  const seen = new Set<string>();
  return problems.filter(({ operation }) => {
    const key = operationKey(operation);
    const first = !seen.has(key);
    seen.add(key);
    return first;
  });
}

/** Skipped operations only repeat what the failed one says. */
function problemText(problems: readonly Problem[]): string | undefined {
  const causes = problems.filter(({ status }) => status !== 'skipped');
  const told = onePerObject(causes.length > 0 ? causes : problems);
  if (told.length === 0) return undefined;
  const lines = told.slice(0, TOLD_MOST).map(problemLine);
  return told.length > TOLD_MOST ? `${lines.join('; ')}; and ${told.length - TOLD_MOST} more` : lines.join('; ');
}

function blockedText({ conditions }: NetworkOutcome): string {
  return conditions.map(({ message }) => message).join('; ') || 'it cannot be made on this node';
}

function ownerOf(desired: Desired, { operation }: Problem): string | undefined {
  return desired.owners.get(operationKey(operation));
}

/** The address that the tunnel really uses. */
function observedVtep(bridge: string, observed: HostState): string | undefined {
  for (const resource of observed.values())
    if (resource.kind === 'link' && resource.type === 'vxlan' && resource.master === bridge) return resource.local;
  return undefined;
}
