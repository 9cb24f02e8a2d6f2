import type { Ipv4Number } from '@kcore/contract';
import { optionOf } from '../codec/options.ts';
import { type MessageType, messageTypeName } from '../codec/packet.ts';
import { serverIdOverride } from '../codec/relay-agent.ts';
import type { LeaseView } from '../leases/lease.ts';
import type { Decision, DhcpRequest } from './decision.ts';
import { identify } from './identity.ts';
import type { ServedNetwork } from './served-network.ts';

/** One request with all that is needed to decide it. */
export interface Exchange {
  readonly request: DhcpRequest;
  /** Undefined when option 53 is missing or names no known type. */
  readonly type: MessageType | undefined;
  /** Who asks, as leases know it: see identity.ts. */
  readonly client: string;
  readonly mac: string;
  /** What the client is told its server is: the network's, or what a relay agent wants it to be (RFC 5107). */
  readonly server: Ipv4Number;
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
      /** Undefined where no lease is told. */
      readonly leaseSeconds: number | undefined;
      /** Text for option 56. */
      readonly message: string | undefined;
    } & Pick<Decision, 'commit' | 'offer' | 'withdraw' | 'event'>);

function serverOf({ packet }: DhcpRequest, network: ServedNetwork): Ipv4Number {
  const agent = packet.giaddr === 0 ? undefined : optionOf(packet, 'relayAgent');
  return (agent === undefined ? undefined : serverIdOverride(agent)) ?? network.server;
}

export function exchangeOf(request: DhcpRequest, network: ServedNetwork, leases: LeaseView, now: number): Exchange {
  const { packet } = request;
  const code = optionOf(packet, 'messageType');
  return {
    request,
    type: code === undefined ? undefined : messageTypeName(code),
    client: identify(packet, network, leases, now),
    mac: packet.mac,
    server: serverOf(request, network),
    network,
    leases,
    now,
  };
}

/** Whether a client means us by option 54: also one that was told so before a relay agent began to override it. */
export function isAddressedToUs({ network, server }: Exchange, named: Ipv4Number): boolean {
  return named === network.server || named === server;
}
