import type { Port } from '../native/port.ts';
import { systemError } from '../native/task.ts';

export interface Outgoing {
  readonly data: Uint8Array;
  /** UDP only: destination. */
  readonly address?: number;
  readonly port?: number;
}

/**
 * Hands a batch to the kernel in order. Resolves with how many it took.
 * @throws {SystemError} It took none: ENETDOWN, ENODEV, EPERM, EMSGSIZE.
 */
export async function sendBatch(port: Port, operation: string, batch: readonly Outgoing[]): Promise<number> {
  if (batch.length === 0) return 0;
  const bytes = new Uint8Array(batch.reduce((sum, one) => sum + one.data.byteLength, 0));
  const packets = new Int32Array(batch.length * 3);
  let offset = 0;
  for (const [index, { data, address, port: destination }] of batch.entries()) {
    bytes.set(data, offset);
    offset += data.byteLength;
    packets.set([data.byteLength, address ?? 0, destination ?? 0], index * 3);
  }
  const { sent, errno } = await port.send(bytes, packets);
  if (sent === 0 && errno !== 0) throw systemError(operation, errno);
  return sent;
}
