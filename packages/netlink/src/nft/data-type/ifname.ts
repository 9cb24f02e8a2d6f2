import { type DataType, dataType, invalid } from './type.ts';

/** Bytes of a name in a register: IFNAMSIZ, zero-filled. Source: include/uapi/linux/if.h. */
const INTERFACE_NAME_BYTES = 16;

const SPACE = 0x20;
const SLASH = 0x2f;
const DELETE = 0x7f;

function writeUnusual(text: string, room: Uint8Array): void {
  const { read, written } = new TextEncoder().encodeInto(text, room);
  if (written === 0 || read < text.length || /[\s/\0]/.test(text))
    throw invalid(text, 'an interface name of 1 to 15 bytes', 'eth0');
}

/** The name of a link. */
export const ifname: DataType = dataType({
  id: 41,
  size: INTERFACE_NAME_BYTES,
  byteOrder: 'host',
  ordered: false,
  write(text, out) {
    const { bytes, offset } = out;
    const end = offset + INTERFACE_NAME_BYTES - 1;
    let at = offset;
    for (; at - offset < text.length && at < end; at += 1) {
      const code = text.charCodeAt(at - offset);
      if (code <= SPACE || code === SLASH || code >= DELETE) break;
      bytes[at] = code;
    }
    // A name is any bytes but spaces and slashes; the few that are not ASCII are written anew as a whole.
    if (at - offset !== text.length || text === '') writeUnusual(text, bytes.subarray(offset, end));
    out.offset = offset + INTERFACE_NAME_BYTES;
  },
  format(bytes) {
    const end = bytes.indexOf(0);
    return Buffer.from(end < 0 ? bytes : bytes.subarray(0, end)).toString();
  },
});
