import type { Ipv4Number } from '@kcore/contract';
import { formatMac } from './mac.ts';
import { END, OPTIONS, PAD } from './options.ts';
import { type DhcpPacket, MAGIC_COOKIE, OFFSET_FILE, OFFSET_MAGIC, OFFSET_OPTIONS, OFFSET_SNAME } from './packet.ts';
import { OptionIndex } from './packet-options.ts';

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

const OFFSET_CHADDR = 28;

function u16At(bytes: Uint8Array, offset: number): number {
  return ((bytes[offset] ?? 0) << 8) | (bytes[offset + 1] ?? 0);
}

function u32At(bytes: Uint8Array, offset: number): number {
  return u16At(bytes, offset) * 0x10000 + u16At(bytes, offset + 2);
}

/**
 * Reads options from `start` up to `end`; false when one reaches beyond it.
 * A missing END is tolerated: clients that fill the area to its last byte exist.
 */
function readOptions(bytes: Uint8Array, start: number, end: number, into: OptionIndex): boolean {
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
    into.add(code, offset + 2, length);
    offset += 2 + length;
  }
  return true;
}

/** Options in `file` come before those in `sname` (RFC 3396 §5). */
function readOverload(bytes: Uint8Array, options: OptionIndex): MalformedReason | undefined {
  if (!options.has(OPTIONS.overload[0])) return undefined;
  const fields = options.unsigned(OPTIONS.overload[0], 1) ?? 0;
  if (fields < 1 || fields > 3) return 'bad-overload';
  if (fields & 1 && !readOptions(bytes, OFFSET_FILE, OFFSET_MAGIC, options)) return 'option-overrun';
  if (fields & 2 && !readOptions(bytes, OFFSET_SNAME, OFFSET_FILE, options)) return 'option-overrun';
  return undefined;
}

/** Fields are read from the datagram when they are asked for: most requests are decided by a few of them. */
class ReceivedPacket implements DhcpPacket {
  readonly options: OptionIndex;
  readonly #bytes: Uint8Array;
  #mac: string | undefined;

  constructor(bytes: Uint8Array, options: OptionIndex) {
    this.#bytes = bytes;
    this.options = options;
  }

  get op(): number {
    return this.#bytes[0] ?? 0;
  }
  get htype(): number {
    return this.#bytes[1] ?? 0;
  }
  get hlen(): number {
    return this.#bytes[2] ?? 0;
  }
  get hops(): number {
    return this.#bytes[3] ?? 0;
  }
  get xid(): number {
    return u32At(this.#bytes, 4);
  }
  get secs(): number {
    return u16At(this.#bytes, 8);
  }
  get flags(): number {
    return u16At(this.#bytes, 10);
  }
  get ciaddr(): Ipv4Number {
    return u32At(this.#bytes, 12);
  }
  get yiaddr(): Ipv4Number {
    return u32At(this.#bytes, 16);
  }
  get siaddr(): Ipv4Number {
    return u32At(this.#bytes, 20);
  }
  get giaddr(): Ipv4Number {
    return u32At(this.#bytes, 24);
  }
  get mac(): string {
    this.#mac ??= formatMac(this.#bytes, OFFSET_CHADDR);
    return this.#mac;
  }
  get chaddr(): Uint8Array {
    return this.#bytes.subarray(OFFSET_CHADDR, OFFSET_SNAME);
  }
}

const malformed = (reason: MalformedReason): Parsed => ({ kind: 'malformed', reason });

/** Parses one UDP payload. Never throws, whatever the bytes. Source: RFC 2131 §2, RFC 2132 §2, RFC 3396. */
export function parsePacket(bytes: Uint8Array): Parsed {
  if (bytes.length < OFFSET_OPTIONS) return malformed('too-short');
  if (u32At(bytes, OFFSET_MAGIC) !== MAGIC_COOKIE) return malformed('no-magic-cookie');
  if ((bytes[2] ?? 0) > 16) return malformed('bad-hardware-length');
  const options = new OptionIndex(bytes);
  if (!readOptions(bytes, OFFSET_OPTIONS, bytes.length, options)) return malformed('option-overrun');
  const wrong = readOverload(bytes, options);
  if (wrong !== undefined) return malformed(wrong);
  return { kind: 'packet', packet: new ReceivedPacket(bytes, options) };
}
