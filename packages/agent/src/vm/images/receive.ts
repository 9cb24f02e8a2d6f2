import { createHash } from 'node:crypto';
import { open } from 'node:fs/promises';
import { type Digest, type DiskFormat, invalidArgument } from '@kcore/contract';
import { HEAD_BYTES, unfitness } from './qcow2.ts';
import { requireRoom, roomError } from './room.ts';
import { writeSparse } from './sparse-file.ts';

/** An image as its sender describes it. */
export interface Announced {
  readonly name: string;
  readonly format: DiskFormat;
  readonly sizeBytes: number;
  /** 64 hexadecimal digits. */
  readonly sha256?: string;
}

/**
 * Writes an image to `draft` as it comes, and resolves with its digest when it is whole and what it was said to be.
 * The draft is the caller's to delete.
 * @throws {KcoreError} InvalidArgument: another size, digest or format; ResourceExhausted: no room.
 */
export async function receiveImage(
  announced: Announced,
  bytes: AsyncIterable<Uint8Array>,
  draft: string,
  signal: AbortSignal,
): Promise<Digest> {
  try {
    const digest = await write(announced, bytes, draft, signal);
    const { sha256, name } = announced;
    if (sha256 !== undefined && digest !== `sha256:${sha256.toLowerCase()}`) {
      throw invalidArgument(`image '${name}' is not what was announced: its digest is ${digest}, not sha256:${sha256}`);
    }
    return digest;
  } catch (error) {
    throw roomError(error, draft, `image '${announced.name}'`);
  }
}

async function write(
  { name, format, sizeBytes }: Announced,
  bytes: AsyncIterable<Uint8Array>,
  draft: string,
  signal: AbortSignal,
): Promise<Digest> {
  const hash = createHash('sha256');
  const file = await open(draft, 'wx', 0o644);
  try {
    // Of a raw image, the holes need none.
    if (format === 'qcow2') await requireRoom(draft, sizeBytes, `image '${name}'`);
    const seen = { size: 0, head: Buffer.alloc(0), checked: false };
    const check = (): void => {
      const why = unfitness(seen.head, format);
      if (why !== undefined) throw invalidArgument(`image '${name}' ${why}`, { field: 'format' });
      seen.checked = true;
    };
    for await (const chunk of bytes) {
      signal.throwIfAborted();
      if (!seen.checked) seen.head = Buffer.concat([seen.head, chunk.subarray(0, HEAD_BYTES)]);
      if (!seen.checked && seen.head.length >= HEAD_BYTES) check();
      if (seen.size + chunk.length > sizeBytes) throw wrongSize(name, `more than the ${sizeBytes} bytes announced`);
      hash.update(chunk);
      await writeSparse(file, chunk, seen.size);
      seen.size += chunk.length;
    }
    signal.throwIfAborted();
    if (seen.size < sizeBytes) throw wrongSize(name, `${seen.size} of the ${sizeBytes} bytes announced`);
    if (!seen.checked) check();
    await file.truncate(sizeBytes);
  } finally {
    await file.close();
  }
  return `sha256:${hash.digest('hex')}` as Digest;
}

function wrongSize(name: string, came: string): Error {
  return invalidArgument(`image '${name}' did not come whole: ${came}; send it again`, { field: 'sizeBytes' });
}
