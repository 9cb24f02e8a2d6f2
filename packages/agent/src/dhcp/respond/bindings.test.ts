import { formatIpv4 } from '@kcore/contract';
import { describe, expect, test } from 'vitest';
import type { DhcpNetwork } from '../../model/dhcp-network.ts';
import { option } from '../codec/options.ts';
import type { RawOption } from '../codec/packet.ts';
import { clientOf } from '../leases/lease.ts';
import { Conversation, macOf, NET, network, replyOf } from '../testing/conversation.ts';
import { serveNetwork } from './served-network.ts';

/** Lines `what is sent → what comes of it`; a line without an arrow is only said. */
function check(over: Partial<DhcpNetwork>, script: string, prepare?: (conversation: Conversation) => void): void {
  const conversation = new Conversation(network(over));
  prepare?.(conversation);
  const lines = script
    .split('\n')
    .map((line) => line.trim())
    .filter((line) => line !== '');
  expect(conversation.play(lines)).toEqual(lines);
}

describe('bindings', () => {
  test('R-44: a bound MAC gets its address, whatever it asks for', () =>
    check(
      { bindings: [{ mac: macOf('A').toUpperCase(), address: `${NET}50` }] },
      `
      A discover ask 100 → offer 50
      A select 50 → ack 50
      A renew 50 → ack 50
      A reboot 100 → nak`,
    ));

  test('a changed binding is refused at renewal, then given', () =>
    check(
      {},
      `
      bind A 50
      A discover → offer 50
      A select 50 → ack 50
      bind A 60
      A renew 50 → nak
      A discover → offer 60
      A select 60 → ack 60`,
    ));

  test('a binding beats the lease the MAC had before', () =>
    check(
      {},
      `
      A discover → offer 100
      A select 100 → ack 100
      bind A 50
      A reboot 100 → nak
      A discover → offer 50
      B discover ask 100 → offer 100`,
    ));

  test('a bound address of the range is never leased', () =>
    check(
      { reservations: [{ mac: macOf('Z'), address: `${NET}100` }] },
      `
      A discover → offer 101
      B discover ask 100 → offer 102
      Z discover → offer 100`,
    ));

  test('a bound address on lease to another waits for that one, who is refused when it renews', () =>
    check(
      {},
      `
      A discover → offer 100
      A select 100 → ack 100
      bind B 100
      B discover → address-held !BindingHeld
      B reboot 100 → nak
      A renew 100 → nak
      B discover → offer 100
      B select 100 → ack 100
      A discover → offer 101`,
    ));

  test('an address whose binding is declined stays with its MAC, and is told', () =>
    check(
      { bindings: [{ mac: macOf('A'), address: `${NET}50` }] },
      `
      A discover → offer 50
      A select 50 → ack 50
      A decline 50 → declined !AddressDeclined
      A discover → offer 50`,
    ));

  test('a binding comes before a reservation of the same MAC', () =>
    check(
      {
        bindings: [{ mac: macOf('A'), address: `${NET}50` }],
        reservations: [{ mac: macOf('A'), address: `${NET}60` }],
      },
      'A discover → offer 50',
    ));

  test('R-15: with bindings only, all others hear nothing at all', () =>
    check(
      { bindingsOnly: true, bindings: [{ mac: macOf('A'), address: `${NET}50` }] },
      `
      A discover → offer 50
      A select 50 → ack 50
      B discover → not-bound
      B reboot 50 → not-bound
      B renew 60 → not-bound
      B select 50 → not-bound
      B inform 60 → not-bound`,
    ));

  test('without a range only bindings are served', () => {
    const { range: _, ...rest } = network({ bindings: [{ mac: macOf('A'), address: `${NET}50` }] });
    const conversation = new Conversation(rest);
    expect(conversation.say('A discover')).toBe('offer 50');
    expect(conversation.say('B discover')).toBe('not-bound');
  });
});

