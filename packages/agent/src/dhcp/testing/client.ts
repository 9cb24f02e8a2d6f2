import { parseIpv4 } from '@kcore/contract';
import { buildPacket } from '../codec/build.ts';
import { parseMac } from '../codec/mac.ts';
import { option } from '../codec/options.ts';
import { BOOTREQUEST, MESSAGE_TYPE, type MessageType, type RawOption } from '../codec/packet.ts';

/** What a client sends. Addresses are dotted text. */
export interface ClientMessage {
  readonly type: MessageType;
  readonly mac: string;
  readonly xid?: number;
  readonly flags?: number;
  readonly ciaddr?: string;
  readonly giaddr?: string;
  /** Option 50. */
  readonly requested?: string;
  /** Option 54. */
  readonly server?: string;
  readonly options?: readonly RawOption[];
  readonly relayAgent?: Uint8Array;
}

/** The bytes of a client's message. */
export function clientMessage(message: ClientMessage): Uint8Array {
  const chaddr = new Uint8Array(16);
  chaddr.set(parseMac(message.mac));
  const options = [option('messageType', MESSAGE_TYPE[message.type])];
  if (message.requested !== undefined) options.push(option('requestedAddress', parseIpv4(message.requested)));
  if (message.server !== undefined) options.push(option('serverId', parseIpv4(message.server)));
  return buildPacket({
    op: BOOTREQUEST,
    xid: message.xid ?? 1,
    flags: message.flags ?? 0,
    ciaddr: message.ciaddr === undefined ? 0 : parseIpv4(message.ciaddr),
    yiaddr: 0,
    siaddr: 0,
    giaddr: message.giaddr === undefined ? 0 : parseIpv4(message.giaddr),
    chaddr,
    options: [...options, ...(message.options ?? [])],
    ...(message.relayAgent === undefined ? {} : { lastOption: option('relayAgent', message.relayAgent) }),
    maxLength: 1472,
  });
}
