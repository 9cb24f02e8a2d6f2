/**
 * DHCP messages and the frames that carry them, for the witness only: written apart from the server's own codec, so that
 * a mistake in that one is not repeated here. Source: RFC 791, 768, 2131 §2, 2132 §2, 3396. All numbers big-endian.
 */

export const TYPE = { discover: 1, offer: 2, request: 3, decline: 4, ack: 5, nak: 6, release: 7, inform: 8 } as const;
export type TypeName = keyof typeof TYPE;

export type WireOption = readonly [code: number, value: Uint8Array | readonly number[]];

/** A client's message. Addresses are dotted, MAC addresses with colons; absent means zero. */
export interface Draft {
  readonly type?: TypeName;
  readonly mac: string;
  readonly xid?: number;
  readonly flags?: number;
  readonly ciaddr?: string;
  readonly giaddr?: string;
  readonly options?: readonly WireOption[];
  /** The 64 and 128 bytes before the options. */
  readonly sname?: Uint8Array;
  readonly file?: Uint8Array;
}

export interface Message {
  readonly type: TypeName | undefined;
  readonly op: number;
  readonly xid: number;
  readonly flags: number;
  readonly ciaddr: string;
  readonly yiaddr: string;
  readonly siaddr: string;
  readonly giaddr: string;
  readonly mac: string;
  readonly file: string;
  readonly options: ReadonlyMap<number, Buffer>;
  /** Codes in the order they came. */
  readonly order: readonly number[];
  /** Whether the options end with 255. */
  readonly ended: boolean;
  /** Bytes of UDP payload. */
  readonly length: number;
}

export interface Frame {
  readonly sourceMac: string;
  readonly destinationMac: string;
  readonly source: string;
  readonly destination: string;
  readonly sourcePort: number;
  readonly destinationPort: number;
  /** `absent`: the field is zero, which UDP allows. */
  readonly sum: 'right' | 'wrong' | 'absent';
  readonly message: Message;
}

export const BROADCAST = '255.255.255.255';
export const BROADCAST_MAC = 'ff:ff:ff:ff:ff:ff';
const COOKIE = Buffer.of(99, 130, 83, 99);
const SMALLEST = 300;

export const ipBytes = (address: string): Buffer => Buffer.from(address.split('.').map(Number));
export const ipText = (bytes: Uint8Array): string => [...bytes].join('.');
export const macBytes = (mac: string): Buffer => Buffer.from(mac.replaceAll(':', ''), 'hex');
export const macText = (bytes: Uint8Array): string => Buffer.from(bytes).toString('hex').match(/../g)?.join(':') ?? '';

export const text = (code: number, value: string): WireOption => [code, Buffer.from(value, 'latin1')];
export const ip = (code: number, address: string): WireOption => [code, ipBytes(address)];
export const u16 = (code: number, value: number): WireOption => [code, [value >> 8, value & 255]];
export const u32 = (code: number, value: number): readonly [number, Buffer] => {
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32BE(value);
  return [code, bytes];
};
/** Option 55: what the client wants to be told. */
export const wanted = (...codes: number[]): WireOption => [55, codes];

/** Option bytes as given: values longer than 255 are split. */
export function optionBytes(options: readonly WireOption[]): Buffer {
  const parts: Buffer[] = [];
  for (const [code, value] of options) {
    const bytes = Buffer.from(value);
    for (let from = 0; from === 0 || from < bytes.length; from += 255) {
      const part = bytes.subarray(from, from + 255);
      parts.push(Buffer.of(code, part.length), part);
    }
  }
  return Buffer.concat(parts);
}

export function encodeMessage(draft: Draft): Buffer {
  const head = Buffer.alloc(236);
  head.set([1, 1, 6, draft.giaddr === undefined ? 0 : 1]);
  head.writeUInt32BE(draft.xid ?? 0, 4);
  head.writeUInt16BE(draft.flags ?? 0, 10);
  if (draft.ciaddr !== undefined) head.set(ipBytes(draft.ciaddr), 12);
  if (draft.giaddr !== undefined) head.set(ipBytes(draft.giaddr), 24);
  head.set(macBytes(draft.mac), 28);
  if (draft.sname !== undefined) head.set(draft.sname, 44);
  if (draft.file !== undefined) head.set(draft.file, 108);
  const type: WireOption[] = draft.type === undefined ? [] : [[53, [TYPE[draft.type]]]];
  const bytes = Buffer.concat([head, COOKIE, optionBytes([...type, ...(draft.options ?? [])]), Buffer.of(255)]);
  return bytes.length >= SMALLEST ? bytes : Buffer.concat([bytes, Buffer.alloc(SMALLEST - bytes.length)]);
}

class Options {
  readonly values = new Map<number, Buffer>();
  readonly order: number[] = [];
  ended = false;

  read(area: Buffer): void {
    for (let at = 0; at < area.length; ) {
      const code = area[at] ?? 255;
      if (code === 255) {
        this.ended = true;
        return;
      }
      if (code === 0) {
        at += 1;
        continue;
      }
      const length = area[at + 1] ?? 0;
      const value = area.subarray(at + 2, at + 2 + length);
      if (!this.values.has(code)) this.order.push(code);
      this.values.set(code, Buffer.concat([this.values.get(code) ?? Buffer.alloc(0), value]));
      at += 2 + length;
    }
  }
}

