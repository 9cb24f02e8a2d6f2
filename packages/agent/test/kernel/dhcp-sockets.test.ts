import { readdirSync } from 'node:fs';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { FRAME_HEADROOM, sealFrame } from '../../src/dhcp/codec/frame.ts';
import { parseMac } from '../../src/dhcp/codec/mac.ts';
import { clientMessage } from '../../src/dhcp/testing/client.ts';
import { kernelPacketSockets } from '../../src/kernel/packet-sockets.ts';
import { systemClock } from '../../src/loop/system-clock.ts';
import type { DhcpNetwork } from '../../src/model/dhcp-network.ts';
import { DhcpLab } from '../support/dhcp-lab.ts';

function network(over: Partial<DhcpNetwork> = {}): DhcpNetwork {
  return {
    network: 'lan',
    link: 'br0',
    serverAddress: '10.78.0.1',
    prefix: 24,
    range: { start: '10.78.0.100', end: '10.78.0.199' },
    leaseSeconds: 3600,
    dns: [],
    options: [],
    bindings: [],
    reservations: [],
    bindingsOnly: false,
    probe: false,
    ...over,
  };
}

let lab: DhcpLab;

beforeEach(() => {
  lab = new DhcpLab('sockets');
});

afterEach(async () => {
  await lab[Symbol.asyncDispose]();
});

/** What a DHCP server at 10.78.0.66 sends to everybody. */
function foreignOffer(): Uint8Array {
  const message = clientMessage({ type: 'offer', mac: '02:00:00:00:00:01', server: '10.78.0.66' });
  message[0] = 2;
  const frame = new Uint8Array(FRAME_HEADROOM + message.length);
  frame.set(message, FRAME_HEADROOM);
  return sealFrame(frame, {
    sourceMac: parseMac('02:00:00:00:00:66'),
    destinationMac: new Uint8Array(6).fill(0xff),
    source: 0x0a4e_0042,
    destination: 0xffff_ffff,
    sourcePort: 67,
    destinationPort: 68,
  });
}

it('tells of another DHCP server as soon as it answers somebody on the link', async () => {
  lab.bridge('br0', '10.78.0.1/24');
  const guest = lab.client('g', 'br0', '02:00:00:00:00:66');
  await lab.start([network()]);
  const sockets = kernelPacketSockets({ netns: `/run/netns/${guest}` });
  await using socket = await sockets.openPacket({ link: 'eth0', etherType: 0 });
  await expect
    .poll(
      async () => {
        await socket.send([foreignOffer()]);
        return lab.events;
      },
      { timeout: 10_000 },
    )
    .toEqual(['ForeignDhcpServer lan']);
});

it("sends from the bridge's own MAC also after that has changed", async () => {
  lab.bridge('br0', '10.78.0.1/24');
  const guest = lab.client('g', 'br0', '02:00:00:00:00:01');
  await lab.start([network()]);
  const raw = await lab.raw(guest);
  await raw.ask({ type: 'discover', mac: '02:00:00:00:00:01' });
  // A bridge has the lowest address of its ports.
  lab.sh(
    lab.serverNamespace,
    `ip link add low address 02:00:00:00:00:00 type veth peer name other
     ip link set dev low master br0`,
  );
  const discover = () => raw.ask({ type: 'discover', mac: '02:00:00:00:00:01' });
  expect(await lab.witness(guest, 'eth0', discover, 'port 67')).toContain('02:00:00:00:00:00 > 02:00:00:00:00:01');
});

it('one guest that floods its network keeps nobody from an address, and is not answered all it sends', async () => {
  lab.bridge('br0', '10.78.0.1/24');
  const flooder = lab.client('f', 'br0', '02:00:00:00:00:0f');
  const guest = lab.client('g', 'br0', '02:00:00:00:00:01');
  const server = await lab.start([network()]);
  const loud = await lab.raw(flooder);
  const quiet = await lab.raw(guest);
  const discover = { type: 'discover', mac: '02:00:00:00:00:0f' } as const;
  await loud.ask(discover);
  const flooding = new AbortController();
  const flood = (async () => {
    while (!flooding.signal.aborted) {
      // So many at once that most are too many, however seldom the machine gets round to it.
      await loud.send(...Array.from({ length: 500 }, () => discover));
      await systemClock.sleep(1);
    }
  })();
  for (let round = 0; round < 10; round++) {
    const mac = `02:00:00:00:01:0${round}`;
    const offer = await quiet.ask({ type: 'discover', mac });
    expect(offer?.packet.yiaddr).toBeGreaterThan(0);
  }
  flooding.abort();
  await flood;
  const counters = server.counters().get('lan');
  expect(counters?.dropped['too-many-requests']).toBeGreaterThan(100);
  // At most a hundred in each second that it took.
  expect(loud.replies.length).toBeLessThan((counters?.discover ?? 0) / 2);
});

it('serves thirty networks without a thread for any of them', async () => {
  const names = Array.from({ length: 30 }, (_, index) => `br${index}`);
  lab.sh(
    lab.serverNamespace,
    names.map((name) => `ip link add ${name} type bridge; ip link set dev ${name} up`).join('\n'),
  );
  const before = readdirSync('/proc/self/task').length;
  const server = await lab.start(
    names.map((name, index) =>
      network({
        network: name,
        link: name,
        serverAddress: `10.${index}.0.1`,
        range: { start: `10.${index}.0.100`, end: `10.${index}.0.199` },
      }),
    ),
  );
  // Those of the thread pool may have been started meanwhile; threads that open sockets end by themselves.
  await expect.poll(() => readdirSync('/proc/self/task').length, { timeout: 10_000 }).toBeLessThanOrEqual(before + 4);
  for (const index of [0, 17, 29]) {
    const guest = lab.client(`g${index}`, `br${index}`, '02:00:00:00:00:01');
    const raw = await lab.raw(guest);
    const offer = await raw.ask({ type: 'discover', mac: '02:00:00:00:00:01' });
    expect(offer?.packet.yiaddr).toBe(((10 << 24) | (index << 16) | 100) >>> 0);
  }
  expect(server.counters().size).toBe(30);
});
