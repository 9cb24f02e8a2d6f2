import { DEFAULT_NETWORK, failedPrecondition, invalidArgument, type Network, notFound } from '@kcore/contract';
import { dropPool } from '../ipam/addresses.ts';
import { poolOf } from '../ipam/pool.ts';
import { releaseVni } from '../ipam/vni.ts';
import { keys } from '../store/rows.ts';
import type { Transaction } from '../store/store.ts';
import { isOn, networkNamed, vmsOn } from './lookup.ts';

export interface DeletedNetwork {
  readonly name: string;
  readonly nodes: string[];
  readonly remaining: string[];
}

/** @throws {KcoreError} */
export function deleteNetwork(
  tx: Transaction,
  name: string,
  targetNodes: readonly string[],
  allNodes: boolean,
): DeletedNetwork {
  if (name === DEFAULT_NETWORK) throw invalidArgument(`cannot delete reserved network '${DEFAULT_NETWORK}'`);
  if (allNodes && targetNodes.length > 0) throw invalidArgument('--all-nodes and --target-node exclude each other');
  const network = networkNamed(tx, name);
  const absent = targetNodes.find((node) => !isOn(network, node));
  if (absent !== undefined) throw notFound(`network '${name}' is not on node '${absent}'`);
  if (network.type !== 'vxlan' && targetNodes.length === 0 && !allNodes && network.nodes.length > 1) {
    throw failedPrecondition(`network '${name}' exists on multiple nodes; pass --target-node`, {
      nodes: network.nodes.map((node) => node.name),
      remedy: 'pass --target-node NODE, or --all-nodes',
    });
  }
  const everywhere = network.nodes.map((node) => node.name);
  const leaving = targetNodes.length === 0 ? everywhere : [...new Set(targetNodes)];
  refuseInUse(tx, network, leaving);
  const rest = network.nodes.filter((node) => !leaving.includes(node.name));
  for (const node of leaving) forgetCopy(tx, network, node);
  if (rest.length === 0) forgetNetwork(tx, network);
  else tx.put(keys.network(name), { ...network, nodes: rest, ...exclusions(network, leaving) });
  return { name, nodes: leaving, remaining: rest.map((node) => node.name) };
}

/** An overlay of every node must not come back by itself where it was deleted by hand. */
function exclusions(network: Network, leaving: readonly string[]): Pick<Network, 'excludedNodes'> {
  if (!network.everyNode) return {};
  return { excludedNodes: [...new Set([...(network.excludedNodes ?? []), ...leaving])] };
}

/** `nodes`: where it would go. @throws {KcoreError} FailedPrecondition */
export function refuseInUse(tx: Transaction, network: Network, nodes: readonly string[]): void {
  const [first, ...more] = vmsOn(tx, network.name).filter((vm) => nodes.includes(vm.node));
  if (first === undefined) return;
  const rest = more.length === 0 ? '' : ` and ${more.length} more`;
  throw failedPrecondition(
    `network '${network.name}' is still in use by VM '${first.name}'${rest}; delete the VM first`,
    {
      vms: [first, ...more].slice(0, 100).map((vm) => vm.name),
      remedy: `kctl delete vm ${first.name}`,
    },
  );
}

/** The addresses of a nat network's copy on one node; an overlay has one pool for all. */
export function forgetCopy(tx: Transaction, network: Network, node: string): void {
  const pool = network.type === 'nat' ? poolOf(network, node) : undefined;
  if (pool !== undefined) dropPool(tx, pool.id);
}

function forgetNetwork(tx: Transaction, network: Network): void {
  if (network.type === 'vxlan') dropPool(tx, network.uid);
  if (network.vni !== undefined) releaseVni(tx, network.vni);
  for (const { key } of [...tx.range(keys.macs(network.uid))]) tx.delete(key);
  tx.delete(keys.bridge(network.bridge));
  tx.delete(keys.network(network.name));
}
