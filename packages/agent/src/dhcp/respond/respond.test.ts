import { parseIpv4 } from '@kcore/contract';
import { describe, expect, test } from 'vitest';
import type { DhcpNetwork } from '../../model/dhcp-network.ts';
import { optionOf } from '../codec/options.ts';
import { LeaseTable } from '../leases/lease-table.ts';
import { type ClientMessage, clientMessage } from '../testing/client.ts';
import { Conversation, macOf, NET, network, packetOf, replyOf } from '../testing/conversation.ts';
import { respond } from './respond.ts';
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

describe('the states of RFC 2131', () => {
  test('R-04: a new client gets the lowest free address, and an ACK for it', () =>
    check(
      {},
      `
      A discover → offer 100
      A select 100 → ack 100
      B discover → offer 101
      B select 101 → ack 101`,
    ));

  test('a DISCOVER sent again gets the same offer', () =>
    check(
      {},
      `
      A discover → offer 100
      A discover → offer 100
      B discover → offer 101
      A discover → offer 100`,
    ));

  test('no address is offered to two', () =>
    check(
      {},
      `
      A discover → offer 100
      B discover → offer 101
      C discover → offer 102
      D discover → pool-exhausted !PoolExhausted`,
    ));

  test('an offer nobody took is free after half a minute', () =>
    check(
      { range: { start: `${NET}100`, end: `${NET}100` } },
      `
      A discover → offer 100
      B discover → pool-exhausted !PoolExhausted
      wait 31
      B discover → offer 100
      A select 100 → nak`,
    ));

  test('option 50 is granted when free, and otherwise another is offered', () =>
    check(
      {},
      `
      A discover ask 101 → offer 101
      A select 101 → ack 101
      B discover ask 101 → offer 100
      C discover ask 7 → offer 102`,
    ));

  test('INIT-REBOOT', () =>
    check(
      {},
      `
      A discover → offer 100
      A select 100 → ack 100
      A reboot 100 → ack 100
      A reboot 101 → nak
      A reboot 192.168.9.9 → nak
      B reboot 100 → nak`,
    ));

  test('INIT-REBOOT of a stranger gets the address it names when that is free, never another', () =>
    check(
      {},
      `
      A reboot 101 → ack 101
      B reboot 7 → nak
      C reboot 101 → nak`,
    ));

  test('INIT-REBOOT of a stranger is refused when somebody uses the address', () =>
    check(
      {},
      `
      A reboot 101 → nak
      A discover ask 101 → offer 100`,
      (conversation) => conversation.used.add(`${NET}101`),
    ));

  test('RENEWING and REBINDING extend the lease', () =>
    check(
      { leaseSeconds: 100 },
      `
      A discover → offer 100
      A select 100 → ack 100
      wait 60
      A renew 100 → ack 100
      wait 60
      B discover ask 100 → offer 101
      A renew 101 → nak
      A renew 100 → ack 100`,
    ));

  test('a client whose lease the store lost may go on with its address, unless somebody has it', () =>
    check(
      {},
      `
      A renew 101 → ack 101
      B renew 101 → nak
      C renew 7 → nak`,
    ));

  test('RELEASE frees, but only for its holder', () =>
    check(
      {},
      `
      A discover → offer 100
      A select 100 → ack 100
      B release 100 → not-the-holder
      A release 101 → not-the-holder
      B discover ask 100 → offer 101
      A release 100 → released
      C discover ask 100 → offer 100`,
    ));

  test('who released comes back to the same address', () =>
    check(
      {},
      `
      A discover → offer 100
      A select 100 → ack 100
      A release 100 → released
      B discover → offer 101
      A discover → offer 100`,
    ));

  test('a declined address goes to nobody for 24 h, not on request either', () =>
    check(
      { leaseSeconds: 10 },
      `
      A discover → offer 100
      A select 100 → ack 100
      A decline 100 → declined !AddressDeclined
      A discover ask 100 → offer 101
      A select 101 → ack 101
      B reboot 100 → nak
      B renew 100 → nak
      wait 86390
      B discover ask 100 → offer 102
      wait 20
      C discover ask 100 → offer 100`,
    ));

  test('an address that the client was not given cannot be declined', () =>
    check(
      {},
      `
      A discover → offer 100
      A select 100 → ack 100
      B decline 100 → not-the-holder
      A reboot 100 → ack 100`,
    ));

  test('a REQUEST to another server is not answered, and the own offer is free again', () =>
    check(
      { range: { start: `${NET}100`, end: `${NET}100` } },
      `
      A discover → offer 100
      A select 100 of 9 → other-server !ForeignDhcpServer
      B discover → offer 100`,
    ));

  test('INFORM is told the settings and no lease', () => {
    const conversation = new Conversation(network());
    const decision = conversation.send({ type: 'inform', mac: macOf('A'), ciaddr: `${NET}7` });
    const reply = replyOf(decision);
    expect(decision.kind === 'reply' && decision.delivery).toEqual({
      to: 'client',
      mac: macOf('A'),
      address: parseIpv4(`${NET}7`),
    });
    expect([reply.yiaddr, reply.ciaddr]).toEqual([0, parseIpv4(`${NET}7`)]);
    expect([51, 58, 59].filter((code) => reply.options.has(code))).toEqual([]);
    expect(optionOf(reply, 'router')).toEqual([parseIpv4(`${NET}1`)]);
    check({}, 'A inform 192.168.1.1 → wrong-subnet');
  });

  test('when the range is full nobody loses an address, and the one too many hears nothing', () =>
    check(
      {},
      `
      A discover → offer 100
      A select 100 → ack 100
      B discover → offer 101
      B select 101 → ack 101
      C discover → offer 102
      C select 102 → ack 102
      D discover → pool-exhausted !PoolExhausted
      D discover ask 100 → pool-exhausted !PoolExhausted
      D select 100 → nak
      A renew 100 → ack 100`,
    ));

  test('the address that has been free for longest is given first, a running lease never', () =>
    check(
      { leaseSeconds: 100 },
      `
      A discover → offer 100
      A select 100 → ack 100
      wait 10
      B discover → offer 101
      B select 101 → ack 101
      wait 10
      C discover → offer 102
      C select 102 → ack 102
      wait 50
      A renew 100 → ack 100
      wait 55
      D discover → offer 101
      D select 101 → ack 101
      B discover → offer 102
      E discover → pool-exhausted !PoolExhausted`,
    ));

  test('an address that somebody uses without a lease is passed over', () =>
    check(
      {},
      `
      A discover → offer 101
      B discover ask 100 → offer 102`,
      (conversation) => conversation.used.add(`${NET}100`),
    ));
});

