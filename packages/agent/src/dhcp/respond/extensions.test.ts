import { parseIpv4 } from '@kcore/contract';
import { describe, expect, test } from 'vitest';
import type { DhcpNetwork } from '../../model/dhcp-network.ts';
import { buildPacket } from '../codec/build.ts';
import { option, optionOf } from '../codec/options.ts';
import { type DhcpPacket, MESSAGE_TYPE, type RawOption } from '../codec/packet.ts';
import { INFINITE_EXPIRY } from '../leases/lease.ts';
import { type ClientMessage, clientMessage } from '../testing/client.ts';
import { Conversation, macOf, NET, network, packetOf, replyOf } from '../testing/conversation.ts';
import type { Decision } from './decision.ts';
import { foreignServerSeen } from './foreign-server.ts';
import { respond } from './respond.ts';
import { serveNetwork } from './served-network.ts';

const A = macOf('A');
const list = (...codes: number[]): RawOption => option('parameterList', Uint8Array.from(codes));
const bytes = (text: string): Uint8Array => Uint8Array.from(Buffer.from(text, 'latin1'));

function ask(over: Partial<DhcpNetwork>, message: Partial<ClientMessage> = {}): Decision {
  return new Conversation(network(over)).send({ type: 'discover', mac: A, ...message });
}

function offer(over: Partial<DhcpNetwork>, ...options: RawOption[]): DhcpPacket {
  return replyOf(ask(over, { options }));
}

describe('relay agents', () => {
  const elsewhere = '192.168.5.1';
  const linkSelection = Uint8Array.of(1, 2, 9, 9, 5, 4, 10, 77, 0, 0);
  const override = Uint8Array.of(11, 4, 192, 168, 5, 1);

  test('RFC 3527: link selection says whose clients they are, and the reply goes to the relay all the same', () => {
    expect(ask({}, { giaddr: elsewhere })).toMatchObject({ kind: 'nothing', reason: 'unknown-relay' });
    const decision = ask({}, { giaddr: elsewhere, relayAgent: linkSelection });
    expect(decision.kind === 'reply' && decision.delivery).toEqual({ to: 'relay', address: parseIpv4(elsewhere) });
    expect([...replyOf(decision).options].at(-1)).toEqual([82, linkSelection]);
    const foreign = Uint8Array.of(5, 4, 10, 99, 0, 0);
    expect(ask({}, { giaddr: `${NET}2`, relayAgent: foreign })).toMatchObject({ reason: 'unknown-relay' });
  });

  test('RFC 5107: the relay is told as the server, and what the client then sends to it is meant for us', () => {
    const conversation = new Conversation(network());
    const relayed = { mac: A, giaddr: `${NET}2`, relayAgent: override } as const;
    const told = replyOf(conversation.send({ ...relayed, type: 'discover' }));
    expect(optionOf(told, 'serverId')).toBe(parseIpv4(elsewhere));
    const select = { ...relayed, type: 'request', requested: `${NET}100` } as const;
    expect(replyOf(conversation.send({ ...select, server: elsewhere })).yiaddr).toBe(parseIpv4(`${NET}100`));
    expect(replyOf(conversation.send({ ...select, server: `${NET}1` })).yiaddr).toBe(parseIpv4(`${NET}100`));
    expect(conversation.send({ ...select, server: '192.168.5.9' })).toMatchObject({ reason: 'other-server' });
    expect(conversation.send({ type: 'release', mac: A, ciaddr: `${NET}100`, server: elsewhere })).toMatchObject({
      reason: 'other-server',
    });
  });

  test('sub-options that are cut off or of another length say nothing', () => {
    for (const agent of [Uint8Array.of(11, 4, 1, 2), Uint8Array.of(11, 3, 1, 2, 3), Uint8Array.of(11)]) {
      const decision = ask({}, { giaddr: `${NET}2`, relayAgent: agent });
      expect(optionOf(replyOf(decision), 'serverId')).toBe(parseIpv4(`${NET}1`));
    }
  });
});

