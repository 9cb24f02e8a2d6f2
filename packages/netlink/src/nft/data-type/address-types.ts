import { ipv4, ipv6, mac, parseIpv4 } from '../../codec/address.ts';
import { decode } from '../../codec/codec.ts';
import { type DataType, dataType, invalid } from './type.ts';

export const ipv4Addr: DataType = dataType({
  id: 7,
  size: 4,
  byteOrder: 'big',
  ordered: true,
  prefixes: true,
  write(text, out) {
    const number = parseIpv4(text);
    if (number === undefined) throw invalid(text, 'an IPv4 address', '10.0.0.1');
    out.view.setUint32(out.offset, number, false);
    out.offset += 4;
  },
  format: (bytes) => decode(ipv4, bytes),
});

/** Any text of RFC 4291 is written; RFC 5952's is read. */
export const ipv6Addr: DataType = dataType({
  id: 8,
  size: 16,
  byteOrder: 'big',
  ordered: true,
  prefixes: true,
  write(text, out) {
    try {
      ipv6.write(text, out);
    } catch {
      throw invalid(text, 'an IPv6 address', 'fe80::1');
    }
  },
  format: (bytes) => decode(ipv6, bytes),
});

const COLON = 0x3a;

/** NaN for what is no digit; capitals are none. */
function lowerHex(code: number): number {
  if (code >= 0x30 && code <= 0x39) return code - 0x30;
  return code >= 0x61 && code <= 0x66 ? code - 0x61 + 10 : Number.NaN;
}

/** In lower case only: a value has one text. nft takes it for a host-order string, although its bytes are in order. */
export const etherAddr: DataType = dataType({
  id: 9,
  size: 6,
  byteOrder: 'host',
  ordered: true,
  write(text, out) {
    const { bytes, offset } = out;
    for (let index = 0; index < 6; index += 1) {
      const at = index * 3;
      const byte = lowerHex(text.charCodeAt(at)) * 16 + lowerHex(text.charCodeAt(at + 1));
      const separated = index === 5 ? text.length === 17 : text.charCodeAt(at + 2) === COLON;
      if (Number.isNaN(byte) || !separated) throw invalid(text, 'a MAC address', '02:00:00:00:00:01');
      bytes[offset + index] = byte;
    }
    out.offset = offset + 6;
  },
  format: (bytes) => decode(mac, bytes.subarray(0, 6)),
});
