import type { Ipv4Number } from '@kcore/contract';
import { optionOf } from '../codec/options.ts';
import { type MessageType, messageTypeName } from '../codec/packet.ts';
import type { LeaseView } from '../leases/lease.ts';
import type { Decision, DhcpRequest } from './decision.ts';
import type { ServedNetwork } from './served-network.ts';

/** One request with all that is needed to decide it. */
export interface Exchange {
  readonly request: DhcpRequest;
  /** Undefined when option 53 is missing or names no known type. */
  readonly type: MessageType | undefined;
  /** Who asks, as leases know it: the MAC, whatever client identifier is sent with it. */
  readonly client: string;
  readonly network: ServedNetwork;
  readonly leases: LeaseView;
  /** Milliseconds since 1970. */
  readonly now: number;
}

/** What a state handler concluded; options and delivery are added by those that come after it. */
export type Verdict =
  | Extract<Decision, { kind: 'nothing' | 'probe' }>
  | ({
      readonly kind: 'answer';
      readonly type: 'offer' | 'ack' | 'nak';
      /** The address given, or confirmed; 0 when none is (NAK, and ACK to INFORM). */
      readonly address: Ipv4Number;
      /** Absent where no lease is told. */
      readonly leaseSeconds?: number;
      /** Text for option 56. */
      readonly message?: string;
    } & Pick<Decision, 'commit' | 'offer' | 'withdraw' | 'event'>);

export function exchangeOf(request: DhcpRequest, network: ServedNetwork, leases: LeaseView, now: number): Exchange {
  const code = optionOf(request.packet, 'messageType');
  return {
    request,
    type: code === undefined ? undefined : messageTypeName(code),
    client: request.packet.mac,
    network,
    leases,
    now,
  };
}
