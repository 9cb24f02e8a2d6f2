import type { Readable, Writable } from 'node:stream';
import type { ByteStream } from '@kcore/contract';
import { rawMode } from './raw-mode.ts';
import { writeAll } from './write-all.ts';

/** Bytes that may be typed and not taken. */
const TYPED_AHEAD = 64 * 1024;

export interface Attachment {
  readonly stdin: Readable;
  readonly stdout: Writable;
  /** The byte that detaches; looked for at a terminal only, since a pipe may carry any. */
  readonly detachByte?: number;
  /** Resolves when this program is asked to end. */
  readonly interrupted: Promise<void>;
  /** Called when keys go through: a Ctrl-C from then on is the guest's. */
  readonly onAttached: () => void;
}

/**
 * Joins a terminal, or a pipe, to a console. `ended`: the other side has no more to say. The terminal is as it was before when
 * this resolves or rejects. The end of a pipe is the end of what is typed only.
 * @throws {KcoreError} why the stream failed
 */
export async function attach(
  stream: ByteStream,
  { stdin, stdout, detachByte, interrupted, onAttached }: Attachment,
): Promise<'detached' | 'ended' | 'interrupted'> {
  using _raw = rawMode(stdin);
  onAttached();
  const detached = new Promise<'detached'>((resolve) => {
    void typed(stream, stdin, detachByte).then((wasDetached) => {
      if (wasDetached) resolve('detached');
    });
  });
  return await Promise.race([shown(stream, stdout), detached, interrupted.then(() => 'interrupted' as const)]);
}

async function shown(stream: ByteStream, stdout: Writable): Promise<'ended'> {
  for await (const bytes of stream.readable) await writeAll(stdout, bytes);
  return 'ended';
}

/** Resolves with whether the detach key was pressed. Never rejects: why the stream failed is what `shown` meets. */
async function typed(stream: ByteStream, stdin: Readable, detachByte: number | undefined): Promise<boolean> {
  const waiting = { bytes: 0 };
  try {
    for await (const chunk of stdin.iterator({ destroyOnReturn: false })) {
      const bytes: Uint8Array = typeof chunk === 'string' ? Buffer.from(chunk) : chunk;
      const at = detachByte === undefined ? -1 : bytes.indexOf(detachByte);
      const written = send(stream, at < 0 ? bytes : bytes.subarray(0, at), waiting);
      if (at >= 0) return true;
      if (detachByte === undefined) await written;
    }
    stream.end();
  } catch {}
  return false;
}

/** A guest that does not read must not keep the detach key from being seen, so beyond a bound keys are dropped, as a terminal does. */
async function send(stream: ByteStream, bytes: Uint8Array, waiting: { bytes: number }): Promise<void> {
  if (waiting.bytes > TYPED_AHEAD) return;
  waiting.bytes += bytes.length;
  // A stream that failed is what `shown` meets.
  await stream.write(bytes).catch(() => {});
  waiting.bytes -= bytes.length;
}
