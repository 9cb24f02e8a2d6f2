import type { Link, Route, Rule } from '@kcore/netlink';
import { ALIAS_PREFIX, LINK_GROUP, ROUTE_PROTOCOL } from '../model/resource.ts';

/** Links on their way out are gathered in a group of their own, because a group is deleted at once. */
export const DELETION_GROUP = LINK_GROUP + 1;

/**
 * The group is given in the message that makes a link, the alias in the next one, since the kernel forgets it in the
 * first: a link of the group without an alias is one that a crash left between the two.
 */
export function isOwnedLink({ group, alias }: Pick<Link, 'group' | 'alias'>): boolean {
  if (group !== LINK_GROUP && group !== DELETION_GROUP) return false;
  return alias === undefined || alias.startsWith(ALIAS_PREFIX);
}

export function isOwnedRoute({ protocol }: Pick<Route, 'protocol'>): boolean {
  return protocol === ROUTE_PROTOCOL;
}

export function isOwnedRule({ protocol }: Pick<Rule, 'protocol'>): boolean {
  return protocol === ROUTE_PROTOCOL;
}
