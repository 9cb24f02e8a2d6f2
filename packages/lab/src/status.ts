import { checkLabName, namespaceOf, nodeAddress } from './names.ts';
import { isAlive } from './process.ts';
import type { LabState, NodeState, ProcessRef } from './state.ts';
import { type LabPaths, labPaths, loadState } from './state-directory.ts';

export interface LabNodeStatus {
  readonly name: string;
  /** Name of its network namespace: `ip netns exec <netns> …`. */
  readonly netns: string;
  readonly address: string;
  readonly state: 'running' | 'stopped';
  /** Of its agent; absent while that does not run. */
  readonly pid?: number;
  readonly log: string;
}

/** What `kctl lab status -o json` prints. */
export interface LabStatus {
  readonly name: string;
  /** Name of the kctl context that leads to it. */
  readonly context: string;
  readonly directory: string;
  readonly controller: { readonly url: string; readonly pid?: number; readonly log: string };
  readonly nodes: readonly LabNodeStatus[];
}

/** @throws {KcoreError} NotFound, InvalidArgument. */
export async function labStatus(options: { readonly name: string }): Promise<LabStatus> {
  const paths = labPaths(checkLabName(options.name));
  return statusOf(paths, await loadState(paths, options.name));
}

export function statusOf(paths: LabPaths, state: LabState): LabStatus {
  return {
    name: state.name,
    context: `lab-${state.name}`,
    directory: paths.root,
    controller: { url: `unix:${paths.controllerSocket}`, ...livePid(state.controller), log: paths.log('controller') },
    nodes: state.nodes.map((node) => nodeStatus(paths, state.name, node)),
  };
}

function nodeStatus(paths: LabPaths, lab: string, node: NodeState): LabNodeStatus {
  const pid = livePid(node.agent);
  return {
    name: node.name,
    netns: namespaceOf(lab, node.name),
    address: nodeAddress(node.name),
    state: 'pid' in pid ? 'running' : 'stopped',
    ...pid,
    log: paths.log(node.name),
  };
}

function livePid(process: ProcessRef | undefined): { readonly pid?: number } {
  return process !== undefined && isAlive(process) ? { pid: process.pid } : {};
}