test('a client that renews is not looked for on the link, where it would be found itself', () =>
  check({}, 'A renew 101 → ack 101', (conversation) => conversation.used.add(`${NET}101`)));

test('without probing an offer holds its address all the same', () =>
  check(
    { probe: false },
    `
      A discover → offer 100
      B discover → offer 101
      A discover → offer 100
      wait 20
      A discover → offer 100
      wait 20
      C discover ask 100 → offer 102
      A select 100 → ack 100`,
  ));

test('without probing nothing is asked of the link: not for a new address, not for an old one', () => {
  const conversation = new Conversation(network({ probe: false, leaseSeconds: 100 }));
  for (const host of ['100', '101', '102']) conversation.used.add(NET + host);
  const lines = ['A discover', 'A select 100', 'wait 200', 'A discover', 'A select 100', 'B reboot 102'];
  expect(lines.map((line) => conversation.say(line))).toEqual([
    'offer 100',
    'ack 100',
    '',
    'offer 100',
    'ack 100',
    'ack 102',
  ]);
});

describe('what is turned away', () => {
  const reason = (change: (bytes: Uint8Array) => void, message: Partial<ClientMessage> = {}): unknown => {
    const bytes = clientMessage({ type: 'discover', mac: macOf('A'), ...message });
    change(bytes);
    const decision = respond({ packet: packetOf(bytes), source: 0 }, serveNetwork(network()), new LeaseTable(), 0);
    return decision.kind === 'nothing' ? decision.reason : decision.kind;
  };

  test.each([
    ['a reply', (bytes: Uint8Array) => bytes.fill(2, 0, 1), 'not-a-request'],
    ['another kind of hardware', (bytes: Uint8Array) => bytes.fill(6, 1, 2), 'not-ethernet'],
    ['a hardware address that is not six bytes long', (bytes: Uint8Array) => bytes.fill(8, 2, 3), 'not-ethernet'],
    ['a group as hardware address', (bytes: Uint8Array) => bytes.fill(0x03, 28, 29), 'not-ethernet'],
    ['no hardware address', (bytes: Uint8Array) => bytes.fill(0, 28, 34), 'not-ethernet'],
    ['an unknown message type', (bytes: Uint8Array) => bytes.fill(99, 242, 243), 'unknown-message-type'],
    ['BOOTP', (bytes: Uint8Array) => bytes.fill(255, 240, 241), 'bootp'],
  ] as const)('%s', (_, change, expected) => {
    expect(reason(change)).toBe(expected);
  });

  test('an OFFER claimed to be a request', () => {
    expect(reason(() => {}, { type: 'offer' })).toBe('not-a-request');
  });
  test('a REQUEST that names no address', () => {
    expect(reason(() => {}, { type: 'request' })).toBe('no-address-named');
  });
});
