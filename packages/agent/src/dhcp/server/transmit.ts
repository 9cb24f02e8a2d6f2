import { formatIpv4, type Ipv4Number } from '@kcore/contract';
import type { Datagram } from '../../model/packet-socket.ts';
import { type OutgoingPacket, writePacket } from '../codec/build.ts';
import { FRAME_HEADROOM, sealFrame } from '../codec/frame.ts';
import { CLIENT_PORT, MINIMUM_REPLY, SERVER_PORT } from '../codec/packet.ts';
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

/** About 200 replies. */
const ROOM_BYTES = 1 << 16;

/**
 * Where replies are written, one after the other. Bytes of their own for each would cost more than writing them; nothing
 * is written twice, so a reply may wait for its lease to be durable.
 */
export class ReplyRoom {
  #bytes = new Uint8Array(0);
  #used = 0;

  write(packet: OutgoingPacket, headroom: number): Uint8Array {
    const most = headroom + Math.max(MINIMUM_REPLY, packet.maxLength);
    if (this.#used + most > this.#bytes.length) {
      this.#bytes = new Uint8Array(Math.max(ROOM_BYTES, most));
      this.#used = 0;
    }
    const start = this.#used;
    this.#used = writePacket(this.#bytes, start + headroom, packet);
    return this.#bytes.subarray(start, this.#used);
  }
}

function frame(room: ReplyRoom, reply: DhcpReply, origin: Origin, mac: Uint8Array, address: Ipv4Number): Outgoing {
  const bytes = sealFrame(room.write(reply.packet, FRAME_HEADROOM), {
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
export function encodeReply(room: ReplyRoom, reply: DhcpReply, delivery: Delivery, origin: Origin): Outgoing {
  switch (delivery.to) {
    case 'client':
      // The MAC that `delivery` names, as the bytes it came in.
      return frame(room, reply, origin, reply.packet.chaddr, delivery.address);
    case 'broadcast':
      return frame(room, reply, origin, BROADCAST_MAC, BROADCAST_ADDRESS);
    case 'relay': {
      const data = room.write(reply.packet, 0);
      return { kind: 'datagram', datagram: { data, address: formatIpv4(delivery.address), port: SERVER_PORT } };
    }
  }
}
