import { expect, it } from 'vitest';
import { openConnection } from '../../src/connection/open.ts';
import { type Monitor, type MonitorEvent, openMonitor } from '../../src/monitor/monitor.ts';
import { links } from '../../src/rtnl/link/requests.ts';
import { decodeRouteMessage } from '../../src/rtnl/route-message.ts';
import { NETLINK_ROUTE } from '../../src/uapi/netlink.ts';
import { RTNLGRP_LINK } from '../../src/uapi/rtnetlink.ts';
import { ip, Namespaces } from './namespaces.ts';

function describeEvent(event: MonitorEvent): string {
  if (event.type === 'overrun') return 'overrun';
  const decoded = decodeRouteMessage(event.message);
  return decoded?.kind === 'link' ? `${decoded.event} ${decoded.link.name}` : 'other';
}

/** Takes events until one reads so. */
async function until(monitor: AsyncIterator<MonitorEvent>, last: string): Promise<readonly string[]> {
  const seen: string[] = [];
  while (seen.at(-1) !== last) {
    const { value, done } = await monitor.next();
    if (done === true) throw new Error(`the monitor ended before "${last}": ${seen.join(', ')}`);
    seen.push(describeEvent(value));
  }
  return seen;
}

function open(netns: string, receiveBuffer?: number): Promise<Monitor> {
  const buffer = receiveBuffer === undefined ? {} : { receiveBuffer };
  return openMonitor({ protocol: NETLINK_ROUTE, groups: [RTNLGRP_LINK], netns, ...buffer });
}

it('yields notifications in order, of changes that somebody else made too', async () => {
  await using namespaces = new Namespaces();
  const { path, name } = await namespaces.create('events');
  await using monitor = await open(path);
  const events = monitor[Symbol.asyncIterator]();
  await ip(name, 'link', 'add', 'br0', 'type', 'bridge');
  await ip(name, 'link', 'add', 'br1', 'type', 'bridge');
  await ip(name, 'link', 'delete', 'br0');
  const seen = await until(events, 'delete br0');
  expect(seen.indexOf('new br0')).toBeLessThan(seen.indexOf('new br1'));
  expect(seen.indexOf('new br1')).toBeLessThan(seen.indexOf('delete br0'));
});

it('reports an overrun and goes on listening, twice', async () => {
  await using namespaces = new Namespaces();
  const { path } = await namespaces.create('overrun');
  await using monitor = await open(path, 1);
  await using connection = await openConnection({ protocol: NETLINK_ROUTE, netns: path });
  const events = monitor[Symbol.asyncIterator]();
  for (const round of ['a', 'b']) {
    await connection.batch(
      Array.from({ length: 50 }, (_, n) => links.create({ kind: 'bridge', name: `${round}${n}` })),
    );
    const seen = await until(events, 'overrun').catch((error: unknown) => String(error));
    expect(seen).toContain('overrun');
    // Take what had found room; afterwards each event must come again.
    await connection.request(links.create({ kind: 'bridge', name: `after-${round}` }));
    await until(events, `new after-${round}`);
    await connection.request(links.delete({ name: `after-${round}` }));
    await until(events, `delete after-${round}`);
  }
});

it('ends when it is disposed while it waits', async () => {
  await using namespaces = new Namespaces();
  const { path } = await namespaces.create('end');
  const monitor = await open(path);
  const next = monitor[Symbol.asyncIterator]().next();
  await monitor[Symbol.asyncDispose]();
  await expect(next).resolves.toEqual({ done: true, value: undefined });
});

it('loses nothing in a busy loop', async () => {
  await using namespaces = new Namespaces();
  const { path } = await namespaces.create('busy');
  await using monitor = await open(path);
  await using connection = await openConnection({ protocol: NETLINK_ROUTE, netns: path });
  const events = monitor[Symbol.asyncIterator]();
  const seen = until(events, 'new last');
  for (let n = 0; n < 200; n += 1) {
    await connection.request(links.create({ kind: 'dummy-is-missing', name: 'x' })).catch(() => undefined);
    await connection.request(links.create({ kind: 'bridge', name: `b${n}` }));
    const end = process.hrtime.bigint() + 200_000n;
    while (process.hrtime.bigint() < end);
  }
  await connection.request(links.create({ kind: 'bridge', name: 'last' }));
  const created = (await seen).filter((text) => /^new b\d+$/.test(text));
  expect([...new Set(created)]).toEqual(Array.from({ length: 200 }, (_, n) => `new b${n}`));
});
