import type { Ipv4Number } from '@kcore/contract';
import type { OutgoingPacket } from '../codec/build.ts';
import type { DhcpPacket, MessageType } from '../codec/packet.ts';
import type { LeaseChange, Offer } from '../leases/lease.ts';

/** What a client or relay sent, as it reached the server. */
export interface DhcpRequest {
  readonly packet: DhcpPacket;
  /** Source address of the datagram; 0 for a client that has none yet. Looked at for INFORM only. */
  readonly source: Ipv4Number;
}

/** Why nothing is answered; also the name of a counter. */
export type DropReason =
  | 'not-a-request'
  | 'not-ethernet'
  | 'bootp'
  | 'unknown-message-type'
  | 'unknown-relay'
  | 'foreign-client'
  | 'not-bound'
  | 'other-server'
  | 'pool-exhausted'
  | 'address-held'
  | 'too-many-offers'
  | 'no-address-named'
  | 'not-the-holder'
  | 'wrong-subnet'
  /** Nothing is ever answered to these two: not a failure. */
  | 'released'
  | 'declined';

/** Something a person may have to know. */
export type DhcpEventType =
  | 'PoolExhausted'
  | 'AddressDeclined'
  | 'AddressInUse'
  | 'BindingHeld'
  | 'ForeignDhcpServer'
  | 'LeaseStoreFailed'
  | 'LeaseStoreRecovered'
  | 'NetworkMisconfigured'
  | 'ClockJumped';

export interface DhcpEvent {
  readonly type: DhcpEventType;
  readonly message: string;
}

/** How a reply travels. Source: RFC 2131 §4.1. */
export type Delivery =
  /** A frame to the client's MAC; `address` is the one it has or will have. */
  | { readonly to: 'client'; readonly mac: string; readonly address: Ipv4Number }
  /** 255.255.255.255 at ff:ff:ff:ff:ff:ff. */
  | { readonly to: 'broadcast' }
  /** Port 67 of the relay agent. */
  | { readonly to: 'relay'; readonly address: Ipv4Number };

export interface DhcpReply {
  readonly type: Extract<MessageType, 'offer' | 'ack' | 'nak'>;
  readonly packet: OutgoingPacket;
}

interface Effects {
  /** To be made durable before a reply is sent; in memory, it holds at once. */
  readonly commit: readonly LeaseChange[];
  /** To be remembered in memory only. */
  readonly offer: Offer | undefined;
  /** The client whose offer is taken back. */
  readonly withdraw: string | undefined;
  readonly event: DhcpEvent | undefined;
}

/**
 * What is to be done about a request.
 *
 * `probe`: the address is promised to the client, but not known to be free. Whoever serves asks the link for it, then
 * offers it again as checked, or quarantines it, and has the same request decided again.
 */
export type Decision =
  | ({ readonly kind: 'nothing'; readonly reason: DropReason } & Effects)
  | ({ readonly kind: 'reply'; readonly reply: DhcpReply; readonly delivery: Delivery } & Effects)
  | ({ readonly kind: 'probe'; readonly offer: Offer } & Effects);
