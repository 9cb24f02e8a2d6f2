import { formatMac } from './mac.ts';
import { END, OPTIONS, PAD } from './options.ts';
import { type DhcpPacket, MAGIC_COOKIE, OFFSET_FILE, OFFSET_MAGIC, OFFSET_OPTIONS, OFFSET_SNAME } from './packet.ts';

/** Why bytes are not a DHCP message; also the name of a counter. */
export type MalformedReason =
  | 'too-short'
  | 'no-magic-cookie'
  | 'option-overrun'
  | 'bad-overload'
  | 'bad-hardware-length';

export type Parsed =
  | { readonly kind: 'packet'; readonly packet: DhcpPacket }
  | { readonly kind: 'malformed'; readonly reason: MalformedReason };

type OptionMap = Map<number, Uint8Array>;

function join(first: Uint8Array, second: Uint8Array): Uint8Array {
  const joined = new Uint8Array(first.length + second.length);
  joined.set(first);
  joined.set(second, first.length);
  return joined;
}

/**
 * Reads options from `start` up to `end`. Parts of a split option are joined in the order they come (RFC 3396 §7).
 * A missing END is tolerated: clients that fill the area to its last byte exist.
 */
function readOptions(bytes: Uint8Array, start: number, end: number, into: OptionMap): boolean {
  let offset = start;
  while (offset < end) {
    const code = bytes[offset];
    if (code === undefined || code === END) return true;
    if (code === PAD) {
      offset += 1;
      continue;
    }
    const length = bytes[offset + 1];
    if (offset + 1 >= end || length === undefined || offset + 2 + length > end) return false;
    const value = bytes.subarray(offset + 2, offset + 2 + length);
    const known = into.get(code);
    into.set(code, known === undefined ? value : join(known, value));
    offset += 2 + length;
  }
  return true;
}

/** Options in `file` come before those in `sname` (RFC 3396 §5). */
function readOverload(bytes: Uint8Array, options: OptionMap): MalformedReason | undefined {
  const overload = options.get(OPTIONS.overload[0]);
  if (overload === undefined) return undefined;
  const fields = overload[0] ?? 0;
  if (overload.length !== 1 || fields < 1 || fields > 3) return 'bad-overload';
  if (fields & 1 && !readOptions(bytes, OFFSET_FILE, OFFSET_MAGIC, options)) return 'option-overrun';
  if (fields & 2 && !readOptions(bytes, OFFSET_SNAME, OFFSET_FILE, options)) return 'option-overrun';
  return undefined;
}

/** Parses one UDP payload. Never throws, whatever the bytes. Source: RFC 2131 §2, RFC 2132 §2, RFC 3396. */
export function parsePacket(bytes: Uint8Array): Parsed {
  if (bytes.length < OFFSET_OPTIONS) return { kind: 'malformed', reason: 'too-short' };
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  if (view.getUint32(OFFSET_MAGIC) !== MAGIC_COOKIE) return { kind: 'malformed', reason: 'no-magic-cookie' };
  const hlen = view.getUint8(2);
  if (hlen > 16) return { kind: 'malformed', reason: 'bad-hardware-length' };
  const options: OptionMap = new Map();
  if (!readOptions(bytes, OFFSET_OPTIONS, bytes.length, options))
    return { kind: 'malformed', reason: 'option-overrun' };
  const wrong = readOverload(bytes, options);
  if (wrong !== undefined) return { kind: 'malformed', reason: wrong };
  const packet: DhcpPacket = {
    op: view.getUint8(0),
    htype: view.getUint8(1),
    hlen,
    hops: view.getUint8(3),
    xid: view.getUint32(4),
    secs: view.getUint16(8),
    flags: view.getUint16(10),
    ciaddr: view.getUint32(12),
    yiaddr: view.getUint32(16),
    siaddr: view.getUint32(20),
    giaddr: view.getUint32(24),
    mac: formatMac(bytes, 28),
    chaddr: bytes.subarray(28, OFFSET_SNAME),
    options,
  };
  return { kind: 'packet', packet };
}
