import type { Writable } from 'node:stream';

/** Waits where the reader of our output is slow, so that the sender waits, too. */
export async function writeAll(output: Writable, bytes: Uint8Array): Promise<void> {
  if (output.write(bytes)) return;
  await new Promise<void>((resolve) => {
    output.once('drain', resolve);
    output.once('close', resolve);
  });
}
