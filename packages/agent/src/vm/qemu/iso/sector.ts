/** Bytes of a logical sector, and of a logical block: ECMA-119 §6.1.2, §6.2.2. */
export const SECTOR = 2048;

export function sectorsOf(bytes: number): number {
  return Math.ceil(bytes / SECTOR);
}

/** A 16-bit number in both byte orders, as ECMA-119 §7.2.3 wants it. */
export function both16(value: number): Buffer {
  const bytes = Buffer.alloc(4);
  bytes.writeUInt16LE(value, 0);
  bytes.writeUInt16BE(value, 2);
  return bytes;
}

/** A 32-bit number in both byte orders: ECMA-119 §7.3.3. */
export function both32(value: number): Buffer {
  const bytes = Buffer.alloc(8);
  bytes.writeUInt32LE(value, 0);
  bytes.writeUInt32BE(value, 4);
  return bytes;
}
