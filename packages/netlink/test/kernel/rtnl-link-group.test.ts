import { expect, test } from 'vitest';
import type { Connection } from '../../src/connection/connection.ts';
import { openConnection } from '../../src/connection/open.ts';
import type { Request } from '../../src/message/request.ts';
import { LinkGroupError } from '../../src/rtnl/link/delete-group.ts';
import { links } from '../../src/rtnl/link/requests.ts';
import type { LinkSummary } from '../../src/rtnl/link/summary.ts';
import { NETLINK_ROUTE } from '../../src/uapi/netlink.ts';
import { ip } from '../link-rows.ts';
import { testNamespace } from './namespace.ts';

const GROUP = 77;
const mine = ({ name }: LinkSummary): boolean => name?.startsWith('mine') === true;

/** The moment between the look into the group and the deletion: `meanwhile` is called with the requests of each batch. */
function beforeBatch(connection: Connection, meanwhile: (requests: readonly Request<unknown>[]) => void): Connection {
  return {
    request: (request, options) => connection.request(request, options),
    batch(requests, options) {
      const all = [...requests];
      meanwhile(all);
      return connection.batch(all, options);
    },
    transaction: (requests, options) => connection.transaction(requests, options),
    dump: (request, options) => connection.dump(request, options),
    [Symbol.asyncDispose]: async () => undefined,
  };
}

async function names(connection: Connection): Promise<readonly (string | undefined)[]> {
  const { items } = await connection.dump(links.list({ kind: 'bridge' }));
  return items.map(({ name }) => name).sort();
}

test('a group goes at once; a foreign member stops it, or stays with its group', async () => {
  await using ns = await testNamespace('group');
  await using connection = await openConnection({ protocol: NETLINK_ROUTE, netns: ns.path });
  for (const name of ['mine-1', 'mine-2', 'theirs']) ip(ns.name, 'link', 'add', name, 'group', '77', 'type', 'bridge');
  ip(ns.name, 'link', 'add', 'apart', 'group', '78', 'type', 'bridge');
  const refused = links.deleteGroup(connection, GROUP, { isMember: mine });
  await expect(refused).rejects.toBeInstanceOf(LinkGroupError);
  await expect(refused).rejects.toMatchObject({ code: 'FOREIGN', links: [{ name: 'theirs', group: GROUP }] });
  expect(await names(connection)).toEqual(['apart', 'mine-1', 'mine-2', 'theirs']);
  const gone = await links.deleteGroup(connection, GROUP, { isMember: mine, foreign: 'leave' });
  expect(gone.map(({ name }) => name)).toEqual(['mine-1', 'mine-2']);
  expect(await names(connection)).toEqual(['apart', 'theirs']);
  const { items } = await connection.dump(links.list({ group: GROUP }));
  expect(items).toMatchObject([{ name: 'theirs' }]);
  expect(await links.deleteGroup(connection, GROUP, { isMember: mine, foreign: 'leave' })).toEqual([]);
});

test('what joins the group after the look stays', async () => {
  await using ns = await testNamespace('group');
  await using connection = await openConnection({ protocol: NETLINK_ROUTE, netns: ns.path });
  for (const name of ['mine-1', 'mine-2']) ip(ns.name, 'link', 'add', name, 'group', '77', 'type', 'bridge');
  const late = beforeBatch(connection, () => ip(ns.name, 'link', 'add', 'theirs', 'group', '77', 'type', 'bridge'));
  await links.deleteGroup(late, GROUP, { isMember: mine });
  expect(await names(connection)).toEqual(['theirs']);
});

test('somebody else in the group in between is found, and all is as before', async () => {
  await using ns = await testNamespace('group');
  await using connection = await openConnection({ protocol: NETLINK_ROUTE, netns: ns.path });
  ip(ns.name, 'link', 'add', 'mine-1', 'group', '77', 'type', 'bridge');
  ip(ns.name, 'link', 'add', 'squatter', 'group', '99', 'type', 'bridge');
  const refused = links.deleteGroup(connection, GROUP, { isMember: mine, via: 99 });
  await expect(refused).rejects.toMatchObject({ code: 'FOREIGN', links: [{ name: 'squatter' }] });
  const { items } = await connection.dump(links.list({ group: GROUP }));
  expect(items).toMatchObject([{ name: 'mine-1' }]);
});

test('somebody who joins the group in between after the look is found too', async () => {
  await using ns = await testNamespace('group');
  await using connection = await openConnection({ protocol: NETLINK_ROUTE, netns: ns.path });
  ip(ns.name, 'link', 'add', 'mine-1', 'group', '77', 'type', 'bridge');
  let joined = false;
  const late = beforeBatch(connection, () => {
    if (!joined) ip(ns.name, 'link', 'add', 'squatter', 'group', '99', 'type', 'bridge');
    joined = true;
  });
  const refused = links.deleteGroup(late, GROUP, { isMember: mine, via: 99 });
  await expect(refused).rejects.toMatchObject({ code: 'FOREIGN', links: [{ name: 'squatter' }] });
  const { items } = await connection.dump(links.list({ group: GROUP }));
  expect(items).toMatchObject([{ name: 'mine-1' }]);
});

