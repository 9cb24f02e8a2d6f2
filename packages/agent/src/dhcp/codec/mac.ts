const HEX = Array.from({ length: 256 }, (_, byte) => byte.toString(16).padStart(2, '0'));

/** Six bytes as `52:54:00:0b:9d:9f`. Bytes that are missing read as 00. */
export function formatMac(bytes: Uint8Array, offset = 0): string {
  const at = (index: number): string => HEX[bytes[offset + index] ?? 0] ?? '00';
  return `${at(0)}:${at(1)}:${at(2)}:${at(3)}:${at(4)}:${at(5)}`;
}

/** @throws {TypeError} when it is not six hexadecimal bytes with colons. */
export function parseMac(text: string): Uint8Array {
  if (!/^[0-9a-fA-F]{2}(:[0-9a-fA-F]{2}){5}$/.test(text)) {
    throw new TypeError(`'${text}' is not a MAC address (for example 52:54:00:0b:9d:9f)`);
  }
  return Uint8Array.from(text.split(':'), (byte) => Number.parseInt(byte, 16));
}

export function toHex(bytes: Uint8Array): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('hex');
}
