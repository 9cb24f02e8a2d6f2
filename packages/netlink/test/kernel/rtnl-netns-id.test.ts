import { closeSync, openSync } from 'node:fs';
import { afterAll, beforeAll, expect, test } from 'vitest';
import {
  addresses,
  type Connection,
  decodeRouteMessage,
  NETLINK_ROUTE,
  netnsIds,
  openConnection,
  openMonitor,
  RTNLGRP_LINK,
  RTNLGRP_NSID,
} from '../../src/index.ts';
import { type TestNamespace, testNamespace } from './namespace.ts';

let here: TestNamespace;
let there: TestNamespace;
let connection: Connection;
let fd: number;

beforeAll(async () => {
  here = await testNamespace('nsid-a');
  there = await testNamespace('nsid-b');
  fd = openSync(there.path, 'r');
  connection = await openConnection({ protocol: NETLINK_ROUTE, netns: here.path });
});
afterAll(async () => {
  await connection[Symbol.asyncDispose]();
  closeSync(fd);
  await here[Symbol.asyncDispose]();
  await there[Symbol.asyncDispose]();
});

test('an id is assigned, told, listed, watched; ip netns knows it; addresses over there are listed by it', async () => {
  await using monitor = await openMonitor({ protocol: NETLINK_ROUTE, netns: here.path, groups: [RTNLGRP_NSID] });
  expect(await connection.request(netnsIds.get({ fd }))).toEqual({ id: -1 });
  await connection.request(netnsIds.assign({ fd, id: 42 }));
  await expect(connection.request(netnsIds.assign({ fd, id: 43 }))).rejects.toMatchObject({ code: 'EEXIST' });
  expect(await connection.request(netnsIds.get({ fd }))).toEqual({ id: 42 });
  expect(await connection.request(netnsIds.get({ pid: process.pid }))).toEqual({ id: -1 });
  expect((await connection.dump(netnsIds.list())).items).toEqual([{ id: 42 }]);
  expect(here.run('ip', 'netns', 'list-id')).toContain('nsid 42');
  for await (const item of monitor) {
    if (item.type !== 'message') throw new Error('overrun');
    expect(decodeRouteMessage(item.message)).toEqual({ event: 'new', kind: 'netnsId', netnsId: { id: 42 } });
    break;
  }
  there.run('ip', 'link', 'set', 'lo', 'up');
  const { items } = await connection.dump(addresses.list({ family: 2, netnsId: 42 }));
  expect(items).toMatchObject([{ address: '127.0.0.1', targetNetnsId: 42 }]);
});

test('an id that ip(8) set, and one that the kernel chooses', async () => {
  await using other = await testNamespace('nsid-c');
  here.run('ip', 'netns', 'set', other.name, '7');
  const otherFd = openSync(other.path, 'r');
  try {
    expect(await connection.request(netnsIds.get({ fd: otherFd }))).toEqual({ id: 7 });
  } finally {
    closeSync(otherFd);
  }
  await using third = await testNamespace('nsid-d');
  const thirdFd = openSync(third.path, 'r');
  try {
    await connection.request(netnsIds.assign({ fd: thirdFd }));
    expect((await connection.request(netnsIds.get({ fd: thirdFd })))?.id).toBeGreaterThanOrEqual(0);
  } finally {
    closeSync(thirdFd);
  }
});

test('a monitor of all namespaces says which one an event comes from', async () => {
  await using monitor = await openMonitor({
    protocol: NETLINK_ROUTE,
    netns: here.path,
    groups: [RTNLGRP_LINK],
    allNamespaces: true,
  });
  there.run('ip', 'link', 'add', 'name', 'far0', 'type', 'bridge');
  for await (const item of monitor) {
    if (item.type !== 'message') throw new Error('overrun');
    const event = decodeRouteMessage(item.message);
    if (event?.kind !== 'link' || event.link.name !== 'far0') continue;
    expect(item.netnsId).toBe(42);
    break;
  }
});
