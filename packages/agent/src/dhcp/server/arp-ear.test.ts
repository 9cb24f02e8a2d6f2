import { parseIpv4 } from '@kcore/contract';
import { expect, test } from 'vitest';
import { arpProbe } from '../codec/arp.ts';
import { MemoryLink } from '../testing/memory-sockets.ts';
import { ArpEar } from './arp-ear.ts';

/** An ear on a link; what it heard, by the last byte of the address. */
function ear() {
  const link = new MemoryLink('02:6c:00:00:00:01');
  const heard: number[] = [];
  const made = new ArpEar(link.packet(), ({ targetAddress }) => heard.push(targetAddress & 255));
  const stop = new AbortController();
  const listening = made.listen(stop.signal);
  return {
    heard,
    arrive: (host: number) => link.receiveFrame(arpProbe(new Uint8Array(6), parseIpv4(`10.77.0.${host}`))),
    receive: (frame: Uint8Array) => link.receiveFrame(frame),
    heardAll: () => made.heardAll(),
    [Symbol.asyncDispose]: async () => {
      stop.abort();
      await listening;
    },
  };
}

test('waits until the sockets were looked at, also when a socket is what is waited from', async () => {
  await using link = ear();
  setImmediate(() => setImmediate(() => link.arrive(1)));
  await link.heardAll();
  expect(link.heard).toEqual([1]);
});

test('waits on while more arrives, and not for ever', async () => {
  await using link = ear();
  let count = 0;
  const arrive = (): void => {
    link.arrive(++count);
    if (count < 100) setImmediate(() => setImmediate(arrive));
  };
  setImmediate(arrive);
  await link.heardAll();
  expect(link.heard.length).toBeGreaterThan(10);
  expect(count).toBeLessThan(20);
});

test('what is no ARP is not heard', async () => {
  await using link = ear();
  link.receive(new Uint8Array(60));
  await link.heardAll();
  expect(link.heard).toEqual([]);
});