describe('IPv6-only clients (RFC 8925)', () => {
  const over = { ipv6OnlySeconds: 1800, bindings: [{ mac: macOf('B'), address: `${NET}50` }] };

  test('who can do without IPv4 is offered no address, by broadcast, and nothing is held for it', () => {
    const conversation = new Conversation(network(over));
    const decision = conversation.send({ type: 'discover', mac: A, options: [list(1, 108)] });
    const reply = replyOf(decision);
    expect([reply.yiaddr, optionOf(reply, 'ipv6OnlyPreferred'), conversation.table.size]).toEqual([0, 1800, 0]);
    expect(decision.kind === 'reply' && decision.delivery).toEqual({ to: 'broadcast' });
  });

  test('others get addresses and are not told of it; a bound one gets both', () => {
    const plain = offer(over, list(1, 3));
    expect([plain.yiaddr, optionOf(plain, 'ipv6OnlyPreferred')]).toEqual([parseIpv4(`${NET}100`), undefined]);
    const bound = replyOf(ask(over, { mac: macOf('B'), options: [list(108)] }));
    expect([bound.yiaddr, optionOf(bound, 'ipv6OnlyPreferred')]).toEqual([parseIpv4(`${NET}50`), 1800]);
    expect(offer({}, list(108)).options.has(108)).toBe(false);
  });
});

describe('clients that get no address (RFC 2563)', () => {
  const full = { range: { start: `${NET}1`, end: `${NET}1` } };
  const asks = { options: [option('autoConfigure', 1)] };

  test('are told whether to choose a link-local one, if that is configured and they ask', () => {
    const decision = ask({ ...full, autoConfigure: false }, asks);
    const reply = replyOf(decision);
    expect([reply.yiaddr, optionOf(reply, 'autoConfigure'), optionOf(reply, 'leaseTime')]).toEqual([0, 0, undefined]);
    expect(decision.event?.type).toBe('PoolExhausted');
    expect(optionOf(replyOf(ask({ ...full, autoConfigure: true }, asks)), 'autoConfigure')).toBe(1);
    expect(ask({ ...full, autoConfigure: false })).toMatchObject({ reason: 'pool-exhausted' });
    expect(ask(full, asks)).toMatchObject({ reason: 'pool-exhausted' });
    expect(ask({ bindingsOnly: true, autoConfigure: false }, asks)).toMatchObject({ reason: 'not-bound' });
  });
});

test('captive portal, time servers and domains are told to those who ask (RFC 8910, RFC 2132 §8.3, RFC 3397)', () => {
  const over = { captivePortal: 'https://portal.example/api', ntp: [`${NET}9`], search: ['a.example', 'b.example'] };
  const asked = offer(over, list(114, 42, 119));
  expect([optionOf(asked, 'captivePortal'), optionOf(asked, 'ntp'), optionOf(asked, 'domainSearch')]).toEqual([
    'https://portal.example/api',
    [parseIpv4(`${NET}9`)],
    ['a.example', 'b.example'],
  ]);
  expect([42, 114, 119].filter((code) => offer(over, list(1)).options.has(code))).toEqual([]);
});

describe('lease times', () => {
  test('a lease that never ends has no times to renew it at, and a client may still ask for a shorter one', () => {
    const conversation = new Conversation(network({ leaseSeconds: 0xffff_ffff }));
    conversation.send({ type: 'discover', mac: A });
    const select = { type: 'request', mac: A, requested: `${NET}100`, server: `${NET}1` } as const;
    const ack = replyOf(conversation.send(select));
    expect([51, 58, 59].map((code) => ack.options.unsigned(code, 4))).toEqual([0xffff_ffff, undefined, undefined]);
    expect(conversation.table.at(parseIpv4(`${NET}100`))?.expiresAt).toBe(INFINITE_EXPIRY);
    const short = replyOf(conversation.send({ ...select, options: [option('leaseTime', 3600)] }));
    expect([51, 58, 59].map((code) => short.options.unsigned(code, 4))).toEqual([3600, 1800, 3150]);
  });

  test('the longest time that is not for ever', () => {
    const conversation = new Conversation(network({ leaseSeconds: 0xffff_fffe }));
    const reply = replyOf(conversation.send({ type: 'discover', mac: A }));
    expect([51, 58, 59].map((code) => reply.options.unsigned(code, 4))).toEqual([0xffff_fffe, 0x7fff_ffff, 3758096382]);
  });
});

