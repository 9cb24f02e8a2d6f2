import { DEFAULT_NETWORK, type Nic, type NicSpec } from '@kcore/contract';

/** Which NICs of a VM a manifest means. Pure. */

export interface NicPlan {
  readonly kept: readonly { readonly nic: Nic; readonly spec: NicSpec }[];
  readonly gone: readonly Nic[];
  /** In the order of the manifest. */
  readonly fresh: readonly NicSpec[];
}

/**
 * A NIC of the manifest is the VM's NIC of that network with its MAC; where no MAC is given, the one with its address;
 * where neither is given, the one in its place in the list, and then the first of that network that is left. What was
 * found and has another address or MAC than was asked for is no match: such a NIC goes, and another comes.
 */
export function planNics(existing: readonly Nic[], wanted: readonly NicSpec[]): NicPlan {
  const matches = new Map<number, Nic>();
  const free = (nic: Nic | undefined, spec: NicSpec): nic is Nic =>
    nic !== undefined && ![...matches.values()].includes(nic) && isOf(nic, spec);
  const match = (concerned: (spec: NicSpec) => boolean, find: (spec: NicSpec, at: number) => Nic | undefined) => {
    for (const [at, spec] of wanted.entries()) {
      if (matches.has(at) || !concerned(spec)) continue;
      const nic = find(spec, at);
      if (nic !== undefined) matches.set(at, nic);
    }
  };
  const first = (spec: NicSpec) => existing.find((nic) => free(nic, spec));
  match(({ mac }) => mac !== undefined, first);
  match(({ mac, address }) => mac === undefined && address !== undefined, first);
  const bare = ({ mac, address }: NicSpec) => mac === undefined && address === undefined;
  match(bare, (spec, at) => (free(existing[at], spec) ? existing[at] : undefined));
  match(bare, first);
  const kept = wanted.flatMap((spec, at) => {
    const nic = matches.get(at);
    return nic === undefined ? [] : [{ nic, spec }];
  });
  const stays = new Set(matches.values());
  return {
    kept,
    gone: existing.filter((nic) => !stays.has(nic)),
    fresh: wanted.filter((_spec, at) => !matches.has(at)),
  };
}

/** Whether a NIC is all that is asked for of it. */
function isOf(nic: Nic, { network = DEFAULT_NETWORK, mac, address }: NicSpec): boolean {
  return (
    nic.network === network &&
    (mac === undefined || nic.mac === mac) &&
    (address === undefined || nic.address === address)
  );
}

/** Indices are stable, so that `eth1` stays `eth1` when `eth0` goes: a new NIC takes the lowest that is free. */
export function freeIndex(nics: readonly Nic[]): number {
  const taken = new Set(nics.map(({ index }) => index));
  let index = 0;
  while (taken.has(index)) index++;
  return index;
}
