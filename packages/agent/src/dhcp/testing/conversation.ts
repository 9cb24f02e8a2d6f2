import { formatIpv4 } from '@kcore/contract';
import type { DhcpNetwork } from '../../model/dhcp-network.ts';
import { buildPacket } from '../codec/build.ts';
import type { DhcpPacket, MessageType } from '../codec/packet.ts';
import { parsePacket } from '../codec/parse.ts';
import { LeaseTable } from '../leases/lease-table.ts';
import type { Decision } from '../respond/decision.ts';
import { respond } from '../respond/respond.ts';
import { type ServedNetwork, serveNetwork } from '../respond/served-network.ts';
import { type ClientMessage, clientMessage } from './client.ts';

export const NET = '10.77.0.';
/** `A` to `Z`. */
export const macOf = (letter: string): string => `02:00:00:00:00:${letter.charCodeAt(0).toString(16)}`;

/** A network with three addresses for whoever asks. */
export function network(over: Partial<DhcpNetwork> = {}): DhcpNetwork {
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

export function packetOf(bytes: Uint8Array): DhcpPacket {
  const parsed = parsePacket(bytes);
  if (parsed.kind !== 'packet') throw new Error(parsed.reason);
  return parsed.packet;
}

/** What the client reads. */
export function replyOf(decision: Decision): DhcpPacket {
  if (decision.kind !== 'reply') throw new Error(`no reply: ${JSON.stringify(decision)}`);
  return packetOf(buildPacket(decision.reply.packet));
}

/** One server and its clients, as the server's loop would run them: links are asked at once, and are silent. */
export class Conversation {
  readonly table = new LeaseTable();
  now = Date.UTC(2026, 0, 1);
  served: ServedNetwork;
  used = new Set<string>();

  constructor(spec: DhcpNetwork) {
    this.served = serveNetwork(spec);
  }

  /** `source`: of the datagram. */
  send(message: ClientMessage, source = 0): Decision {
    const request = { packet: packetOf(clientMessage(message)), source };
    for (let attempt = 0; attempt < 300; attempt++) {
      const decision = respond(request, this.served, this.table, this.now);
      for (const change of decision.commit) this.table.apply(change);
      if (decision.withdraw !== undefined) this.table.withdrawOffer(decision.withdraw);
      if (decision.offer !== undefined) this.table.offer(decision.offer);
      if (decision.kind !== 'probe') return decision;
      const { offer } = decision;
      if (!this.used.has(formatIpv4(offer.address))) this.table.offer({ ...offer, checked: true });
      else this.table.apply({ change: 'quarantine', network: 'lan', ...offer });
    }
    throw new Error('an address is looked for again and again');
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

  /** `bind A 50`, `bind A none`: the platform's decision, at run time. */
  bind(who: string, host: string): void {
    const { spec } = this.served;
    const others = spec.bindings.filter(({ mac }) => mac !== macOf(who));
    const bindings = host === 'none' ? others : [...others, { mac: macOf(who), address: NET + host }];
    this.served = serveNetwork({ ...spec, bindings });
    this.table.rescan();
  }

  /** Lines `what is sent → what comes of it`, as they really went; a line without an arrow is only said. */
  play(lines: readonly string[]): string[] {
    return lines.map((line) => {
      const [said = '', expected] = line.split(' → ');
      const [verb, who = '', host = ''] = said.split(' ');
      if (verb === 'bind') {
        this.bind(who, host);
        return line;
      }
      const outcome = this.say(said);
      return expected === undefined ? said : `${said} → ${outcome}`;
    });
  }
}