function decodeMessage(bytes: Buffer): Message | undefined {
  if (bytes.length < 240 || !bytes.subarray(236, 240).equals(COOKIE)) return undefined;
  const options = new Options();
  options.read(bytes.subarray(240));
  const { ended } = options;
  const overload = options.values.get(52)?.[0] ?? 0;
  if (overload & 1) options.read(bytes.subarray(108, 236));
  if (overload & 2) options.read(bytes.subarray(44, 108));
  const code = options.values.get(53)?.[0];
  const file = overload & 1 ? Buffer.alloc(0) : bytes.subarray(108, 236);
  return {
    type: (Object.keys(TYPE) as TypeName[]).find((name) => TYPE[name] === code),
    op: bytes[0] ?? 0,
    xid: bytes.readUInt32BE(4),
    flags: bytes.readUInt16BE(10),
    ciaddr: ipText(bytes.subarray(12, 16)),
    yiaddr: ipText(bytes.subarray(16, 20)),
    siaddr: ipText(bytes.subarray(20, 24)),
    giaddr: ipText(bytes.subarray(24, 28)),
    mac: macText(bytes.subarray(28, 34)),
    file: file.toString('latin1').replace(/\0.*$/s, ''),
    options: options.values,
    order: options.order,
    ended,
    length: bytes.length,
  };
}

/** Ones' complement sum of 16-bit words. Source: RFC 1071. */
function sumOf(...parts: readonly Buffer[]): number {
  let sum = 0;
  const bytes = Buffer.concat(parts);
  for (let at = 0; at < bytes.length; at += 2) sum += ((bytes[at] ?? 0) << 8) | (bytes[at + 1] ?? 0);
  while (sum > 0xffff) sum = (sum & 0xffff) + (sum >>> 16);
  return ~sum & 0xffff;
}

const pseudoHeader = (ipHeader: Buffer, length: number): Buffer =>
  Buffer.concat([ipHeader.subarray(12, 20), Buffer.of(0, 17, length >> 8, length & 255)]);

export interface Envelope {
  readonly sourceMac: string;
  readonly destinationMac?: string;
  readonly source?: string;
  readonly destination?: string;
  readonly sourcePort?: number;
  readonly destinationPort?: number;
}

/** An Ethernet frame with IPv4 and UDP headers and right checksums. */
export function frameOf(payload: Uint8Array, envelope: Envelope): Buffer {
  const ethernet = Buffer.concat([
    macBytes(envelope.destinationMac ?? BROADCAST_MAC),
    macBytes(envelope.sourceMac),
    Buffer.of(8, 0),
  ]);
  const length = 8 + payload.length;
  const header = Buffer.alloc(20);
  header.set([0x45, 0, (20 + length) >> 8, (20 + length) & 255, 0, 0, 0, 0, 64, 17]);
  header.set(ipBytes(envelope.source ?? '0.0.0.0'), 12);
  header.set(ipBytes(envelope.destination ?? BROADCAST), 16);
  header.writeUInt16BE(sumOf(header), 10);
  const udp = Buffer.alloc(8);
  udp.writeUInt16BE(envelope.sourcePort ?? 68, 0);
  udp.writeUInt16BE(envelope.destinationPort ?? 67, 2);
  udp.writeUInt16BE(length, 4);
  const padded = payload.length % 2 === 0 ? Buffer.from(payload) : Buffer.concat([payload, Buffer.of(0)]);
  udp.writeUInt16BE(sumOf(pseudoHeader(header, length), udp, padded) || 0xffff, 6);
  return Buffer.concat([ethernet, header, udp, payload]);
}

/** Undefined for what is not DHCP over UDP over IPv4. */
export function parseFrame(bytes: Buffer): Frame | undefined {
  if (bytes.length < 42 || bytes.readUInt16BE(12) !== 0x0800 || bytes[23] !== 17) return undefined;
  const headerLength = ((bytes[14] ?? 0) & 15) * 4;
  const header = bytes.subarray(14, 14 + headerLength);
  const length = bytes.readUInt16BE(14 + headerLength + 4);
  const udp = bytes.subarray(14 + headerLength, 14 + headerLength + length);
  const message = decodeMessage(udp.subarray(8));
  if (message === undefined) return undefined;
  const padded = udp.length % 2 === 0 ? udp : Buffer.concat([udp, Buffer.of(0)]);
  const right = sumOf(pseudoHeader(header, length), padded) === 0;
  return {
    destinationMac: macText(bytes.subarray(0, 6)),
    sourceMac: macText(bytes.subarray(6, 12)),
    source: ipText(header.subarray(12, 16)),
    destination: ipText(header.subarray(16, 20)),
    sourcePort: udp.readUInt16BE(0),
    destinationPort: udp.readUInt16BE(2),
    sum: udp.readUInt16BE(6) === 0 ? 'absent' : right ? 'right' : 'wrong',
    message,
  };
}

/** The answer to an ARP request for one of these addresses; undefined when it asks for none of them. */
export function arpAnswer(bytes: Buffer, holders: ReadonlyMap<string, string>): Buffer | undefined {
  if (bytes.length < 42 || bytes.readUInt16BE(12) !== 0x0806 || bytes.readUInt16BE(20) !== 1) return undefined;
  const target = bytes.subarray(38, 42);
  const holder = holders.get(ipText(target));
  if (holder === undefined) return undefined;
  const [asker, askerAddress] = [bytes.subarray(22, 28), bytes.subarray(28, 32)];
  return Buffer.concat([
    asker,
    macBytes(holder),
    Buffer.of(8, 6, 0, 1, 8, 0, 6, 4, 0, 2),
    macBytes(holder),
    target,
    asker,
    askerAddress,
  ]);
}
