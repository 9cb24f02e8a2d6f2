import { isDeepStrictEqual } from 'node:util';
import { failedPrecondition, KcoreError, type KeptDisks, type Network, type NodeFacts, type Vm } from '@kcore/contract';
import { keys, type NodeRow } from '../store/rows.ts';
import type { Transaction } from '../store/store.ts';
import { type Context, createdAt } from './context.ts';
import { allNetworks, isOn, nodeNamed, type Reader, valuesOf } from './lookup.ts';
import { joinEveryNodeNetworks, leaveOverlays } from './membership.ts';
import { checkName } from './name-rules.ts';
import { forgetCopy } from './network-delete.ts';

/** Certificates of one node that are remembered, so that all are refused when it is deleted. */
const CERTIFICATES = 16;

/** @throws {KcoreError} PermissionDenied */
export function refuseRevoked(reader: Reader, fingerprint: string): void {
  const node = reader.get<{ readonly node: string }>(keys.revoked(fingerprint))?.value.node;
  if (node === undefined) return;
  throw new KcoreError('PermissionDenied', `node '${node}' was deleted; its certificate is not let in any more`, {
    remedy: 'issue a new certificate to let the node in again',
  });
}

/** A node opens its session: it is registered, or what is known of it is brought up to date. Writes nothing when nothing is new. */
export function registerNode(
  tx: Transaction,
  context: Context,
  name: string,
  facts: NodeFacts,
  fingerprint: string,
): void {
  checkName('node', name);
  refuseRevoked(tx, fingerprint);
  const known = tx.get<NodeRow>(keys.node(name))?.value;
  const certificates = [...(known?.certificates ?? []).filter((each) => each !== fingerprint), fingerprint];
  const node: NodeRow = {
    name,
    registeredAt: known?.registeredAt ?? createdAt(context),
    facts,
    certificates: certificates.slice(-CERTIFICATES),
  };
  writeNode(tx, node, known);
}

/** The node reported new facts. A node that is gone is left alone. */
export function updateFacts(tx: Transaction, name: string, facts: NodeFacts): void {
  const known = tx.get<NodeRow>(keys.node(name))?.value;
  if (known !== undefined) writeNode(tx, { ...known, facts }, known);
}

function writeNode(tx: Transaction, node: NodeRow, known: NodeRow | undefined): void {
  if (!isDeepStrictEqual(node, known)) tx.put(keys.node(node.name), node);
  leaveOverlays(tx, node);
  joinEveryNodeNetworks(tx, node);
}

/** The node leaves the cluster, with its copies of networks. @throws {KcoreError} NotFound; FailedPrecondition while it has VMs. */
export function deleteNode(tx: Transaction, context: Context, name: string): { name: string } {
  const node = nodeNamed(tx, name);
  const [first, ...more] = valuesOf<Vm>(tx, keys.vms).filter((vm) => vm.node === name);
  if (first !== undefined) {
    const rest = more.length === 0 ? '' : ` and ${more.length} more`;
    throw failedPrecondition(`node '${name}' still has VM '${first.name}'${rest}; delete the VM first`, {
      vms: [first, ...more].slice(0, 100).map((vm) => vm.name),
      remedy: `kctl delete vm ${first.name}`,
    });
  }
  const kept = valuesOf<KeptDisks>(tx, keys.keptDisks).find((each) => each.node === name);
  if (kept !== undefined) {
    throw failedPrecondition(`node '${name}' still has kept disk '${kept.name}'; delete or use it first`, {
      remedy: `kctl delete disk ${kept.name}`,
    });
  }
  for (const network of allNetworks(tx)) leave(tx, network, name);
  for (const fingerprint of node.certificates) {
    tx.put(keys.revoked(fingerprint), { node: name, at: createdAt(context) });
  }
  tx.delete(keys.node(name));
  return { name };
}

/** The network itself stays, even with no node left: what was configured is not lost with a machine. */
function leave(tx: Transaction, network: Network, node: string): void {
  const excluded = network.excludedNodes?.filter((each) => each !== node);
  if (!isOn(network, node) && excluded?.length === network.excludedNodes?.length) return;
  forgetCopy(tx, network, node);
  const { excludedNodes: _, ...rest } = network;
  const nodes = network.nodes.filter(({ name }) => name !== node);
  tx.put(keys.network(network.name), {
    ...rest,
    nodes,
    ...(excluded !== undefined && excluded.length > 0 ? { excludedNodes: excluded } : {}),
  });
}
