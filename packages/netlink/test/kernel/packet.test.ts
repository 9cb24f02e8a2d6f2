import { readdir } from 'node:fs/promises';
import { expect, it } from 'vitest';
import { ValueError } from '../../src/codec/error.ts';
import { openConnection } from '../../src/connection/open.ts';
import { openMonitor } from '../../src/monitor/monitor.ts';
import { type BpfInstruction, openPacketSocket } from '../../src/packet/packet.ts';
import { openTap } from '../../src/packet/tap.ts';
import { openUdpSocket } from '../../src/packet/udp.ts';
import { addresses } from '../../src/rtnl/address.ts';
import { links } from '../../src/rtnl/link/requests.ts';
import { neighbours } from '../../src/rtnl/neighbour.ts';
import { NETLINK_ROUTE } from '../../src/uapi/netlink.ts';
import { collectGarbage } from './garbage.ts';
import { ip, ipJson, Namespaces } from './namespaces.ts';

const MAC = { a: '02:00:00:00:09:01', b: '02:00:00:00:09:02' } as const;

/**
 * Two ends of a veth pair, `a` 10.9.0.1 and `b` 10.9.0.2, in two namespaces. They know each other's hardware address: what
 * waits for ARP finds little room, and on a busy machine waits long.
 */
async function pair(
  namespaces: Namespaces,
): Promise<{ readonly a: string; readonly b: string; readonly names: string[] }> {
  const a = await namespaces.create('a');
  const b = await namespaces.create('b');
  await ip(a.name, 'link', 'add', 'name', 'a', 'type', 'veth', 'peer', 'name', 'b', 'netns', b.name);
  for (const [netns, device, address, peer, other] of [
    [a.path, 'a', '10.9.0.1', 'b', '10.9.0.2'],
    [b.path, 'b', '10.9.0.2', 'a', '10.9.0.1'],
  ] as const) {
    await using connection = await openConnection({ protocol: NETLINK_ROUTE, netns });
    const index = (await connection.request(links.get({ name: device })))?.index ?? 0;
    await connection.request(links.change({ index }, { mac: MAC[device], flags: { up: true } }));
    await connection.request(addresses.create({ index, address, prefix: 24 }));
    await connection.request(neighbours.create({ index, address: other, mac: MAC[peer] }));
  }
  await Promise.all([settled(a.path, 'a'), settled(b.path, 'b')]);
  return { a: a.path, b: b.path, names: [a.name, b.name] };
}

/** Until the kernel has noticed the carrier, it drops what is sent. */
async function settled(netns: string, name: string): Promise<void> {
  await using connection = await openConnection({ protocol: NETLINK_ROUTE, netns });
  for (;;) {
    const link = await connection.request(links.get({ name }));
    if (link?.operationalState === OPERSTATE_UP) return;
    await pause();
  }
}

const OPERSTATE_UP = 6;

function frame(number: number, etherType = 0x88b6): Uint8Array {
  const bytes = new Uint8Array(60).fill(0xff, 0, 6);
  bytes.set([2, 0, 0, 0, 0, 1], 6);
  bytes.set([etherType >> 8, etherType & 255, number >> 8, number & 255], 12);
  return bytes;
}

it('sends and receives batches of frames in order, of its ether type and device only', async () => {
  await using namespaces = new Namespaces();
  const { a, b, names } = await pair(namespaces);
  await using sender = await openPacketSocket({ device: 'a', etherType: 0, netns: a });
  await using receiver = await openPacketSocket({ device: 'b', etherType: 0x88b6, netns: b });
  expect(await sender.send([frame(9999, 0x88b7)])).toBe(1);
  expect(await sender.send(Array.from({ length: 200 }, (_, n) => frame(n)))).toBe(200);
  const numbers: number[] = [];
  for await (const batch of receiver.receive()) {
    numbers.push(...batch.map((bytes) => ((bytes[14] ?? 0) << 8) | (bytes[15] ?? 0)));
    if (numbers.length >= 200) break;
  }
  expect(numbers).toEqual(Array.from({ length: 200 }, (_, n) => n));
  const [seen] = await ipJson(names[0] ?? '', 'link', 'show', 'dev', 'a');
  expect(sender.mac).toBe(seen?.['address']);
});

it('exchanges udp over one device, broadcast included', async () => {
  await using namespaces = new Namespaces();
  const { a, b } = await pair(namespaces);
  await using client = await openUdpSocket({ device: 'a', port: 6800, broadcast: true, netns: a });
  await using server = await openUdpSocket({ device: 'b', port: 6700, broadcast: true, netns: b });
  const sent = [
    { data: Uint8Array.of(1, 2, 3), address: '255.255.255.255', port: 6700 },
    { data: new Uint8Array(1400).fill(7), address: '10.9.0.2', port: 6700 },
  ];
  expect(await client.send(sent)).toBe(2);
  const got: { readonly address: string; readonly port: number; readonly length: number }[] = [];
  for await (const batch of server.receive()) {
    for (const { data, address, port } of batch) got.push({ address, port, length: data.byteLength });
    if (got.length >= 2) break;
  }
  expect(got).toEqual([
    { address: '10.9.0.1', port: 6800, length: 3 },
    { address: '10.9.0.1', port: 6800, length: 1400 },
  ]);
});

