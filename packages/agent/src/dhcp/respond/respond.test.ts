import { formatIpv4, parseIpv4 } from '@kcore/contract';
import { describe, expect, test } from 'vitest';
import type { DhcpNetwork } from '../../model/dhcp-network.ts';
import { buildPacket } from '../codec/build.ts';
import { type OptionName, type OptionValue, option, optionOf } from '../codec/options.ts';
import { BROADCAST_FLAG, type DhcpPacket, MESSAGE_TYPE, type MessageType, type RawOption } from '../codec/packet.ts';
import { parsePacket } from '../codec/parse.ts';
import { LeaseTable } from '../leases/lease-table.ts';
import { type ClientMessage, clientMessage } from '../testing/client.ts';
import type { Decision } from './decision.ts';
import { respond } from './respond.ts';
import { type ServedNetwork, serveNetwork } from './served-network.ts';

const NET = '10.77.0.';
const macOf = (letter: string): string => `02:00:00:00:00:${letter.charCodeAt(0).toString(16)}`;

function network(over: Partial<DhcpNetwork> = {}): DhcpNetwork {
  return {
    network: 'lan',
    link: 'kbr-lan',
    serverAddress: `${NET}1`,
    prefix: 24,
    range: { start: `${NET}100`, end: `${NET}102` },
    leaseSeconds: 43200,
    router: `${NET}1`,
    dns: ['1.1.1.1', '8.8.8.8'],
    options: [],
    bindings: [],
    reservations: [],
    bindingsOnly: false,
    ...over,
  };
}

function packetOf(bytes: Uint8Array): DhcpPacket {
  const parsed = parsePacket(bytes);
  if (parsed.kind !== 'packet') throw new Error(parsed.reason);
  return parsed.packet;
}

function replyOf(decision: Decision): DhcpPacket {
  if (decision.kind !== 'reply') throw new Error(`no reply: ${JSON.stringify(decision)}`);
  return packetOf(buildPacket(decision.reply.packet));
}

/** One server and its clients, as the server's loop would run them: links are asked at once, and are silent. */
class Conversation {
  readonly table = new LeaseTable();
  now = Date.UTC(2026, 0, 1);
  served: ServedNetwork;
  used = new Set<string>();

  constructor(spec: DhcpNetwork) {
    this.served = serveNetwork(spec);
  }

  send(message: ClientMessage): Decision {
    const request = { packet: packetOf(clientMessage(message)), source: 0 };
    for (;;) {
      const decision = respond(request, this.served, this.table, this.now);
      for (const change of decision.commit) this.table.apply(change);
      if (decision.withdraw !== undefined) this.table.withdrawOffer(decision.withdraw);
      if (decision.offer !== undefined) this.table.offer(decision.offer);
      if (decision.kind !== 'probe') return decision;
      const { offer } = decision;
      if (!this.used.has(formatIpv4(offer.address))) this.table.offer({ ...offer, checked: true });
      else this.table.apply({ change: 'quarantine', network: 'lan', ...offer });
    }
  }

  /** `A discover`, `A discover ask 105`, `A select 100`, `A select 100 of 9`, `A reboot 100`, `A renew 100`, … */
  say(line: string): string {
    const [who = '', verb = '', ...rest] = line.split(' ');
    const after = (word: string): string | undefined => {
      const index = rest.indexOf(word);
      return index < 0 ? undefined : NET + rest[index + 1];
    };
    if (who === 'wait') {
      this.now += Number(verb) * 1000;
      return '';
    }
    const mac = macOf(who);
    const address = rest[0]?.includes('.') ? rest[0] : `${NET}${rest[0]}`;
    const type: MessageType = ({ select: 'request', reboot: 'request', renew: 'request' }[verb] ?? verb) as MessageType;
    const asked = after('ask');
    const message: ClientMessage = {
      type,
      mac,
      ...(asked === undefined ? {} : { requested: asked }),
      ...(verb === 'select' ? { requested: address, server: after('of') ?? `${NET}1` } : {}),
      ...(verb === 'reboot' || verb === 'decline' ? { requested: address } : {}),
      ...(verb === 'renew' || verb === 'release' || verb === 'inform' ? { ciaddr: address } : {}),
    };
    const decision = this.send(message);
    const tail = decision.event === undefined ? '' : ` !${decision.event.type}`;
    if (decision.kind === 'nothing') return decision.reason + tail;
    const reply = replyOf(decision);
    const given = reply.yiaddr === 0 ? '' : ` ${formatIpv4(reply.yiaddr).replace(NET, '')}`;
    return decision.kind === 'reply' ? decision.reply.type + given + tail : '';
  }
}

