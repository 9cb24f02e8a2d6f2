import { A, B, type Case, scale } from '../case.ts';
import { GARBAGE_MACS, garbage, kindOf } from '../garbage.ts';
import { Kcore } from '../kcore.ts';
import type { Stage } from '../stage.ts';
import { holds, reply, same, some } from '../verdict.ts';
import type { Wire } from '../wire.ts';
import { frameOf, ip, ipBytes, type Message, optionBytes, text, u16, type WireOption, wanted } from '../wire-format.ts';

/** What stands in messages, both ways. */

const clientIdEchoed: Case = {
  id: 'client-identifier-echoed',
  title: 'a binary client identifier of 19 bytes, as systemd-networkd sends',
  source: 'RFC 6842 §3',
  expected: 'OFFER, ACK and NAK carry it back byte for byte',
  run: async (stage) => {
    await stage.serve();
    const wire = await stage.wire();
    const id = Buffer.from('ff5045b2f00002000000ab11d6f1d90bbb00ff', 'hex');
    const lease = some(await wire.lease(A, [[61, id]]), 'no lease');
    const nak = await wire.ask({ type: 'request', mac: A, options: [ip(50, '192.168.7.7'), [61, id]] });
    const echoed = [lease.offer, lease.ack, nak].map((one) => one?.message.options.get(61)?.toString('hex') ?? 'none');
    same(
      'option 61',
      echoed,
      [id, id, id].map((one) => one.toString('hex')),
    );
  },
};

const RELAY = { mac: '02:0a:0a:0a:0a:0a', address: '10.78.0.9' };

function throughRelay(stage: Stage, wire: Wire) {
  wire.hold(RELAY.address, RELAY.mac);
  return stage.server('cat /sys/class/net/br0/address').then((mac) => ({
    sourceMac: RELAY.mac,
    destinationMac: mac.trim(),
    source: RELAY.address,
    destination: '10.78.0.1',
    sourcePort: 67,
  }));
}

const relayInformation: Case = {
  id: 'relay-agent-information',
  title: 'a relay’s DISCOVER and REQUEST with option 82',
  source: 'RFC 2131 §4.1; RFC 3046 §2.2',
  expected: 'replies to giaddr, port 67; option 82 unchanged and last',
  run: async (stage) => {
    await stage.serve();
    const wire = await stage.wire();
    const envelope = await throughRelay(stage, wire);
    const agent: WireOption = [82, Buffer.from('0104c0de0001020600112233aabb', 'hex')];
    const draft = { mac: A, giaddr: RELAY.address };
    const offer = some(await wire.ask({ ...draft, type: 'discover', options: [agent] }, envelope), 'no offer');
    const options = [ip(50, offer.message.yiaddr), ip(54, '10.78.0.1'), agent];
    const ack = some(await wire.ask({ ...draft, type: 'request', options }, envelope), 'no ack');
    for (const { message, destination, destinationPort } of [offer, ack]) {
      same('it went to', `${destination}:${destinationPort}`, `${RELAY.address}:67`);
      same('option 82', message.options.get(82)?.toString('hex') ?? 'none', '0104c0de0001020600112233aabb');
      same('last option', message.order.at(-1), 82);
    }
  },
};

const unknownRelay: Case = {
  id: 'unknown-relay',
  title: 'a relay of a network that is not served',
  source: 'RFC 2131 §4.3.1',
  expected: 'silence, and a count of it',
  run: async (stage) => {
    await stage.serve();
    const wire = await stage.wire();
    const envelope = await throughRelay(stage, wire);
    const heard = await wire.silence({ type: 'discover', mac: A, giaddr: '192.168.200.9' }, envelope);
    same('replies', heard.map(reply), []);
    if (stage.subject instanceof Kcore) {
      same('counted', (await stage.subject.counters())['lan']?.dropped['unknown-relay'], 1);
    }
  },
};

const BOOT = {
  server: '10.78.0.5',
  bios: 'pxelinux.0',
  uefiX64: 'x64.efi',
  uefiArm64: 'arm64.efi',
  ipxe: 'http://10.78.0.5/boot.ipxe',
  httpX64: 'http://10.78.0.5/x64.efi',
};

interface Booting {
  readonly what: string;
  readonly architecture: number;
  readonly vendor: string;
  readonly more?: readonly WireOption[];
  readonly file: string;
}

