import { links } from '@kcore/netlink';
import type { LinkIndexes } from './apply-entry.ts';
import { DELETION_GROUP, isOwnedLink } from './ownership.ts';
import type { Sockets } from './sockets.ts';

/** From here on a group is worth it: a thousand veth pairs take 16 s one by one, and 0.2 s as a group. */
const WORTH_IT = 8;

/**
 * Gathers the links in a group of their own. True when nobody else's is in there: one that cannot be deleted would
 * block all, and one that can would die with them.
 */
export async function deletableTogether(
  names: readonly string[],
  { route, routeDumps }: Sockets,
  indexes: LinkIndexes,
): Promise<boolean> {
  if (names.length < WORTH_IT) return false;
  const going = new Set(names.flatMap((name) => indexes.get(name) ?? []));
  await route.batch([...going].map((index) => links.change({ index }, { group: DELETION_GROUP })));
  const { items, interrupted } = await routeDumps.dump(links.list());
  const members = items.filter((link) => link.group === DELETION_GROUP);
  return !interrupted && members.every((link) => isOwnedLink(link) && going.has(link.index));
}

/** Whatever comes of it: what is left is deleted one by one. */
export async function deleteTogether({ route }: Sockets): Promise<void> {
  await route.batch([links.deleteGroupBlindly(DELETION_GROUP)]);
}
