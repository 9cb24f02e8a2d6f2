import { ValueError } from '../../codec/error.ts';
import type { Connection, RequestOptions } from '../../connection/connection.ts';
import { type Request, requestOf } from '../../message/request.ts';
import { RTM_DELLINK } from '../../uapi/rtnetlink.ts';
import { linkBody } from './attributes.ts';
import { change } from './change.ts';
import { linkHeader } from './header.ts';
import { type LinkSummary, summaries } from './summary.ts';

/** How a group of links is deleted. */
export interface GroupDeletion {
  /** Whether a link that is in the group may go. */
  readonly isMember: (link: LinkSummary) => boolean;
  /** What becomes of a link that may not: `refuse` (the default) deletes none at all, `leave` deletes the others. */
  readonly foreign?: 'refuse' | 'leave';
  /**
   * A group that nobody else uses, in place of a random one. A caller that knows its links by their group gives one
   * that it knows too: a crash in the middle leaves them there, and the next call with the same one deletes those as well.
   */
  readonly via?: number;
}

/** The links of a group were not deleted. `links` are those in the way. */
export class LinkGroupError extends Error {
  override readonly name = 'LinkGroupError';
  /** FOREIGN: others are in the group. UNDELETABLE: hardware is. INTERRUPTED: the list changed while it was read. */
  readonly code: 'FOREIGN' | 'UNDELETABLE' | 'INTERRUPTED';
  readonly links: readonly LinkSummary[];

  constructor(code: LinkGroupError['code'], text: string, inTheWay: readonly LinkSummary[]) {
    const names = inTheWay.map(({ name, index }) => name ?? `#${index}`).join(', ');
    super(`${text}${names === '' ? '' : `: ${names}`}`);
    this.code = code;
    this.links = inTheWay;
  }
}

/**
 * Deletes the links of a group all at once, some 50 times as fast as one by one, and never takes a foreign one along:
 * the kernel deletes whatever is in a group at that moment, so this looks into the group, moves the members it was told
 * of, by their indices, to a group that nobody else is in, and deletes that. What joins `group` meanwhile stays. The
 * other end of a veth pair goes with its link, as always. Resolves with the links that are gone.
 * @throws {LinkGroupError} Nothing was deleted.
 * @throws {NetlinkError} The kernel refused; the members are in their group again.
 * @throws {UnknownOutcomeError} The acknowledgement was lost: look again.
 */
export async function deleteGroup(
  connection: Connection,
  group: number,
  deletion: GroupDeletion,
  options?: RequestOptions,
): Promise<readonly LinkSummary[]> {
  const via = deletion.via ?? randomGroup();
  refuseDefault(group);
  if (via === 0 || via === group)
    throw new ValueError(`links of group ${group} cannot be deleted via group ${via}`, 'via');
  const there = await linksIn(connection, [group, via], options);
  const members = there.filter(deletion.isMember);
  refuseForeign(there, members, { group, via, leave: deletion.foreign === 'leave' });
  if (members.length === 0) return [];
  const moved = withoutOtherEnds(members).filter((link) => link.group !== via);
  try {
    await move(connection, moved, via, options);
    if (deletion.via !== undefined) await refuseOthers(connection, via, members, options);
    await connection.request(deleteGroupBlindly(via), options);
  } catch (error) {
    // All of them went by themselves.
    if (code(error) === 'ENODEV') return members;
    await connection.batch(moved.map(({ index }) => change({ index }, { group })));
    throw error;
  }
  return members;
}

/**
 * Deletes all links that are in a group, whoever's they are: a foreign member dies with it, and one that cannot be
 * deleted blocks all (EOPNOTSUPP). For groups that nobody else can have joined; otherwise see `deleteGroup`.
 */
export function deleteGroupBlindly(group: number): Request<void> {
  refuseDefault(group);
  const value = { header: linkHeader({}), attributes: { group } };
  return requestOf({ operation: `delete links of group ${group}`, type: RTM_DELLINK, codec: linkBody, value });
}

function refuseDefault(group: number): void {
  if (group === 0) throw new ValueError('group 0 holds every link that was given no other group', 'group');
}

function refuseForeign(
  there: readonly LinkSummary[],
  members: readonly LinkSummary[],
  { group, via, leave }: { readonly group: number; readonly via: number; readonly leave: boolean },
): void {
  const known = new Set(members);
  const foreign = there.filter((link) => !known.has(link));
  const inBetween = foreign.filter((link) => link.group === via);
  if (inBetween.length > 0) throw notEmpty(via, inBetween);
  if (foreign.length > 0 && !leave) {
    throw new LinkGroupError('FOREIGN', `group ${group} has links that are not to be deleted`, foreign);
  }
  // One without a kind has no driver that could delete it, and the kernel then deletes none of its group.
  const hardware = members.filter(({ kind }) => kind === undefined);
  if (hardware.length > 0) throw new LinkGroupError('UNDELETABLE', `group ${group} has hardware in it`, hardware);
}

/** One end of each veth pair: its driver deletes both, and to move a link takes a good part of the time. */
function withoutOtherEnds(members: readonly LinkSummary[]): readonly LinkSummary[] {
  const veths = new Set(members.filter(({ kind }) => kind === 'veth').map(({ index }) => index));
  return members.filter(({ kind, index, parent = 0, linkNetnsId }) => {
    const goesWithPeer = kind === 'veth' && linkNetnsId === undefined && parent < index && veths.has(parent);
    return !goesWithPeer;
  });
}

/** A member that has gone by itself is as good as moved. */
async function move(
  connection: Connection,
  members: readonly LinkSummary[],
  via: number,
  options: RequestOptions | undefined,
): Promise<void> {
  const moves = members.map(({ index }) => change({ index }, { group: via }));
  for (const outcome of await connection.batch(moves, options)) {
    if (outcome.status !== 'ok' && code(outcome.error) !== 'ENODEV') throw outcome.error;
  }
}

/** A random group is known to nobody, but one that the caller names may have been joined since the first look. */
async function refuseOthers(
  connection: Connection,
  via: number,
  members: readonly LinkSummary[],
  options: RequestOptions | undefined,
): Promise<void> {
  const expected = new Set(members.map(({ index }) => index));
  const others = (await linksIn(connection, [via], options)).filter(({ index }) => !expected.has(index));
  if (others.length > 0) throw notEmpty(via, others);
}

function notEmpty(via: number, others: readonly LinkSummary[]): LinkGroupError {
  return new LinkGroupError('FOREIGN', `group ${via} is not empty`, others);
}

/** The kernel has no filter by group. */
async function linksIn(
  connection: Connection,
  groups: readonly number[],
  options: RequestOptions | undefined,
): Promise<readonly LinkSummary[]> {
  const { items, interrupted } = await connection.dump(summaries(), options);
  if (interrupted)
    throw new LinkGroupError('INTERRUPTED', `the links changed again and again while they were read`, []);
  return items.filter(({ group = 0 }) => groups.includes(group));
}

function code(error: unknown): unknown {
  return (error as { readonly code?: unknown }).code;
}

/** 30 random bits, and a bit that keeps clear of the small numbers that people choose. */
function randomGroup(): number {
  return 0x4000_0000 + Math.floor(Math.random() * 0x4000_0000);
}
