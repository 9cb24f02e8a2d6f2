import { formatIpv4, type Ipv4Number } from '@kcore/contract';
import type { Datagram } from '../../model/packet-socket.ts';
import { buildPacket } from '../codec/build.ts';
import { FRAME_HEADROOM, sealFrame } from '../codec/frame.ts';
import { CLIENT_PORT, SERVER_PORT } from '../codec/packet.ts';
import type { Delivery, DhcpReply } from '../respond/decision.ts';

const BROADCAST_MAC = Uint8Array.of(0xff, 0xff, 0xff, 0xff, 0xff, 0xff);
const BROADCAST_ADDRESS: Ipv4Number = 0xffff_ffff;

/** A reply as bytes: a frame for the packet socket, or a datagram for the UDP socket. */
export type Outgoing =
  | { readonly kind: 'frame'; readonly frame: Uint8Array }
  | { readonly kind: 'datagram'; readonly datagram: Datagram };

/** The server's side of a link. */
export interface Origin {
  readonly mac: Uint8Array;
  readonly address: Ipv4Number;
}

function frame(reply: DhcpReply, origin: Origin, mac: Uint8Array, address: Ipv4Number): Outgoing {
  const bytes = sealFrame(buildPacket(reply.packet, FRAME_HEADROOM), {
    sourceMac: origin.mac,
    destinationMac: mac,
    source: origin.address,
    destination: address,
    sourcePort: SERVER_PORT,
    destinationPort: CLIENT_PORT,
  });
  return { kind: 'frame', frame: bytes };
}

/**
 * Clients are sent whole frames, with or without an address: the kernel could not resolve those that have none, and a
 * sum left to an offload never arrives on a path of virtual devices. Relay agents are ordinary hosts and get UDP.
 */
export function encodeReply(reply: DhcpReply, delivery: Delivery, origin: Origin): Outgoing {
  switch (delivery.to) {
    case 'client':
      // The MAC that `delivery` names, as the bytes it came in.
      return frame(reply, origin, reply.packet.chaddr.subarray(0, 6), delivery.address);
    case 'broadcast':
      return frame(reply, origin, BROADCAST_MAC, BROADCAST_ADDRESS);
    case 'relay':
      return {
        kind: 'datagram',
        datagram: { data: buildPacket(reply.packet), address: formatIpv4(delivery.address), port: SERVER_PORT },
      };
  }
}
