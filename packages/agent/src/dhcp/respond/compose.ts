import { option, optionCode, optionOf } from '../codec/options.ts';
import { BOOTREPLY, BROADCAST_FLAG, MESSAGE_TYPE, type RawOption } from '../codec/packet.ts';
import { type BootAnswer, bootAnswer } from './boot.ts';
import type { DhcpReply } from './decision.ts';
import type { Exchange, Verdict } from './exchange.ts';
import { leaseTimes } from './served-network.ts';

type Answer = Extract<Verdict, { kind: 'answer' }>;

/** One source of options. Their order is what is sent first, and what is kept when there is no room for all. */
type OptionHandler = (exchange: Exchange, answer: Answer, boot: BootAnswer | undefined) => readonly RawOption[];

const MESSAGE_TYPES = {
  offer: option('messageType', MESSAGE_TYPE.offer),
  ack: option('messageType', MESSAGE_TYPE.ack),
  nak: option('messageType', MESSAGE_TYPE.nak),
};

const conversation: OptionHandler = ({ network }, { type }) => [MESSAGE_TYPES[type], network.serverId];

const times: OptionHandler = ({ network }, { leaseSeconds: seconds }) => {
  if (seconds === undefined) return [];
  return seconds === network.spec.leaseSeconds ? network.leaseTimes : leaseTimes(seconds);
};

const refusal: OptionHandler = (_, { message }) => (message === undefined ? [] : [option('message', message)]);

/** RFC 6842: the client identifier comes back unchanged. */
const clientId: OptionHandler = ({ request }) => {
  const id = optionOf(request.packet, 'clientId');
  return id === undefined ? [] : [option('clientId', id)];
};

/** RFC 4039 §3: the ACK that answers a DISCOVER says so. */
const rapidCommit: OptionHandler = ({ type }, answer) =>
  type === 'discover' && answer.type === 'ack' ? [option('rapidCommit', true)] : [];

const boot: OptionHandler = (_, { type }, answer) => (type === 'nak' || answer === undefined ? [] : answer.options);

/** What the network has configured: always or if asked for, and all of it when the client has no list. */
const settings: OptionHandler = ({ request, network, client }, { type }) => {
  if (type === 'nak') return [];
  const list = optionOf(request.packet, 'parameterList');
  const asked = (code: number): boolean => list === undefined || list.includes(code);
  const hostname = network.bound.get(client)?.hostname;
  const named = hostname === undefined || !asked(optionCode('hostname')) ? [] : [option('hostname', hostname)];
  const sent = network.options.filter(({ code, always }) => always || (list === undefined ? code < 108 : asked(code)));
  return sent.some(({ code }) => code === optionCode('hostname')) ? sent : [...sent, ...named];
};

const OPTION_HANDLERS: readonly OptionHandler[] = [conversation, times, refusal, rapidCommit, clientId, boot, settings];

/** IPv4 and UDP headers, which option 57 counts and the message's own length does not. */
const IP_AND_UDP = 28;
/** What every client takes (RFC 2131 §2), and what fits into one frame. */
const SMALLEST_MAXIMUM = 576;
const LARGEST_MAXIMUM = 1500;

function maxLength({ request, network }: Exchange): number {
  const wanted = optionOf(request.packet, 'maxMessageSize') ?? SMALLEST_MAXIMUM;
  const carried = Math.min(LARGEST_MAXIMUM, network.spec.mtu ?? LARGEST_MAXIMUM);
  return Math.max(SMALLEST_MAXIMUM, Math.min(wanted, carried)) - IP_AND_UDP;
}

/** Source: RFC 2131 §4.3.1, table 3. */
export function composeReply(exchange: Exchange, answer: Answer): DhcpReply {
  const { packet } = exchange.request;
  const bootTold = bootAnswer(exchange);
  const told = answer.type === 'nak' ? undefined : bootTold;
  const agent = optionOf(packet, 'relayAgent');
  // A relay passes a NAK on by broadcast only when the flag says so (RFC 2131 §4.3.2).
  const flags = answer.type === 'nak' && packet.giaddr !== 0 ? packet.flags | BROADCAST_FLAG : packet.flags;
  return {
    type: answer.type,
    packet: {
      op: BOOTREPLY,
      hops: 0,
      xid: packet.xid,
      flags,
      ciaddr: answer.type === 'ack' ? packet.ciaddr : 0,
      yiaddr: answer.address,
      siaddr: told?.siaddr ?? 0,
      giaddr: packet.giaddr,
      chaddr: packet.chaddr,
      ...(told === undefined ? {} : { file: told.file }),
      options: OPTION_HANDLERS.flatMap((handler) => handler(exchange, answer, told)),
      ...(agent === undefined ? {} : { lastOption: option('relayAgent', agent) }),
      maxLength: maxLength(exchange),
    },
  };
}
