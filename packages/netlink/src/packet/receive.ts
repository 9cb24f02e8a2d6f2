import type { Port, Received } from '../native/port.ts';
import { systemError } from '../native/task.ts';
import { ECANCELED, ENETDOWN, ENODEV } from '../uapi/errno.ts';

/**
 * Batches until the signal aborts, the socket is closed or its device is gone; the last two only end it, because that
 * is how devices of guests end.
 */
export async function* receiveBatches(
  port: Port,
  operation: string,
  signal?: AbortSignal,
): AsyncGenerator<readonly Received[]> {
  const cancel = (): void => port.cancel();
  signal?.addEventListener('abort', cancel);
  try {
    while (signal?.aborted !== true) {
      const { end, items } = await port.receive();
      if (items.length > 0) yield items;
      if (end === ECANCELED || end === ENETDOWN || end === ENODEV) return;
      if (end !== 0) throw systemError(operation, end);
    }
  } finally {
    signal?.removeEventListener('abort', cancel);
  }
}
