import type { Codec, Input } from './codec.ts';
import { expectLength, MalformedError, ValueError } from './error.ts';

/** Addresses that were read lately: a forwarding database of thousands of entries has a few VTEPs. */
const LATELY = 1024;
const numbers = new Int32Array(LATELY);
const texts: string[] = new Array<string>(LATELY).fill('0.0.0.0');

function readIpv4({ bytes, view }: Input, at: number): string {
  const number = view.getInt32(at);
  // Of addresses that follow each other no two have one place; those of other networks are spread by their upper bits.
  const place = (number ^ (number >>> 10) ^ (number >>> 20)) & (LATELY - 1);
  if (numbers[place] === number) return texts[place] ?? '';
  const text = networkOf(bytes, at) + (bytes[at + 3] ?? 0);
  numbers[place] = number;
  texts[place] = text;
  return text;
}

/** The three bytes in front, of which addresses of one network share the text. */
const networks = new Int32Array(256);
const networkTexts: string[] = new Array<string>(256).fill('0.0.0.');

function networkOf(bytes: Uint8Array, at: number): string {
  const a = bytes[at] ?? 0;
  const b = bytes[at + 1] ?? 0;
  const c = bytes[at + 2] ?? 0;
  const network = (a << 16) | (b << 8) | c;
  if (networks[c] === network) return networkTexts[c] ?? '';
  const text = `${a}.${b}.${c}.`;
  networks[c] = network;
  networkTexts[c] = text;
  return text;
}

/** The four bytes as a number, or undefined for what is not dotted decimal without leading zeros. */
export function parseIpv4(text: string): number | undefined {
  let value = 0;
  let part = -1;
  let parts = 0;
  let digits = 0;
  for (let at = 0; at <= text.length; at += 1) {
    const code = at === text.length ? 46 : text.charCodeAt(at);
    if (code === 46) {
      if (part < 0 || part > 255) return undefined;
      value = value * 256 + part;
      parts += 1;
      part = -1;
      digits = 0;
    } else if (code >= 48 && code <= 57 && !(digits > 0 && part === 0) && digits < 3) {
      part = Math.max(part, 0) * 10 + code - 48;
      digits += 1;
    } else return undefined;
  }
  return parts === 4 ? value : undefined;
}

/** Four bytes in network order ↔ `10.0.0.1`. */
export const ipv4: Codec<string> = {
  fixed: 4,
  measure: () => 4,
  write(value, out) {
    const number = typeof value === 'string' ? parseIpv4(value) : undefined;
    if (number === undefined) throw new ValueError(`${JSON.stringify(value)} is not an IPv4 address`);
    out.view.setUint32(out.offset, number, false);
    out.offset += 4;
  },
  read(input, start, end) {
    expectLength('ipv4', start, end, 4);
    return readIpv4(input, start);
  },
};

/** The eight groups, or undefined for what is not an IPv6 address. A scope (`%eth0`) is refused. RFC 4291 §2.2. */
function parseIpv6(text: string): number[] | undefined {
  const halves = text.split('::');
  if (halves.length > 2) return undefined;
  const head = parseGroups(halves[0] ?? '', halves.length === 1);
  const tail = halves.length === 2 ? parseGroups(halves[1] ?? '', true) : [];
  if (head === undefined || tail === undefined) return undefined;
  const missing = 8 - head.length - tail.length;
  if (halves.length === 1) return missing === 0 ? head : undefined;
  return missing < 1 ? undefined : [...head, ...new Array<number>(missing).fill(0), ...tail];
}

function parseGroups(text: string, mayEndInIpv4: boolean): number[] | undefined {
  if (text === '') return [];
  const groups: number[] = [];
  const parts = text.split(':');
  for (const [index, part] of parts.entries()) {
    if (part.includes('.') && mayEndInIpv4 && index === parts.length - 1) {
      const embedded = parseIpv4(part);
      if (embedded === undefined) return undefined;
      groups.push(Math.floor(embedded / 0x1_0000), embedded % 0x1_0000);
    } else if (/^[0-9a-f]{1,4}$/i.test(part)) groups.push(Number.parseInt(part, 16));
    else return undefined;
  }
  return groups;
}

/** The canonical text: lower case, the longest run of two or more zero groups shortened. RFC 5952 §4. */
function formatIpv6(view: DataView, at: number): string {
  const end = at + 16;
  let gap = end;
  let gapEnd = end;
  for (let start = at; start < end; start += 2) {
    let stop = start;
    while (stop < end && view.getUint16(stop, false) === 0) stop += 2;
    if (stop - start > Math.max(gapEnd - gap, 2)) {
      gap = start;
      gapEnd = stop;
    }
  }
  const head = groupsOf(view, at, gap);
  return gap === end ? head : `${head}::${groupsOf(view, gapEnd, end)}`;
}

