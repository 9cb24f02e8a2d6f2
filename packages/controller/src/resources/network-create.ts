import {
  alreadyExists,
  bridgeName,
  failedPrecondition,
  invalidArgument,
  type KcoreError,
  type Network,
  type NetworkSpec,
} from '@kcore/contract';
import { allocateVni } from '../ipam/vni.ts';
import { present } from '../present.ts';
import { keys, type NodeRow } from '../store/rows.ts';
import type { Transaction } from '../store/store.ts';
import { type Context, createdAt } from './context.ts';
import { allNetworks, allNodes, isOn, nodeNamed, othersOn, vmsOn } from './lookup.ts';
import { checkNotReserved } from './name-rules.ts';
import { type DecidedNetwork, decideNetwork } from './network-decide.ts';
import { overlayMtu, problemOnNode } from './node-check.ts';

/** One copy of a network: where, and its own external address if it has one. */
export type Placement = Network['nodes'][number];

export interface CreatedNetwork {
  readonly network: Network;
  /** Where this request put it. */
  readonly nodes: string[];
  /** The controller chose the node. */
  readonly picked: boolean;
}

/** R-26. @throws {KcoreError} */
export function createNetwork(
  tx: Transaction,
  context: Context,
  name: string,
  spec: NetworkSpec,
  targetNodes: readonly string[],
): CreatedNetwork {
  checkNotReserved(name);
  const decided = decideNetwork(name, spec);
  const targets = placementsOf(spec, targetNodes);
  const existing = tx.get<Network>(keys.network(name))?.value;
  if (existing !== undefined) return addNodes(tx, existing, decided, targets);
  const draft: Network = {
    ...decided,
    uid: context.newUid(),
    bridge: claimBridge(tx, name),
    everyNode: false,
    nodes: [],
    createdAt: createdAt(context),
  };
  const placed = draft.type === 'vxlan' ? placeOverlay(tx, draft, targets) : placeLocal(tx, context, draft, targets);
  const network = draft.type === 'vxlan' ? { ...placed.network, vni: allocateVni(tx, name) } : placed.network;
  tx.put(keys.network(name), network);
  return { network, nodes: network.nodes.map((node) => node.name), picked: placed.picked };
}

/** `--target-node` and `spec.nodes` together. */
function placementsOf(spec: NetworkSpec, targetNodes: readonly string[]): readonly Placement[] {
  const listed = spec.nodes ?? [];
  const further = [...new Set(targetNodes)].filter((target) => !listed.some(({ name }) => name === target));
  return [...listed, ...further.map((name) => ({ name }))];
}

/** R-02. @throws {KcoreError} AlreadyExists */
export function claimBridge(tx: Transaction, network: string): string {
  const { name: bridge } = bridgeName(network);
  const holder = tx.get<string>(keys.bridge(bridge))?.value;
  if (holder !== undefined && holder !== network) {
    throw alreadyExists(`network '${network}' would have the bridge ${bridge}, which network '${holder}' has`, {
      remedy: 'choose another name',
    });
  }
  tx.put(keys.bridge(bridge), network);
  return bridge;
}

interface Placed {
  readonly network: Network;
  readonly picked: boolean;
}

/** Without targets: every node that does not have VXLAN disabled. The MTU is that of the weakest, and then fixed (R-12). */
function placeOverlay(tx: Transaction, draft: Network, targets: readonly Placement[]): Placed {
  const nodes = targets.length > 0 ? targets.map(({ name }) => nodeNamed(tx, name)) : allNodes(tx);
  const eligible = targets.length > 0 ? nodes : nodes.filter(({ facts }) => !facts.vxlanDisabled);
  const [first] = nodes;
  if (first === undefined) {
    throw failedPrecondition(`no node is registered; network '${draft.name}' cannot be anywhere`, {
      remedy: 'start a node first',
    });
  }
  // All nodes are disabled: the first one's refusal says it.
  const toCheck = eligible.length > 0 ? eligible : [first];
  const mtu = draft.mtu ?? Math.min(...toCheck.map(overlayMtu));
  const network: Network = {
    ...draft,
    mtu,
    everyNode: targets.length === 0,
    nodes: targets.length > 0 ? [...targets] : eligible.map(({ name }) => ({ name })),
  };
  refuseProblems(tx, network, toCheck);
  return { network, picked: false };
}

function placeLocal(tx: Transaction, context: Context, draft: Network, targets: readonly Placement[]): Placed {
  if (targets.length === 0) {
    return { network: { ...draft, nodes: [{ name: pickNode(tx, context, draft) }] }, picked: true };
  }
  const network = { ...draft, nodes: [...targets] };
  refuseProblems(
    tx,
    network,
    targets.map(({ name }) => nodeNamed(tx, name)),
  );
  return { network, picked: false };
}

