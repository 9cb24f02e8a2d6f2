import { rm } from 'node:fs/promises';
import { alreadyExists, KcoreError, notFound } from '@kcore/contract';
import { type ClusterFiles, type LabBackend, type LabProgress, step } from './backend.ts';
import { loadRecords } from './guest/record.ts';
import { withLabLock } from './lock.ts';
import { type LabContext, startAgent, startGuestHost } from './member.ts';
import { checkLabName, guestNamespace, namespaceOf, nodeNumber } from './names.ts';
import { deleteNamespace } from './namespaces.ts';
import { endProcesses, isAlive } from './process.ts';
import { findTools } from './programs.ts';
import { labController, waitSettled } from './ready.ts';
import { type LabState, type NodeState, withNode, withoutNode } from './state.ts';
import { labPaths, loadState, requireRoot, saveState } from './state-directory.ts';
import { type LabStatus, statusOf } from './status.ts';
import { unwireNode } from './topology/build.ts';
import { awaitNodes, bringNodeUp } from './up.ts';

export type LabNodeAction = 'add' | 'remove' | 'stop' | 'start';

export interface LabNodeOptions extends LabBackend {
  /** The lab. Default `lab`. */
  readonly name?: string;
  /**
   * `add`: a new machine joins. `remove`: it leaves the cluster and is gone; refused while VMs are assigned to it.
   * `stop`: its agent ends; its guests and networks run on. `start`: the agent again.
   */
  readonly action: LabNodeAction;
  readonly node: string;
  /** For `add`. */
  readonly disableVxlan?: boolean;
  readonly progress?: LabProgress;
}

const AGENT_GRACE = 5_000;

/** @throws {KcoreError} NotFound, AlreadyExists, InvalidArgument, FailedPrecondition. */
export async function labNode(options: LabNodeOptions): Promise<LabStatus> {
  const name = checkLabName(options.name ?? 'lab');
  nodeNumber(options.node);
  requireRoot();
  const lab: LabContext = { name, paths: labPaths(name), tools: findTools() };
  await loadState(lab.paths, name);
  return withLabLock(lab.paths, name, async () => {
    const before = await loadState(lab.paths, name);
    const files = await options.pki.openCluster(lab.paths.pki);
    const after = await act(lab, files, before, options);
    await saveState(lab.paths, after);
    return statusOf(lab.paths, after);
  });
}

function act(lab: LabContext, files: ClusterFiles, state: LabState, options: LabNodeOptions): Promise<LabState> {
  switch (options.action) {
    case 'add':
      return add(lab, files, state, options);
    case 'remove':
      return remove(lab, files, state, options);
    case 'stop':
      return stop(lab, state, options);
    case 'start':
      return start(lab, files, state, options);
  }
}

async function add(lab: LabContext, files: ClusterFiles, before: LabState, options: LabNodeOptions): Promise<LabState> {
  const { node, progress } = options;
  if (before.nodes.some((other) => other.name === node)) {
    throw alreadyExists(`node '${node}' is in lab '${lab.name}' already`, {
      remedy: `the next free name is ${nextFree(before)}`,
    });
  }
  const runtime = before.nodes[0]?.runtime ?? 'namespace';
  const fresh: NodeState = { name: node, vxlanDisabled: options.disableVxlan ?? false, runtime };
  try {
    const state = await step(progress, `${node}: wires and agent`, () =>
      bringNodeUp(lab, files, options, before, fresh),
    );
    await awaitNode(lab, files, state, options);
    return state;
  } catch (error) {
    await takeAway(lab, before, node);
    throw error;
  }
}

async function remove(
  lab: LabContext,
  files: ClusterFiles,
  state: LabState,
  options: LabNodeOptions,
): Promise<LabState> {
  const { node, progress } = options;
  existing(state, node);
  const controller = labController(`unix:${lab.paths.controllerSocket}`, files, options.call);
  await step(progress, `${node} leaves the cluster`, async () => {
    try {
      await controller.call('node.delete', { requestId: crypto.randomUUID(), name: node });
    } catch (error) {
      // It may never have joined.
      if (!(error instanceof KcoreError) || error.code !== 'NotFound') throw error;
    }
  });
  return step(progress, `${node}: processes and namespaces`, () => takeAway(lab, state, node));
}

/** Ends and deletes everything of one node, whatever there is of it. */
async function takeAway(lab: LabContext, state: LabState, node: string): Promise<LabState> {
  const own = lab.paths.node(node);
  await deleteNamespace(namespaceOf(lab.name, node), AGENT_GRACE);
  const guests = await loadRecords(own.guests).catch(() => []);
  for (const guest of guests) await deleteNamespace(guestNamespace(lab.name, guest.name));
  await unwireNode(lab.name, node);
  await rm(own.root, { recursive: true, force: true });
  // The certificate was of this node; one that comes back under its name is another and gets its own.
  const identity = state.nodes.find((other) => other.name === node)?.identity;
  for (const path of identity === undefined ? [] : [identity.cert, identity.key]) await rm(path, { force: true });
  for (const log of [node, `${node}-guests`]) await rm(lab.paths.log(log), { force: true });
  const after = withoutNode(state, node);
  await saveState(lab.paths, after);
  return after;
}

async function stop(lab: LabContext, state: LabState, options: LabNodeOptions): Promise<LabState> {
  const { agent, ...rest } = existing(state, options.node);
  if (agent === undefined) return state;
  await step(options.progress, `${options.node}: agent ends, guests run on`, async () => {
    const left = await endProcesses([agent], AGENT_GRACE);
    if (left.length > 0)
      throw new KcoreError('Internal', `the agent of ${options.node} (pid ${agent.pid}) does not end`);
  });
  const after = withNode(state, rest);
  await saveState(lab.paths, after);
  return after;
}

async function start(
  lab: LabContext,
  files: ClusterFiles,
  before: LabState,
  options: LabNodeOptions,
): Promise<LabState> {
  const node = existing(before, options.node);
  const state = await step(options.progress, `${node.name}: agent`, async () => {
    const guests =
      node.guests !== undefined && isAlive(node.guests) ? node.guests : await startGuestHost(lab, node.name);
    const agent = node.agent !== undefined && isAlive(node.agent) ? node.agent : (await startAgent(lab, node.name)).ref;
    const after = withNode(before, { ...node, guests, agent });
    await saveState(lab.paths, after);
    return after;
  });
  await awaitNode(lab, files, state, options);
  return state;
}

async function awaitNode(
  lab: LabContext,
  files: ClusterFiles,
  state: LabState,
  options: LabNodeOptions,
): Promise<void> {
  const { controller } = state;
  const nodes = state.nodes.filter((node) => node.name === options.node);
  if (controller === undefined || !isAlive(controller)) {
    // Without its controller a node serves what it was told last; there is nobody to ask whether it is ready.
    const log = lab.paths.log(options.node);
    for (const { name, agent } of nodes)
      if (agent !== undefined) await waitSettled({ what: name, process: agent, log });
    return;
  }
  await step(options.progress, `${options.node} ready`, () => awaitNodes(lab, files, options, controller, nodes));
}

function existing(state: LabState, node: string): NodeState {
  const found = state.nodes.find((other) => other.name === node);
  if (found !== undefined) return found;
  const names = state.nodes.map((other) => other.name).join(', ');
  throw notFound(`node '${node}' not found in lab '${state.name}'`, { remedy: `its nodes are ${names}` });
}

function nextFree(state: LabState): string {
  for (let number = 1; ; number++) {
    if (!state.nodes.some((node) => node.name === `node-${number}`)) return `node-${number}`;
  }
}
