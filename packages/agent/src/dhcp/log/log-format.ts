import { crc32 } from 'node:zlib';

/*
 * The file: a header, then records, then zeros (space reserved ahead, so that a sync need not write metadata).
 *
 * Records are written in groups, and a group only after the one before it is synced. So power loss can damage the last
 * group and no other, in any of its pages. Every record tells its group and how many of the group follow it, which is
 * what tells a torn tail (dropped; nobody was told of it) from damage among records that were acknowledged (an error).
 */

const MAGIC_LINE = 'kcore-leases 2\n';
export const FILE_HEADER = new TextEncoder().encode(MAGIC_LINE.padEnd(16, '\n'));

/** CRC-32 of all that follows u32 · magic u16 · payload length u16 · group u32 · records left in the group u16 · 0 u16; big-endian. */
const RECORD_HEADER = 16;
const RECORD_MAGIC = 0x6b4c;
const MAX_PAYLOAD = 0xffff;
/** The count of records left is 16 bits. */
export const MAX_GROUP = 0xffff;
export const FIRST_GROUP = 1;

export class LeaseLogCorruptError extends Error {
  readonly code = 'LEASE_LOG_CORRUPT';
  override readonly name = 'LeaseLogCorruptError';
}

function checksum(bytes: Uint8Array, offset: number, length: number): number {
  return crc32(bytes.subarray(offset + 4, offset + RECORD_HEADER + length));
}

export function groupSize(payloads: readonly Uint8Array[]): number {
  return payloads.reduce((sum, payload) => sum + RECORD_HEADER + payload.length, 0);
}

/**
 * Writes one group at `offset` of `out`.
 * @throws {RangeError} A payload is longer than 65,535 bytes.
 */
export function writeGroup(out: Uint8Array, offset: number, group: number, payloads: readonly Uint8Array[]): void {
  const view = new DataView(out.buffer, out.byteOffset, out.byteLength);
  let at = offset;
  payloads.forEach((payload, index) => {
    if (payload.length > MAX_PAYLOAD) throw new RangeError(`a lease record of ${payload.length} bytes is too long`);
    view.setUint16(at + 4, RECORD_MAGIC);
    view.setUint16(at + 6, payload.length);
    view.setUint32(at + 8, group);
    view.setUint16(at + 12, payloads.length - 1 - index);
    view.setUint16(at + 14, 0);
    out.set(payload, at + RECORD_HEADER);
    view.setUint32(at, checksum(out, at, payload.length));
    at += RECORD_HEADER + payload.length;
  });
}

interface FoundRecord {
  readonly payload: Uint8Array;
  readonly group: number;
  readonly remaining: number;
  readonly end: number;
}

function recordAt(bytes: Uint8Array, view: DataView, offset: number): FoundRecord | undefined {
  if (offset + RECORD_HEADER > bytes.length || view.getUint16(offset + 4) !== RECORD_MAGIC) return undefined;
  const length = view.getUint16(offset + 6);
  const end = offset + RECORD_HEADER + length;
  if (end > bytes.length || view.getUint32(offset) !== checksum(bytes, offset, length)) return undefined;
  const payload = bytes.subarray(offset + RECORD_HEADER, end);
  return { payload, group: view.getUint32(offset + 8), remaining: view.getUint16(offset + 12), end };
}

export interface LogContents {
  readonly payloads: readonly Uint8Array[];
  /** Where the next group goes. */
  readonly end: number;
  readonly lastGroup: number;
  /** Where the last group begins; `end` when there is none. */
  readonly lastGroupStart: number;
  /** The tail was torn: the file has to be rewritten before it is appended to. */
  readonly torn: boolean;
}

/** What is left of a torn group is kept: a lease nobody was told of does no harm, one that was acknowledged must stay. */
function salvage(bytes: Uint8Array, view: DataView, from: number, newestTorn: number, path: string): Uint8Array[] {
  const kept: Uint8Array[] = [];
  let offset = from + 1;
  while (offset + RECORD_HEADER <= bytes.length) {
    const record = recordAt(bytes, view, offset);
    if (record === undefined) {
      offset += 1;
      continue;
    }
    if (record.group > newestTorn) {
      throw new LeaseLogCorruptError(
        `lease log ${path} is damaged at byte ${from}: leases that clients were told of cannot be read. ` +
          'Restore the file from a backup, or move it away to start without leases: clients then keep their addresses when they renew, but those that are silent may see theirs given away',
      );
    }
    kept.push(record.payload);
    offset = record.end;
  }
  return kept;
}

function isZero(bytes: Uint8Array): boolean {
  return Buffer.compare(bytes, new Uint8Array(bytes.length)) === 0;
}

/**
 * Reads a whole file.
 * @throws {LeaseLogCorruptError} It is no lease log, or damaged anywhere but in its last group.
 */
export function readLog(bytes: Uint8Array, path: string): LogContents {
  if (!FILE_HEADER.every((byte, index) => bytes[index] === byte)) {
    throw new LeaseLogCorruptError(
      `${path} is not a lease log: its header is damaged or of another version. Restore the file from a backup, or move it away to start without leases`,
    );
  }
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const payloads: Uint8Array[] = [];
  let offset = FILE_HEADER.length;
  let last: FoundRecord | undefined;
  let lastGroupStart = offset;
  for (;;) {
    const record = recordAt(bytes, view, offset);
    if (record === undefined) break;
    if (record.group !== last?.group) lastGroupStart = offset;
    payloads.push(record.payload);
    offset = record.end;
    last = record;
  }
  const lastGroup = last?.group ?? FIRST_GROUP - 1;
  const complete = last === undefined || last.remaining === 0;
  const clean = isZero(bytes.subarray(offset));
  if (clean) return { payloads, end: offset, lastGroup, lastGroupStart, torn: !complete };
  const newestTorn = complete ? lastGroup + 1 : lastGroup;
  return {
    payloads: [...payloads, ...salvage(bytes, view, offset, newestTorn, path)],
    end: offset,
    lastGroup,
    lastGroupStart,
    torn: true,
  };
}