it('loses nothing of a burst of a thousand while the event loop is busy', async () => {
  await using namespaces = new Namespaces();
  const { a, b } = await pair(namespaces);
  await using client = await openUdpSocket({ device: 'a', port: 6800, broadcast: true, netns: a });
  await using server = await openUdpSocket({ device: 'b', port: 6700, broadcast: true, netns: b });
  const burst = Array.from({ length: 1000 }, () => ({ data: new Uint8Array(1000), address: '10.9.0.2', port: 6700 }));
  let sent = 0;
  // A send gives up when the buffer stays full, as it does on a machine that has no time to deliver.
  while (sent < 1000) sent += await client.send(burst.slice(sent));
  let received = 0;
  for await (const batch of server.receive()) {
    received += batch.length;
    if (received === 1000) break;
  }
  expect(received).toBe(1000);
});

it('ends receiving when the device is deleted, of udp as well', async () => {
  await using namespaces = new Namespaces();
  const { a, names } = await pair(namespaces);
  await using frames = await openPacketSocket({ device: 'a', etherType: 0x0806, netns: a });
  await using udp = await openUdpSocket({ device: 'a', port: 67, broadcast: true, netns: a });
  const ends = Promise.all([drain(frames.receive()), drain(udp.receive())]);
  await ip(names[0] ?? '', 'link', 'delete', 'dev', 'a');
  await ends;
  await expect(openUdpSocket({ device: 'a', port: 67, broadcast: true, netns: a })).rejects.toMatchObject({
    code: 'ENODEV',
  });
  await expect(openPacketSocket({ device: 'a', etherType: 3, netns: a })).rejects.toMatchObject({ code: 'ENODEV' });
});

it('goes on receiving udp after the device was down and up again', async () => {
  await using namespaces = new Namespaces();
  const { a, b, names } = await pair(namespaces);
  await using client = await openUdpSocket({ device: 'a', port: 6800, broadcast: true, netns: a });
  await using server = await openUdpSocket({ device: 'b', port: 6700, broadcast: true, netns: b });
  const first = server.receive()[Symbol.asyncIterator]();
  const next = first.next();
  await ip(names[1] ?? '', 'link', 'set', 'dev', 'b', 'down');
  await ip(names[1] ?? '', 'link', 'set', 'dev', 'b', 'up');
  await Promise.all([settled(a, 'a'), settled(b, 'b')]);
  await client.send([{ data: Uint8Array.of(5), address: '255.255.255.255', port: 6700 }]);
  const { value } = await next;
  expect(value?.map(({ data }: { readonly data: Uint8Array }) => [...data])).toEqual([[5]]);
});

it('ends receiving when the signal aborts, and receives again afterwards', async () => {
  await using namespaces = new Namespaces();
  const { a, b } = await pair(namespaces);
  await using sender = await openPacketSocket({ device: 'a', etherType: 0, netns: a });
  await using receiver = await openPacketSocket({ device: 'b', etherType: 0x88b6, netns: b });
  const abort = new AbortController();
  const waiting = drain(receiver.receive(abort.signal));
  abort.abort();
  await waiting;
  await sender.send([frame(1)]);
  for await (const batch of receiver.receive()) {
    expect(batch).toHaveLength(1);
    break;
  }
});

it('rejects a send that the kernel took nothing of', async () => {
  await using namespaces = new Namespaces();
  const { a, names } = await pair(namespaces);
  await using sender = await openPacketSocket({ device: 'a', etherType: 0, netns: a });
  await ip(names[0] ?? '', 'link', 'set', 'dev', 'a', 'down');
  await expect(sender.send([frame(1)])).rejects.toMatchObject({ code: 'ENETDOWN' });
});

it('keeps what a filter refuses out of the socket', async () => {
  await using namespaces = new Namespaces();
  const { a, b } = await pair(namespaces);
  await using sender = await openPacketSocket({ device: 'a', etherType: 0, netns: a });
  // Load the byte at 15; keep 16 bytes of the frame when it is odd, nothing otherwise.
  const filter = [{ code: 0x30, k: 15 }, { code: 0x45, jf: 1, k: 1 }, { code: 0x06, k: 16 }, { code: 0x06 }];
  await using receiver = await openPacketSocket({ device: 'b', etherType: 0x88b6, netns: b, filter });
  await sender.send(Array.from({ length: 10 }, (_, number) => frame(number)));
  const got: (readonly (number | undefined)[])[] = [];
  for await (const batch of receiver.receive()) {
    got.push(...batch.map((bytes) => [bytes.length, bytes[15]]));
    if (got.length >= 5) break;
  }
  expect(got).toEqual([1, 3, 5, 7, 9].map((number) => [16, number]));
  const tooLong = Array.from({ length: 33 }, () => ({ code: 0x06 }));
  await expect(openPacketSocket({ device: 'b', etherType: 3, netns: b, filter: tooLong })).rejects.toThrow('longer');
});