function groupsOf(view: DataView, start: number, end: number): string {
  let text = '';
  for (let at = start; at < end; at += 2) text += (at === start ? '' : ':') + view.getUint16(at, false).toString(16);
  return text;
}

/** Sixteen bytes ↔ `fe80::1`. */
export const ipv6: Codec<string> = {
  fixed: 16,
  measure: () => 16,
  write(value, out) {
    const groups = typeof value === 'string' ? parseIpv6(value) : undefined;
    if (groups === undefined) throw new ValueError(`${JSON.stringify(value)} is not an IPv6 address`);
    for (const group of groups) {
      out.view.setUint16(out.offset, group, false);
      out.offset += 2;
    }
  },
  read(input, start, end) {
    expectLength('ipv6', start, end, 16);
    return formatIpv6(input.view, start);
  },
};

/** Four or sixteen bytes; the family is told by the length, in the text by a colon. */
export const ip: Codec<string> = {
  measure: (value) => (typeof value === 'string' && value.includes(':') ? 16 : 4),
  write(value, out) {
    if (typeof value === 'string' && value.includes(':')) ipv6.write(value, out);
    else ipv4.write(value, out);
  },
  read(input, start, end) {
    if (end - start === 4) return readIpv4(input, start);
    if (end - start === 16) return ipv6.read(input, start, end);
    throw new MalformedError(`ip at offset ${start}: ${end - start} bytes instead of 4 or 16`);
  },
};

/** The value of a hexadecimal digit by its character code, and -1 for what is none. */
const DIGITS = Int8Array.from({ length: 128 }, (_, code) =>
  '0123456789abcdef'.indexOf(String.fromCharCode(code).toLowerCase()),
);

/** Character codes of the two digits of each byte. */
const HIGH: readonly number[] = Array.from({ length: 256 }, (_, value) => '0123456789abcdef'.charCodeAt(value >> 4));
const LOW: readonly number[] = Array.from({ length: 256 }, (_, value) => '0123456789abcdef'.charCodeAt(value & 15));

/** Six bytes in one call: four times as fast as to join digits, and a flat string. */
function readMac(bytes: Uint8Array, at: number): string {
  const a = bytes[at] ?? 0;
  const b = bytes[at + 1] ?? 0;
  const c = bytes[at + 2] ?? 0;
  const d = bytes[at + 3] ?? 0;
  const e = bytes[at + 4] ?? 0;
  const f = bytes[at + 5] ?? 0;
  // biome-ignore format: one byte, one line of code
  return String.fromCharCode(
    HIGH[a] ?? 0, LOW[a] ?? 0, 58, HIGH[b] ?? 0, LOW[b] ?? 0, 58, HIGH[c] ?? 0, LOW[c] ?? 0, 58,
    HIGH[d] ?? 0, LOW[d] ?? 0, 58, HIGH[e] ?? 0, LOW[e] ?? 0, 58, HIGH[f] ?? 0, LOW[f] ?? 0,
  );
}

function readLinkAddress({ bytes }: Input, start: number, end: number): string {
  if (end - start === 6) return readMac(bytes, start);
  let text = '';
  for (let at = start; at < end; at += 1) {
    const byte = bytes[at] ?? 0;
    text += `${at === start ? '' : ':'}${String.fromCharCode(HIGH[byte] ?? 0, LOW[byte] ?? 0)}`;
  }
  return text;
}

/** A hardware address of any length ↔ `02:00:5e:10:00:00`: IFLA_ADDRESS of links that are not Ethernet has others than six. */
export const linkAddress: Codec<string> = {
  measure(value) {
    expectLinkAddress(value);
    return (value.length + 1) / 3;
  },
  write(value, out) {
    expectLinkAddress(value);
    const { bytes } = out;
    for (let at = 0; at < value.length; at += 3) {
      // Negative when one of them is.
      const byte = ((DIGITS[value.charCodeAt(at)] ?? -1) << 4) | (DIGITS[value.charCodeAt(at + 1)] ?? -1);
      const separated = at + 2 === value.length || value.charCodeAt(at + 2) === 58;
      if (byte < 0 || !separated) throw notLinkAddress(value);
      bytes[out.offset] = byte;
      out.offset += 1;
    }
  },
  read: readLinkAddress,
};

function expectLinkAddress(value: unknown): asserts value is string {
  if (typeof value !== 'string' || (value.length % 3 !== 2 && value !== '')) throw notLinkAddress(value);
}

function notLinkAddress(value: unknown): ValueError {
  return new ValueError(`${JSON.stringify(value)} is not a hardware address such as 02:00:5e:10:00:00`);
}

/** Six bytes ↔ `02:00:5e:10:00:00`. Reading tolerates other lengths, as foreign links have them. */
export const mac: Codec<string> = {
  measure: () => 6,
  write(value, out) {
    if (typeof value !== 'string' || value.length !== 17) throw notLinkAddress(value);
    linkAddress.write(value, out);
  },
  read: readLinkAddress,
};
