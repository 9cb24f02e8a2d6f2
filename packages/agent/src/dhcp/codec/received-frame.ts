import { formatMac } from './mac.ts';

export const ETHERTYPE_IPV4 = 0x0800;
const ETHERNET_LENGTH = 14;
const UDP_LENGTH = 8;
const UDP_PROTOCOL = 17;

/** The payload of a UDP datagram in a whole Ethernet frame, and who sent the frame. */
export interface UdpFrame {
  readonly sourceMac: string;
  readonly payload: Uint8Array;
}

/** Undefined for what is no IPv4 UDP frame. The length is the IPv4 header's: short frames are padded (IEEE 802.3). */
export function parseUdpFrame(frame: Uint8Array): UdpFrame | undefined {
  const half = (offset: number): number => ((frame[offset] ?? 0) << 8) | (frame[offset + 1] ?? 0);
  if (half(12) !== ETHERTYPE_IPV4 || frame[ETHERNET_LENGTH + 9] !== UDP_PROTOCOL) return undefined;
  const header = ((frame[ETHERNET_LENGTH] ?? 0) & 15) * 4;
  const start = ETHERNET_LENGTH + header + UDP_LENGTH;
  const end = ETHERNET_LENGTH + half(ETHERNET_LENGTH + 2);
  if (header < 20 || end > frame.length || start > end) return undefined;
  return { sourceMac: formatMac(frame, 6), payload: frame.subarray(start, end) };
}
