/**
 * Writes a cpio archive in the "newc" format, which the kernel unpacks as its initramfs.
 * Source: Documentation/driver-api/early-userspace/buffer-format.rst of the kernel.
 */

const MODE_FILE = 0o100000;
const MODE_DIRECTORY = 0o040000;

function pad4(length) {
  return Buffer.alloc((4 - (length % 4)) % 4);
}

function member(name, mode, data, inode) {
  const nameBytes = Buffer.from(`${name}\0`);
  const fields = [inode, mode, 0, 0, 1, 0, data.length, 0, 0, 0, 0, nameBytes.length, 0];
  const header = Buffer.from(`070701${fields.map((field) => field.toString(16).padStart(8, '0')).join('')}`);
  return Buffer.concat([header, nameBytes, pad4(header.length + nameBytes.length), data, pad4(data.length)]);
}

/**
 * @param {readonly {path: string, data?: Buffer, mode?: number}[]} entries Without `data`: a directory. Parents come first.
 * @returns {Buffer} The archive; several may follow each other in one initramfs.
 */
export function cpio(entries) {
  const members = entries.map(({ path, data, mode }, index) =>
    data === undefined
      ? member(path, MODE_DIRECTORY | 0o755, Buffer.alloc(0), index + 1)
      : member(path, MODE_FILE | (mode ?? 0o644), data, index + 1),
  );
  const archive = Buffer.concat([...members, member('TRAILER!!!', 0, Buffer.alloc(0), 0)]);
  return Buffer.concat([archive, pad4(archive.length)]);
}
