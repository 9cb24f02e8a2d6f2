import { invalidArgument } from '@kcore/contract';
import { type ClusterFiles, type LabBackend, type LabProgress, step } from './backend.ts';
import { tearDown } from './down.ts';
import { withLabLock } from './lock.ts';
import { configureNode, type LabContext, startAgent, startController, startGuestHost, startMember } from './member.ts';
import { CONTROLLER_DNS_NAME, checkLabName, NODE_NUMBER_MAX, namespaceOf, SEGMENT } from './names.ts';
import { findTools, labProgram } from './programs.ts';
import { isNodeReady, labController, waitUntil } from './ready.ts';
import { nodeCommand } from './spawn.ts';
import { emptyState, type LabRuntime, type LabState, type NodeState, type ProcessRef, withNode } from './state.ts';
import { type LabPaths, labPaths, requireRoot, reserve, saveState } from './state-directory.ts';
import { type LabStatus, statusOf } from './status.ts';
import { buildWorld, wireController, wireNode } from './topology/build.ts';
import { UPSTREAM_BRIDGE } from './topology/world.ts';
import { prepareUdhcpd } from './world/udhcpd.ts';

export interface LabUpOptions extends LabBackend {
  /** Default `lab`. */
  readonly name?: string;
  /** Default 3. */
  readonly nodes?: number;
  /** Nodes that take no part in overlays. */
  readonly disableVxlan?: readonly string[];
  /** Default `namespace`. */
  readonly runtime?: LabRuntime;
  readonly progress?: LabProgress;
}

/** Milliseconds. An emulated machine takes a minute to start a few processes; one that died is noticed at once. */
export const READY_TIMEOUT = 180_000;
const WORLD_HEAP_MIB = 32;

/**
 * Brings a cluster up on this machine, whole or not at all. Resolves when every node is ready; what runs then goes on when
 * the caller ends.
 * @throws {KcoreError} PermissionDenied without root, AlreadyExists, InvalidArgument, FailedPrecondition for a missing tool.
 */
export async function labUp(options: LabUpOptions): Promise<LabStatus> {
  const name = checkLabName(options.name ?? 'lab');
  const nodes = nodeNames(options.nodes ?? 3, options.disableVxlan ?? [], options.runtime ?? 'namespace');
  requireRoot();
  const lab: LabContext = { name, paths: labPaths(name), tools: findTools() };
  await reserve(lab.paths, name);
  try {
    return await withLabLock(lab.paths, name, () => bringUp(lab, nodes, options));
  } catch (error) {
    await tearDown(lab.paths, name);
    throw error;
  }
}

function nodeNames(count: number, disableVxlan: readonly string[], runtime: LabRuntime): readonly NodeState[] {
  if (!Number.isInteger(count) || count < 1 || count > NODE_NUMBER_MAX) {
    throw invalidArgument(`a lab has 1 to ${NODE_NUMBER_MAX} nodes, not ${count}`, { field: 'nodes' });
  }
  const names = Array.from({ length: count }, (_, index) => `node-${index + 1}`);
  const unknown = disableVxlan.find((node) => !names.includes(node));
  if (unknown !== undefined) {
    throw invalidArgument(`cannot disable VXLAN on '${unknown}': the lab's nodes are ${names.join(', ')}`, {
      field: 'disableVxlan',
    });
  }
  return names.map((node) => ({ name: node, vxlanDisabled: disableVxlan.includes(node), runtime }));
}

async function bringUp(lab: LabContext, nodes: readonly NodeState[], options: LabUpOptions): Promise<LabStatus> {
  const { paths } = lab;
  const { progress } = options;
  let state: LabState = { ...emptyState(lab.name, new Date().toISOString()), nodes };
  await saveState(paths, state);
  const files = await step(progress, 'certificates for the cluster', () => createPki(lab, options));
  await step(progress, 'the world outside: router, service, DHCP on the second segment', async () => {
    await buildWorld(lab.name);
    state = await recorded(paths, { ...state, world: await startWorld(lab) });
  });
  const controller = await step(progress, 'the controller', async () => {
    await wireController(lab.name);
    const { ref } = await startController(lab, files);
    state = await recorded(paths, { ...state, controller: ref });
    return ref;
  });
  for (const node of nodes) {
    state = await step(progress, `${node.name}: wires and agent`, () => bringNodeUp(lab, files, options, state, node));
  }
  await step(progress, 'every node ready, default network everywhere', async () => {
    await awaitNodes(lab, files, options, controller, state.nodes);
  });
  return statusOf(paths, state);
}

async function createPki(lab: LabContext, options: LabUpOptions): Promise<ClusterFiles> {
  const hosts = [SEGMENT.controller, CONTROLLER_DNS_NAME, 'localhost'];
  return options.pki.createCluster(lab.paths.pki, { name: `lab-${lab.name}`, hosts });
}

async function startWorld(lab: LabContext): Promise<readonly ProcessRef[]> {
  const service = nodeCommand(labProgram('world/main.js'), WORLD_HEAP_MIB);
  const dhcp = await prepareUdhcpd(lab.tools.udhcpd, lab.paths.world, UPSTREAM_BRIDGE);
  return [
    (await startMember(lab, 'world', 'world', service)).ref,
    (await startMember(lab, 'world', 'world-dhcp', dhcp)).ref,
  ];
}

/** Wires a node and starts what runs on it; what is known of it is saved after each start. */
export async function bringNodeUp(
  lab: LabContext,
  files: ClusterFiles,
  backend: LabBackend,
  before: LabState,
  fresh: NodeState,
): Promise<LabState> {
  await wireNode(lab.name, fresh.name);
  const node = await configureNode(lab, files, backend.pki, fresh);
  const state = await recorded(lab.paths, withNode(before, node));
  const guests = node.runtime === 'qemu' ? {} : { guests: await startGuestHost(lab, node.name) };
  await recorded(lab.paths, withNode(state, { ...node, ...guests }));
  const { ref: agent } = await startAgent(lab, node.name);
  return recorded(lab.paths, withNode(state, { ...node, ...guests, agent }));
}

async function recorded(paths: LabPaths, state: LabState): Promise<LabState> {
  await saveState(paths, state);
  return state;
}

/** Waits for all of them: first the controller, which must answer at all. */
export async function awaitNodes(
  lab: LabContext,
  files: ClusterFiles,
  backend: LabBackend,
  controller: ProcessRef,
  nodes: readonly NodeState[],
): Promise<void> {
  const client = labController(`unix:${lab.paths.controllerSocket}`, files, backend.call);
  const limit = { timeoutMs: READY_TIMEOUT };
  await waitUntil({ what: 'controller', process: controller, log: lab.paths.log('controller'), ...limit }, async () => {
    await client.call('node.list', {});
    return true;
  });
  for (const node of nodes) {
    if (node.agent === undefined) continue;
    await waitUntil(
      {
        what: `${node.name} in ${namespaceOf(lab.name, node.name)}`,
        process: node.agent,
        log: lab.paths.log(node.name),
        ...limit,
      },
      () => isNodeReady(client, node.name),
    );
  }
}