/** Lines `what is sent → what comes of it`; a line without an arrow is only said. */
function check(over: Partial<DhcpNetwork>, script: string, prepare?: (conversation: Conversation) => void): void {
  const conversation = new Conversation(network(over));
  prepare?.(conversation);
  const lines = script
    .split('\n')
    .map((line) => line.trim())
    .filter((line) => line !== '');
  const happened = lines.map((line) => {
    const [said = '', expected] = line.split(' → ');
    if (said.startsWith('bind ')) {
      const [, who = '', host = ''] = said.split(' ');
      const spec = conversation.served.spec;
      const others = spec.bindings.filter(({ mac }) => mac !== macOf(who));
      const bindings = host === 'none' ? others : [...others, { mac: macOf(who), address: NET + host }];
      conversation.served = serveNetwork({ ...spec, bindings });
      conversation.table.rescan();
      return line;
    }
    const outcome = conversation.say(said);
    return expected === undefined ? said : `${said} → ${outcome}`;
  });
  expect(happened).toEqual(lines);
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

  test('facts 25: a DISCOVER sent again gets the same offer', () =>
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

  test('facts 16: option 50 is granted when free, and otherwise another is offered', () =>
    check(
      {},
      `
      A discover ask 101 → offer 101
      A select 101 → ack 101
      B discover ask 101 → offer 100
      C discover ask 7 → offer 102`,
    ));

  test('facts 4, 5, 6: INIT-REBOOT', () =>
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

  test('facts 7: INIT-REBOOT of a stranger gets the address it names when that is free, never another', () =>
    check(
      {},
      `
      A reboot 101 → ack 101
      B reboot 7 → nak
      C reboot 101 → nak`,
    ));

  test('facts 7: INIT-REBOOT of a stranger is refused when somebody uses the address', () =>
    check(
      {},
      `
      A reboot 101 → nak
      A discover ask 101 → offer 100`,
      (conversation) => conversation.used.add(`${NET}101`),
    ));

  test('facts 8, 9: RENEWING and REBINDING extend the lease', () =>
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

  test('facts 10, 11: RELEASE frees, but only for its holder', () =>
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

  test('facts 13: a declined address goes to nobody for 24 h, not on request either', () =>
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

  test('facts 15: a REQUEST to another server is not answered, and the own offer is free again', () =>
    check(
      { range: { start: `${NET}100`, end: `${NET}100` } },
      `
      A discover → offer 100
      A select 100 of 9 → other-server !ForeignDhcpServer
      B discover → offer 100`,
    ));

  test('facts 14: INFORM is told the settings and no lease', () => {
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

  test('facts 24: when the range is full nobody loses an address, and the one too many hears nothing', () =>
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

  test('facts 25: the address that has been free for longest is given first, a running lease never', () =>
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

  test('facts 12: an address that somebody uses without a lease is passed over', () =>
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

  test('facts 17: a changed binding is refused at renewal, then given', () =>
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

  test('facts 18: a bound address of the range is never leased', () =>
    check(
      { reservations: [{ mac: macOf('Z'), address: `${NET}100` }] },
      `
      A discover → offer 101
      B discover ask 100 → offer 102
      Z discover → offer 100`,
    ));

  test('facts 19: a bound address on lease to another waits for that one, who is refused when it renews', () =>
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

  test('facts 20: one client identifier on two MACs, and two on one', () => {
    const conversation = new Conversation(network());
    const id = (value: number): RawOption => option('clientId', Uint8Array.of(0xff, value));
    const address = (mac: string, value: number): string =>
      formatIpv4(replyOf(conversation.send({ type: 'discover', mac, options: [id(value)] })).yiaddr);
    expect([address(macOf('A'), 1), address(macOf('B'), 1), address(macOf('A'), 2)]).toEqual([
      `${NET}100`,
      `${NET}101`,
      `${NET}100`,
    ]);
  });
});

describe('what is committed', () => {
  const discoverAndSelect = (over: Partial<DhcpNetwork> = {}): Decision[] => {
    const conversation = new Conversation(network(over));
    return [
      conversation.send({ type: 'discover', mac: macOf('A') }),
      conversation.send({
        type: 'request',
        mac: macOf('A'),
        requested: `${NET}100`,
        server: `${NET}1`,
        options: [option('hostname', 'web\n01')],
      }),
    ];
  };

  test('R-50: an ACK carries the lease that has to be durable first; an OFFER carries none', () => {
    const [offer, ack] = discoverAndSelect();
    expect(offer?.commit).toEqual([]);
    expect(ack?.commit).toEqual([
      {
        change: 'lease',
        lease: {
          network: 'lan',
          mac: macOf('A'),
          address: parseIpv4(`${NET}100`),
          expiresAt: Date.UTC(2026, 0, 1) + 43_200_000,
          origin: 'dynamic',
          hostname: 'web01',
        },
      },
    ]);
  });

  test('RFC 4039: a DISCOVER that asks for it is acknowledged at once, and committed', () => {
    const spec = network({ rapidCommit: true, bindings: [{ mac: macOf('A'), address: `${NET}50` }] });
    const conversation = new Conversation(spec);
    const decision = conversation.send({ type: 'discover', mac: macOf('A'), options: [option('rapidCommit', true)] });
    expect([decision.kind === 'reply' && decision.reply.type, decision.commit.length]).toEqual(['ack', 1]);
    expect(optionOf(replyOf(decision), 'rapidCommit')).toBe(true);
    const without = conversation.send({ type: 'discover', mac: macOf('A') });
    expect(without.kind === 'reply' && without.reply.type).toBe('offer');
  });

  test('a client may ask for a shorter lease, not for a longer one', () => {
    const seconds = (wanted: number): OptionValue<'leaseTime'> | undefined => {
      const conversation = new Conversation(network());
      const message = { type: 'discover', mac: macOf('A'), options: [option('leaseTime', wanted)] } as const;
      return optionOf(replyOf(conversation.send(message)), 'leaseTime');
    };
    expect([seconds(600), seconds(1), seconds(0xffff_ffff)]).toEqual([600, 60, 43200]);
  });
});

describe('delivery', () => {
  const deliver = (message: Partial<ClientMessage>, over: Partial<DhcpNetwork> = {}): unknown => {
    const spec = network({ bindings: [{ mac: macOf('A'), address: `${NET}50` }], ...over });
    const decision = new Conversation(spec).send({ type: 'discover', mac: macOf('A'), ...message });
    return decision.kind === 'reply' ? decision.delivery : decision;
  };
  const to = (host: number): unknown => ({ to: 'client', mac: macOf('A'), address: parseIpv4(NET + host) });

  test.each([
    ['facts 1: flags 0 to the MAC and the address to be', {}, to(50)],
    ['facts 2: broadcast flag', { flags: BROADCAST_FLAG }, { to: 'broadcast' }],
    ['facts 8: renewal to ciaddr', { type: 'request', ciaddr: `${NET}50`, flags: BROADCAST_FLAG }, to(50)],
    ['NAK is broadcast', { type: 'request', requested: `${NET}9` }, { to: 'broadcast' }],
    ['facts 22: to the relay', { giaddr: `${NET}2` }, { to: 'relay', address: parseIpv4(`${NET}2`) }],
    [
      'NAK to the relay',
      { type: 'request', requested: `${NET}9`, giaddr: `${NET}2` },
      { to: 'relay', address: parseIpv4(`${NET}2`) },
    ],
  ] as const)('%s', (_, message, expected) => {
    expect(deliver(message)).toEqual(expected);
  });

  test('a NAK through a relay sets the broadcast flag', () => {
    const decision = new Conversation(network()).send({
      type: 'request',
      mac: macOf('A'),
      requested: `${NET}9`,
      giaddr: `${NET}2`,
    });
    expect(replyOf(decision).flags & BROADCAST_FLAG).toBe(BROADCAST_FLAG);
  });

  test('facts 23: a relay of another subnet hears nothing', () => {
    expect(deliver({ giaddr: '10.99.0.1' })).toMatchObject({ kind: 'nothing', reason: 'unknown-relay' });
  });
});

describe('what a reply says', () => {
  const offer = (
    over: Partial<DhcpNetwork> = {},
    options: readonly RawOption[] = [],
    message: Partial<ClientMessage> = {},
  ): DhcpPacket =>
    replyOf(new Conversation(network(over)).send({ type: 'discover', mac: macOf('A'), options, ...message }));
  const values = (packet: DhcpPacket, ...names: OptionName[]): unknown[] => names.map((name) => optionOf(packet, name));
  const list = (...codes: number[]): RawOption => option('parameterList', Uint8Array.from(codes));

  test('R-04: mask, router, DNS, MTU, lease time, server; 53 first', () => {
    const packet = offer({ mtu: 1450, domain: 'kcore.internal' });
    expect([...packet.options.keys()][0]).toBe(53);
    expect(
      values(
        packet,
        'messageType',
        'serverId',
        'subnetMask',
        'router',
        'dns',
        'mtu',
        'leaseTime',
        'renewalTime',
        'rebindingTime',
        'domain',
      ),
    ).toEqual([
      MESSAGE_TYPE.offer,
      parseIpv4(`${NET}1`),
      0xffffff00,
      [parseIpv4(`${NET}1`)],
      [0x01010101, 0x08080808],
      1450,
      43200,
      21600,
      37800,
      'kcore.internal',
    ]);
  });

  test('facts 30: what is asked for and configured, nothing else', () => {
    const routes = [{ destination: '10.9.0.0/16', via: `${NET}2` }];
    const packet = offer({ mtu: 1450, routes, options: [{ code: 108, hex: '00000708' }] }, [
      list(121, 249, 119, 26, 108, 114, 116, 252),
    ]);
    expect([...packet.options.keys()]).toEqual([53, 54, 51, 58, 59, 1, 3, 6, 26, 121, 249, 108]);
    expect(optionOf(packet, 'classlessRoutes')).toEqual([
      { destination: parseIpv4('10.9.0.0'), prefix: 16, via: parseIpv4(`${NET}2`) },
      { destination: 0, prefix: 0, via: parseIpv4(`${NET}1`) },
    ]);
    const unasked = offer({ routes, options: [{ code: 108, hex: '00000708' }] }, [list(1, 3)]);
    expect([108, 121, 249].filter((code) => unasked.options.has(code))).toEqual([]);
  });

  test("a raw option replaces the named one and is sent unasked; the protocol's own cannot be set", () => {
    const options = [
      { code: 6, hex: '09090909' },
      { code: 224, hex: 'cafe' },
      { code: 53, hex: '06' },
    ];
    const packet = offer({ options }, [list(1)]);
    expect(values(packet, 'dns', 'messageType')).toEqual([[0x09090909], MESSAGE_TYPE.offer]);
    expect(packet.options.get(224)).toEqual(Uint8Array.of(0xca, 0xfe));
    expect(serveNetwork(network({ options })).warnings).toHaveLength(1);
  });

  test('facts 21: a client identifier comes back byte for byte, in a NAK too', () => {
    const id = Uint8Array.from([0xff, 0, 1, 2, 3, 0x80, ...new Array<number>(13).fill(0xab)]);
    expect(offer({}, [option('clientId', id)]).options.get(61)).toEqual(id);
    const nak = new Conversation(network()).send({
      type: 'request',
      mac: macOf('A'),
      requested: '192.168.1.1',
      options: [option('clientId', id)],
    });
    expect([...replyOf(nak).options.keys()]).toEqual([53, 54, 56, 61]);
    expect(replyOf(nak).options.get(61)).toEqual(id);
  });

  test('facts 22: option 82 comes back unchanged, last of all', () => {
    const agent = Uint8Array.of(1, 4, 9, 8, 7, 6);
    const packet = offer({}, [], { giaddr: `${NET}2`, relayAgent: agent });
    expect([...packet.options].at(-1)).toEqual([82, agent]);
  });

  test('the hostname of a binding is told', () => {
    const packet = offer({ bindings: [{ mac: macOf('A'), address: `${NET}50`, hostname: 'web-01' }] }, [list(12)]);
    expect(optionOf(packet, 'hostname')).toBe('web-01');
  });

  test('facts 31: option 57 bounds the message; file and sname are used before anything is left out', () => {
    const options = Array.from({ length: 40 }, (_, index) => ({ code: 160 + index, hex: 'ab'.repeat(20) }));
    const build = (max: number): { length: number; kept: number[] } => {
      const decision = new Conversation(network({ options })).send({
        type: 'discover',
        mac: macOf('A'),
        options: [option('maxMessageSize', max)],
      });
      if (decision.kind !== 'reply') throw new Error('no reply');
      const bytes = buildPacket(decision.reply.packet);
      return { length: bytes.length, kept: [...packetOf(bytes).options.keys()].filter((code) => code >= 160) };
    };
    // 576 is of the IP datagram. 548 bytes are left: 44 of options before these, END and option 52, eleven in the
    // options field, five in file, two in sname.
    const small = build(576);
    expect(small.length).toBeLessThanOrEqual(548);
    expect(small.length).toBeGreaterThan(548 - 22);
    expect(small.kept).toHaveLength(11 + 5 + 2);
    expect(build(1400).kept).toHaveLength(40);
    expect(build(100).length).toBe(small.length);
  });

  const boot = {
    server: '10.77.0.9',
    bios: 'pxelinux.0',
    uefiX64: 'x64.efi',
    uefiArm64: 'arm64.efi',
    ipxe: 'boot.ipxe',
    httpX64: 'http://10.77.0.9/x64.efi',
  };
  test.each([
    ['BIOS', 0, [], 'pxelinux.0'],
    ['UEFI x64', 7, [], 'x64.efi'],
    ['UEFI x64 (old number)', 9, [], 'x64.efi'],
    ['UEFI arm64', 11, [], 'arm64.efi'],
    ['iPXE', 7, [option('userClass', Buffer.from('iPXE'))], 'boot.ipxe'],
    ['HTTP', 16, [option('vendorClass', 'HTTPClient:Arch:00016')], 'http://10.77.0.9/x64.efi'],
  ] as const)('facts 29: network boot, %s', (_, architecture, more, file) => {
    const machine = Uint8Array.from({ length: 17 }, (__, index) => index);
    const packet = offer({ boot }, [
      option('clientArchitecture', [architecture]),
      option('clientMachineId', machine),
      ...more,
    ]);
    expect(values(packet, 'bootFile', 'tftpServerName')).toEqual([file, '10.77.0.9']);
    expect(packet.siaddr).toBe(parseIpv4('10.77.0.9'));
    expect(optionOf(packet, 'clientMachineId')).toEqual(machine);
    expect(optionOf(packet, 'vendorClass')).toBe(architecture === 16 ? 'HTTPClient' : undefined);
  });

  test('a machine that does not boot from the network is told nothing of it', () => {
    const packet = offer({ boot }, []);
    expect([66, 67, 150].filter((code) => packet.options.has(code))).toEqual([]);
  });
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