describe('an option by code replaces what the server would have sent, and never stands beside it', () => {
  test('T1 and T2: with a lease, and not without one', () => {
    const options = [
      { code: 58, hex: '00000004' },
      { code: 59, hex: '00000008' },
    ];
    const packet = offer({ options }, list(58, 59, 1));
    expect([packet.options.get(58), packet.options.get(59)]).toEqual([
      Uint8Array.of(0, 0, 0, 4),
      Uint8Array.of(0, 0, 0, 8),
    ]);
    expect(optionOf(offer({ options: options.slice(1) }), 'renewalTime')).toBe(21600);
    const informed = replyOf(ask({ options }, { type: 'inform', ciaddr: `${NET}9`, options: [list(58, 59, 1)] }));
    expect([51, 58, 59].filter((code) => informed.options.has(code))).toEqual([]);
    const endless = offer({ options, leaseSeconds: 0xffff_ffff });
    expect([58, 59].filter((code) => endless.options.has(code))).toEqual([]);
  });

  test('network boot', () => {
    const boot = { server: `${NET}5`, bios: 'pxelinux.0' };
    const options = [
      { code: 67, hex: Buffer.from('other').toString('hex') },
      { code: 150, hex: '0a4d0009' },
    ];
    const packet = offer({ boot, options }, option('clientArchitecture', [0]));
    expect([optionOf(packet, 'bootFile'), optionOf(packet, 'tftpServers'), optionOf(packet, 'tftpServerName')]).toEqual(
      ['other', [parseIpv4(`${NET}9`)], `${NET}5`],
    );
  });
});

describe('network boot', () => {
  const boot = {
    bios: 'pxelinux.0',
    uefiX64: 'x64.efi',
    ipxe: 'boot.ipxe',
    httpX64: `http://h/${'x'.repeat(200)}.efi`,
  };
  const file = (packet: DhcpPacket): unknown => optionOf(packet, 'bootFile');

  test.each([
    ['an architecture in option 60 alone', [option('vendorClass', 'PXEClient:Arch:00007:UNDI:003016')], 'x64.efi'],
    ['BIOS in option 60 alone', [option('vendorClass', 'PXEClient:Arch:00000:UNDI:002001')], 'pxelinux.0'],
    [
      'iPXE by its own option',
      [option('clientArchitecture', [0]), option('etherboot', bytes('\xb1\x01\x01'))],
      'boot.ipxe',
    ],
    [
      'iPXE in a user class list',
      [option('clientArchitecture', [0]), option('userClass', bytes('\x04iPXE'))],
      'boot.ipxe',
    ],
    ['an architecture that nothing is configured for', [option('clientArchitecture', [11])], undefined],
    ['an unknown architecture', [option('clientArchitecture', [77])], undefined],
    ['another vendor', [option('vendorClass', 'MSFT 5.0')], undefined],
  ] as const)('%s', (_, options, expected) => {
    const packet = offer({ boot }, ...options);
    expect(file(packet)).toBe(expected);
    expect(packet.siaddr).toBe(expected === undefined ? 0 : parseIpv4(`${NET}1`));
  });

  test('a URL too long for the header stands in option 67 alone, whole', () => {
    const decision = ask({ boot }, { options: [option('clientArchitecture', [16])] });
    if (decision.kind !== 'reply') throw new Error('no reply');
    const message = buildPacket(decision.reply.packet);
    expect(file(packetOf(message))).toBe(boot.httpX64);
    expect(message.subarray(108, 236).every((byte) => byte === 0)).toBe(true);
  });
});