it('counts what found the receive buffer full', async () => {
  await using namespaces = new Namespaces();
  const { a, b } = await pair(namespaces);
  await using sender = await openPacketSocket({ device: 'a', etherType: 0, netns: a });
  await using receiver = await openPacketSocket({ device: 'b', etherType: 0x88b6, netns: b, receiveBuffer: 4096 });
  await using client = await openUdpSocket({ device: 'a', port: 6800, broadcast: true, netns: a });
  await using server = await openUdpSocket({ device: 'b', port: 6700, broadcast: true, netns: b, receiveBuffer: 4096 });
  expect([receiver.dropped(), server.dropped()]).toEqual([0, 0]);
  expect(await sender.send(Array.from({ length: 200 }, (_, number) => frame(number)))).toBe(200);
  const datagrams = Array.from({ length: 200 }, () => ({ data: frame(0), address: '10.9.0.2', port: 6700 }));
  expect(await client.send(datagrams)).toBe(200);
  expect(await receivedOf(200, receiver)).toBeGreaterThan(0);
  expect(await receivedOf(200, server)).toBeGreaterThan(0);
});

/** Nobody reads until something was dropped; from then on all that were sent are received or counted, each once. */
async function receivedOf(
  sent: number,
  socket: { receive(signal: AbortSignal): AsyncIterable<readonly unknown[]>; dropped(): number },
): Promise<number> {
  const abort = new AbortController();
  let received = 0;
  const receive = async (): Promise<void> => {
    for await (const batch of socket.receive(abort.signal)) received += batch.length;
  };
  while (socket.dropped() === 0) await pause();
  const receiving = receive();
  // A busy machine delivers late, after both sends have come back.
  while (received + socket.dropped() < sent) await pause();
  abort.abort();
  await receiving;
  expect(received + socket.dropped()).toBe(sent);
  return received;
}

it('hears after the garbage collector came between two receives, and notices the end of its device', async () => {
  await using namespaces = new Namespaces();
  const { a, b, names } = await pair(namespaces);
  await using client = await openUdpSocket({ device: 'a', port: 6800, broadcast: true, netns: a });
  await using server = await openUdpSocket({ device: 'b', port: 6700, broadcast: true, netns: b });
  const heard: number[] = [];
  const send = (number: number): Promise<number> =>
    client.send([{ data: Uint8Array.of(number), address: '10.9.0.2', port: 6700 }]);
  collectGarbage();
  await send(1);
  for await (const batch of server.receive()) {
    heard.push(...batch.map(({ data }) => data[0] ?? 0));
    collectGarbage();
    if (heard.length === 3) break;
    await send(heard.length + 1);
  }
  expect(heard).toEqual([1, 2, 3]);
  collectGarbage();
  await ip(names[1] ?? '', 'link', 'delete', 'dev', 'b');
  await drain(server.receive());
});

it('closes a socket whose device went while it was waited for, once nobody holds it', async () => {
  await using namespaces = new Namespaces();
  const { b, names } = await pair(namespaces);
  const before = await descriptors();
  await (async () => {
    const socket = await openUdpSocket({ device: 'b', port: 6700, broadcast: true, netns: b });
    const drained = drain(socket.receive());
    await ip(names[1] ?? '', 'link', 'delete', 'dev', 'b');
    await drained;
  })();
  while ((await descriptors()) > before) {
    collectGarbage();
    await pause();
  }
});

it('closes a socket whose device is down, once nobody holds it', async () => {
  await using namespaces = new Namespaces();
  const { b, names } = await pair(namespaces);
  const before = await descriptors();
  await (async () => {
    const socket = await openUdpSocket({ device: 'b', port: 6700, broadcast: true, netns: b });
    const abort = new AbortController();
    const drained = drain(socket.receive(abort.signal));
    await ip(names[1] ?? '', 'link', 'set', 'dev', 'b', 'down');
    await pause();
    abort.abort();
    await drained;
  })();
  while ((await descriptors()) > before) {
    collectGarbage();
    await pause();
  }
});

it('closes sockets that nobody holds any more', async () => {
  const before = await descriptors();
  await (async () => {
    for (let port = 6801; port < 6811; port += 1) await openUdpSocket({ device: 'lo', port, broadcast: false });
  })();
  expect(await descriptors()).toBeGreaterThan(before + 10);
  while ((await descriptors()) > before) {
    collectGarbage();
    await pause();
  }
});

