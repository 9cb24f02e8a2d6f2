import type { Ipv4Number } from '@kcore/contract';
import type { PacketOptions } from './packet-options.ts';

/** Sizes and values of the fixed part of a message. Source: RFC 2131 §2, RFC 951. */
export const BOOTREQUEST = 1;
export const BOOTREPLY = 2;
export const HTYPE_ETHERNET = 1;
/** Bit of `flags`: the client cannot yet receive unicast. */
export const BROADCAST_FLAG = 0x8000;
export const MAGIC_COOKIE = 0x63825363;
/** Offsets of the fields, bytes from the message's start. */
export const OFFSET_SNAME = 44;
export const OFFSET_FILE = 108;
export const OFFSET_MAGIC = 236;
export const OFFSET_OPTIONS = 240;
/** What relays and old clients expect at least (BOOTP's size). */
export const MINIMUM_REPLY = 300;

export const SERVER_PORT = 67;
export const CLIENT_PORT = 68;

/** Option 53. Source: RFC 2132 §9.6. */
export const MESSAGE_TYPE = {
  discover: 1,
  offer: 2,
  request: 3,
  decline: 4,
  ack: 5,
  nak: 6,
  release: 7,
  inform: 8,
} as const;
export type MessageType = keyof typeof MESSAGE_TYPE;

const NAMES = new Map<number, MessageType>(
  Object.entries(MESSAGE_TYPE).map(([name, code]) => [code, name as MessageType]),
);

export function messageTypeName(code: number): MessageType | undefined {
  return NAMES.get(code);
}

/** One option as it is on the wire, not yet split. */
export interface RawOption {
  readonly code: number;
  readonly value: Uint8Array;
}

/** A message, its options joined (RFC 3396) and taken out of overloaded fields. Byte arrays are views into the datagram. */
export interface DhcpPacket {
  readonly op: number;
  readonly htype: number;
  readonly hlen: number;
  readonly hops: number;
  readonly xid: number;
  readonly secs: number;
  readonly flags: number;
  readonly ciaddr: Ipv4Number;
  readonly yiaddr: Ipv4Number;
  readonly siaddr: Ipv4Number;
  readonly giaddr: Ipv4Number;
  /** The first six bytes of chaddr, as text. */
  readonly mac: string;
  /** All sixteen bytes of chaddr. */
  readonly chaddr: Uint8Array;
  readonly options: PacketOptions;
}
