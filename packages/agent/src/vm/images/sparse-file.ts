import type { FileHandle } from 'node:fs/promises';

/** What is left out of a file when all of it is zero, bytes: a multiple of every file system's block. */
const HOLE = 64 * 1024;
const zeros = Buffer.alloc(HOLE);

/** Writes bytes at a place of a new file, less the zeros, which a file system need not keep. Set the file's length afterwards. */
export async function writeSparse(file: FileHandle, bytes: Uint8Array, at: number): Promise<void> {
  let begun = 0;
  const flush = async (end: number): Promise<void> => {
    for (let from = begun; from < end; ) from += (await file.write(bytes, from, end - from, at + from)).bytesWritten;
  };
  for (let from = 0; from < bytes.length; from += HOLE) {
    const end = Math.min(bytes.length, from + HOLE);
    if (zeros.compare(bytes, from, end, 0, end - from) !== 0) continue;
    await flush(from);
    begun = end;
  }
  await flush(bytes.length);
}