it("knows a bridge's address, which changes with its ports", async () => {
  await using namespaces = new Namespaces();
  const { path, name } = await namespaces.create('bridge');
  await ip(name, 'link', 'add', 'name', 'br', 'type', 'bridge');
  await ip(name, 'link', 'set', 'dev', 'br', 'up');
  await using socket = await openPacketSocket({ device: 'br', etherType: 0x0806, netns: path });
  for (const port of ['02:00:00:00:00:09', '02:00:00:00:00:01']) {
    const link = `p${port.at(-1)}`;
    await ip(name, 'link', 'add', 'name', link, 'address', port, 'type', 'veth', 'peer', 'name', `${link}x`);
    await ip(name, 'link', 'set', 'dev', link, 'master', 'br');
    const [seen] = await ipJson(name, 'link', 'show', 'dev', 'br');
    expect(socket.mac).toBe(seen?.['address']);
    expect(socket.mac).toBe(port);
  }
  await ip(name, 'link', 'delete', 'dev', 'br');
  expect(socket.mac).toBe('02:00:00:00:00:01');
});

it('makes a tap that stays when asked to, and goes with its holder when not', async () => {
  await using namespaces = new Namespaces();
  const { path, name } = await namespaces.create('tap');
  const kept = await openTap({ name: 'tap0', owner: 64321, vnetHeader: true, multiQueue: true, netns: path });
  await kept.persist();
  await kept[Symbol.asyncDispose]();
  const held = await openTap({ name: 'tap1', netns: path });
  expect((await ipJson(name, 'link')).map((link) => link['ifname'])).toContain('tap1');
  await held[Symbol.asyncDispose]();
  const seen = await ipJson(name, 'link');
  expect(seen.map((link) => link['ifname'])).not.toContain('tap1');
  const tap = seen.find((link) => link['ifname'] === 'tap0');
  expect(tap?.['linkinfo']).toMatchObject({
    info_data: { type: 'tap', vnet_hdr: true, multi_queue: true, user: 64321 },
  });
});

const LO = { device: 'lo', broadcast: false, port: 6767 } as const;

it.each<[string, string, () => Promise<unknown>]>([
  ['a port', 'port: 72303', () => openUdpSocket({ ...LO, port: 72_303 })],
  ['no port', 'port: NaN', () => openUdpSocket({ ...LO, port: Number.NaN })],
  ['a receive buffer', 'receiveBuffer: 4294971392', () => openUdpSocket({ ...LO, receiveBuffer: 2 ** 32 + 4096 })],
  ['a send buffer', 'sendBuffer: 0.5', () => openPacketSocket({ device: 'lo', etherType: 0, sendBuffer: 0.5 })],
  ['an ether type', 'etherType: 67590', () => openPacketSocket({ device: 'lo', etherType: 0x1_0806 })],
  ['a jump', 'filter.1.jt: 256', () => filtered({ code: 0x45, jt: 256 })],
  ['a constant', 'filter.1.k: 4294967296', () => filtered({ code: 6, k: 2 ** 32 })],
  ['a code', 'filter.1.code: 65542', () => filtered({ code: 0x1_0006 })],
  ['a group', 'groups.1: 4294967297', () => openMonitor({ protocol: NETLINK_ROUTE, groups: [1, 2 ** 32 + 1] })],
])('refuses %s that would wrap, by its name', async (_, message, open) => {
  await expect(open()).rejects.toThrow(ValueError);
  await expect(open()).rejects.toThrow(`${message} is not an integer from`);
});

function filtered(instruction: BpfInstruction): Promise<unknown> {
  return openPacketSocket({ device: 'lo', etherType: 0, filter: [{ code: 0x06 }, instruction] });
}

it('sends nothing of a batch with a port that would wrap', async () => {
  await using socket = await openUdpSocket({ ...LO, port: 0 });
  await using receiver = await openUdpSocket(LO);
  const datagram = (port: number) => ({ data: Uint8Array.of(1), address: '127.0.0.1', port });
  await expect(socket.send([datagram(6767), datagram(65_536 + 6767)])).rejects.toThrow(
    'port: 72303 is not an integer from 0 to 65535',
  );
  expect(await socket.send([{ ...datagram(6767), data: Uint8Array.of(2) }])).toBe(1);
  for await (const batch of receiver.receive()) {
    expect(batch.map(({ data }) => [...data])).toEqual([[2]]);
    break;
  }
});

async function descriptors(): Promise<number> {
  return (await readdir('/proc/self/fd')).length;
}

async function drain(batches: AsyncIterable<unknown>): Promise<void> {
  for await (const _ of batches);
}

function pause(): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, 5));
}
