import { type Netns, openPacketSocket, openUdpSocket } from '@kcore/netlink';
import type { PacketSockets } from '../model/packet-socket.ts';

/** Sockets of this host, or of the namespace given. */
export function kernelPacketSockets(options: { readonly netns?: Netns } = {}): PacketSockets {
  return {
    openUdp: ({ link, port }) => openUdpSocket({ ...options, device: link, port, broadcast: true }),
    openPacket: ({ link, ...what }) => openPacketSocket({ ...options, device: link, ...what }),
  };
}