/** @throws {KcoreError} the first problem of the first node that has one. */
export function refuseProblems(tx: Transaction, network: Network, nodes: readonly NodeRow[]): void {
  const networks = allNetworks(tx);
  for (const node of nodes) {
    const problem = problemOnNode({ network, node, others: othersOn(networks, network, node.name) });
    if (problem !== undefined) throw problem;
  }
}

/** A ready node where the network can be: one that has its external address, then the one with the fewest networks. */
function pickNode(tx: Transaction, context: Context, draft: Network): string {
  const networks = allNetworks(tx);
  const ready = allNodes(tx).filter(({ name }) => context.presence.isReady(name));
  const problems: KcoreError[] = [];
  const candidates = ready.filter((node) => {
    const network = { ...draft, nodes: [{ name: node.name }] };
    const problem = problemOnNode({ network, node, others: othersOn(networks, network, node.name) });
    if (problem !== undefined) problems.push(problem);
    return problem === undefined;
  });
  const external = draft.externalIp?.split('/')[0];
  const rank = (node: NodeRow) => ({
    local: node.facts.addresses.some(({ address }) => address.split('/')[0] === external) ? 0 : 1,
    load: networks.filter((network) => isOn(network, node.name)).length,
    name: node.name,
  });
  const [best] = candidates
    .map(rank)
    .sort((a, b) => a.local - b.local || a.load - b.load || (a.name < b.name ? -1 : 1));
  if (best !== undefined) return best.name;
  throw (
    problems[0] ??
    failedPrecondition(`no node is ready, so none can be picked for network '${draft.name}'`, {
      remedy: 'start a node, or name one with --target-node',
    })
  );
}

/** R-18, R-28: the same name on further nodes. */
function addNodes(
  tx: Transaction,
  existing: Network,
  decided: DecidedNetwork,
  targets: readonly Placement[],
): CreatedNetwork {
  refuseDifferences(existing, decided);
  if (targets.length === 0) throw alreadyExists(`network '${existing.name}' already exists`);
  const there = targets.find(({ name }) => isOn(existing, name));
  if (there !== undefined) throw alreadyExists(`network '${existing.name}' already exists on node '${there.name}'`);
  const added = targets.map((target) => {
    const externalIp =
      target.externalIp ?? (decided.externalIp === existing.externalIp ? undefined : decided.externalIp);
    return { name: target.name, ...present({ externalIp }) };
  });
  const network: Network = withoutExclusions(
    { ...existing, nodes: [...existing.nodes, ...added] },
    added.map(({ name }) => name),
  );
  refuseProblems(
    tx,
    network,
    added.map(({ name }) => nodeNamed(tx, name)),
  );
  refuseAmbiguousPorts(tx, network);
  tx.put(keys.network(network.name), network);
  return { network, nodes: added.map(({ name }) => name), picked: false };
}

function refuseDifferences(existing: Network, decided: DecidedNetwork): void {
  const fields = ['type', 'gatewayIp', 'internalNetmask', 'vlanId'] as const;
  const differing = fields.filter((field) => existing[field] !== decided[field]);
  const mtuDiffers = decided.mtu !== undefined && decided.mtu !== existing.mtu;
  if (differing.length === 0 && !mtuDiffers) return;
  const what = [
    ...differing.map((field) => `${field} ${existing[field] ?? '-'}`),
    ...(mtuDiffers ? [`mtu ${existing.mtu ?? '-'}`] : []),
  ];
  throw failedPrecondition(`network '${existing.name}' exists with ${what.join(', ')}`, {
    remedy: 'use the same values to add a node to it, or choose another name',
  });
}

/** A node that was left out by hand and is named again is no longer left out. */
export function withoutExclusions(network: Network, nodes: readonly string[]): Network {
  const { excludedNodes = [], ...rest } = network;
  const left = excludedNodes.filter((name) => !nodes.includes(name));
  return left.length === 0 ? rest : { ...rest, excludedNodes: left };
}

/** R-06: allowed ports go to the only VM; with more than one, nobody could say to which. */
export function refuseAmbiguousPorts(tx: Transaction, network: Network, adding = 0): void {
  if (network.allowedTcpPorts.length + network.allowedUdpPorts.length === 0) return;
  const count = vmsOn(tx, network.name).length + adding;
  if (count <= 1) return;
  throw invalidArgument(
    `network '${network.name}' has ${adding > 0 ? 'a VM already and ' : `${count} VMs and `}allowedTcpPorts or allowedUdpPorts, which go to its only VM; name the VM of each port in forwards`,
    { field: 'spec.forwards' },
  );
}
