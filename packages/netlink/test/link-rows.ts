import { execFileSync } from 'node:child_process';
import { expect } from 'vitest';
import type { Connection } from '../src/connection/connection.ts';
import type { Link } from '../src/rtnl/link/link.ts';
import type { NewLink } from '../src/rtnl/link/new-link.ts';
import { links } from '../src/rtnl/link/requests.ts';

/**
 * A link as ip(8) is told to make it, as we are, and as both then show it: every option at a value that is not its
 * default, so that one that got lost is seen.
 */
export interface LinkRow {
  readonly title?: string;
  readonly kind: string;
  /** Words behind `type KIND`. */
  readonly words: string;
  /** Name of the link below, made by the suite. */
  readonly parent?: string;
  /** What we write, and read of either link. */
  readonly data: object;
  /** What we read besides: defaults that follow from `data`. */
  readonly told?: object;
  /** Members of `info_data` that `ip -d -j` shows of either link. */
  readonly seen: object;
}

export interface IpLink {
  readonly ifindex: number;
  readonly ifname: string;
  readonly linkinfo?: {
    readonly info_kind?: string;
    readonly info_data?: object;
    readonly info_slave_kind?: string;
    readonly info_slave_data?: object;
  };
}

export function ip(netns: string, ...words: readonly string[]): string {
  return execFileSync('ip', ['-n', netns, ...words], { encoding: 'utf8', stdio: ['ignore', 'pipe', 'pipe'] });
}

/** A link as ip(8) shows it with all details. */
export function ipLink(netns: string, name: string): IpLink & Readonly<Record<string, unknown>> {
  const [link] = JSON.parse(ip(netns, '-j', '-d', '-s', 'link', 'show', 'dev', name)) as (IpLink &
    Readonly<Record<string, unknown>>)[];
  if (link === undefined) throw new Error(`ip shows no link ${name}`);
  return link;
}

export async function getLink(connection: Connection, name: string): Promise<Link> {
  const link = await connection.request(links.get({ name }));
  if (link === undefined) throw new Error(`no link ${name}`);
  return link;
}

/** Ours and theirs, one after the other: many kinds allow no two alike. */
export async function checkRow(connection: Connection, netns: string, row: LinkRow): Promise<void> {
  try {
    await compare(connection, netns, row);
  } finally {
    // What a failure left there would fail the next row too.
    await connection.batch(['ours', 'theirs'].map((name) => links.delete({ name })));
  }
}

async function compare(connection: Connection, netns: string, row: LinkRow): Promise<void> {
  const { kind, words, parent, data, told = {}, seen } = row;
  const below = parent === undefined ? {} : { parent: (await getLink(connection, parent)).index };
  const values = { ...data, ...told };
  // A kind without options has no data on the wire at all.
  const expected = { kind, ...(Object.keys(values).length === 0 ? {} : { data: values }), ...below };
  await connection.request(links.create({ name: 'ours', kind, data, ...below } as NewLink));
  const ours = await getLink(connection, 'ours');
  expect(ipLink(netns, 'ours').linkinfo, 'what we wrote, as ip shows it').toMatchObject({
    info_kind: kind,
    ...(Object.keys(seen).length === 0 ? {} : { info_data: seen }),
  });
  await connection.request(links.delete({ name: 'ours' }));

  const link = parent === undefined ? [] : ['link', parent];
  ip(netns, 'link', 'add', ...link, 'name', 'theirs', 'type', kind, ...words.split(' ').filter((word) => word !== ''));
  const theirs = await getLink(connection, 'theirs');
  if (Object.keys(seen).length > 0) {
    expect(ipLink(netns, 'theirs').linkinfo?.info_data, 'what ip wrote, as ip shows it').toMatchObject(seen);
  }

  expect(ours, 'what we wrote, as we read it').toMatchObject(expected);
  expect(theirs, 'what ip wrote, as we read it').toMatchObject(expected);
  expect(
    (theirs.data as { unknown?: unknown } | undefined)?.unknown,
    'attributes of the kind without a name',
  ).toBeUndefined();
  expect(theirs.unknownInfo).toBeUndefined();
}

/** How ip(8) is told to make the link of a row. */
export function captureCommand({ kind, words, parent }: LinkRow): string {
  const link = parent === undefined ? '' : ` link ${parent}`;
  return `ip link add${link} name theirs type ${kind} ${words}`.trim();
}
