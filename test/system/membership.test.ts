import { readFile } from 'node:fs/promises';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { type Background, startBackground } from '../support/command.ts';
import { eventually } from '../support/eventually.ts';
import { openLab, type TestLab } from '../support/lab.ts';
import { exists, inNetns, ping, placed, startPing, witness } from '../support/namespace.ts';

const DEVICE = 'vxlan14416';
const FLOOD = '00:00:00:00:00:00';
const opened: TestLab[] = [];
const lab = (): TestLab => opened[0] as TestLab;

async function floodList(node: string): Promise<readonly string[]> {
  const entries = await witness(lab().netns(node), 'bridge', '-j', 'fdb', 'show', 'dev', DEVICE);
  const flood = entries.filter(({ mac }: { mac: string }) => mac === FLOOD);
  return flood.map(({ dst }: { dst: string }) => dst).sort();
}

/** What `bridge monitor fdb` tells of the overlay's device. */
function eventsOf(monitor: Background): readonly string[] {
  return monitor
    .said()
    .split('\n')
    .filter((line) => line.includes(DEVICE));
}

async function watch(node: string): Promise<Background> {
  const monitor = startBackground(placed(lab().netns(node), ['bridge', 'monitor', 'fdb']));
  // It says nothing when it begins; it has when its socket is bound to a group.
  await eventually(async () => {
    const sockets = await readFile(`/proc/${monitor.pid}/net/netlink`, 'utf8');
    if (!sockets.split('\n').some((line) => Number(line.trim().split(/\s+/)[2]) === monitor.pid))
      throw new Error('not yet');
  });
  return monitor;
}

async function leases(): Promise<readonly unknown[]> {
  const { items } = await lab().json('get', 'leases');
  return items.map(({ status }: { status: Record<string, unknown> }) => {
    const { address, mac, expiresAt } = status;
    return { address, mac, expiresAt };
  });
}

beforeAll(async () => {
  opened.push(await openLab({ nodes: 3 }));
  await lab().ok(
    ...'create network private --type vxlan --gateway-ip 10.250.0.1 --internal-netmask 255.255.255.0'.split(' '),
  );
  await lab().createVm('left', '--network', 'private', '--node', 'node-1');
  await lab().createVm('right', '--network', 'private', '--node', 'node-2');
  await eventually(async () => ping(lab().vmNetns('left'), await lab().guestAddress('right')));
});
afterAll(async () => {
  for (const one of opened) await one[Symbol.asyncDispose]();
});

test('R-16: a node that joins and leaves costs the others one FDB event each, and no packet', async () => {
  const running = await startPing(lab().vmNetns('left'), await lab().guestAddress('right'));
  const joining = [await watch('node-1'), await watch('node-2'), await watch('node-3')];

  const added = await lab().lab('node', 'add', 'node-4');
  expect([added.code, added.stderr]).toEqual([0, expect.anything()]);
  const all = [101, 102, 103, 104].map((number) => `192.168.40.${number}`);
  for (const number of [1, 2, 3, 4]) {
    await eventually(async () => {
      expect(await floodList(`node-${number}`)).toEqual(all.filter((address) => address !== `192.168.40.10${number}`));
    });
  }
  for (const monitor of joining) {
    expect(eventsOf(monitor)).toEqual([
      expect.stringMatching(`^${FLOOD} dev ${DEVICE} dst 192\\.168\\.40\\.104 self permanent`),
    ]);
    await monitor.stop();
  }

  const leaving = [await watch('node-1'), await watch('node-2'), await watch('node-3')];
  const removed = await lab().lab('node', 'remove', 'node-4');
  expect([removed.code, removed.stderr]).toEqual([0, expect.anything()]);
  for (const number of [1, 2, 3]) {
    await eventually(async () => expect(await floodList(`node-${number}`)).not.toContain('192.168.40.104'));
  }
  for (const monitor of leaving) {
    expect(eventsOf(monitor)).toEqual([
      expect.stringMatching(`^Deleted ${FLOOD} dev ${DEVICE} dst 192\\.168\\.40\\.104 self permanent`),
    ]);
    await monitor.stop();
  }

  const { sent, received, duplicates } = await running.stop();
  expect(received).toBe(sent);
  expect(duplicates).toBe(0);
});

