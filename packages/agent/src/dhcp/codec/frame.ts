import type { Ipv4Number } from '@kcore/contract';

/** Ethernet, IPv4 without options, UDP: what precedes a message in a frame. */
export const FRAME_HEADROOM = 42;
const ETHERNET_LENGTH = 14;
const IPV4_LENGTH = 20;
const UDP_PROTOCOL = 17;
const ETHERTYPE_IPV4 = 0x0800;
const TTL = 64;
/** Low delay, as BOOTP servers set it, so that an answer is not stuck behind bulk traffic. */
const TYPE_OF_SERVICE = 0x10;

export interface FrameHeader {
  readonly sourceMac: Uint8Array;
  readonly destinationMac: Uint8Array;
  readonly source: Ipv4Number;
  readonly destination: Ipv4Number;
  readonly sourcePort: number;
  readonly destinationPort: number;
}

/** Sum of 16-bit words in big-endian order, not yet folded; an odd last byte counts as the high half. Source: RFC 1071. */
export function sumWords(bytes: Uint8Array, start: number, end: number): number {
  let sum = 0;
  for (let offset = start; offset < end - 1; offset += 2) {
    sum += ((bytes[offset] ?? 0) << 8) | (bytes[offset + 1] ?? 0);
  }
  return (end - start) % 2 === 1 ? sum + ((bytes[end - 1] ?? 0) << 8) : sum;
}

export function foldChecksum(sum: number): number {
  let folded = sum;
  while (folded > 0xffff) folded = (folded & 0xffff) + Math.floor(folded / 0x10000);
  return ~folded & 0xffff;
}

function sumAddress(address: Ipv4Number): number {
  return (address >>> 16) + (address & 0xffff);
}

/**
 * Fills the first 42 bytes of `frame`, whose rest is the UDP payload. Both checksums are computed here, so that the
 * frame is right on the wire whatever offloads the devices on its way claim. A UDP sum of 0 is sent as 0xffff (RFC 768).
 */
export function sealFrame(frame: Uint8Array, header: FrameHeader): Uint8Array {
  const view = new DataView(frame.buffer, frame.byteOffset, frame.byteLength);
  frame.set(header.destinationMac, 0);
  frame.set(header.sourceMac, 6);
  view.setUint16(12, ETHERTYPE_IPV4);
  view.setUint8(14, 0x45);
  view.setUint8(15, TYPE_OF_SERVICE);
  view.setUint16(16, frame.length - ETHERNET_LENGTH);
  view.setUint8(22, TTL);
  view.setUint8(23, UDP_PROTOCOL);
  view.setUint32(26, header.source);
  view.setUint32(30, header.destination);
  view.setUint16(24, foldChecksum(sumWords(frame, ETHERNET_LENGTH, ETHERNET_LENGTH + IPV4_LENGTH)));
  const udpLength = frame.length - ETHERNET_LENGTH - IPV4_LENGTH;
  view.setUint16(34, header.sourcePort);
  view.setUint16(36, header.destinationPort);
  view.setUint16(38, udpLength);
  const pseudo = sumAddress(header.source) + sumAddress(header.destination) + UDP_PROTOCOL + udpLength;
  const checksum = foldChecksum(pseudo + sumWords(frame, ETHERNET_LENGTH + IPV4_LENGTH, frame.length));
  view.setUint16(40, checksum === 0 ? 0xffff : checksum);
  return frame;
}
