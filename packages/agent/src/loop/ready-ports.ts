import type { Attachments } from '../compile/desired.ts';
import { linkKey } from '../model/needs.ts';
import type { Resource } from '../model/resource.ts';
import { portKey } from '../vm/step.ts';
import { resourceOf } from './drift.ts';
import type { PassOutcome } from './reconcile.ts';

/**
 * The NICs that are plugged in, with all that guards them: a guest gets no port whose anti-spoofing rules could not be
 * made.
 * @param attachments those that the pass worked from.
 * @returns their interface indexes: of one that is made again, another.
 */
export function readyPorts(
  attachments: Attachments,
  { observation, desired, problems }: PassOutcome,
): ReadonlyMap<string, number> {
  const links = new Map(observation.facts.links.map(({ name, index }) => [name, index]));
  const failing = [...problems.values()].map(({ operation }) => resourceOf(operation));
  const isReady = ({ tap }: { readonly tap: string }): boolean => {
    const port = desired?.state.get(linkKey(tap));
    // Without a bridge it is the port of a NIC that the guest has not let go of yet.
    const isPort = port?.kind === 'link' && typeof port.master === 'string';
    return isPort && observation.state.has(linkKey(tap)) && !failing.some((resource) => mentions(resource, tap));
  };
  return new Map(
    [...attachments.values()].flatMap((nics) =>
      nics.filter(isReady).map((nic) => [portKey(nic), links.get(nic.tap) ?? 0] as const),
    ),
  );
}

/** A port's name stands in a link's name, a key of an element, or a rule's value: anywhere as a text of its own. */
function mentions(resource: Resource, name: string): boolean {
  return JSON.stringify(resource).includes(JSON.stringify(name));
}
