import { parseIpv4 } from '@kcore/contract';
import { describe, expect, test } from 'vitest';
import type { DhcpNetwork } from '../../model/dhcp-network.ts';
import { buildPacket } from '../codec/build.ts';
import { type OptionName, type OptionValue, option, optionOf } from '../codec/options.ts';
import { BROADCAST_FLAG, type DhcpPacket, MESSAGE_TYPE, type RawOption } from '../codec/packet.ts';
import type { ClientMessage } from '../testing/client.ts';
import { Conversation, macOf, NET, network, packetOf, replyOf } from '../testing/conversation.ts';
import type { Decision } from './decision.ts';
import { serveNetwork } from './served-network.ts';

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
    ['flags 0 to the MAC and the address to be', {}, to(50)],
    ['broadcast flag', { flags: BROADCAST_FLAG }, { to: 'broadcast' }],
    ['renewal to ciaddr', { type: 'request', ciaddr: `${NET}50`, flags: BROADCAST_FLAG }, to(50)],
    ['NAK is broadcast', { type: 'request', requested: `${NET}9` }, { to: 'broadcast' }],
    ['to the relay', { giaddr: `${NET}2` }, { to: 'relay', address: parseIpv4(`${NET}2`) }],
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

  test('a relay of another subnet hears nothing', () => {
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

  test('what is asked for and configured, nothing else', () => {
    const routes = [{ destination: '10.9.0.0/16', via: `${NET}2` }];
    const packet = offer({ mtu: 1450, routes, options: [{ code: 108, hex: '00000708' }] }, [
      list(121, 249, 119, 26, 108, 114, 116, 252),
    ]);
    // In the order asked for (RFC 2132 §9.8), then what everybody is told, without the router (RFC 3442 §4).
    expect([...packet.options.keys()]).toEqual([53, 54, 51, 58, 59, 121, 249, 26, 108, 1, 6]);
    expect(optionOf(packet, 'classlessRoutes')).toEqual([
      { destination: parseIpv4('10.9.0.0'), prefix: 16, via: parseIpv4(`${NET}2`) },
      { destination: 0, prefix: 0, via: parseIpv4(`${NET}1`) },
    ]);
    const unasked = offer({ routes, options: [{ code: 108, hex: '00000708' }] }, [list(1, 3)]);
    expect([108, 121, 249].filter((code) => unasked.options.has(code))).toEqual([]);
    expect(optionOf(offer({ routes }, [list(249, 3)]), 'router')).toEqual([parseIpv4(`${NET}1`)]);
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

  test('a client identifier comes back byte for byte, in a NAK too', () => {
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

  test('option 82 comes back unchanged, last of all', () => {
    const agent = Uint8Array.of(1, 4, 9, 8, 7, 6);
    const packet = offer({}, [], { giaddr: `${NET}2`, relayAgent: agent });
    expect([...packet.options].at(-1)).toEqual([82, agent]);
  });

  test('the hostname of a binding is told', () => {
    const packet = offer({ bindings: [{ mac: macOf('A'), address: `${NET}50`, hostname: 'web-01' }] }, [list(12)]);
    expect(optionOf(packet, 'hostname')).toBe('web-01');
  });

  test('option 57 bounds the message; file and sname are used before anything is left out', () => {
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
  ] as const)('network boot, %s', (_, architecture, more, file) => {
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
