import type { Ipv4Number } from '@kcore/contract';
import { END, OPTIONS } from './options.ts';
import {
  HTYPE_ETHERNET,
  MAGIC_COOKIE,
  MINIMUM_REPLY,
  OFFSET_FILE,
  OFFSET_MAGIC,
  OFFSET_OPTIONS,
  OFFSET_SNAME,
  type RawOption,
} from './packet.ts';
import { FILE_SIZE, type Placement, place, SNAME_SIZE } from './place-options.ts';
import { optionSize, writeOption, writeOptions } from './write-options.ts';

/** A message to be sent. */
export interface OutgoingPacket {
  readonly op: number;
  readonly hops?: number;
  readonly xid: number;
  readonly secs?: number;
  readonly flags: number;
  readonly ciaddr: Ipv4Number;
  readonly yiaddr: Ipv4Number;
  readonly siaddr: Ipv4Number;
  readonly giaddr: Ipv4Number;
  /** Sixteen bytes. */
  readonly chaddr: Uint8Array;
  readonly sname?: string;
  readonly file?: string;
  /** In the order they are sent in. What does not fit is left out, the least important first. */
  readonly options: readonly RawOption[];
  /** `options` as bytes, for who has them encoded already. */
  readonly block?: Uint8Array;
  /** Options of this client alone, after those that it has in common with others. */
  readonly own?: readonly RawOption[];
  /** Option 82, which comes last of all (RFC 3046 §2.2). */
  readonly lastOption?: RawOption;
  /** Bytes of the whole message. */
  readonly maxLength: number;
}

function writeU16(out: Uint8Array, offset: number, value: number): void {
  out[offset] = value >>> 8;
  out[offset + 1] = value;
}

function writeU32(out: Uint8Array, offset: number, value: number): void {
  writeU16(out, offset, value >>> 16);
  writeU16(out, offset + 2, value & 0xffff);
}

/** Texts longer than the field are cut and keep their terminating NUL. The field is zero already. */
function writeText(out: Uint8Array, offset: number, size: number, text: string): void {
  out.set(new TextEncoder().encode(text).subarray(0, size - 1), offset);
}

function writeHeader(out: Uint8Array, start: number, packet: OutgoingPacket): void {
  out[start] = packet.op;
  out[start + 1] = HTYPE_ETHERNET;
  out[start + 2] = 6;
  out[start + 3] = packet.hops ?? 0;
  writeU32(out, start + 4, packet.xid);
  writeU16(out, start + 8, packet.secs ?? 0);
  writeU16(out, start + 10, packet.flags);
  writeU32(out, start + 12, packet.ciaddr);
  writeU32(out, start + 16, packet.yiaddr);
  writeU32(out, start + 20, packet.siaddr);
  writeU32(out, start + 24, packet.giaddr);
  for (let index = 0; index < 16; index++) out[start + 28 + index] = packet.chaddr[index] ?? 0;
  out.fill(0, start + OFFSET_SNAME, start + OFFSET_MAGIC);
  writeU32(out, start + OFFSET_MAGIC, MAGIC_COOKIE);
}

/** All options when they fit into the options field as they are, which is nearly always. */
function fits(packet: OutgoingPacket): boolean {
  let size = packet.block?.length ?? packet.options.reduce((sum, option) => sum + optionSize(option), 0);
  if (packet.own !== undefined) for (const option of packet.own) size += optionSize(option);
  if (packet.lastOption !== undefined) size += optionSize(packet.lastOption);
  return OFFSET_OPTIONS + size + 1 <= packet.maxLength;
}

function writeAll(out: Uint8Array, start: number, packet: OutgoingPacket): number {
  let end = start;
  if (packet.block === undefined) end = writeOptions(out, end, packet.options);
  else {
    out.set(packet.block, end);
    end += packet.block.length;
  }
  return packet.own === undefined ? end : writeOptions(out, end, packet.own);
}

function placed(packet: OutgoingPacket): Placement {
  const options = packet.own === undefined ? packet.options : [...packet.options, ...packet.own];
  const last = packet.lastOption === undefined ? 0 : optionSize(packet.lastOption);
  const main = packet.maxLength - OFFSET_OPTIONS - 1 - last;
  return place(options, { main, file: packet.file === undefined, sname: packet.sname === undefined });
}

function writeField(out: Uint8Array, offset: number, options: readonly RawOption[]): void {
  out[writeOptions(out, offset, options)] = END;
}

/** Options in the options field, `file` and `sname`, and option 52 that says so. */
function writePlaced(out: Uint8Array, start: number, { main, file, sname }: Placement): number {
  const overload = (file.length > 0 ? 1 : 0) | (sname.length > 0 ? 2 : 0);
  if (sname.length > 0) writeField(out, start + OFFSET_SNAME, sname);
  if (file.length > 0) writeField(out, start + OFFSET_FILE, file);
  // After the first option, which is 53.
  let end = writeOptions(out, start + OFFSET_OPTIONS, main.slice(0, 1));
  if (overload !== 0) end = writeOption(out, end, { code: OPTIONS.overload[0], value: Uint8Array.of(overload) });
  return writeOptions(out, end, main.slice(1));
}

/**
 * Writes a message of at least 300 bytes at `start` of `out`, which may hold anything there, and returns where it ends.
 * `out` has room for `packet.maxLength` bytes from there on, or 300 if that is more.
 */
export function writePacket(out: Uint8Array, start: number, packet: OutgoingPacket): number {
  writeHeader(out, start, packet);
  if (packet.sname !== undefined) writeText(out, start + OFFSET_SNAME, SNAME_SIZE, packet.sname);
  if (packet.file !== undefined) writeText(out, start + OFFSET_FILE, FILE_SIZE, packet.file);
  let end = fits(packet) ? writeAll(out, start + OFFSET_OPTIONS, packet) : writePlaced(out, start, placed(packet));
  if (packet.lastOption !== undefined) end = writeOption(out, end, packet.lastOption);
  out[end] = END;
  end += 1;
  const shortest = start + MINIMUM_REPLY;
  if (end >= shortest) return end;
  out.fill(0, end, shortest);
  return shortest;
}

/** Builds a message with `headroom` free bytes before it, so that frame headers can be put there without a copy. */
export function buildPacket(packet: OutgoingPacket, headroom = 0): Uint8Array {
  const out = new Uint8Array(headroom + Math.max(MINIMUM_REPLY, packet.maxLength));
  return out.subarray(0, writePacket(out, headroom, packet));
}
