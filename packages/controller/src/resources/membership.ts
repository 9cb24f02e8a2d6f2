import { DEFAULT_NETWORK, type KcoreError, type Network } from '@kcore/contract';
import { keys, type NodeRow } from '../store/rows.ts';
import type { Transaction } from '../store/store.ts';
import { allNetworks, isOn, othersOn, type Reader, vmsOn } from './lookup.ts';
import { problemOnNode } from './node-check.ts';

/**
 * Networks that are on every node: the default one and overlays made without target nodes.
 *
 * Being a participant is decided once, when a node comes, and written down. A fact that changes later (a route somebody
 * adds) never takes a network away from under running VMs.
 */

/** Why a node that should have a network of every node does not; undefined when it has it or should not. */
export function reasonOutside(reader: Reader, network: Network, node: NodeRow): KcoreError | undefined {
  if (!network.everyNode || isOn(network, node.name) || network.excludedNodes?.includes(node.name)) return undefined;
  return problemOnNode({ network, node, others: othersOn(allNetworks(reader), network, node.name) });
}

/** The network with all nodes on it that can have it. */
export function joinEligible(reader: Reader, network: Network, nodes: readonly NodeRow[]): Network {
  const excluded = network.excludedNodes ?? [];
  const networks = allNetworks(reader);
  const joining = nodes.filter(
    (node) =>
      !isOn(network, node.name) &&
      !excluded.includes(node.name) &&
      problemOnNode({ network, node, others: othersOn(networks, network, node.name) }) === undefined,
  );
  if (joining.length === 0) return network;
  return { ...network, nodes: [...network.nodes, ...joining.map(({ name }) => ({ name }))] };
}

/** A node came, or said something new of itself: it joins what it now can. The default network comes first. */
export function joinEveryNodeNetworks(tx: Transaction, node: NodeRow): void {
  const networks = allNetworks(tx).filter(({ everyNode }) => everyNode);
  networks.sort((a, b) => Number(b.name === DEFAULT_NETWORK) - Number(a.name === DEFAULT_NETWORK));
  for (const network of networks) {
    const joined = joinEligible(tx, network, [node]);
    if (joined !== network) tx.put(keys.network(network.name), joined);
  }
}

/** VXLAN was disabled on a node: it leaves the overlays that no VM of its uses. */
export function leaveOverlays(tx: Transaction, node: NodeRow): void {
  if (!node.facts.vxlanDisabled) return;
  for (const network of allNetworks(tx)) {
    const leaves = network.type === 'vxlan' && network.everyNode && isOn(network, node.name);
    if (!leaves || vmsOn(tx, network.name).some((vm) => vm.node === node.name)) continue;
    const nodes = network.nodes.filter(({ name }) => name !== node.name);
    tx.put(keys.network(network.name), { ...network, nodes });
  }
}
