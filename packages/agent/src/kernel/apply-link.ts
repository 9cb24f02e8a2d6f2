import { type Link as KernelLink, links, NetlinkError, writeNetSysctl } from '@kcore/netlink';
import type { Operation, OperationResult } from '../model/operation.ts';
import type { Link } from '../model/resource.ts';
import { type LinkIndexes, NoLinkError } from './apply-entry.ts';
import { changeSteps } from './link-change.ts';
import { createLink, linkNamed } from './link-create.ts';
import { linkResource, nameOf } from './observe-link.ts';
import { isOwnedLink } from './ownership.ts';
import { ABSENT, failureOf, firstProblem, OK, resultOf } from './result.ts';
import type { Sockets } from './sockets.ts';

/** Applies one operation on a link, and keeps `indexes` true. Never throws. */
export async function applyLink(
  operation: Operation,
  sockets: Sockets,
  indexes: Map<string, number>,
): Promise<OperationResult> {
  try {
    if (operation.op === 'delete') return await deleteLink(operation.have as Link, sockets, indexes);
    if (operation.op === 'update')
      return await updateLink(operation.want as Link, operation.have as Link, sockets, indexes);
    return await makeLink(operation.want as Link, sockets, indexes);
  } catch (error) {
    return failureOf(error);
  }
}

async function deleteLink(have: Link, { route }: Sockets, indexes: Map<string, number>): Promise<OperationResult> {
  const index = indexes.get(have.name);
  if (index === undefined || !have.owned) return OK;
  const [outcome] = await route.batch([links.delete({ index })]);
  const result = resultOf(outcome, ABSENT);
  if (result.status === 'ok') indexes.delete(have.name);
  return result;
}

async function updateLink(want: Link, have: Link, sockets: Sockets, indexes: LinkIndexes): Promise<OperationResult> {
  const index = indexes.get(want.name);
  if (index === undefined) throw new NoLinkError(want.name);
  return bring(index, want, have, sockets, indexes);
}

async function makeLink(want: Link, sockets: Sockets, indexes: Map<string, number>): Promise<OperationResult> {
  const link = await createOrFind(want, sockets, indexes);
  indexes.set(want.name, link.index);
  const names = new Map([...indexes].map(([name, index]) => [index, name]));
  const have = linkResource(link, names);
  if (have?.type !== want.type) return taken(want, have === undefined ? 'of another kind' : `a ${have.type}`);
  return bring(link.index, want, have, sockets, indexes);
}

/** What is there by that name is taken if it is kcore's own: an earlier attempt went as far as that. */
async function createOrFind(want: Link, sockets: Sockets, indexes: LinkIndexes): Promise<KernelLink> {
  try {
    return await createLink(want, sockets, indexes);
  } catch (error) {
    if (!(error instanceof NetlinkError) || error.code !== 'EEXIST') throw error;
    const there = await linkNamed(want.name, sockets.route);
    // An alternative name of another link is taken as well.
    if (there === undefined || nameOf(there) !== want.name || !isOwnedLink(there)) throw error;
    return there;
  }
}

function taken(want: Link, what: string): OperationResult {
  const message = `create link ${want.name}: EEXIST: there is one by that name already, ${what}`;
  return { status: 'failed', code: 'EEXIST', message };
}

/** One batch for all that differs, and the sysctl. A step that fails does not keep the others from being tried. */
async function bring(
  index: number,
  want: Link,
  have: Partial<Link>,
  { route, netns }: Sockets,
  indexes: LinkIndexes,
): Promise<OperationResult> {
  const steps = changeSteps(index, want, have, indexes);
  const outcomes = await route.batch(steps.map(({ request }) => request));
  const results = steps.map(({ tolerated }, at) => resultOf(outcomes[at], tolerated));
  if (want.forwarding !== undefined && want.forwarding !== have.forwarding) {
    // By the sysctl and not by netlink, which would set the value without telling other programs of it.
    await writeNetSysctl(['ipv4', 'conf', want.name, 'forwarding'], want.forwarding ? 1 : 0, netns);
  }
  return firstProblem(results);
}
