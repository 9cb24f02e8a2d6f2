import { isDeepStrictEqual } from 'node:util';
import { invalidArgument, type Network, type NetworkSpec, parseIpv4 } from '@kcore/contract';
import { ownerOf } from '../ipam/addresses.ts';
import { poolOf } from '../ipam/pool.ts';
import { present } from '../present.ts';
import { keys } from '../store/rows.ts';
import type { Transaction } from '../store/store.ts';
import type { Context } from './context.ts';
import { describeForward } from './forward-decide.ts';
import { allNodes, isOn, nodeNamed, vmsOn } from './lookup.ts';
import { joinEligible } from './membership.ts';
import { checkNotReserved } from './name-rules.ts';
import { createNetwork, refuseAmbiguousPorts, refuseProblems } from './network-create.ts';
import { decideNetwork } from './network-decide.ts';
import { refuseInUse } from './network-delete.ts';

export interface AppliedNetwork {
  readonly outcome: 'created' | 'configured' | 'unchanged';
  readonly network: Network;
  readonly nodes: string[];
  readonly changes: string[];
}

/** makes the network what the manifest says. @throws {KcoreError} */
export function applyNetwork(tx: Transaction, context: Context, name: string, spec: NetworkSpec): AppliedNetwork {
  checkNotReserved(name);
  const existing = tx.get<Network>(keys.network(name))?.value;
  if (existing === undefined) {
    const { network, nodes } = createNetwork(tx, context, name, spec, []);
    return { outcome: 'created', network, nodes, changes: [] };
  }
  const wanted = nextState(tx, existing, spec);
  const changes = describeChanges(existing, wanted);
  if (changes.length === 0) {
    return { outcome: 'unchanged', network: existing, nodes: nodeNames(existing), changes };
  }
  checkNext(tx, existing, wanted);
  tx.put(keys.network(name), wanted);
  return { outcome: 'configured', network: wanted, nodes: nodeNames(wanted), changes };
}

const nodeNames = (network: Network): string[] => network.nodes.map(({ name }) => name);

/** What is absent in the manifest goes back to its default, but for what was decided when the network was made. */
function nextState(tx: Transaction, existing: Network, spec: NetworkSpec): Network {
  const decided = decideNetwork(existing.name, spec);
  refuseImmutable(existing, { ...decided, mtu: decided.mtu ?? existing.mtu });
  const everyNode = existing.type === 'vxlan' && spec.nodes === undefined;
  const { uid, bridge, createdAt, vni, mtu, excludedNodes } = existing;
  const kept = { ...decided, uid, bridge, createdAt, ...present({ vni, mtu, excludedNodes }) };
  if (spec.nodes !== undefined) {
    const { excludedNodes: _, ...rest } = kept;
    return { ...rest, everyNode, nodes: spec.nodes };
  }
  const network = { ...kept, everyNode, nodes: existing.nodes };
  return everyNode && !existing.everyNode ? joinEligible(tx, network, allNodes(tx)) : network;
}

function refuseImmutable(existing: Network, wanted: { readonly [K in keyof Network]?: Network[K] | undefined }): void {
  const fields = ['type', 'gatewayIp', 'internalNetmask', 'vlanId', 'mtu'] as const;
  const changed: string[] = fields.filter((field) => existing[field] !== wanted[field]);
  // Moving a bridge to another NIC cuts its VMs; for nat and vxlan the uplink is only where packets leave.
  if (existing.type === 'bridge' && existing.uplink !== wanted.uplink) changed.push('uplink');
  if (changed.length === 0) return;
  throw invalidArgument(`cannot change immutable field(s) ${changed.join(', ')} of network '${existing.name}'`, {
    field: `spec.${changed[0]}`,
    remedy: 'delete the network and create it again',
  });
}

