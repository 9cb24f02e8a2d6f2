import { existsSync } from 'node:fs';
import { KcoreError, notFound } from '@kcore/contract';
import { type LabProgress, step } from './backend.ts';
import { checkLabName, namespacePath } from './names.ts';
import { deleteNamespace, namespacesOf } from './namespaces.ts';
import { endProcesses, processesIn } from './process.ts';
import type { LabState, ProcessRef } from './state.ts';
import { type LabPaths, labPaths, loadStateIfAny, removeDirectory, requireRoot } from './state-directory.ts';

export interface LabDownOptions {
  /** Default `lab`. */
  readonly name?: string;
  readonly progress?: LabProgress;
}

/** The controller and the agents write their last words to disk in this time, milliseconds. */
const GRACE = 3_000;

/**
 * Takes a lab down and leaves nothing of it. Works on one that is half made or half taken down as well.
 * @throws {KcoreError} NotFound when there is no trace of it.
 */
export async function labDown(options: LabDownOptions = {}): Promise<void> {
  const name = checkLabName(options.name ?? 'lab');
  requireRoot();
  const paths = labPaths(name);
  if (!existsSync(paths.root) && (await namespacesOf(name)).length === 0) {
    throw notFound(`lab '${name}' not found`, { remedy: "'kctl lab status' shows a lab that is up" });
  }
  await tearDown(paths, name, options.progress);
}

/** Idempotent. What runs is found by the namespaces it is in; the state file adds what may have left them. */
export async function tearDown(paths: LabPaths, name: string, progress?: LabProgress): Promise<void> {
  await step(progress, 'ending its processes', async () => {
    // A broken state file must not keep a lab alive: the namespaces tell as much.
    const state = await loadStateIfAny(paths).catch(() => undefined);
    const namespaces = (await namespacesOf(name)).map(namespacePath);
    const targets = new Map([...processesIn(namespaces), ...recordedIn(state)].map((ref) => [ref.pid, ref]));
    const left = await endProcesses([...targets.values()], GRACE);
    if (left.length > 0) {
      const pids = left.map(({ pid }) => pid).join(', ');
      throw new KcoreError('Internal', `lab '${name}': processes ${pids} do not end`, { remedy: 'try again' });
    }
  });
  await step(progress, 'deleting its namespaces', async () => {
    for (const namespace of await namespacesOf(name)) await deleteNamespace(namespace);
  });
  await step(progress, 'deleting its directory', () => removeDirectory(paths));
}

function recordedIn(state: LabState | undefined): readonly ProcessRef[] {
  if (state === undefined) return [];
  const ofNodes = state.nodes.flatMap((node) => [node.agent, node.guests]);
  return [state.controller, ...state.world, ...ofNodes].filter((ref) => ref !== undefined);
}
