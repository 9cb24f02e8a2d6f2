import { describe, expect, test } from 'vitest';
import { parseMac } from '../codec/mac.ts';
import { type ClientMessage, clientMessage } from '../testing/client.ts';
import { A, B, Host, lease, network, say, sent } from '../testing/host.ts';
import { settle } from '../testing/manual-clock.ts';

const OTHER = '02:99:99:99:99:99';
const WHO_HAS_100 = 'who-has 10.77.0.100';
const OFFER_100 = `offer 10.77.0.100 to ${A} at 10.77.0.100`;
const ACK_100 = `ack 10.77.0.100 to ${A} at 10.77.0.100`;
const select100: ClientMessage = { type: 'request', mac: A, requested: '10.77.0.100', server: '10.77.0.1' };
const NAK = 'nak 0.0.0.0 to ff:ff:ff:ff:ff:ff at 255.255.255.255';
const probing = network({ probe: true });

async function start(spec = probing) {
  const host = new Host();
  const link = host.sockets.addLink('kbr-lan');
  const server = await host.start(spec);
  const { clock, events } = host;
  return { host, link, server, clock, events };
}

/** ARP of one machine; `asks`: from 0.0.0.0, about the address. */
function arp(senderMac: string, host: number, asks = false): Uint8Array {
  const frame = new Uint8Array(42);
  frame.set([8, 6, 0, 1, 8, 0, 6, 4, 0, asks ? 1 : 2], 12);
  frame.set(parseMac(senderMac), 22);
  frame.set([10, 77, 0, host], asks ? 38 : 28);
  return frame;
}

describe('addresses not known to be free are looked for first (RFC 5227)', () => {
  test('two questions, then one more with the offer; a request that is repeated meanwhile is answered once', async () => {
    const { host, link, server, clock } = await start();
    await using _ = host;
    expect(await say(link, { type: 'discover', mac: A, xid: 1 })).toEqual([WHO_HAS_100]);
    expect(await say(link, { type: 'discover', mac: A, xid: 2 })).toEqual([]);
    await clock.advance(249);
    expect(sent(link)).toEqual([WHO_HAS_100]);
    await clock.advance(1);
    expect(sent(link)).toEqual([WHO_HAS_100, OFFER_100]);
    expect(server.counters().get('lan')).toMatchObject({ discover: 2, offer: 1, probes: 1 });
  });

  test('an address in use is quarantined and told, and the next one is offered', async () => {
    const { host, link, clock, events } = await start();
    await using _ = host;
    await say(link, { type: 'discover', mac: A });
    link.receiveFrame(arp(OTHER, 100));
    await clock.advance(0);
    expect(sent(link)).toEqual(['who-has 10.77.0.101']);
    await clock.advance(250);
    expect(sent(link).at(-1)).toBe(`offer 10.77.0.101 to ${A} at 10.77.0.101`);
    expect(events).toEqual(['AddressInUse lan']);
  });

  test('an answer of the client itself, or about another address, is no reason', async () => {
    const { host, link, clock, events } = await start();
    await using _ = host;
    await say(link, { type: 'discover', mac: A });
    link.receiveFrame(arp(A, 100));
    link.receiveFrame(arp(OTHER, 99));
    await clock.advance(250);
    expect(sent(link)).toEqual([WHO_HAS_100, WHO_HAS_100, OFFER_100]);
    link.receiveFrame(arp(A, 100));
    link.receiveFrame(arp(A, 100, true));
    link.receiveFrame(arp(link.mac, 100));
    expect(await say(link, select100)).toEqual([ACK_100]);
    expect(events).toEqual([]);
  });

  test('others are served meanwhile; bound MACs and known leases are never looked for', async () => {
    const { host, link, clock } = await start({ ...probing, bindings: [{ mac: B, address: '10.77.0.50' }] });
    await using _ = host;
    await say(link, { type: 'discover', mac: A });
    expect(await lease(link, B)).toBe('10.77.0.50');
    await clock.advance(250);
    sent(link);
    await say(link, select100);
    expect(await say(link, { type: 'discover', mac: A })).toEqual([OFFER_100]);
  });

  test('an answer that is in the socket when the machine runs again is heard before the offer', async () => {
    const { host, link, clock } = await start();
    await using _ = host;
    await say(link, { type: 'discover', mac: A });
    await clock.advance(100);
    sent(link);
    // The time is over in the eighth turn of the event loop from here, and the socket is read in the ninth.
    void settle().then(() => setImmediate(() => link.receiveFrame(arp(OTHER, 100))));
    await clock.advance(150);
    expect(sent(link)).toEqual(['who-has 10.77.0.101']);
  });

  test('a link that takes no question: no offer, and a count of it', async () => {
    const { host, link, server, clock } = await start();
    await using _ = host;
    link.takes = 0;
    await say(link, { type: 'discover', mac: A });
    await clock.advance(5000);
    expect(sent(link)).toEqual([]);
    expect(server.counters().get('lan')?.dropped).toEqual({ 'not-probed': 1 });
    link.takes = Number.POSITIVE_INFINITY;
    await say(link, { type: 'discover', mac: A });
    await clock.advance(250);
    expect(sent(link).at(-1)).toBe(OFFER_100);
  });
});