const BOOTING: readonly Booting[] = [
  { what: 'BIOS', architecture: 0, vendor: 'PXEClient:Arch:00000:UNDI:002001', file: BOOT.bios },
  { what: 'UEFI x64', architecture: 7, vendor: 'PXEClient:Arch:00007:UNDI:003016', file: BOOT.uefiX64 },
  { what: 'UEFI arm64', architecture: 11, vendor: 'PXEClient:Arch:00011:UNDI:003016', file: BOOT.uefiArm64 },
  { what: 'iPXE', architecture: 0, vendor: 'PXEClient', more: [text(77, 'iPXE')], file: BOOT.ipxe },
  { what: 'HTTP boot', architecture: 16, vendor: 'HTTPClient:Arch:00016:UNDI:003001', file: BOOT.httpX64 },
];
const MACHINE = Buffer.from('004c4c4544004b3510803ac04f4b5a3633', 'hex');

const fileOf = (message: Message): string =>
  message.options.get(67)?.toString('latin1').replace(/\0+$/, '') ?? message.file;

const networkBoot: Case = {
  id: 'network-boot',
  title: 'DISCOVERs of BIOS, UEFI x64 and arm64, iPXE, UEFI HTTP boot',
  source: 'RFC 4578, RFC 5970; UEFI 2.10 §24',
  expected: 'each its file and next server; option 97 echoed; option 60 HTTPClient to HTTP boot',
  run: async (stage) => {
    await stage.serve({ boot: BOOT });
    const wire = await stage.wire();
    const echoed: string[] = [];
    for (const [index, { what, architecture, vendor, more = [], file }] of BOOTING.entries()) {
      const list = wanted(1, 3, 43, 60, 66, 67, 97, 128, 129, 130, 131, 132, 133, 134, 135, 150);
      const options = [
        text(60, vendor),
        u16(93, architecture),
        [97, MACHINE] as const,
        [94, [1, 3, 16]] as const,
        list,
      ];
      const mac = `52:54:00:00:01:0${index}`;
      const { message } = some(await wire.discover(mac, [...options, ...more]), `${what}: no offer`);
      same(`${what}: file`, fileOf(message), file);
      if (what !== 'HTTP boot') same(`${what}: next server`, message.siaddr, BOOT.server);
      else same(`${what}: option 60`, message.options.get(60)?.toString('latin1').slice(0, 10), 'HTTPClient');
      echoed.push(message.options.get(97)?.toString('hex') ?? 'none');
    }
    same('option 97 in the replies', [...new Set(echoed)].join(', '), MACHINE.toString('hex'));
    const plain = some(await wire.discover(B), 'no offer to a client that does not boot from the network');
    same('file for others', fileOf(plain.message), '');
  },
};

/** Names of RFC 1035 with compression pointers, as option 119 has them. */
function namesOf(bytes: Buffer): string[] {
  const nameAt = (start: number): { name: string; end: number } => {
    const labels: string[] = [];
    let at = start;
    for (;;) {
      const length = bytes[at] ?? 0;
      if (length === 0) return { name: labels.join('.'), end: at + 1 };
      if (length >= 0xc0) {
        const { name } = nameAt(((length & 63) << 8) | (bytes[at + 1] ?? 0));
        return { name: [...labels, name].join('.'), end: at + 2 };
      }
      labels.push(bytes.subarray(at + 1, at + 1 + length).toString('latin1'));
      at += 1 + length;
    }
  };
  const names: string[] = [];
  for (let at = 0; at < bytes.length; ) {
    const { name, end } = nameAt(at);
    names.push(name);
    at = end;
  }
  return names;
}

const optionsAskedFor: Case = {
  id: 'options-asked-for',
  title: 'a client asks for options 121, 249, 119, 26, 108, 114, 116, 252',
  source: 'RFC 2131 §4.3.1, RFC 3442, RFC 3397, RFC 8925, RFC 8910',
  expected: 'those configured and no other, in their encodings; type first, END last, at least 300 bytes',
  run: async (stage) => {
    await stage.serve({
      mtu: 1450,
      search: ['kcore.internal', 'svc.kcore.internal'],
      routes: [{ destination: '10.20.0.0/16', via: '10.78.0.2' }],
      options: [
        { code: 108, hex: '00000708' },
        { code: 114, hex: Buffer.from('https://portal.example/').toString('hex') },
      ],
    });
    const wire = await stage.wire();
    const { ack } = some(await wire.lease(A, [wanted(121, 249, 119, 26, 108, 114, 116, 252)]), 'no lease');
    const { options, order, ended, length } = ack.message;
    const hex = (code: number): string => options.get(code)?.toString('hex') ?? 'none';
    const routes = '100a140a4e0002000a4e0001';
    same('options 121, 249', [hex(121), hex(249)], [routes, routes]);
    same('option 119', namesOf(options.get(119) ?? Buffer.alloc(0)), ['kcore.internal', 'svc.kcore.internal']);
    same('options 26, 108, 116, 252', [hex(26), hex(108), hex(116), hex(252)], ['05aa', '00000708', 'none', 'none']);
    same('option 114', options.get(114)?.toString('latin1'), 'https://portal.example/');
    holds(ended, 'no END option');
    const plain = some(await wire.lease(B), 'no second lease').ack.message;
    holds(plain.length >= 300, `an ACK without extras has ${plain.length} bytes`);
    holds(length >= 300, `${length} bytes`);
    same('first option', order[0], 53);
  },
};