test('what a crash left in the group in between goes with the next deletion', async () => {
  await using ns = await testNamespace('group');
  await using connection = await openConnection({ protocol: NETLINK_ROUTE, netns: ns.path });
  ip(ns.name, 'link', 'add', 'mine-1', 'group', '77', 'type', 'bridge');
  ip(ns.name, 'link', 'add', 'mine-2', 'group', '99', 'type', 'bridge');
  const gone = await links.deleteGroup(connection, GROUP, { isMember: mine, via: 99 });
  expect(gone.map(({ name }) => name)).toEqual(['mine-1', 'mine-2']);
  expect(await names(connection)).toEqual([]);
});

test('one end of each veth pair is moved, and every link whose other end is no member or elsewhere', async () => {
  await using ns = await testNamespace('group');
  await using other = await testNamespace('group-far');
  await using connection = await openConnection({ protocol: NETLINK_ROUTE, netns: ns.path });
  const add = (name: string, ...peer: readonly string[]): void =>
    void ip(ns.name, 'link', 'add', name, 'group', '77', 'type', 'veth', 'peer', ...peer);
  for (const name of ['mine-1', 'mine-2']) add(name, 'name', `${name}-end`, 'group', '77');
  add('mine-3', 'name', 'end-3');
  // The other end has the index of a member here.
  const [{ ifindex }] = ns.json<[{ readonly ifindex: number }]>('ip', '-j', 'link', 'show', 'mine-1');
  add('mine-4', 'name', 'end-4', 'index', `${ifindex}`, 'netns', other.name);
  ip(ns.name, 'link', 'add', 'apart', 'type', 'veth', 'peer', 'name', 'apart-end');
  let moves = 0;
  const counting = beforeBatch(connection, (requests) => {
    moves += requests.length;
  });
  const gone = await links.deleteGroup(counting, GROUP, { isMember: mine });
  expect(gone.map(({ name }) => name).sort()).toEqual([
    'mine-1',
    'mine-1-end',
    'mine-2',
    'mine-2-end',
    'mine-3',
    'mine-4',
  ]);
  expect(moves).toBe(4);
  const left = ns.json<readonly { readonly ifname: string }[]>('ip', '-j', 'link', 'show', 'type', 'veth');
  expect(left.map(({ ifname }) => ifname).sort()).toEqual(['apart', 'apart-end']);
});

test('whoever decides is told what a link is known by', async () => {
  await using ns = await testNamespace('group');
  await using connection = await openConnection({ protocol: NETLINK_ROUTE, netns: ns.path });
  ip(ns.name, 'link', 'add', 'br0', 'type', 'bridge');
  ip(ns.name, 'link', 'add', 'mine-1', 'group', '77', 'mtu', '1400', 'type', 'veth', 'peer', 'name', 'mine-2');
  ip(ns.name, 'link', 'set', 'mine-1', 'master', 'br0', 'address', '02:00:00:00:00:01', 'alias', 'of mine');
  ip(ns.name, 'link', 'property', 'add', 'dev', 'mine-1', 'altname', 'another-name');
  const seen: LinkSummary[] = [];
  const isMember = (link: LinkSummary): boolean => seen.push(link) > 0;
  await links.deleteGroup(connection, GROUP, { isMember });
  expect(seen).toEqual([
    {
      index: expect.any(Number),
      flags: expect.objectContaining({ broadcast: true }),
      name: 'mine-1',
      properties: { altNames: ['another-name'] },
      alias: 'of mine',
      group: 77,
      kind: 'veth',
      mac: '02:00:00:00:00:01',
      mtu: 1400,
      master: expect.any(Number),
      parent: expect.any(Number),
    },
  ]);
});

test('hardware cannot be deleted, and is named', async () => {
  await using ns = await testNamespace('group');
  await using connection = await openConnection({ protocol: NETLINK_ROUTE, netns: ns.path });
  ip(ns.name, 'link', 'set', 'lo', 'group', '77');
  const refused = links.deleteGroup(connection, GROUP, { isMember: () => true });
  await expect(refused).rejects.toMatchObject({ code: 'UNDELETABLE', links: [{ name: 'lo' }] });
  await expect(links.deleteGroup(connection, 0, { isMember: () => true })).rejects.toThrow('group 0');
  await expect(links.deleteGroup(connection, 7, { isMember: () => true, via: 7 })).rejects.toThrow('via group 7');
});
