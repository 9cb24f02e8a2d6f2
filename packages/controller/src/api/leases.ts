import { isIpv4, type LeaseStatus, type Params, parseIpv4, type Result, type Vm } from '@kcore/contract';
import type { Sessions } from '../fanout/sessions.ts';
import { present } from '../present.ts';
import { allNodes, networkNamed, nodeNamed, type Reader, valuesOf } from '../resources/lookup.ts';
import { keys } from '../store/rows.ts';

type Row = Result<'lease.list'>['leases'][number];
type Place = NonNullable<Result<'lease.list'>['next']>;

/** Leases in one answer: a fraction of the longest message, whatever clients call themselves. */
const PAGE = 10_000;

/** Kept for a client that may come back; not somebody's address now. */
const OVER: ReadonlySet<LeaseStatus['state']> = new Set(['expired', 'released']);

function placeOf({ node, lease }: Row): Place {
  return { network: lease.network, node, address: lease.address };
}

function compareText(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}

function numberOf(address: string): number {
  return isIpv4(address) ? parseIpv4(address) : 0;
}

function compare(a: Place, b: Place): number {
  return compareText(a.network, b.network) || compareText(a.node, b.node) || numberOf(a.address) - numberOf(b.address);
}

/** Names of VMs by what their NICs are known by on a network of a node. */
function ownersOf(reader: Reader): ReadonlyMap<string, string> {
  const owners = new Map<string, string>();
  for (const vm of valuesOf<Vm>(reader, keys.vms)) {
    for (const nic of vm.nics) owners.set(`${vm.node} ${nic.network} ${nic.mac}`, vm.name);
  }
  return owners;
}

/** R-44: what the nodes' DHCP servers have given out, with the VM whose NIC it is. @throws {KcoreError} NotFound */
export function listLeases(reader: Reader, sessions: Sessions, filter: Params<'lease.list'>): Result<'lease.list'> {
  const { network, node: only, all = false, after } = filter;
  if (network !== undefined) networkNamed(reader, network);
  if (only !== undefined) nodeNamed(reader, only);
  const owners = ownersOf(reader);
  const rows: { readonly row: Row; readonly place: Place }[] = [];
  for (const { name: node } of allNodes(reader)) {
    if (only !== undefined && node !== only) continue;
    for (const lease of sessions.leases(node)) {
      if ((network !== undefined && lease.network !== network) || (!all && OVER.has(lease.state))) continue;
      const row = { node, ...present({ vm: owners.get(`${node} ${lease.network} ${lease.mac}`) }), lease };
      const place = placeOf(row);
      if (after === undefined || compare(place, after) > 0) rows.push({ row, place });
    }
  }
  rows.sort((a, b) => compare(a.place, b.place));
  const page = rows.slice(0, PAGE);
  const next = rows.length > PAGE ? page.at(-1)?.place : undefined;
  return { leases: page.map(({ row }) => row), ...present({ next }) };
}
