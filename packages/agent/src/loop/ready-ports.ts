import type { Vm } from '@kcore/contract';
import { linkKey } from '../model/needs.ts';
import type { Resource } from '../model/resource.ts';
import { resourceOf } from './drift.ts';
import type { PassOutcome } from './reconcile.ts';

/**
 * The VMs whose NICs are all plugged in, with all that guards them: a guest does not start on a port whose
 * anti-spoofing rules could not be made.
 */
export function readyVms(vms: readonly Vm[], { observation, problems }: PassOutcome): ReadonlySet<string> {
  const failing = [...problems.values()].map(({ operation }) => resourceOf(operation));
  const ready = vms.filter(({ nics }) =>
    nics.every(
      ({ tap }) => observation.state.has(linkKey(tap)) && !failing.some((resource) => mentions(resource, tap)),
    ),
  );
  return new Set(ready.map(({ name }) => name));
}

/** A port's name stands in a link's name, a key of an element, or a rule's value: anywhere as a text of its own. */
function mentions(resource: Resource, name: string): boolean {
  return JSON.stringify(resource).includes(JSON.stringify(name));
}
