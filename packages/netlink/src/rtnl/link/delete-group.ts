import type { Connection, RequestOptions } from '../../connection/connection.ts';
import type { Link } from './link.ts';
import { links } from './requests.ts';

/** How a group of links is deleted. */
export interface GroupDeletion {
  /** Whether a link that is in the group may go. */
  readonly isMember: (link: Link) => boolean;
  /** What becomes of a link that may not: `refuse` (the default) deletes none at all, `leave` deletes the others. */
  readonly foreign?: 'refuse' | 'leave';
  /**
   * A group that nobody else uses, in place of a random one. A caller that knows its links by their group gives one
   * that it knows too: a crash in the middle leaves them there.
   */
  readonly via?: number;
}

/** The links of a group were not deleted. `links` are those in the way. */
export class LinkGroupError extends Error {
  override readonly name = 'LinkGroupError';
  /** FOREIGN: others are in the group. UNDELETABLE: hardware is. INTERRUPTED: the list changed while it was read. */
  readonly code: 'FOREIGN' | 'UNDELETABLE' | 'INTERRUPTED';
  readonly links: readonly Link[];

  constructor(code: LinkGroupError['code'], text: string, inTheWay: readonly Link[]) {
    const names = inTheWay.map(({ name, index }) => name ?? `#${index}`).join(', ');
    super(`${text}${names === '' ? '' : `: ${names}`}`);
    this.code = code;
    this.links = inTheWay;
  }
}

/**
 * Deletes the links of a group all at once, up to 80 times as fast as one by one, and never takes a foreign one along:
 * it looks into the group, moves the members, by their indices, to a group that nobody else is in, looks there, and
 * deletes that. What joins `group` meanwhile stays. The other end of a veth pair goes with its link, as always.
 * Resolves with the links that are gone.
 * @throws {LinkGroupError} Nothing was deleted.
 * @throws {NetlinkError} The kernel refused; the members are in their group again.
 * @throws {UnknownOutcomeError} The acknowledgement was lost: look again.
 */
export async function deleteLinkGroup(
  connection: Connection,
  group: number,
  deletion: GroupDeletion,
  options?: RequestOptions,
): Promise<readonly Link[]> {
  if (group === 0) throw new RangeError('group 0 holds every link that was given no other group');
  const via = deletion.via ?? randomGroup();
  if (via === 0 || via === group) throw new RangeError(`links of group ${group} cannot be deleted via group ${via}`);
  const there = await membersOf(connection, group, options);
  const members = there.filter(deletion.isMember);
  const foreign = there.filter((link) => !members.includes(link));
  if (foreign.length > 0 && deletion.foreign !== 'leave') {
    throw new LinkGroupError('FOREIGN', `group ${group} has links that are not to be deleted`, foreign);
  }
  // One without a kind has no driver that could delete it, and the kernel then deletes none of its group.
  const hardware = members.filter(({ kind }) => kind === undefined);
  if (hardware.length > 0) throw new LinkGroupError('UNDELETABLE', `group ${group} has hardware in it`, hardware);
  if (members.length === 0) return [];
  try {
    await gather(connection, members, via, options);
    await connection.request(links.deleteGroup(via), options);
  } catch (error) {
    // All of them went by themselves.
    if (code(error) === 'ENODEV') return members;
    await connection.batch(members.map(({ index }) => links.change({ index }, { group })));
    throw error;
  }
  return members;
}

/** Moves the links to the group `via`, and makes sure that they are alone there. */
async function gather(
  connection: Connection,
  members: readonly Link[],
  via: number,
  options: RequestOptions | undefined,
): Promise<void> {
  const moves = members.map(({ index }) => links.change({ index }, { group: via }));
  for (const outcome of await connection.batch(moves, options)) {
    if (outcome.status !== 'ok' && code(outcome.error) !== 'ENODEV') throw outcome.error;
  }
  const expected = new Set(members.map(({ index }) => index));
  const others = (await membersOf(connection, via, options)).filter(({ index }) => !expected.has(index));
  if (others.length > 0) throw new LinkGroupError('FOREIGN', `group ${via} is not empty`, others);
}

async function membersOf(connection: Connection, group: number, options?: RequestOptions): Promise<readonly Link[]> {
  const { items, interrupted } = await connection.dump(links.list({ group }), options);
  if (interrupted)
    throw new LinkGroupError('INTERRUPTED', `the links changed again and again while they were read`, []);
  return items;
}

function code(error: unknown): unknown {
  return (error as { readonly code?: unknown }).code;
}

/** 30 random bits, and a bit that keeps clear of the small numbers that people choose. */
function randomGroup(): number {
  return 0x4000_0000 + Math.floor(Math.random() * 0x4000_0000);
}