test('a node comes back under its name, takes VMs, and is not let go while it has some', async () => {
  expect((await lab().lab('node', 'add', 'node-4')).code).toBe(0);
  const address = await lab().createVm('guest-4', '--network', 'private', '--node', 'node-4');
  await eventually(() => ping(lab().vmNetns('left'), address));
  const refused = await lab().lab('node', 'remove', 'node-4');
  expect([refused.code, refused.stderr]).toEqual([4, expect.stringContaining('guest-4')]);
  await ping(lab().vmNetns('left'), address);
  await lab().ok('delete', 'vm', 'guest-4');
  await eventually(async () => expect((await lab().lab('node', 'remove', 'node-4')).code).toBe(0));
  const { nodes } = await lab().status();
  expect(nodes.map(({ name }) => name)).toEqual(['node-1', 'node-2', 'node-3']);
});

test('R-36: a node that joins without VXLAN stays out', async () => {
  expect((await lab().lab('node', 'add', 'node-5', '--disable-vxlan')).code).toBe(0);
  expect(await exists(lab().netns('node-5'), 'kbr-default')).toBe(true);
  expect(await exists(lab().netns('node-5'), DEVICE)).toBe(false);
  expect(await floodList('node-1')).toEqual(['192.168.40.102', '192.168.40.103']);
});

test('R-52, R-53: an agent goes and comes back without a lost packet or an FDB event', async () => {
  const running = await startPing(lab().vmNetns('left'), await lab().guestAddress('right'));
  const monitor = await watch('node-1');
  const before = (await lab().status()).nodes[0]?.pid;
  await lab().createVm('plain', '--node', 'node-1');
  const leased = await eventually(async () => {
    const list = await leases();
    expect(list).toHaveLength(1);
    return list;
  });
  expect((await lab().lab('node', 'stop', 'node-1')).code).toBe(0);
  expect((await lab().status()).nodes[0]).toMatchObject({ name: 'node-1', state: 'stopped' });
  await eventually(async () => expect((await lab().json('get', 'nodes', 'node-1')).status.state).toBe('unknown'));
  expect((await lab().lab('node', 'start', 'node-1')).code).toBe(0);
  expect((await lab().status()).nodes[0]?.pid).not.toBe(before);
  // Its guest is the one that ran before, not a new one.
  await eventually(async () => {
    expect((await lab().json('get', 'vms', 'left')).status.state).toBe('running');
  });
  expect(eventsOf(monitor)).toEqual([]);
  await monitor.stop();
  const { sent, received } = await running.stop();
  expect(received).toBe(sent);
  await eventually(async () => expect(await leases()).toEqual(leased));
});

test('R-53: a node serves on, and starts again, without its controller', async () => {
  const { controller, nodes } = await lab().status();
  const { tap, address } = (await lab().json('get', 'vms', 'plain')).status.nics[0];
  process.kill(controller.pid ?? 0, 'SIGKILL');
  const [first] = nodes;
  process.kill(first?.pid ?? 0, 'SIGKILL');
  await eventually(async () => expect((await lab().status()).nodes[0]?.state).toBe('stopped'));
  expect((await lab().lab('node', 'start', 'node-1')).code).toBe(0);
  await ping(lab().vmNetns('left'), await lab().guestAddress('right'));
  // It repairs what is damaged meanwhile, from what it was told last.
  const netns = lab().netns('node-1');
  await inNetns(netns, 'ip', 'link', 'delete', DEVICE);
  await eventually(async () => expect(await floodList('node-1')).toEqual(['192.168.40.102', '192.168.40.103']));
  await eventually(async () => ping(lab().vmNetns('left'), await lab().guestAddress('right')));
  // Also a NIC, whose guest then asks for its address again.
  await inNetns(netns, 'ip', 'link', 'delete', tap);
  await eventually(async () => {
    const [link] = await witness(lab().vmNetns('plain'), 'ip', '-j', '-4', 'address', 'show', 'eth0');
    expect(link.addr_info).toMatchObject([{ local: address }]);
  });
  await eventually(() => ping(lab().vmNetns('plain'), '203.0.113.10'));
});
