import { type ErrorCode, failedPrecondition, type GuestRoom, KcoreError, roundBytes } from '@kcore/contract';
import { allowedOf, type Overcommit, type Share, type Used } from './share.ts';

/** Which node a VM goes to, and why not to the others. Pure. */

/** A node as it is offered to a VM. */
export interface Offer {
  readonly name: string;
  readonly ready: boolean;
  /** Absent: nothing limits its VMs. */
  readonly room?: GuestRoom;
  readonly used: Used;
  /** What the VM needs and the node has not, in words: `network 'private' is not configured on it`. */
  readonly lacks: readonly string[];
}

interface Refusal {
  readonly kind: 'lacks' | 'none' | 'room' | 'away';
  readonly reason: string;
}

/** Nodes named in one error; a thousand would be no answer. */
const NAMED = 20;

/**
 * The node where most is left after the VM came, by the resource that is scarcest there; then the one with fewer VMs;
 * then the first by name.
 * @throws {KcoreError} Unavailable when a node's only fault is that it is away; ResourceExhausted when room is what is
 * lacking; FailedPrecondition otherwise. Each names every node with its reasons.
 */
export function place(vm: string, want: Share, offers: readonly Offer[], overcommit: Overcommit): string {
  const judged = offers.map((offer) => ({ offer, refusals: refusalsOf(offer, want, overcommit) }));
  const [best] = judged
    .filter(({ refusals }) => refusals.length === 0)
    .map(({ offer }) => ({ offer, load: loadOf(offer, want, overcommit) }))
    .sort((a, b) => a.load - b.load || a.offer.used.vms - b.offer.used.vms || (a.offer.name < b.offer.name ? -1 : 1));
  if (best !== undefined) return best.offer.name;
  throw refused(
    vm,
    judged.map(({ offer, refusals }) => ({ node: offer.name, refusals })),
  );
}

/** For a VM that is to be on this very node. Whether the node is there at the moment does not matter: it comes back. */
export function placePinned(vm: string, want: Share, offer: Offer, overcommit: Overcommit): string {
  const [first] = refusalsOf({ ...offer, ready: true }, want, overcommit);
  if (first === undefined) return offer.name;
  if (first.kind === 'none') throw failedPrecondition(`node '${offer.name}' cannot run VM '${vm}': ${first.reason}`);
  if (first.kind === 'lacks') throw failedPrecondition(`node '${offer.name}' cannot have VM '${vm}': ${first.reason}`);
  throw noRoom(`VM '${vm}' does not fit on node '${offer.name}': ${first.reason}`);
}

/**
 * A VM on its node wants something else than before: to run, or to be larger. What it does not want more of is not
 * looked at, so that a node that shrank keeps what it has.
 * @throws {KcoreError} ResourceExhausted with figures.
 */
export function refuseGrowth(
  vm: string,
  change: { readonly before: Share; readonly after: Share },
  offer: Pick<Offer, 'name' | 'room' | 'used'>,
  overcommit: Overcommit,
): void {
  const { before, after } = change;
  const more: Share = {
    cpus: Math.max(0, after.cpus - before.cpus),
    memoryBytes: Math.max(0, after.memoryBytes - before.memoryBytes),
    diskBytes: Math.max(0, after.diskBytes - before.diskBytes),
  };
  const shortage = shortageOf(offer, more, overcommit);
  if (shortage !== undefined) throw noRoom(`VM '${vm}' does not fit on node '${offer.name}' any more: ${shortage}`);
}

function noRoom(message: string): KcoreError {
  return new KcoreError('ResourceExhausted', message, {
    remedy: 'ask for less, stop or delete other VMs, or see kctl get nodes -o wide for a node with more room',
  });
}

function refusalsOf(offer: Offer, want: Share, overcommit: Overcommit): Refusal[] {
  const refusals: Refusal[] = offer.lacks.map((reason) => ({ kind: 'lacks', reason }));
  if (offer.room?.kind === 'none') refusals.push({ kind: 'none', reason: offer.room.reason });
  const shortage = shortageOf(offer, want, overcommit);
  if (shortage !== undefined) refusals.push({ kind: 'room', reason: shortage });
  if (!offer.ready) refusals.push({ kind: 'away', reason: 'not connected' });
  return refusals;
}

const resources = [
  { field: 'cpus', words: (count: number) => `${count} ${count === 1 ? 'CPU' : 'CPUs'}` },
  { field: 'memoryBytes', words: (bytes: number) => `${roundBytes(bytes)} of memory` },
  { field: 'diskBytes', words: (bytes: number) => `${roundBytes(bytes)} of disk` },
] as const;

/** `4G of memory wanted, 2G of 8G left`; undefined when all is there. */
function shortageOf(
  { room, used }: Pick<Offer, 'room' | 'used'>,
  want: Share,
  overcommit: Overcommit,
): string | undefined {
  const allowed = allowedOf(room, overcommit);
  if (allowed === undefined) return undefined;
  const short = resources.flatMap(({ field, words }) => {
    const left = Math.max(0, allowed[field] - used[field]);
    if (want[field] === 0 || want[field] <= left) return [];
    const figure = (value: number) => (field === 'cpus' ? String(value) : roundBytes(value));
    return [`${words(want[field])} wanted, ${figure(left)} of ${figure(allowed[field])} left`];
  });
  return short.length === 0 ? undefined : short.join('; ');
}

function loadOf({ room, used }: Offer, want: Share, overcommit: Overcommit): number {
  const allowed = allowedOf(room, overcommit);
  if (allowed === undefined) return 0;
  return Math.max(...resources.map(({ field }) => (used[field] + want[field]) / Math.max(1, allowed[field])));
}

function refused(vm: string, judged: readonly { readonly node: string; readonly refusals: Refusal[] }[]): KcoreError {
  if (judged.length === 0) {
    return failedPrecondition(`there is no node for VM '${vm}': none is registered`, { remedy: 'start a node first' });
  }
  const faults = judged.map(({ refusals }) => new Set(refusals.map(({ kind }) => kind)));
  const onlyAway = faults.some((kinds) => kinds.size === 1 && kinds.has('away'));
  const onlyRoom = faults.some((kinds) => kinds.has('room') && !kinds.has('lacks') && !kinds.has('none'));
  const [code, what, remedy]: readonly [ErrorCode, string, string] = onlyAway
    ? ['Unavailable', 'no node can take', 'wait until a node is connected again: kctl get nodes']
    : onlyRoom
      ? ['ResourceExhausted', 'no node has room for', 'ask for less, or stop or delete other VMs']
      : ['FailedPrecondition', 'no node can take', 'see kctl get nodes, and kctl describe network for where it is'];
  // Nodes that come closest are the ones to read about.
  const nearest = [...judged].sort((a, b) => a.refusals.length - b.refusals.length);
  const lines = nearest
    .slice(0, NAMED)
    .map(({ node, refusals }) => `  ${node}: ${refusals.map(({ reason }) => reason).join('; ')}`);
  const rest = judged.length > NAMED ? [`  and ${judged.length - NAMED} more`] : [];
  const refusals = nearest
    .slice(0, NAMED)
    .map(({ node, refusals: all }) => ({ node, reasons: all.map((r) => r.reason) }));
  return new KcoreError(code, [`${what} VM '${vm}':`, ...lines, ...rest].join('\n'), { remedy, refusals });
}
