import { expect, it } from 'vitest';
import { openConnection } from '../../src/connection/open.ts';
import { openMonitor } from '../../src/monitor/monitor.ts';
import { createNetns } from '../../src/netns.ts';
import { openPacketSocket } from '../../src/packet/packet.ts';
import { openTap } from '../../src/packet/tap.ts';
import { addresses } from '../../src/rtnl/address.ts';
import { links } from '../../src/rtnl/link/requests.ts';
import { NETLINK_ROUTE } from '../../src/uapi/netlink.ts';
import { RTNLGRP_LINK } from '../../src/uapi/rtnetlink.ts';
import { sources } from '../../src/watch/sources.ts';
import { watch } from '../../src/watch/watch.ts';

const NOBODY = 65_534;

/** Does it without capabilities: those of a thread go when its effective user is not root, and libuv's threads go along. */
async function asNobody<T>(work: () => Promise<T>): Promise<T> {
  process.seteuid?.(NOBODY);
  try {
    return await work();
  } finally {
    process.seteuid?.(0);
  }
}

// The addon is loaded as root: the checkout may be readable by nobody else.
it('lists, watches and is notified as an ordinary user', async () => {
  await using _loaded = await openConnection({ protocol: NETLINK_ROUTE });
  await asNobody(async () => {
    await using connection = await openConnection({ protocol: NETLINK_ROUTE });
    const { items } = await connection.dump(links.list());
    expect(items.map(({ name }) => name)).toContain('lo');
    await connection.dump(addresses.list());
    expect(await connection.request(links.get({ name: 'lo' }))).toMatchObject({ name: 'lo' });
    await using _monitor = await openMonitor({ protocol: NETLINK_ROUTE, groups: [RTNLGRP_LINK] });
    await using watcher = await watch(sources.links);
    for await (const event of watcher) if (event.type === 'synced') break;
    expect([...watcher.items.values()].map(({ name }) => name)).toContain('lo');
  });
});

it('says which capability a change lacks', async () => {
  await using _loaded = await openConnection({ protocol: NETLINK_ROUTE });
  await asNobody(async () => {
    await using connection = await openConnection({ protocol: NETLINK_ROUTE });
    // Root would be told ENODEV: nothing of the host changes even if this test is broken.
    await expect(connection.request(links.delete({ name: 'kct-none' }))).rejects.toThrow(
      /^delete link kct-none: EPERM: changes need CAP_NET_ADMIN/,
    );
  });
});

it.each<[string, RegExp, () => Promise<unknown>]>([
  ['a packet socket', /CAP_NET_RAW/, () => openPacketSocket({ device: 'lo', etherType: 0 })],
  ['a tap', /CAP_NET_ADMIN/, () => openTap({ name: 'kct-tap-nobody' })],
  [
    'a private namespace',
    /enter a new network namespace: EPERM \(it needs CAP_SYS_ADMIN/,
    () => openConnection({ protocol: NETLINK_ROUTE, netns: { private: true } }),
  ],
  ['a named namespace', /EPERM|EACCES/, () => createNetns(`kct-${process.pid}-nobody`)],
])('says what %s needs', async (_, expected, attempt) => {
  await using _loaded = await openConnection({ protocol: NETLINK_ROUTE });
  const error = await asNobody(() => attempt().catch((caught: unknown) => caught));
  expect(String(error)).toMatch(expected);
});
