/**
 * The types of set keys and map data, as nft(8) names and numbers them. The kernel only stores the number; nft needs
 * it to print a set, and we need it to turn an element's bytes back into text.
 *
 * Numbers and byte orders are those of nft's datatype table (user space ABI, kept in NFTA_SET_KEY_TYPE).
 */
export interface DataType {
  readonly id: number;
  /** Bytes of a value; in a concatenation each is padded to a multiple of 4. */
  readonly size: number;
  /** Whether numbers stand as on the wire or as in the machine. nft is told by user data, or prints them swapped. */
  readonly byteOrder: 'big' | 'host';
  /** @throws {RangeError} when the text is not a value of the type. */
  parse(text: string): Uint8Array;
  format(bytes: Uint8Array): string;
}

const IP_PROTOCOLS: Readonly<Record<string, number>> = {
  icmp: 1,
  igmp: 2,
  ipip: 4,
  tcp: 6,
  udp: 17,
  gre: 47,
  esp: 50,
  ah: 51,
  'ipv6-icmp': 58,
  sctp: 132,
};

const ETHER_TYPES: Readonly<Record<string, number>> = { ip: 0x0800, arp: 0x0806, vlan: 0x8100, ip6: 0x86dd };

function invalid(text: string, type: string, example: string): RangeError {
  return new RangeError(`'${text}' is not ${type} (for example ${example})`);
}

function integer(text: string, max: number): number | undefined {
  if (!/^(0|[1-9]\d{0,9})$/.test(text)) return undefined;
  const value = Number(text);
  return value <= max ? value : undefined;
}

function nameOf(names: Readonly<Record<string, number>>, value: number): string | undefined {
  return Object.keys(names).find((name) => names[name] === value);
}

const ipv4Addr: DataType = {
  id: 7,
  size: 4,
  byteOrder: 'big',
  parse(text) {
    const parts = text.split('.').map((part) => integer(part, 255));
    if (parts.length !== 4 || parts.includes(undefined)) throw invalid(text, 'an IPv4 address', '10.0.0.1');
    return Uint8Array.from(parts as number[]);
  },
  format: (bytes) => bytes.subarray(0, 4).join('.'),
};

const etherAddr: DataType = {
  id: 9,
  size: 6,
  byteOrder: 'host',
  parse(text) {
    if (!/^[0-9a-f]{2}(:[0-9a-f]{2}){5}$/.test(text)) throw invalid(text, 'a MAC address', '02:00:00:00:00:01');
    return Uint8Array.from(text.split(':'), (part) => Number.parseInt(part, 16));
  },
  format: (bytes) =>
    Buffer.from(bytes.subarray(0, 6))
      .toString('hex')
      .replace(/..(?!$)/g, '$&:'),
};

/** A name has one spelling and no number, so that a value read back is the text that was written. */
const inetProto: DataType = {
  id: 12,
  size: 1,
  byteOrder: 'host',
  parse(text) {
    const value = IP_PROTOCOLS[text] ?? integer(text, 255);
    if (value === undefined || (nameOf(IP_PROTOCOLS, value) ?? text) !== text)
      throw invalid(text, 'the name or number of a protocol', 'tcp');
    return Uint8Array.of(value);
  },
  format: (bytes) => nameOf(IP_PROTOCOLS, bytes[0] ?? 0) ?? String(bytes[0] ?? 0),
};

const etherType: DataType = {
  id: 10,
  size: 2,
  byteOrder: 'big',
  parse(text) {
    const value = ETHER_TYPES[text] ?? (/^0x[0-9a-f]{4}$/.test(text) ? Number(text) : undefined);
    if (value === undefined || (nameOf(ETHER_TYPES, value) ?? text) !== text)
      throw invalid(text, 'an EtherType', 'arp, 0x88cc');
    return Uint8Array.of(value >> 8, value & 255);
  },
  format(bytes) {
    const value = ((bytes[0] ?? 0) << 8) | (bytes[1] ?? 0);
    return nameOf(ETHER_TYPES, value) ?? `0x${value.toString(16).padStart(4, '0')}`;
  },
};

const inetService: DataType = {
  id: 13,
  size: 2,
  byteOrder: 'big',
  parse(text) {
    const value = integer(text, 65_535);
    if (value === undefined) throw invalid(text, 'a port', '8080');
    return Uint8Array.of(value >> 8, value & 255);
  },
  format: (bytes) => String(((bytes[0] ?? 0) << 8) | (bytes[1] ?? 0)),
};