describe('who a client is', () => {
  const id = (...bytes: number[]): RawOption => option('clientId', Uint8Array.of(...bytes));
  const X = id(0xff, 1);
  const Y = id(0xff, 2);
  const lease = (conversation: Conversation, mac: string, ...options: RawOption[]): string => {
    const { yiaddr } = replyOf(conversation.send({ type: 'discover', mac, options }));
    const requested = formatIpv4(yiaddr);
    const reply = conversation.send({ type: 'request', mac, requested, server: `${NET}1`, options });
    return reply.kind === 'reply' && reply.reply.type === 'ack' ? requested : 'refused';
  };
  const renew = (conversation: Conversation, mac: string, ciaddr: string, ...options: RawOption[]): unknown => {
    const reply = conversation.send({ type: 'request', mac, ciaddr, options });
    return reply.kind === 'reply' ? reply.reply.type : reply;
  };

  test('a NIC of the platform is its MAC: whatever identifiers it sends, it has one address, and clones have their own', () => {
    const bindings = [
      { mac: macOf('A'), address: `${NET}50` },
      { mac: macOf('B'), address: `${NET}51` },
    ];
    const conversation = new Conversation(network({ bindings }));
    const [a, b] = [macOf('A'), macOf('B')];
    expect([
      lease(conversation, a, X),
      lease(conversation, b, X),
      lease(conversation, a),
      lease(conversation, a, Y),
    ]).toEqual([`${NET}50`, `${NET}51`, `${NET}50`, `${NET}50`]);
    expect([...conversation.table.leases()].map(clientOf).sort()).toEqual([a, b]);
  });

  test('an unknown MAC is known by its identifier: two of them are two clients', () => {
    const conversation = new Conversation(network());
    expect([lease(conversation, macOf('A'), X), lease(conversation, macOf('A'), Y)]).toEqual([
      `${NET}100`,
      `${NET}101`,
    ]);
    expect(renew(conversation, macOf('A'), `${NET}100`, X)).toBe('ack');
    expect(renew(conversation, macOf('A'), `${NET}100`, Y)).toBe('nak');
  });

  test('an identifier that is the MAC says nothing new: firmware without one is the same client', () => {
    const conversation = new Conversation(network());
    const own = id(1, 2, 0, 0, 0, 0, 0x41);
    expect([lease(conversation, macOf('A')), lease(conversation, macOf('A'), own)]).toEqual([`${NET}100`, `${NET}100`]);
  });

  test('a copy of an identifier on another NIC never gets the same address while that is leased, and keeps its own', () => {
    const conversation = new Conversation(network({ leaseSeconds: 100 }));
    expect([lease(conversation, macOf('A'), X), lease(conversation, macOf('B'), X)]).toEqual([
      `${NET}100`,
      `${NET}101`,
    ]);
    conversation.now += 60_000;
    expect(renew(conversation, macOf('B'), `${NET}101`, X)).toBe('ack');
    conversation.now += 60_000;
    // The first lease is over by now; the copy goes on with what it has.
    expect(renew(conversation, macOf('B'), `${NET}101`, X)).toBe('ack');
    expect(lease(conversation, macOf('A'), X)).toBe(`${NET}100`);
  });

  test('a machine whose NIC was replaced has its old address again when the lease is over, if nobody uses it', () => {
    const conversation = new Conversation(network({ leaseSeconds: 100 }));
    expect(lease(conversation, macOf('A'), X)).toBe(`${NET}100`);
    conversation.now += 101_000;
    expect(lease(conversation, macOf('B'), X)).toBe(`${NET}100`);
    conversation.now += 101_000;
    conversation.used.add(`${NET}100`);
    expect(lease(conversation, macOf('C'), X)).toBe(`${NET}101`);
  });

  test('what a MAC held under its identifier is over when it is bound, and its own address may be bound to it', () => {
    const conversation = new Conversation(network());
    const rebind = (host: number): void => {
      conversation.served = serveNetwork(network({ bindings: [{ mac: macOf('A'), address: NET + host }] }));
    };
    lease(conversation, macOf('A'), X);
    rebind(100);
    expect(renew(conversation, macOf('A'), `${NET}100`, X)).toBe('ack');
    rebind(50);
    expect(renew(conversation, macOf('A'), `${NET}100`, X)).toBe('nak');
    expect(conversation.table.size).toBe(0);
    conversation.served = serveNetwork(network());
    lease(conversation, macOf('A'), X);
    rebind(50);
    expect(lease(conversation, macOf('A'), X)).toBe(`${NET}50`);
    expect([...conversation.table.leases()].map(({ address }) => formatIpv4(address))).toEqual([`${NET}50`]);
  });

  test('one byte, or more than a DUID can have, is no identifier', () => {
    const conversation = new Conversation(network());
    const long = option('clientId', new Uint8Array(161).fill(7));
    expect([lease(conversation, macOf('A'), id(7)), lease(conversation, macOf('A'), long)]).toEqual([
      `${NET}100`,
      `${NET}100`,
    ]);
  });
});
