import type { Ipv4Number } from '@kcore/contract';
import { formatMac } from './mac.ts';

export const ETHERTYPE_ARP = 0x0806;
const ARP_FRAME_LENGTH = 42;
const REQUEST = 1;
const ETHERNET = 1;
const IPV4 = 0x0800;

/** What an ARP frame says. */
export interface ArpPacket {
  readonly operation: number;
  readonly senderMac: string;
  readonly senderAddress: Ipv4Number;
  readonly targetAddress: Ipv4Number;
}

/**
 * Asks the whole link who has `target`, from 0.0.0.0, so that nobody's ARP cache is changed by the question.
 * Source: RFC 5227 §2.1.1.
 */
export function arpProbe(senderMac: Uint8Array, target: Ipv4Number): Uint8Array {
  const frame = new Uint8Array(ARP_FRAME_LENGTH);
  const view = new DataView(frame.buffer);
  frame.fill(0xff, 0, 6);
  frame.set(senderMac, 6);
  view.setUint16(12, ETHERTYPE_ARP);
  view.setUint16(14, ETHERNET);
  view.setUint16(16, IPV4);
  view.setUint8(18, 6);
  view.setUint8(19, 4);
  view.setUint16(20, REQUEST);
  frame.set(senderMac, 22);
  view.setUint32(38, target);
  return frame;
}

/** Undefined for anything but ARP for IPv4 over Ethernet. */
export function parseArp(frame: Uint8Array): ArpPacket | undefined {
  if (frame.length < ARP_FRAME_LENGTH) return undefined;
  const view = new DataView(frame.buffer, frame.byteOffset, frame.byteLength);
  const isArp =
    view.getUint16(12) === ETHERTYPE_ARP &&
    view.getUint16(14) === ETHERNET &&
    view.getUint16(16) === IPV4 &&
    view.getUint8(18) === 6 &&
    view.getUint8(19) === 4;
  if (!isArp) return undefined;
  return {
    operation: view.getUint16(20),
    senderMac: formatMac(frame, 22),
    senderAddress: view.getUint32(28),
    targetAddress: view.getUint32(38),
  };
}
