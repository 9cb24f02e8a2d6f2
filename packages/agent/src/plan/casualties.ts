import { parseIpv4, subnetOf } from '@kcore/contract';
import { type HostState, keyOf } from '../model/key.ts';
import { tableKey } from '../model/needs.ts';
import type { Address, Link, Resource } from '../model/resource.ts';
import { difference } from './equal.ts';

/**
 * What goes with what (measured: datapath traps of the kernel).
 *
 * - Deleting a link takes its addresses, neighbours, forwarding entries, routes and VLAN sub-interfaces with it, and
 *   frees its ports. Deleting an nft table takes all that is in it.
 * - Changing a link's MAC flushes its neighbours, permanent ones too, and its routes.
 * - Moving a port to another bridge loses the bridge's static entries for it, and its port settings.
 * - Deleting an address deletes the secondary ones of its subnet unless `promote_secondaries` is set; deleting the last
 *   one flushes neighbours and routes.
 *
 * The first is certain: no operation is spent on it. The others may happen, so what is wanted of them is made again,
 * which does nothing where it survived.
 */
export interface Casualties {
  /** Links and tables to delete, whether or not they are made again. */
  readonly deleted: ReadonlyMap<string, { readonly have: Resource; readonly reason: string }>;
  /** Observed state as it will be when those are gone; without what is wanted and may be lost. */
  readonly survivors: ReadonlyMap<string, Resource>;
  /** Why something wanted that was there has to be made: `falls with link kbr-private`. */
  readonly lost: ReadonlyMap<string, string>;
}

export function casualties(desired: HostState, observed: HostState): Casualties {
  const deleted = deletions(desired, observed);
  const survivors = new Map(observed);
  const lost = new Map<string, string>();
  const lose = (key: string, because: string): void => {
    survivors.delete(key);
    lost.set(key, `falls with ${because}`);
  };
  for (const key of deleted.keys()) {
    survivors.delete(key);
    dependants(key, survivors, lose);
  }
  const loseIfWanted = (key: string, because: string): void => {
    if (desired.has(key)) lose(key, because);
  };
  linkChanges(desired, survivors, loseIfWanted);
  addressDeletions(desired, survivors, loseIfWanted);
  return { deleted, survivors, lost };
}

type Lose = (key: string, because: string) => void;

function deletions(desired: HostState, observed: HostState): Casualties['deleted'] {
  const deleted = new Map<string, { have: Resource; reason: string }>();
  for (const [key, have] of observed) {
    const want = desired.get(key);
    if (have.kind === 'link' && have.owned) {
      if (want === undefined) deleted.set(key, { have, reason: 'not wanted' });
      else if (want.kind === 'link' && want.owned) {
        const found = difference(want, have);
        if (found?.action === 'replace') deleted.set(key, { have, reason: found.reason });
      }
    }
    if (have.kind === 'nft-table' && want === undefined) deleted.set(key, { have, reason: 'not wanted' });
    // A set's type and a chain's hook cannot be changed while rules refer to them; the table is one transaction anyway.
    if (have.kind !== 'nft-set' && have.kind !== 'nft-chain') continue;
    const found = want === undefined ? undefined : difference(want, have);
    const table = observed.get(tableKey(have));
    if (found?.action !== 'replace' || table === undefined) continue;
    deleted.set(keyOf(table), { have: table, reason: `${have.name}: ${found.reason}` });
  }
  return deleted;
}

/** Follows a deletion through what it takes along. */
function dependants(key: string, survivors: Map<string, Resource>, lose: Lose): void {
  for (const [each, resource] of survivors) {
    if (resource.kind === 'link' && `link ${resource.master}` === key) {
      const { master: _master, port: _port, ...freed } = resource;
      survivors.set(each, { ...freed, master: null } as Link);
      bridgeEntries(resource.name, survivors, (entry) => lose(entry, key));
    }
    if (!diesWith(resource, key)) continue;
    lose(each, key);
    if (resource.kind === 'link') dependants(each, survivors, lose);
  }
}

function diesWith(resource: Resource, key: string): boolean {
  switch (resource.kind) {
    case 'address':
    case 'neighbour':
    case 'fdb':
    case 'route':
      return `link ${resource.link}` === key;
    case 'link':
      return resource.type === 'vlan' && `link ${resource.parent}` === key;
    case 'nft-set':
    case 'nft-chain':
    case 'nft-element':
      return tableKey(resource) === key;
    case 'rule':
    case 'nft-table':
      return false;
  }
}

function bridgeEntries(port: string, state: ReadonlyMap<string, Resource>, found: (key: string) => void): void {
  for (const [key, resource] of state) {
    if (resource.kind === 'fdb' && resource.table === 'bridge' && resource.link === port) found(key);
  }
}

function linkChanges(desired: HostState, survivors: Map<string, Resource>, lose: Lose): void {
  for (const [key, have] of survivors) {
    const want = desired.get(key);
    if (have.kind !== 'link' || want?.kind !== 'link') continue;
    if (want.mac !== undefined && want.mac !== have.mac)
      flushed(have.name, survivors, `the change of ${key}'s MAC`, lose);
    if (want.master === undefined || want.master === (have.master ?? null)) continue;
    bridgeEntries(have.name, survivors, (entry) => lose(entry, `the change of ${key}'s master`));
    const { port: _port, ...moved } = have;
    survivors.set(key, moved as Link);
  }
}

/** What the kernel flushes when a link changes its MAC or loses its last address. */
function flushed(link: string, state: ReadonlyMap<string, Resource>, because: string, lose: Lose): void {
  for (const [key, resource] of state) {
    if ((resource.kind === 'neighbour' || resource.kind === 'route') && resource.link === link) lose(key, because);
  }
}

function addressDeletions(desired: HostState, survivors: Map<string, Resource>, lose: Lose): void {
  const byLink = new Map<string, Address[]>();
  for (const resource of survivors.values()) {
    if (resource.kind === 'address') byLink.set(resource.link, [...(byLink.get(resource.link) ?? []), resource]);
  }
  for (const [link, addresses] of byLink) {
    const going = addresses.filter((address) => !desired.has(keyOf(address)));
    const [first] = going;
    if (first === undefined) continue;
    const staying = addresses.filter((address) => desired.has(keyOf(address)));
    const secondary = staying.filter((address) => going.some((other) => inOneSubnet(address, other)));
    for (const address of secondary) lose(keyOf(address), keyOf(first));
    if (secondary.length === staying.length) flushed(link, survivors, keyOf(first), lose);
  }
}

function inOneSubnet(a: Address, b: Address): boolean {
  return a.prefix === b.prefix && networkOf(a) === networkOf(b);
}

function networkOf({ address, prefix }: Address): number {
  return subnetOf(parseIpv4(address), prefix).network;
}
