import { createHash } from 'node:crypto';
import { formatSubnet } from '@kcore/contract';
import type { HostFacts } from '../model/host-facts.ts';
import type { Resource, Route } from '../model/resource.ts';
import type { NodeIdentity } from './desired.ts';
import { gatewayInterface, gatewayThrough } from './host.ts';
import type { ResolvedNetwork } from './resolved-network.ts';
import { compareText } from './spec-index.ts';

/**
 * nat over an uplink that is not the node's default one (R-35).
 *
 * Routed by the main table, guests' packets would leave by the default route's NIC, untranslated, and answers to
 * forwards from afar would too. So what comes from the bridge is looked up in a table of the uplink's own, whose default
 * leads over it or says `unreachable`. Looking up by source subnet instead (`from <cidr>`) would steal the gateway's own
 * replies. The table also needs the subnets behind which forwards are: their packets are looked up again after DNAT.
 */
export function policyRouting(
  networks: readonly ResolvedNetwork[],
  host: HostFacts,
  node: NodeIdentity,
): ReadonlyMap<string, readonly Resource[]> {
  const tables = [...groupByTable(networks, host, node).entries()].toSorted(([a], [b]) => compareText(a, b));
  const taken = new Set(host.routes.map((route) => route.table));
  const withForwards = networks.filter((network) => network.spec.forwards.length > 0);
  const resources = new Map<string, readonly Resource[]>();
  for (const [label, users] of tables) {
    const table = freeTable(label, taken);
    const shared = sharedRoutes(table, users, withForwards);
    for (const user of users) resources.set(user.network.spec.name, [...shared, ...rulesOf(table, user)]);
  }
  return resources;
}

/** All rules kcore makes have this priority: before the main table's 32766, after local's 0. */
const RULE_PRIORITY = 10_000;

/** First table id used, and how many there are: far above what people number by hand. */
const TABLE_BASE = 0x6b00_0000;
const TABLE_SPREAD = 0x00ff_ffff;

interface TableUser {
  readonly network: ResolvedNetwork;
  readonly uplink: string;
  /** Next hop; absent: there is none, and what is not on the link is unreachable. */
  readonly via?: string;
}

function groupByTable(
  networks: readonly ResolvedNetwork[],
  host: HostFacts,
  node: NodeIdentity,
): ReadonlyMap<string, readonly TableUser[]> {
  const groups = new Map<string, TableUser[]>();
  for (const network of networks) {
    const { uplink, spec, nat } = network;
    if (!nat || uplink === undefined) continue;
    // Over the node's own default NIC the main table is right, and follows what the host does to it.
    if (uplink.vlan === undefined && uplink.name === gatewayInterface(host, node)) continue;
    const via = spec.externalGateway ?? gatewayThrough(host, uplink.name);
    const label = `${uplink.name} ${via ?? '-'}`;
    const user = { network, uplink: uplink.name, ...(via === undefined ? {} : { via }) };
    groups.set(label, [...(groups.get(label) ?? []), user]);
  }
  return groups;
}

/** The same uplink gets the same id on every run; two that hash alike get neighbours, in the order of their names. */
function freeTable(label: string, taken: Set<number>): number {
  let table = TABLE_BASE + (createHash('sha256').update(label).digest().readUInt32BE() % TABLE_SPREAD);
  while (taken.has(table)) table += 1;
  taken.add(table);
  return table;
}

function sharedRoutes(
  table: number,
  users: readonly TableUser[],
  withForwards: readonly ResolvedNetwork[],
): readonly Resource[] {
  const routes = new Map<string, Route>();
  const add = (route: Omit<Route, 'kind' | 'table'>): void => {
    routes.set(route.destination, { kind: 'route', table, ...route });
  };
  for (const { network, uplink, via } of users) {
    add(via === undefined ? unreachableDefault : { destination: '0.0.0.0/0', type: 'unicast', via, link: uplink });
    const onUplink = network.external?.onUplink;
    if (onUplink !== undefined && onUplink.prefix < 32) {
      add({ destination: formatSubnet(onUplink.subnet), type: 'unicast', link: uplink });
    }
  }
  for (const { segment, bridge } of [...users.map(({ network }) => network), ...withForwards]) {
    if (segment === undefined) continue;
    add({ destination: formatSubnet(segment.subnet), type: 'unicast', link: bridge.name });
  }
  return [...routes.values()];
}

const unreachableDefault = { destination: '0.0.0.0/0', type: 'unreachable' } as const;

function rulesOf(table: number, { network }: TableUser): readonly Resource[] {
  const rule = { kind: 'rule', priority: RULE_PRIORITY, table } as const;
  const rules: Resource[] = [{ ...rule, incomingLink: network.bridge.name }];
  // Only for an address that kcore put there: how the host routes its own is the host's.
  const external = network.external;
  if (external?.onUplink !== undefined) rules.push({ ...rule, from: `${external.address}/32` });
  return rules;
}
