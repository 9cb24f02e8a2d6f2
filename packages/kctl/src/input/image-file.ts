import { type FileHandle, open } from 'node:fs/promises';
import { basename } from 'node:path';
import { type DiskFormat, invalidArgument } from '@kcore/contract';

/** A disk image on this machine. */
export interface ImageFile extends AsyncDisposable {
  readonly handle: FileHandle;
  readonly sizeBytes: number;
  readonly format: DiskFormat;
}

/** What files begin with that are no disk images, or none that a node can use. */
const OTHERS: readonly (readonly [string, string, string])[] = [
  ['1f8b', 'gzip-compressed', 'unpack it first: gunzip'],
  ['fd377a585a00', 'xz-compressed', 'unpack it first: unxz'],
  ['28b52ffd', 'zstd-compressed', 'unpack it first: unzstd'],
  ['425a68', 'bzip2-compressed', 'unpack it first: bunzip2'],
  ['504b0304', 'a zip archive', 'unpack it first: unzip'],
  ['4b444d56', 'a VMDK image', 'convert it first: qemu-img convert -O qcow2'],
  ['7668647866696c65', 'a VHDX image', 'convert it first: qemu-img convert -O qcow2'],
];
/** Source: docs/interop/qcow2.txt of QEMU. */
const QCOW2_MAGIC = '514649fb';

/**
 * Opens it and looks at its first bytes.
 * @throws {KcoreError} InvalidArgument: it is not there, or not what `format` says, or not a disk image.
 */
export async function openImageFile(path: string, format: DiskFormat | undefined): Promise<ImageFile> {
  const handle = await open(path, 'r').catch((error: unknown) => {
    throw invalidArgument(`cannot read '${path}': ${error instanceof Error ? error.message : error}`);
  });
  try {
    const stat = await handle.stat();
    if (!stat.isFile()) throw invalidArgument(`'${path}' is not a file`);
    if (stat.size === 0) throw invalidArgument(`'${path}' is empty`);
    const { buffer, bytesRead } = await handle.read(Buffer.alloc(16), 0, 16, 0);
    const found = formatOf(buffer.toString('hex', 0, bytesRead), path);
    if (format !== undefined && format !== found) {
      throw invalidArgument(`--format: '${path}' is ${found === 'qcow2' ? 'a qcow2 image' : 'no qcow2 image'}`, {
        field: '--format',
      });
    }
    return {
      handle,
      sizeBytes: stat.size,
      format: found,
      [Symbol.asyncDispose]: () => handle.close(),
    };
  } catch (error) {
    await handle.close();
    throw error;
  }
}

function formatOf(hex: string, path: string): DiskFormat {
  if (hex.startsWith(QCOW2_MAGIC)) return 'qcow2';
  const other = OTHERS.find(([magic]) => hex.startsWith(magic));
  if (other === undefined) return 'raw';
  const [, what, remedy] = other;
  throw invalidArgument(`'${path}' is ${what}, not a qcow2 or raw image`, { remedy });
}

/** The file's name without what it says of the format. */
export function imageNameOf(path: string): string {
  return basename(path).replace(/\.(qcow2|img|raw)$/i, '');
}