const mark: DataType = {
  id: 19,
  size: 4,
  byteOrder: 'host',
  parse(text) {
    const value = /^0x[0-9a-f]{8}$/.test(text) ? Number(text) : undefined;
    if (value === undefined) throw invalid(text, 'a packet mark', '0x00000001');
    const bytes = new Uint8Array(4);
    new DataView(bytes.buffer).setUint32(0, value, true);
    return bytes;
  },
  format(bytes) {
    const value = new DataView(bytes.buffer, bytes.byteOffset, 4).getUint32(0, true);
    return `0x${value.toString(16).padStart(8, '0')}`;
  },
};

/** Bytes of a name in a register: IFNAMSIZ, zero-filled. Source: include/uapi/linux/if.h. */
const INTERFACE_NAME_BYTES = 16;

const ifname: DataType = {
  id: 41,
  size: INTERFACE_NAME_BYTES,
  byteOrder: 'host',
  parse(text) {
    const name = Buffer.from(text);
    if (name.length === 0 || name.length >= INTERFACE_NAME_BYTES || /[\s/\0]/.test(text))
      throw invalid(text, 'an interface name of 1 to 15 bytes', 'eth0');
    const bytes = new Uint8Array(INTERFACE_NAME_BYTES);
    bytes.set(name);
    return bytes;
  },
  format(bytes) {
    const end = bytes.indexOf(0);
    return Buffer.from(end < 0 ? bytes : bytes.subarray(0, end)).toString();
  },
};

export const dataTypes = {
  ipv4_addr: ipv4Addr,
  ether_addr: etherAddr,
  ether_type: etherType,
  inet_proto: inetProto,
  inet_service: inetService,
  mark,
  ifname,
} as const;

/** nft's own name of a type of keys or data. */
export type DataTypeName = keyof typeof dataTypes;

const namesById: ReadonlyMap<number, DataTypeName> = new Map(
  Object.entries(dataTypes).map(([name, type]) => [type.id, name as DataTypeName]),
);

/** Bits of one type in the number of a concatenation; the first part is the most significant. */
const CONCATENATION_BITS = 6;
const CONCATENATION_MASK = (1 << CONCATENATION_BITS) - 1;

/** The number of a key or data type, for NFTA_SET_KEY_TYPE and NFTA_SET_DATA_TYPE. */
export function typeNumber(types: readonly DataTypeName[]): number {
  return types.reduce((sum, name) => sum * 2 ** CONCATENATION_BITS + dataTypes[name].id, 0);
}

/** The types a number stands for; absent when one of them is not in the table. */
export function typesOfNumber(number: number): readonly DataTypeName[] | undefined {
  const types: DataTypeName[] = [];
  for (let rest = number; rest > 0; rest = Math.floor(rest / 2 ** CONCATENATION_BITS)) {
    const name = namesById.get(rest & CONCATENATION_MASK);
    if (name === undefined) return undefined;
    types.unshift(name);
  }
  return types.length === 0 ? undefined : types;
}

function padded(size: number): number {
  return (size + 3) & ~3;
}

/** Bytes of a value: as many as the type's for a single one; each part is padded to registers in a concatenation. */
export function sizeOfTypes(types: readonly DataTypeName[]): number {
  const [only] = types;
  if (types.length === 1 && only !== undefined) return dataTypes[only].size;
  return types.reduce((sum, name) => sum + padded(dataTypes[name].size), 0);
}

/** @throws {RangeError} when there are more or fewer texts than types, or one is not a value of its type. */
export function encodeValue(types: readonly DataTypeName[], texts: readonly string[]): Uint8Array {
  if (types.length !== texts.length)
    throw new RangeError(
      `'${texts.join(' . ')}' has ${texts.length} parts, but the type ${types.join(' . ')} ${types.length}`,
    );
  const bytes = new Uint8Array(sizeOfTypes(types));
  let at = 0;
  for (const [index, name] of types.entries()) {
    bytes.set(dataTypes[name].parse(texts[index] ?? ''), at);
    at += padded(dataTypes[name].size);
  }
  return bytes;
}

export function decodeValue(types: readonly DataTypeName[], bytes: Uint8Array): readonly string[] {
  let at = 0;
  return types.map((name) => {
    const { size, format } = dataTypes[name];
    const text = format(bytes.subarray(at, at + size));
    at += padded(size);
    return text;
  });
}
