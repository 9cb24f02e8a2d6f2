import { ipv4, ipv6 } from '../../codec/address.ts';
import { encode } from '../../codec/codec.ts';
import { integer } from '../../codec/integer.ts';
import { parsePrefix } from '../prefix.ts';
import type { U32Key } from './u32-selector.ts';

/** What of a packet is compared. Ports are those of a packet without IP options or extension headers, as with tc(8). */
export interface U32Match {
  /** A prefix: `10.0.0.0/8`, `2001:db8::/32`. */
  readonly source?: string;
  readonly destination?: string;
  /** IPPROTO_*. */
  readonly ipProtocol?: number;
  readonly sourcePort?: number;
  readonly destinationPort?: number;
}

/** Where things are in each header, in bytes from its start. */
const layouts = {
  ipv4: { source: 12, destination: 16, protocol: { offset: 8, shift: 16 }, ports: 20, codec: ipv4 },
  ipv6: { source: 8, destination: 24, protocol: { offset: 4, shift: 8 }, ports: 40, codec: ipv6 },
} as const;
type Layout = (typeof layouts)[keyof typeof layouts];

/** @throws {ValueError} What is beyond the field would become another value, or part of the field beside it. */
function checkField(name: keyof U32Match, value: number | undefined, max: number): void {
  if (value !== undefined) integer(name, value, 0, max);
}

function keyOf(offset: number, value: number, mask: number): U32Key {
  return { offset, offsetMask: 0, value: (value & mask) >>> 0, mask: mask >>> 0 };
}

/** One key for each four bytes of which the prefix says something. */
function prefixKeys(prefix: string, offset: number, { codec }: Layout): readonly U32Key[] {
  const { address, length } = parsePrefix(prefix);
  const bytes = encode(codec, address);
  const view = new DataView(bytes.buffer);
  const keys: U32Key[] = [];
  for (let at = 0; at * 8 < length; at += 4) {
    const bits = Math.min(32, length - at * 8);
    keys.push(keyOf(offset + at, view.getUint32(at, false), bits === 32 ? 0xffff_ffff : ~(0xffff_ffff >>> bits)));
  }
  return keys;
}

/** Both ports are in one word. */
function portKeys({ sourcePort, destinationPort }: U32Match, layout: Layout): readonly U32Key[] {
  if (sourcePort === undefined && destinationPort === undefined) return [];
  const mask = (sourcePort === undefined ? 0 : 0xffff_0000) | (destinationPort === undefined ? 0 : 0xffff);
  return [keyOf(layout.ports, ((sourcePort ?? 0) << 16) | (destinationPort ?? 0), mask)];
}

function keysOf(match: U32Match, layout: Layout): readonly U32Key[] {
  const { source, destination, ipProtocol } = match;
  const { offset, shift } = layout.protocol;
  checkField('ipProtocol', ipProtocol, 0xff);
  checkField('sourcePort', match.sourcePort, 0xffff);
  checkField('destinationPort', match.destinationPort, 0xffff);
  const keys = [
    ...(source === undefined ? [] : prefixKeys(source, layout.source, layout)),
    ...(destination === undefined ? [] : prefixKeys(destination, layout.destination, layout)),
    ...(ipProtocol === undefined ? [] : [keyOf(offset, ipProtocol << shift, 0xff << shift)]),
    ...portKeys(match, layout),
  ];
  return keys.length === 0 ? u32Match.any() : keys;
}

/** Keys of a u32 filter. The filter's `protocol` must be the EtherType that they are made for. */
export const u32Match = {
  /** Every packet. */
  any: (): readonly U32Key[] => [keyOf(0, 0, 0)],
  ipv4: (match: U32Match): readonly U32Key[] => keysOf(match, layouts.ipv4),
  ipv6: (match: U32Match): readonly U32Key[] => keysOf(match, layouts.ipv6),
} as const;
