import type {
  Condition,
  KcoreError,
  Network,
  NetworkDescription,
  NetworkView,
  NodeDescription,
  NodeView,
  Result,
  Vm,
  VmView,
} from '@kcore/contract';
import type { Sessions } from '../fanout/sessions.ts';
import { present } from '../present.ts';
import {
  allNetworks,
  allNodes,
  isOn,
  networkNamed,
  nodeNamed,
  noVm,
  type Reader,
  vmRowsOn,
} from '../resources/lookup.ts';
import { reasonOutside } from '../resources/membership.ts';
import { allowedOf, type Overcommit, UNUSED, type Used, usedByNode } from '../resources/share.ts';
import { keys, type NodeRow } from '../store/rows.ts';
import type { Row } from '../store/store.ts';

/** What people are shown: what is stored, with what the nodes say of it. */

/** Events shown in a description. */
const RECENT = 50;

type NetworkOnNode = NetworkView['nodes'][number];

function conditionOf(problem: KcoreError): Condition {
  const { condition, remedy } = problem.details;
  return {
    type: typeof condition === 'string' ? condition : 'NotPossible',
    message: problem.message,
    ...(remedy === undefined ? {} : { remedy }),
  };
}

function networkOnNode(sessions: Sessions, network: Network, name: string, row: NodeRow | undefined): NetworkOnNode {
  const status = sessions.status(name)?.network(network.name);
  const connected = sessions.isReady(name);
  const externalIp = network.nodes.find((node) => node.name === name)?.externalIp ?? network.externalIp;
  const vtep = network.type === 'vxlan' ? (status?.vtep ?? row?.facts.vtep) : undefined;
  const known = connected && status !== undefined;
  const stale = known && status.state === 'ready' && sessions.isPending(name, network.name);
  return {
    node: name,
    ...present({ vtep, externalIp, message: status?.message, bridge: status?.bridge }),
    state: stale ? 'pending' : known ? status.state : 'unknown',
    conditions: status?.conditions ?? [],
  };
}

/** A node that should have the network and cannot: shown with the reason, though it has nothing of it. */
function outsideNode(network: Network, node: NodeRow, problem: KcoreError): NetworkOnNode {
  const vtep = network.type === 'vxlan' ? node.facts.vtep : undefined;
  return {
    node: node.name,
    ...present({ vtep }),
    state: 'error',
    message: problem.message,
    conditions: [conditionOf(problem)],
  };
}

export function networkView(reader: Reader, sessions: Sessions, network: Network): NetworkView {
  const rows = new Map(allNodes(reader).map((row) => [row.name, row]));
  const on = network.nodes.map(({ name }) => networkOnNode(sessions, network, name, rows.get(name)));
  const outside = [...rows.values()].flatMap((row) => {
    const problem = network.everyNode ? reasonOutside(reader, network, row) : undefined;
    // A node that was told not to take part is not a node that cannot.
    const asked = problem?.details['condition'] === 'VxlanDisabled';
    return problem === undefined || asked ? [] : [outsideNode(network, row, problem)];
  });
  return { network, nodes: [...on, ...outside] };
}

export function listNetworks(reader: Reader, sessions: Sessions, node: string | undefined): Result<'network.list'> {
  if (node !== undefined) nodeNamed(reader, node);
  const networks = allNetworks(reader).filter((network) => node === undefined || isOn(network, node));
  return { networks: networks.map((network) => networkView(reader, sessions, network)) };
}

export function describeNetwork(reader: Reader, sessions: Sessions, name: string): NetworkDescription {
  const network = networkNamed(reader, name);
  const events = network.nodes.flatMap((node) =>
    (sessions.status(node.name)?.events ?? [])
      .filter(({ object }) => object === name || object === `network/${name}` || object === network.bridge)
      .map((event) => ({ node: node.name, event })),
  );
  events.sort((a, b) => (a.event.at < b.event.at ? -1 : 1));
  return {
    ...networkView(reader, sessions, network),
    dhcp: network.nodes.flatMap(({ name: node }) => {
      const status = sessions.status(node)?.dhcp(name);
      return status === undefined ? [] : [{ node, status }];
    }),
    vms: vmRowsOn(reader, name).map((row) => vmView(sessions, row)),
    events: events.slice(-RECENT),
  };
}

/** A VM that was just changed has a status of before until its node says that it has taken the change. */
export function vmView(sessions: Sessions, { value: vm, revision }: Row<Vm>): VmView {
  const status = sessions.isReady(vm.node) ? sessions.status(vm.node)?.vm(vm.name) : undefined;
  const pending = !sessions.hasReached(vm.node, revision);
  return { vm, ...present({ status }), ...(pending ? { pending } : {}) };
}

function vmRows(reader: Reader): Row<Vm>[] {
  return [...reader.range<Vm>(keys.vms)];
}

export function listVms(
  reader: Reader,
  sessions: Sessions,
  filter: { readonly network?: string; readonly node?: string },
): Result<'vm.list'> {
  if (filter.network !== undefined) networkNamed(reader, filter.network);
  if (filter.node !== undefined) nodeNamed(reader, filter.node);
  const vms = filter.network === undefined ? vmRows(reader) : vmRowsOn(reader, filter.network);
  const shown = vms.filter(({ value }) => filter.node === undefined || value.node === filter.node);
  return { vms: shown.map((row) => vmView(sessions, row)) };
}

/** @throws {KcoreError} NotFound */
export function describeVm(reader: Reader, sessions: Sessions, name: string): VmView {
  const row = reader.get<Vm>(keys.vm(name));
  if (row === undefined) throw noVm(name);
  return vmView(sessions, row);
}

/** What the nodes' VMs have and may have. */
interface Shares {
  readonly used: ReadonlyMap<string, Used>;
  readonly overcommit: Overcommit;
}

function nodeView(reader: Reader, sessions: Sessions, row: NodeRow, { used, overcommit }: Shares): NodeView {
  const status = sessions.status(row.name);
  const outside = allNetworks(reader).flatMap((network) => {
    const problem = reasonOutside(reader, network, row);
    return problem === undefined || problem.details['condition'] === 'VxlanDisabled' ? [] : [conditionOf(problem)];
  });
  const { cpus, memoryBytes, diskBytes } = used.get(row.name) ?? UNUSED;
  return {
    name: row.name,
    state: sessions.isReady(row.name) ? 'ready' : 'unknown',
    facts: row.facts,
    ...present({ reached: status?.reached?.revision }),
    conditions: [...(status?.conditions ?? []), ...outside],
    used: { cpus, memoryBytes, diskBytes },
    ...present({ allowed: allowedOf(row.facts.room, overcommit) }),
    registeredAt: row.registeredAt,
  };
}

export function listNodes(reader: Reader, sessions: Sessions, overcommit: Overcommit): Result<'node.list'> {
  const shares = { used: usedByNode(reader), overcommit };
  return { nodes: allNodes(reader).map((row) => nodeView(reader, sessions, row, shares)) };
}

export function describeNode(
  reader: Reader,
  sessions: Sessions,
  overcommit: Overcommit,
  name: string,
): NodeDescription {
  const row = nodeNamed(reader, name);
  const status = sessions.status(name);
  const vms = vmRows(reader).filter(({ value }) => value.node === name);
  return {
    ...nodeView(reader, sessions, row, { used: usedByNode(reader), overcommit }),
    networks: status?.networks ?? [],
    vms: vms.map((vm) => vmView(sessions, vm)),
    images: status?.images ?? [],
    events: (status?.events ?? []).slice(-RECENT),
  };
}
