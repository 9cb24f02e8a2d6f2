/** What the header of a qcow2 file says. Source: docs/interop/qcow2.txt of QEMU. */
export interface Qcow2Header {
  /** Size of the disk, bytes. */
  readonly virtualSize: number;
  /** It has a base, which could be any file of the host it is opened on. */
  readonly backed: boolean;
  /** Its data is in another file, which could be any as well. */
  readonly dataElsewhere: boolean;
  readonly encrypted: boolean;
}

/** As much of a file as `parseQcow2` needs. */
export const HEAD_BYTES = 512;

const MAGIC = 0x51_46_49_fb;
const BACKING_OFFSET = 8;
const VIRTUAL_SIZE = 24;
const ENCRYPTION = 32;
/** Of version 3; version 2 ends before it. */
const INCOMPATIBLE_FEATURES = 72;
const EXTERNAL_DATA = 1n << 2n;

/** Undefined for anything else than a qcow2 file. Numbers are big-endian. */
export function parseQcow2(head: Uint8Array): Qcow2Header | undefined {
  if (head.length < INCOMPATIBLE_FEATURES) return undefined;
  const view = new DataView(head.buffer, head.byteOffset, head.byteLength);
  const version = view.getUint32(4);
  if (view.getUint32(0) !== MAGIC || version < 2) return undefined;
  const features =
    version >= 3 && head.length >= INCOMPATIBLE_FEATURES + 8 ? view.getBigUint64(INCOMPATIBLE_FEATURES) : 0n;
  return {
    virtualSize: Number(view.getBigUint64(VIRTUAL_SIZE)),
    backed: view.getBigUint64(BACKING_OFFSET) !== 0n,
    dataElsewhere: (features & EXTERNAL_DATA) !== 0n,
    encrypted: view.getUint32(ENCRYPTION) !== 0,
  };
}

/** Why a file that begins so is no image of that format which a disk may be made of; undefined when it is one. */
export function unfitness(head: Uint8Array, format: 'qcow2' | 'raw'): string | undefined {
  const header = parseQcow2(head);
  if (format === 'raw') {
    // Nobody means a disk on which a qcow2 file is written from the first sector on.
    return header === undefined ? undefined : 'is a qcow2 image, and not a raw one; give its format as qcow2';
  }
  if (header === undefined) return 'is no qcow2 image; give its format as raw, if it is a plain disk image';
  if (header.backed) return "is an overlay of another file; flatten it with 'qemu-img convert' first";
  if (header.dataElsewhere) return "keeps its data in another file; make one file of it with 'qemu-img convert' first";
  if (header.encrypted) return "is encrypted; decrypt it with 'qemu-img convert' first";
  return undefined;
}
