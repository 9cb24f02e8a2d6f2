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
  /** Most important first: what does not fit is left out from the end. */
  readonly options: readonly RawOption[];
  /** Option 82, which comes last of all (RFC 3046 §2.2). */
  readonly lastOption?: RawOption;
  /** Bytes of the whole message. */
  readonly maxLength: number;
}

/** Longest value one option instance can carry; longer ones are split (RFC 3396 §5). */
const MAX_PART = 255;
const OVERLOAD_SIZE = 3;
const FILE_SIZE = OFFSET_MAGIC - OFFSET_FILE;
const SNAME_SIZE = OFFSET_FILE - OFFSET_SNAME;

function sizeOf(option: RawOption): number {
  return option.value.length + 2 * Math.max(1, Math.ceil(option.value.length / MAX_PART));
}

interface Placement {
  readonly main: readonly RawOption[];
  readonly file: readonly RawOption[];
  readonly sname: readonly RawOption[];
}

interface Area {
  readonly options: RawOption[];
  room: number;
}

/** Fills the options field first, then `file` and `sname` where these hold no text of their own (option 52). */
function place(packet: OutgoingPacket): Placement {
  const last = packet.lastOption === undefined ? 0 : sizeOf(packet.lastOption);
  const room = packet.maxLength - OFFSET_OPTIONS - 1 - last;
  const total = packet.options.reduce((sum, option) => sum + sizeOf(option), 0);
  if (total <= room) return { main: packet.options, file: [], sname: [] };
  const areas: readonly [Area, Area, Area] = [
    { options: [], room: room - OVERLOAD_SIZE },
    { options: [], room: packet.file === undefined ? FILE_SIZE - 1 : 0 },
    { options: [], room: packet.sname === undefined ? SNAME_SIZE - 1 : 0 },
  ];
  for (const option of packet.options) {
    const size = sizeOf(option);
    const area = areas.find((candidate) => size <= candidate.room);
    if (area === undefined) continue;
    area.options.push(option);
    area.room -= size;
  }
  return { main: areas[0].options, file: areas[1].options, sname: areas[2].options };
}

function writeOptions(out: Uint8Array, start: number, options: readonly RawOption[]): number {
  let offset = start;
  for (const { code, value } of options) {
    let from = 0;
    do {
      const part = Math.min(MAX_PART, value.length - from);
      out[offset] = code;
      out[offset + 1] = part;
      // Byte by byte: for values of a few bytes a view and a copy cost more than the bytes.
      for (let index = 0; index < part; index++) out[offset + 2 + index] = value[from + index] ?? 0;
      offset += 2 + part;
      from += part;
    } while (from < value.length);
  }
  out[offset] = END;
  return offset + 1;
}

function writeU16(out: Uint8Array, offset: number, value: number): void {
  out[offset] = value >>> 8;
  out[offset + 1] = value;
}

function writeU32(out: Uint8Array, offset: number, value: number): void {
  writeU16(out, offset, value >>> 16);
  writeU16(out, offset + 2, value & 0xffff);
}

/** Texts longer than the field are cut and keep their terminating NUL. */
function writeText(out: Uint8Array, offset: number, size: number, text: string): void {
  out.set(new TextEncoder().encode(text).subarray(0, size - 1), offset);
}

/**
 * Builds a message with `headroom` free bytes before it, so that frame headers can be put there without a copy.
 * At least 300 bytes without the headroom.
 */
export function buildPacket(packet: OutgoingPacket, headroom = 0): Uint8Array {
  const { main, file, sname } = place(packet);
  const overload = (file.length > 0 ? 1 : 0) | (sname.length > 0 ? 2 : 0);
  const marked =
    overload === 0
      ? main
      : [...main.slice(0, 1), { code: OPTIONS.overload[0], value: Uint8Array.of(overload) }, ...main.slice(1)];
  const all = packet.lastOption === undefined ? marked : [...marked, packet.lastOption];
  const length = OFFSET_OPTIONS + all.reduce((sum, option) => sum + sizeOf(option), 0) + 1;
  const out = new Uint8Array(headroom + Math.max(MINIMUM_REPLY, length));
  writeHeader(out, headroom, packet);
  if (sname.length > 0) writeOptions(out, headroom + OFFSET_SNAME, sname);
  else if (packet.sname !== undefined) writeText(out, headroom + OFFSET_SNAME, SNAME_SIZE, packet.sname);
  if (file.length > 0) writeOptions(out, headroom + OFFSET_FILE, file);
  else if (packet.file !== undefined) writeText(out, headroom + OFFSET_FILE, FILE_SIZE, packet.file);
  writeOptions(out, headroom + OFFSET_OPTIONS, all);
  return out;
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
  writeU32(out, start + OFFSET_MAGIC, MAGIC_COOKIE);
}
