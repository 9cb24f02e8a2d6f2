import { execFileSync } from 'node:child_process';
import { closeSync, openSync, readdirSync } from 'node:fs';
import { afterAll, beforeAll, expect, it, vi } from 'vitest';
import { openConnection } from '../../src/connection/open.ts';
import { openMonitor } from '../../src/monitor/monitor.ts';
import { openPacketSocket } from '../../src/packet/packet.ts';
import { openTap } from '../../src/packet/tap.ts';
import { openUdpSocket } from '../../src/packet/udp.ts';
import { NETLINK_ROUTE } from '../../src/uapi/netlink.ts';

/** What happens when a process has used up its descriptors. This one is given few, so that it soon has. */

const FEW = 256;

/** The soft limit; the hard one stays. */
function limit(descriptors: string): void {
  execFileSync('prlimit', ['--pid', String(process.pid), `--nofile=${descriptors}:`]);
}

const usual = execFileSync('prlimit', ['--pid', String(process.pid), '--nofile', '--output=SOFT', '--noheadings'], {
  encoding: 'utf8',
}).trim();

beforeAll(async () => {
  // The addon is loaded, and node has opened what it opens once, while there is room.
  await using _connection = await openConnection({ protocol: NETLINK_ROUTE });
  limit(String(FEW));
});

afterAll(() => limit(usual));

function held(): number {
  return readdirSync('/proc/self/fd').length;
}

/** While this is held, so many descriptors are free. */
function leaving(free: number): Disposable {
  const taken: number[] = [];
  try {
    for (;;) taken.push(openSync('/dev/null', 'r'));
  } catch (error) {
    expect(error).toMatchObject({ code: 'EMFILE' });
  }
  for (const descriptor of taken.splice(0, free)) closeSync(descriptor);
  return {
    [Symbol.dispose]: () => {
      for (const descriptor of taken) closeSync(descriptor);
    },
  };
}

const OPENERS: readonly [string, number, () => Promise<AsyncDisposable>][] = [
  ['a connection', 2, () => openConnection({ protocol: NETLINK_ROUTE })],
  ['a monitor', 2, () => openMonitor({ protocol: NETLINK_ROUTE, groups: [1] })],
  ['a packet socket', 1, () => openPacketSocket({ device: 'lo', etherType: 0 })],
  ['a udp socket', 2, () => openUdpSocket({ device: 'lo', port: 0, broadcast: false })],
  ['a tap', 1, () => openTap({ name: 'kct-tap', netns: { private: true } })],
  // The namespace's file is closed before the socket is opened.
  ['a socket in a namespace', 2, () => openConnection({ protocol: NETLINK_ROUTE, netns: '/proc/self/ns/net' })],
];

it.each(OPENERS)(
  'opens %s where it has just the %d descriptors that it needs, and says what it lacks with fewer',
  async (_, needed, open) => {
    const before = held();
    for (let free = 0; free < needed; free += 1) {
      using _scarce = leaving(free);
      await expect(open()).rejects.toThrow(/: EMFILE \(too many descriptors are open; raise LimitNOFILE\)$/);
    }
    expect(held()).toBe(before);
    {
      using _scarce = leaving(needed);
      await using _opened = await open();
    }
    expect(held()).toBe(before);
  },
);

it('says why the addon cannot be loaded, and loads it later', async () => {
  vi.resetModules();
  const { loadAddon } = await import('../../src/native/addon.ts');
  {
    using _scarce = leaving(0);
    expect(() => loadAddon()).toThrow(/the native addon cannot be loaded: EMFILE: too many open files/);
  }
  expect(loadAddon()).toBe(loadAddon());
});
