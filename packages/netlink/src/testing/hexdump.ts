/** Four bytes a line, as netlink is aligned: offset, hex, and what of it is readable. */
export function hexdump(bytes: Uint8Array): readonly string[] {
  const lines: string[] = [];
  for (let at = 0; at < bytes.byteLength; at += 4) {
    const row = [...bytes.subarray(at, at + 4)];
    const hex = row.map((byte) => byte.toString(16).padStart(2, '0')).join(' ');
    const text = row.map((byte) => (byte > 0x20 && byte < 0x7f ? String.fromCharCode(byte) : '.')).join('');
    lines.push(`${String(at).padStart(5)}  ${hex.padEnd(11)}  ${text}`);
  }
  return lines;
}

/** Both dumps side by side with `!` at each line that differs; undefined when the bytes are equal. */
export function byteDifference(actual: Uint8Array, expected: Uint8Array): string | undefined {
  const left = hexdump(actual);
  const right = hexdump(expected);
  const lines: string[] = [];
  let different = false;
  for (let row = 0; row < Math.max(left.length, right.length); row += 1) {
    const differs = left[row] !== right[row];
    different ||= differs;
    lines.push(`${differs ? '!' : ' '} ${(left[row] ?? '').padEnd(26)} | ${right[row] ?? ''}`);
  }
  return different ? [`  ${'actual'.padEnd(26)} | expected`, ...lines].join('\n') : undefined;
}

/** `a4 01 00 00`, or with line breaks and text behind `#`. */
export function bytesOf(hex: string): Uint8Array {
  const digits = hex.replace(/#.*$/gm, '').replace(/\s+/g, '');
  if (!/^([0-9a-f]{2})*$/i.test(digits)) throw new RangeError('not a sequence of hexadecimal bytes');
  return Uint8Array.from(Buffer.from(digits, 'hex'));
}

/** For tests with golden bytes. @throws {Error} A side-by-side dump. */
export function expectBytes(actual: Uint8Array, expected: Uint8Array | string): void {
  const difference = byteDifference(actual, typeof expected === 'string' ? bytesOf(expected) : expected);
  if (difference !== undefined) throw new Error(`the bytes differ\n${difference}`);
}