const smallMessages: Case = {
  id: 'small-messages',
  title: 'option 57 allows 576 bytes, and more than that is configured',
  source: 'RFC 2132 §9.10; RFC 3396',
  expected: 'a datagram of at most 576 bytes, with what a lease needs',
  run: async (stage) => {
    const domains = Array.from({ length: 6 }, (_, index) => `department-${index}.branch-${index * 7}.example.org`);
    const routes = Array.from({ length: 28 }, (_, index) => ({ destination: `10.2.${index}.0/24`, via: '10.78.0.2' }));
    await stage.serve({ search: domains, routes, mtu: 1450 });
    const wire = await stage.wire();
    const { ack } = some(await wire.lease(A, [u16(57, 576), wanted(1, 3, 6, 26, 51, 54, 119, 121, 249)]), 'no lease');
    holds(ack.message.length + 28 <= 576, `a datagram of ${ack.message.length + 28} bytes`);
    const needed = [1, 51, 53, 54].filter((code) => !ack.message.options.has(code));
    same('missing options', needed, []);
    const large = some(await wire.lease(B, [u16(57, 1500), wanted(1, 3, 6, 26, 51, 54, 119, 121, 249)]), 'no lease');
    same('names where there is room', namesOf(large.ack.message.options.get(119) ?? Buffer.alloc(0)), domains);
  },
};

const overloadSplitPad: Case = {
  id: 'overload-split-and-padding',
  title: 'requests with options in sname and file, split options, PAD bytes',
  source: 'RFC 2132 §9.3; RFC 3396 §5, §7',
  expected: 'read as one',
  run: async (stage) => {
    await stage.serve();
    const wire = await stage.wire();
    const area = (length: number, ...options: WireOption[]): Buffer => {
      const bytes = Buffer.alloc(length);
      Buffer.concat([Buffer.of(0, 0), optionBytes(options), Buffer.of(255)]).copy(bytes);
      return bytes;
    };
    const [first, second] = [ipBytes('10.78.0.150').subarray(0, 2), ipBytes('10.78.0.150').subarray(2)];
    const overloaded = await wire.ask({ mac: A, options: [[52, [1]]], file: area(128, [53, [1]]) });
    same('type in the file field', overloaded?.message.type ?? 'silence', 'offer');
    const split = await wire.ask({
      type: 'discover',
      mac: B,
      options: [
        [50, first],
        [0x37, [1, 3]],
        [50, second],
      ],
    });
    same('option 50 in two parts', reply(split), 'offer 10.78.0.150');
    const everywhere = await wire.ask({
      mac: '52:54:00:00:00:1c',
      options: [
        [52, [3]],
        [50, ipBytes('10.78.0.160').subarray(0, 2)],
      ],
      file: area(128, [53, [1]]),
      sname: area(64, [50, ipBytes('10.78.0.160').subarray(2)]),
    });
    same('option 50 from options and sname', reply(everywhere), 'offer 10.78.0.160');
  },
};

const malformed: Case = {
  id: 'malformed-messages',
  title: 'messages that are none: cut off, without cookie, of unknown types, with options that end outside',
  source: 'RFC 2131 §2',
  expected: 'no reply, no crash, and the next client is served',
  run: async (stage) => {
    await stage.serve();
    const wire = await stage.wire();
    for (let round = 0; round < 20 * scale; round++) {
      await wire.sendAll(garbage(100, round).map((payload) => frameOf(payload, { sourceMac: `${GARBAGE_MACS}00` })));
      await wire.fence();
    }
    const answered = wire.frames.filter(({ message }) => message.mac.startsWith(GARBAGE_MACS));
    same('answered', [...new Set(answered.map(({ message }) => kindOf(message.xid)))], []);
    holds(stage.subject.alive, 'the server is dead');
    some(await wire.lease(A), 'no lease afterwards');
  },
};

export const MESSAGE_CASES: readonly Case[] = [
  clientIdEchoed,
  relayInformation,
  unknownRelay,
  networkBoot,
  optionsAskedFor,
  smallMessages,
  overloadSplitPad,
  malformed,
];