describe('an answer that comes after the offer', () => {
  async function offered(spec = probing) {
    const made = await start(spec);
    await say(made.link, { type: 'discover', mac: A });
    await made.clock.advance(250);
    sent(made.link);
    return made;
  }

  test.each([
    ['answers', false],
    ['is about to take it', true],
  ])('takes it back, when somebody %s: NAK, event, another address', async (_, asks) => {
    const { host, link, server, clock, events } = await offered();
    await using __ = host;
    link.receiveFrame(arp(OTHER, 100, asks));
    expect(await say(link, select100)).toEqual([NAK]);
    expect(events).toEqual(['AddressInUse lan']);
    expect(host.messages).toEqual([
      `10.77.0.100 is used by ${OTHER} without a lease; it is given to nobody for an hour`,
    ]);
    expect(server.holding('lan', '10.77.0.100')?.state).toBe('declined');
    await say(link, { type: 'discover', mac: A, requested: '10.77.0.100' });
    await clock.advance(250);
    expect(sent(link).at(-1)).toBe(`offer 10.77.0.101 to ${A} at 10.77.0.101`);
    await host.stop();
    const again = await host.start(probing);
    expect(again.holding('lan', '10.77.0.100')?.state).toBe('declined');
  });

  test('is heard before the REQUEST that arrived with it', async () => {
    const { host, link } = await offered();
    await using _ = host;
    // The REQUEST is read first: it is another socket.
    link.receiveDatagram(clientMessage(select100));
    setImmediate(() => link.receiveFrame(arp(OTHER, 100)));
    await settle();
    expect(sent(link)).toEqual([NAK]);
  });

  test('after the ACK it is told, and the lease stays', async () => {
    const { host, link, server, events } = await offered();
    await using _ = host;
    expect(await say(link, select100)).toEqual([ACK_100]);
    link.receiveFrame(arp(OTHER, 100, true));
    await settle();
    expect(events).toEqual([]);
    link.receiveFrame(arp(OTHER, 100));
    await settle();
    expect(host.messages).toEqual([`10.77.0.100 is leased to ${A}, but ${OTHER} uses it as well`]);
    expect(server.leases().map(({ address, mac }) => [address, mac])).toEqual([['10.77.0.100', A]]);
  });

  test('is nothing to a network that does not look for addresses', async () => {
    const { host, link, events } = await start(network());
    await using _ = host;
    expect(await say(link, { type: 'discover', mac: A })).toEqual([OFFER_100]);
    link.receiveFrame(arp(OTHER, 100));
    expect(await say(link, select100)).toEqual([ACK_100]);
    expect(events).toEqual([]);
  });

  test('is nothing when the offer is over', async () => {
    const { host, link, clock, events } = await offered();
    await using _ = host;
    await clock.advance(30_000);
    link.receiveFrame(arp(OTHER, 100));
    await settle();
    expect(events).toEqual([]);
  });
});
