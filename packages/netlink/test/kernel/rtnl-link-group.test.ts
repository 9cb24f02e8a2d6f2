import { expect, test } from 'vitest';
import type { Connection } from '../../src/connection/connection.ts';
import { openConnection } from '../../src/connection/open.ts';
import { deleteLinkGroup, LinkGroupError } from '../../src/rtnl/link/delete-group.ts';
import type { Link } from '../../src/rtnl/link/link.ts';
import { links } from '../../src/rtnl/link/requests.ts';
import { NETLINK_ROUTE } from '../../src/uapi/netlink.ts';
import { ip } from '../link-rows.ts';
import { testNamespace } from './namespace.ts';

const GROUP = 77;
const mine = ({ name }: Link): boolean => name?.startsWith('mine') === true;

async function names(connection: Connection): Promise<readonly (string | undefined)[]> {
  const { items } = await connection.dump(links.list({ kind: 'bridge' }));
  return items.map(({ name }) => name).sort();
}

test('a group goes at once; a foreign member stops it, or stays with its group', async () => {
  await using ns = await testNamespace('group');
  await using connection = await openConnection({ protocol: NETLINK_ROUTE, netns: ns.path });
  for (const name of ['mine-1', 'mine-2', 'theirs']) ip(ns.name, 'link', 'add', name, 'group', '77', 'type', 'bridge');
  ip(ns.name, 'link', 'add', 'apart', 'group', '78', 'type', 'bridge');
  const refused = deleteLinkGroup(connection, GROUP, { isMember: mine });
  await expect(refused).rejects.toBeInstanceOf(LinkGroupError);
  await expect(refused).rejects.toMatchObject({ code: 'FOREIGN', links: [{ name: 'theirs', group: GROUP }] });
  expect(await names(connection)).toEqual(['apart', 'mine-1', 'mine-2', 'theirs']);
  const gone = await deleteLinkGroup(connection, GROUP, { isMember: mine, foreign: 'leave' });
  expect(gone.map(({ name }) => name)).toEqual(['mine-1', 'mine-2']);
  expect(await names(connection)).toEqual(['apart', 'theirs']);
  const { items } = await connection.dump(links.list({ group: GROUP }));
  expect(items).toMatchObject([{ name: 'theirs' }]);
  expect(await deleteLinkGroup(connection, GROUP, { isMember: mine, foreign: 'leave' })).toEqual([]);
});

test('what joins the group after the look stays', async () => {
  await using ns = await testNamespace('group');
  await using connection = await openConnection({ protocol: NETLINK_ROUTE, netns: ns.path });
  for (const name of ['mine-1', 'mine-2']) ip(ns.name, 'link', 'add', name, 'group', '77', 'type', 'bridge');
  const late: Connection = {
    request: (request, options) => connection.request(request, options),
    batch(requests, options) {
      // The moment between the look into the group and the deletion.
      ip(ns.name, 'link', 'add', 'theirs', 'group', '77', 'type', 'bridge');
      return connection.batch(requests, options);
    },
    transaction: (requests, options) => connection.transaction(requests, options),
    dump: (request, options) => connection.dump(request, options),
    [Symbol.asyncDispose]: async () => undefined,
  };
  await deleteLinkGroup(late, GROUP, { isMember: mine });
  expect(await names(connection)).toEqual(['theirs']);
});

test('somebody else in the group in between is found, and all is as before', async () => {
  await using ns = await testNamespace('group');
  await using connection = await openConnection({ protocol: NETLINK_ROUTE, netns: ns.path });
  ip(ns.name, 'link', 'add', 'mine-1', 'group', '77', 'type', 'bridge');
  ip(ns.name, 'link', 'add', 'squatter', 'group', '99', 'type', 'bridge');
  const refused = deleteLinkGroup(connection, GROUP, { isMember: mine, via: 99 });
  await expect(refused).rejects.toMatchObject({ code: 'FOREIGN', links: [{ name: 'squatter' }] });
  const { items } = await connection.dump(links.list({ group: GROUP }));
  expect(items).toMatchObject([{ name: 'mine-1' }]);
});

test('hardware cannot be deleted, and is named', async () => {
  await using ns = await testNamespace('group');
  await using connection = await openConnection({ protocol: NETLINK_ROUTE, netns: ns.path });
  ip(ns.name, 'link', 'set', 'lo', 'group', '77');
  const refused = deleteLinkGroup(connection, GROUP, { isMember: () => true });
  await expect(refused).rejects.toMatchObject({ code: 'UNDELETABLE', links: [{ name: 'lo' }] });
  await expect(deleteLinkGroup(connection, 0, { isMember: () => true })).rejects.toThrow('group 0');
  await expect(deleteLinkGroup(connection, 7, { isMember: () => true, via: 7 })).rejects.toThrow('via group 7');
});
