import type { LoopSocket, Received } from '../native/loop-socket.ts';
import { systemError } from '../native/task.ts';
import { ECANCELED, ENETDOWN, ENODEV } from '../uapi/errno.ts';

/**
 * Batches until the signal aborts, the socket is closed or its device is gone; the last two only end it, because that
 * is how devices of guests end.
 */
export async function* receiveBatches<T>(
  socket: LoopSocket,
  operation: string,
  present: (item: Received) => T,
  signal?: AbortSignal,
): AsyncGenerator<readonly T[]> {
  const cancel = (): void => socket.cancel();
  signal?.addEventListener('abort', cancel);
  try {
    while (signal?.aborted !== true) {
      const { end, items } = await socket.receive();
      if (items.length > 0) yield items.map(present);
      if (end === ECANCELED || end === ENETDOWN || end === ENODEV) return;
      if (end !== 0) throw systemError(operation, end);
    }
  } finally {
    signal?.removeEventListener('abort', cancel);
    socket.cancel();
  }
}
