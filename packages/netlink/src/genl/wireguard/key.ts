import type { Codec } from '../../codec/codec.ts';
import { expectLength, ValueError } from '../../codec/error.ts';

const LENGTH = 32;

/** A Curve25519 or preshared key of 32 bytes ↔ base64 of 44 characters, as wg(8) has it. All zeros in a request: none. */
export const key: Codec<string> = {
  fixed: LENGTH,
  measure: () => LENGTH,
  write(value, out) {
    const read =
      typeof value === 'string' && /^[A-Za-z0-9+/]{43}=$/.test(value) ? Buffer.from(value, 'base64') : undefined;
    // The text is left out of the error: it may be a private key.
    if (read?.byteLength !== LENGTH) throw new ValueError('not a key of 32 bytes in base64');
    out.bytes.set(read, out.offset);
    out.offset += LENGTH;
  },
  read(input, start, end) {
    expectLength('key', start, end, LENGTH);
    return Buffer.from(input.bytes.subarray(start, start + LENGTH)).toString('base64');
  },
};
