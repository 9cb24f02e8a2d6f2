import type { Lease, LeaseChange } from '../leases/lease.ts';

/*
 * A change as bytes, big-endian, short enough that tens of thousands a second are no work:
 *
 *   kind u8 · address u32 · network text                                     forget
 *   … MAC 6 · expiry, milliseconds since 1970, u48                           quarantine
 *   … MAC 6 · expiry u48 · flags u8 · hostname text · client identifier text lease
 *
 * A text is its length (u8) and UTF-8; the client identifier is binary. What flags do not name is not there.
 */

const KIND = { lease: 1, forget: 2, quarantine: 3 } as const;

const FLAG_BINDING = 1;
const FLAG_HOSTNAME = 2;
const FLAG_CLIENT_ID = 4;
const FLAG_RELEASED = 8;
/** The client is told apart by its identifier, not by its MAC. */
const FLAG_BY_CLIENT_ID = 16;

const CLIENT_PREFIX = 'id:';
const U32 = 0x1_0000_0000;

/** Writes into bytes of exactly the length that `sizeOf` says. */
class Writer {
  readonly bytes: Buffer;
  #at = 0;

  constructor(change: LeaseChange, kind: number, address: number, network: string) {
    this.bytes = Buffer.allocUnsafe(sizeOf(change));
    this.bytes[0] = kind;
    this.bytes.writeUInt32BE(address, 1);
    this.#at = 5;
    this.text(network, 'utf8');
  }

  u8(value: number): void {
    this.bytes[this.#at++] = value;
  }

  text(value: string, encoding: 'utf8' | 'hex'): void {
    const length = Buffer.byteLength(value, encoding);
    if (length > 255)
      throw new RangeError(`'${value.slice(0, 40)}…' is longer than the 255 bytes a lease record holds`);
    this.u8(length);
    this.bytes.write(value, this.#at, length, encoding);
    this.#at += length;
  }

  holder(mac: string, expiresAt: number): void {
    for (let digit = 0; digit < 17; digit += 3) this.u8((nibble(mac, digit) << 4) | nibble(mac, digit + 1));
    this.bytes.writeUIntBE(expiresAt, this.#at, 6);
    this.#at += 6;
  }
}

/** The value of a lower-case hexadecimal digit: `0` is 48, `a` is 97. */
function nibble(text: string, at: number): number {
  const code = text.charCodeAt(at);
  return code < 58 ? code - 48 : code - 87;
}

const HEX = Array.from({ length: 256 }, (_, byte) => byte.toString(16).padStart(2, '0'));

class Reader {
  readonly #bytes: Buffer;
  #at = 0;

  constructor(payload: Uint8Array) {
    this.#bytes = Buffer.from(payload.buffer, payload.byteOffset, payload.byteLength);
  }

  u8(): number {
    const value = this.#bytes.readUInt8(this.#at);
    this.#at += 1;
    return value;
  }

  u32(): number {
    const value = this.#bytes.readUInt32BE(this.#at);
    this.#at += 4;
    return value;
  }

  u48(): number {
    const high = this.u8() * 256 + this.u8();
    return high * U32 + this.u32();
  }

  text(encoding: 'utf8' | 'hex'): string {
    const length = this.u8();
    const end = this.#at + length;
    if (end > this.#bytes.length) throw new RangeError('a text ends after its record');
    const value = this.#bytes.toString(encoding, this.#at, end);
    this.#at = end;
    return value;
  }

  mac(): string {
    const byte = (): string => HEX[this.u8()] ?? '';
    return `${byte()}:${byte()}:${byte()}:${byte()}:${byte()}:${byte()}`;
  }

  /** @throws {RangeError} There is more. */
  end(): void {
    if (this.#at !== this.#bytes.length) throw new RangeError('the record is longer than what it holds');
  }
}

function textSize(text: string | undefined, encoding: 'utf8' | 'hex' = 'utf8'): number {
  return text === undefined ? 0 : 1 + Buffer.byteLength(text, encoding);
}

function sizeOf(change: LeaseChange): number {
  if (change.change === 'forget') return 5 + textSize(change.network);
  if (change.change === 'quarantine') return 17 + textSize(change.network);
  const { network, hostname, clientId } = change.lease;
  return 18 + textSize(network) + textSize(hostname) + textSize(clientId, 'hex');
}

function writeLease(writer: Writer, lease: Lease): void {
  const { hostname, clientId, client } = lease;
  writer.holder(lease.mac, lease.expiresAt);
  writer.u8(
    (lease.origin === 'binding' ? FLAG_BINDING : 0) |
      (hostname === undefined ? 0 : FLAG_HOSTNAME) |
      (clientId === undefined ? 0 : FLAG_CLIENT_ID) |
      (lease.released === true ? FLAG_RELEASED : 0) |
      (client === undefined ? 0 : FLAG_BY_CLIENT_ID),
  );
  if (hostname !== undefined) writer.text(hostname, 'utf8');
  if (clientId !== undefined) writer.text(clientId, 'hex');
  if (client !== undefined && client !== `${CLIENT_PREFIX}${clientId ?? ''}`)
    throw new RangeError(`the client '${client}' is not the one its identifier names`);
}

function readLease(reader: Reader, address: number, network: string): Lease {
  const mac = reader.mac();
  const expiresAt = reader.u48();
  const flags = reader.u8();
  const hostname = flags & FLAG_HOSTNAME ? reader.text('utf8') : undefined;
  const clientId = flags & FLAG_CLIENT_ID ? reader.text('hex') : undefined;
  return {
    network,
    ...(flags & FLAG_BY_CLIENT_ID ? { client: `${CLIENT_PREFIX}${clientId ?? ''}` } : {}),
    mac,
    address,
    expiresAt,
    ...(flags & FLAG_RELEASED ? { released: true } : {}),
    origin: flags & FLAG_BINDING ? 'binding' : 'dynamic',
    ...(hostname === undefined ? {} : { hostname }),
    ...(clientId === undefined ? {} : { clientId }),
  };
}

/** @throws {RangeError} A text is longer than 255 bytes. */
export function encodeChange(change: LeaseChange): Uint8Array {
  const { address, network } = change.change === 'lease' ? change.lease : change;
  const writer = new Writer(change, KIND[change.change], address, network);
  if (change.change === 'lease') writeLease(writer, change.lease);
  if (change.change === 'quarantine') writer.holder(change.mac, change.expiresAt);
  return writer.bytes;
}

/** @throws {RangeError} The record's checksum was right, but another program or version wrote it. */
export function decodeChange(payload: Uint8Array): LeaseChange {
  const reader = new Reader(payload);
  const kind = reader.u8();
  const address = reader.u32();
  const network = reader.text('utf8');
  const change = changeOf(reader, kind, address, network);
  reader.end();
  return change;
}

function changeOf(reader: Reader, kind: number, address: number, network: string): LeaseChange {
  switch (kind) {
    case KIND.lease:
      return { change: 'lease', lease: readLease(reader, address, network) };
    case KIND.forget:
      return { change: 'forget', network, address };
    case KIND.quarantine:
      return { change: 'quarantine', network, address, mac: reader.mac(), expiresAt: reader.u48() };
    default:
      throw new RangeError(`${kind} is no kind of lease record`);
  }
}
