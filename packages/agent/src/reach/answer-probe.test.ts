import { parseIpv4 } from '@kcore/contract';
import { describe, expect, test } from 'vitest';
import { FakeClock, settle } from '../../test/support/fake-clock.ts';
import { parseArp } from '../dhcp/codec/arp.ts';
import { parseMac } from '../dhcp/codec/mac.ts';
import { MemorySockets } from '../dhcp/testing/memory-sockets.ts';
import { createAnswerProbe } from './answer-probe.ts';

const MAC = '52:54:00:0b:9d:9f';
const target = { guest: 'web-01 u 1', bridge: 'kbr-web', mac: MAC, address: '10.0.0.2' };

/** An ARP reply, or any other ARP, of a guest. */
function arp(mac: string, address: string): Uint8Array {
  const frame = new Uint8Array(42);
  const view = new DataView(frame.buffer);
  view.setUint16(12, 0x0806);
  view.setUint16(14, 1);
  view.setUint16(16, 0x0800);
  frame.set([6, 4], 18);
  view.setUint16(20, 2);
  frame.set(parseMac(mac), 22);
  view.setUint32(28, parseIpv4(address));
  return frame;
}

function rig() {
  const clock = new FakeClock();
  const sockets = new MemorySockets();
  const probe = createAnswerProbe({ sockets, clock });
  const answered: string[] = [];
  const over = new AbortController();
  const listening = (async () => {
    for await (const guest of probe.answers(over.signal)) answered.push(guest);
  })();
  return {
    ...{ clock, sockets, probe, answered },
    async [Symbol.asyncDispose](): Promise<void> {
      over.abort();
      await listening;
      await probe[Symbol.asyncDispose]();
    },
  };
}

describe('who answers', () => {
  test('is asked at once, then once a second, from no address, and no more when it has answered', async () => {
    await using held = rig();
    const { clock, sockets, probe, answered } = held;
    const link = sockets.addLink('kbr-web', '02:6c:00:00:00:01');
    probe.ask([target]);
    await clock.advance(0);
    expect(link.frames.map(parseArp)).toEqual([
      { operation: 1, senderMac: '02:6c:00:00:00:01', senderAddress: 0, targetAddress: parseIpv4('10.0.0.2') },
    ]);
    await clock.advance(3_050);
    expect(link.frames).toHaveLength(4);
    link.receiveFrame(arp(MAC, '10.0.0.2'));
    await settle();
    expect(answered).toEqual([target.guest]);
    probe.ask([]);
    await clock.advance(10_000);
    expect(link.frames).toHaveLength(4);
  });

  test('is whom the address is of, and nobody else', async () => {
    await using held = rig();
    const { clock, sockets, probe, answered } = held;
    const link = sockets.addLink('kbr-web');
    const elsewhere = sockets.addLink('kbr-other');
    probe.ask([target, { ...target, guest: 'app', bridge: 'kbr-other', address: '10.1.0.2' }]);
    await clock.advance(0);
    link.receiveFrame(arp('52:54:00:00:00:01', '10.0.0.2'));
    link.receiveFrame(arp(MAC, '10.0.0.3'));
    link.receiveFrame(arp(MAC, '0.0.0.0'));
    link.receiveFrame(new Uint8Array(10));
    elsewhere.receiveFrame(arp(MAC, '10.0.0.2'));
    await settle();
    expect(answered).toEqual([]);
    elsewhere.receiveFrame(arp(MAC, '10.1.0.2'));
    await settle();
    expect(answered).toEqual(['app']);
  });

  test('waits for a bridge that is not there yet, or was made anew', async () => {
    await using held = rig();
    const { clock, sockets, probe, answered } = held;
    probe.ask([target]);
    await clock.advance(2_000);
    const first = sockets.addLink('kbr-web');
    await clock.advance(1_000);
    expect(first.frames.length).toBeGreaterThan(0);
    sockets.deleteLink('kbr-web');
    await settle();
    const second = sockets.addLink('kbr-web');
    await clock.advance(2_000);
    second.receiveFrame(arp(MAC, '10.0.0.2'));
    await settle();
    expect(answered).toEqual([target.guest]);
  });

  test('with several addresses is asked once a second all the same', async () => {
    await using held = rig();
    const { clock, sockets, probe } = held;
    const link = sockets.addLink('kbr-web');
    probe.ask([target, { ...target, address: '10.0.0.9' }]);
    await clock.advance(950);
    expect(link.frames).toHaveLength(2);
    for (let count = 0; count < 20; count += 1) {
      probe.ask([target, { ...target, address: '10.0.0.9' }]);
      await clock.advance(1);
    }
    expect(link.frames).toHaveLength(2);
  });
});