describe('INFORM', () => {
  test('from a client that fills in its address in the datagram only', () => {
    const conversation = new Conversation(network());
    const request = { type: 'inform', mac: A } as const;
    expect(conversation.send(request)).toMatchObject({ reason: 'no-address-named' });
    const decision = conversation.send(request, parseIpv4(`${NET}7`));
    expect(decision.kind === 'reply' && decision.delivery).toEqual({
      to: 'client',
      mac: A,
      address: parseIpv4(`${NET}7`),
    });
  });
});

describe('names of clients', () => {
  const hostname = (...options: RawOption[]): string | undefined => {
    const conversation = new Conversation(network({ probe: false, rapidCommit: true }));
    conversation.send({ type: 'discover', mac: A, options: [option('rapidCommit', true), ...options] });
    return [...conversation.table.leases()][0]?.hostname;
  };

  test.each([
    ['what could move a cursor or end a line is dropped', [option('hostname', 'we\u001b[31mb\n01 *')], 'we31mb01'],
    ['nothing is left', [option('hostname', '\u0000\n')], undefined],
    ['very long', [option('hostname', 'a'.repeat(255))], 'a'.repeat(63)],
    ['RFC 4702, as text', [option('fqdn', bytes('\x01\x00\x00web.lan'))], 'web.lan'],
    ['RFC 4702, as in DNS', [option('fqdn', bytes('\x05\x00\x00\x03web\x03lan\x00'))], 'web.lan'],
    ['RFC 4702, a first label only', [option('fqdn', bytes('\x05\x00\x00\x03web'))], 'web'],
    ['RFC 4702, a broken name', [option('fqdn', bytes('\x05\x00\x00\x3fweb'))], undefined],
    ['option 12 before 81', [option('fqdn', bytes('\x01\x00\x00x')), option('hostname', 'web')], 'web'],
  ] as const)('%s', (_, options, expected) => {
    expect(hostname(...options)).toBe(expected);
  });
});

describe('messages too small for all', () => {
  test('what a client needs is kept and what it can do without is left out, in the order it asked for', () => {
    const options = [43, 125, 160, 161].map((code) => ({ code, hex: 'ab'.repeat(200) }));
    const packet = offer({ options, mtu: 1400 }, list(43, 125, 160, 161, 6, 3, 1), option('maxMessageSize', 576));
    expect([...packet.options.keys()].filter((code) => [53, 54, 51, 1, 3, 6, 26].includes(code))).toEqual([
      53, 54, 51, 6, 3, 1, 26,
    ]);
    expect(packet.options.has(161)).toBe(false);
  });
});

describe('another DHCP server on the link', () => {
  const seen = (type: keyof typeof MESSAGE_TYPE, server: string | undefined, op = 2): unknown =>
    foreignServerSeen(
      packetOf(
        buildPacket({
          op,
          xid: 1,
          flags: 0,
          ciaddr: 0,
          yiaddr: 0,
          siaddr: 0,
          giaddr: 0,
          chaddr: new Uint8Array(16),
          options: [
            option('messageType', MESSAGE_TYPE[type]),
            ...(server === undefined ? [] : [option('serverId', parseIpv4(server))]),
          ],
          maxLength: 548,
        }),
      ),
      macOf('Z'),
      serveNetwork(network()),
    );

  test('is told by what it answers; what clients send, and our own, is not it', () => {
    expect(seen('offer', '192.168.1.1')).toEqual({
      type: 'ForeignDhcpServer',
      message: `another DHCP server, 192.168.1.1 (${macOf('Z')}), answers clients on this network`,
    });
    expect([seen('offer', `${NET}1`), seen('request', '192.168.1.1', 1), seen('ack', undefined)]).toEqual([
      undefined,
      undefined,
      undefined,
    ]);
  });
});