function checkNext(tx: Transaction, existing: Network, wanted: Network): void {
  const left = existing.nodes.filter(({ name }) => !isOn(wanted, name)).map(({ name }) => name);
  if (left.length > 0) refuseInUse(tx, existing, left);
  const added = wanted.nodes.filter(({ name }) => !isOn(existing, name));
  const portsChanged =
    !isDeepStrictEqual(existing.forwards, wanted.forwards) ||
    !isDeepStrictEqual(existing.allowedTcpPorts, wanted.allowedTcpPorts) ||
    !isDeepStrictEqual(existing.allowedUdpPorts, wanted.allowedUdpPorts) ||
    !isDeepStrictEqual(existing.externalIp, wanted.externalIp) ||
    existing.uplink !== wanted.uplink;
  const toCheck = portsChanged ? wanted.nodes : added;
  refuseProblems(
    tx,
    wanted,
    toCheck.map(({ name }) => nodeNamed(tx, name)),
  );
  refuseAmbiguousPorts(tx, wanted);
  refuseTakenReservations(tx, wanted);
}

/** A reservation cannot give away an address that a VM with another MAC has. */
function refuseTakenReservations(tx: Transaction, network: Network): void {
  const vms = vmsOn(tx, network.name);
  for (const { mac, address } of network.dhcp.reservations ?? []) {
    for (const vm of vms) {
      const pool = poolOf(network, vm.node);
      if (pool === undefined) continue;
      const owner = ownerOf(tx, pool.id, parseIpv4(address) - pool.subnet.network);
      const nic = vm.nics.find((each) => each.network === network.name && each.address === address);
      if (owner?.vm !== vm.name || nic === undefined || nic.mac === mac) continue;
      throw invalidArgument(`reservation ${address} for ${mac}: VM '${vm.name}' has that address`, {
        field: 'spec.dhcp.reservations',
      });
    }
  }
}

/** One line for each thing that changed: `externalIp: 192.168.40.105 → 192.168.40.106`. */
export function describeChanges(before: Network, after: Network): string[] {
  const lines: string[] = [];
  const scalars = ['externalIp', 'uplink', 'externalGateway', 'outboundNat'] as const;
  for (const field of scalars) {
    if (before[field] !== after[field]) lines.push(`${field}: ${before[field] ?? '-'} → ${after[field] ?? '-'}`);
  }
  lines.push(...listChanges('forwards', before.forwards.map(describeForward), after.forwards.map(describeForward)));
  lines.push(...listChanges('allowedTcpPorts', before.allowedTcpPorts.map(String), after.allowedTcpPorts.map(String)));
  lines.push(...listChanges('allowedUdpPorts', before.allowedUdpPorts.map(String), after.allowedUdpPorts.map(String)));
  const dhcpFields = new Set([...Object.keys(before.dhcp), ...Object.keys(after.dhcp)]) as Set<keyof Network['dhcp']>;
  for (const field of dhcpFields) {
    if (isDeepStrictEqual(before.dhcp[field], after.dhcp[field])) continue;
    lines.push(`dhcp.${field}: ${inWords(before.dhcp[field])} → ${inWords(after.dhcp[field])}`);
  }
  const where = (network: Network) => (network.everyNode ? 'every node' : 'the named nodes');
  if (before.everyNode !== after.everyNode) lines.push(`nodes: ${where(before)} → ${where(after)}`);
  lines.push(...listChanges('nodes', before.nodes.map(placement), after.nodes.map(placement)));
  return lines;
}

function placement({ name, externalIp }: Network['nodes'][number]): string {
  return externalIp === undefined ? name : `${name} (externalIp ${externalIp})`;
}

function listChanges(field: string, before: readonly string[], after: readonly string[]): string[] {
  const removed = before.filter((each) => !after.includes(each)).map((each) => `${field}: - ${each}`);
  const added = after.filter((each) => !before.includes(each)).map((each) => `${field}: + ${each}`);
  return [...removed, ...added];
}

function inWords(value: unknown): string {
  return value === undefined ? '-' : typeof value === 'string' ? value : JSON.stringify(value);
}
