import type { OutgoingPacket } from '../codec/build.ts';
import { option, optionCode, optionOf } from '../codec/options.ts';
import { BOOTREPLY, BROADCAST_FLAG, MESSAGE_TYPE, type RawOption } from '../codec/packet.ts';
import { type BootAnswer, bootAnswer } from './boot.ts';
import type { DhcpReply } from './decision.ts';
import type { Exchange, Verdict } from './exchange.ts';

type Answer = Extract<Verdict, { kind: 'answer' }>;

/** IPv4 and UDP headers, which option 57 counts and the message's own length does not. */
const IP_AND_UDP = 28;
/** What every client takes (RFC 2131 §2), and what fits into one frame. */
const SMALLEST_MAXIMUM = 576;
const LARGEST_MAXIMUM = 1500;
const HOSTNAME = optionCode('hostname');

function maxLength({ request, network }: Exchange): number {
  const wanted = optionOf(request.packet, 'maxMessageSize') ?? SMALLEST_MAXIMUM;
  const carried = Math.min(LARGEST_MAXIMUM, network.spec.mtu ?? LARGEST_MAXIMUM);
  return Math.max(SMALLEST_MAXIMUM, Math.min(wanted, carried)) - IP_AND_UDP;
}

/** The name that a binding gives the client, when it asks for it and the network gives none to all. */
function boundName({ request, network, mac }: Exchange): RawOption | undefined {
  const hostname = network.bound.get(mac)?.hostname;
  if (hostname === undefined) return undefined;
  const list = optionOf(request.packet, 'parameterList');
  return list === undefined || list.includes(HOSTNAME) ? option('hostname', hostname) : undefined;
}

/** RFC 6842: the client identifier comes back unchanged. */
function echoedId({ request }: Exchange): RawOption | undefined {
  const id = optionOf(request.packet, 'clientId');
  return id === undefined ? undefined : option('clientId', id);
}

/** RFC 2563 §2: an OFFER of no address and no lease says whether the client may choose one itself. */
function autoConfigure({ network }: Exchange, { type, leaseSeconds }: Answer): RawOption | undefined {
  const allowed = network.spec.autoConfigure;
  if (type !== 'offer' || leaseSeconds !== undefined || allowed === undefined) return undefined;
  return option('autoConfigure', allowed ? 1 : 0);
}

/** An option that is configured by its code replaces what would be sent; two with one code would be read as one value. */
function unlessConfigured({ network }: Exchange, one: RawOption | undefined): RawOption | undefined {
  return network.options.some(({ code }) => code === one?.code) ? undefined : one;
}

/** What is this client's alone. */
function ownOptions(exchange: Exchange, answer: Answer, boot: BootAnswer | undefined): readonly RawOption[] {
  const own: RawOption[] = [];
  const add = (one: RawOption | undefined): void => {
    if (one !== undefined) own.push(one);
  };
  add(echoedId(exchange));
  add(unlessConfigured(exchange, boundName(exchange)));
  add(unlessConfigured(exchange, autoConfigure(exchange, answer)));
  if (boot !== undefined) for (const one of boot.options) add(unlessConfigured(exchange, one));
  return own;
}

function refusal(exchange: Exchange, { message }: Answer): OutgoingPacket {
  const { packet } = exchange.request;
  const options = [option('messageType', MESSAGE_TYPE.nak), option('serverId', exchange.server)];
  if (message !== undefined) options.push(option('message', message));
  const id = echoedId(exchange);
  return {
    op: BOOTREPLY,
    xid: packet.xid,
    // A relay passes a NAK on by broadcast only when the flag says so (RFC 2131 §4.3.2).
    flags: packet.giaddr === 0 ? packet.flags : packet.flags | BROADCAST_FLAG,
    ciaddr: 0,
    yiaddr: 0,
    siaddr: 0,
    giaddr: packet.giaddr,
    chaddr: packet.chaddr,
    options,
    ...(id === undefined ? {} : { own: [id] }),
    maxLength: maxLength(exchange),
  };
}

function grant(exchange: Exchange, answer: Answer, type: 'offer' | 'ack'): OutgoingPacket {
  const { packet } = exchange.request;
  const boot = exchange.network.spec.boot === undefined ? undefined : bootAnswer(exchange);
  const { options, block } = exchange.network.replyOptions({
    type,
    server: exchange.server,
    leaseSeconds: answer.leaseSeconds,
    rapid: type === 'ack' && exchange.type === 'discover',
    list: optionOf(packet, 'parameterList'),
  });
  const reply: OutgoingPacket = {
    op: BOOTREPLY,
    xid: packet.xid,
    flags: packet.flags,
    ciaddr: type === 'ack' ? packet.ciaddr : 0,
    yiaddr: answer.address,
    siaddr: boot?.siaddr ?? 0,
    giaddr: packet.giaddr,
    chaddr: packet.chaddr,
    options,
    block,
    own: ownOptions(exchange, answer, boot),
    maxLength: maxLength(exchange),
  };
  return boot?.file === undefined ? reply : { ...reply, file: boot.file };
}

/** Source: RFC 2131 §4.3.1, table 3. */
export function composeReply(exchange: Exchange, answer: Answer): DhcpReply {
  const { type } = answer;
  const packet = type === 'nak' ? refusal(exchange, answer) : grant(exchange, answer, type);
  const agent = optionOf(exchange.request.packet, 'relayAgent');
  return { type, packet: agent === undefined ? packet : { ...packet, lastOption: option('relayAgent', agent) } };
}