test('what was composed for one list is not told to who sends another, though both came in the same buffer', () => {
  const conversation = new Conversation(network({ ntp: [`${NET}9`], domain: 'lan' }));
  const buffer = new Uint8Array(1500);
  const codes = (...wanted: number[]): number[] => {
    const message = clientMessage({ type: 'discover', mac: A, options: [list(...wanted)] });
    buffer.set(message);
    const request = { packet: packetOf(buffer.subarray(0, message.length)), source: 0 };
    const decision = respond(request, conversation.served, conversation.table, conversation.now);
    if (decision.kind === 'probe') throw new Error('addresses are not looked for here');
    return [...replyOf(decision).options.keys()].filter((code) => wanted.includes(code));
  };
  conversation.served = serveNetwork({ ...conversation.served.spec, probe: false });
  expect([codes(42, 9), codes(15, 9), codes(42, 9), codes(15, 42)]).toEqual([[42], [15], [42], [15, 42]]);
});

test('a client that renews means the address it uses, whatever it names beside it', () => {
  const conversation = new Conversation(network());
  for (const line of ['A discover', 'A select 100']) conversation.say(line);
  const renewal = { type: 'request', mac: A, ciaddr: `${NET}100`, requested: `${NET}101` } as const;
  expect(replyOf(conversation.send(renewal)).yiaddr).toBe(parseIpv4(`${NET}100`));
});

describe('what guests could make the disk do', () => {
  test('releasing or declining again writes nothing', () => {
    const conversation = new Conversation(network());
    for (const line of ['A discover', 'A select 100']) conversation.say(line);
    const release = { type: 'release', mac: A, ciaddr: `${NET}100`, server: `${NET}1` } as const;
    expect([conversation.send(release).commit.length, conversation.send(release).commit.length]).toEqual([1, 0]);
  });

  test('no more than half of the range can be declined', () => {
    const conversation = new Conversation(network({ range: { start: `${NET}100`, end: `${NET}103` } }));
    const declined = ['A', 'B', 'C'].map((who) => {
      const given = conversation.say(`${who} discover`).split(' ')[1];
      conversation.say(`${who} select ${given}`);
      conversation.say(`${who} decline ${given}`);
      return given;
    });
    expect(declined).toEqual(['100', '101', '102']);
    expect(['D', 'E', 'F'].map((who) => conversation.say(`${who} discover`))).toEqual([
      'offer 103',
      'offer 102',
      'pool-exhausted !PoolExhausted',
    ]);
  });

  test('more promises than a flood needs are not made, and those that are over make room', () => {
    const conversation = new Conversation(
      network({ prefix: 16, probe: false, range: { start: '10.77.1.0', end: '10.77.255.0' } }),
    );
    const flood = (count: number): Decision =>
      conversation.send({
        type: 'discover',
        mac: `02:00:00:${[16, 8, 0].map((shift) => ((count >> shift) & 255).toString(16).padStart(2, '0')).join(':')}`,
      });
    for (let count = 0; count < 16_384; count++) flood(count);
    expect(flood(16_384)).toMatchObject({ kind: 'nothing', reason: 'too-many-offers' });
    expect(flood(5).kind).toBe('reply');
    conversation.now += 31_000;
    expect(flood(16_384).kind).toBe('reply');
    expect(conversation.table.size).toBe(1);
  });
});

describe('a network that cannot be served', () => {
  test.each<[Partial<DhcpNetwork>, string]>([
    [{ leaseSeconds: 0 }, 'leaseSeconds 0 is not possible: it must be 1 to 4294967295'],
    [{ prefix: 31 }, 'prefix 31 is not possible: it must be 1 to 30'],
    [{ mtu: 67 }, 'mtu 67 is not possible: it must be 68 to 65535'],
    [{ range: { start: `${NET}9`, end: `${NET}8` } }, 'its end is before its start'],
    [{ options: [{ code: 43, hex: 'xy' }] }, "option 43: 'xy' is not hexadecimal bytes"],
    [{ options: [{ code: 300, hex: '00' }] }, 'option 300: codes are 1 to 254'],
    [{ boot: { server: 'tftp' } }, "'tftp' is not an IPv4 address"],
    [{ reservations: [{ mac: '1', address: `${NET}9` }] }, "'1' is not a MAC address"],
  ])('%j', (over, message) => {
    expect(() => serveNetwork(network(over))).toThrow(message);
  });
});
