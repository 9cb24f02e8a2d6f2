import type { LoopSocket } from '../native/loop-socket.ts';
import { systemError } from '../native/task.ts';
import { EAGAIN, ENOBUFS } from '../uapi/errno.ts';

export interface Outgoing {
  readonly data: Uint8Array;
  /** UDP only: destination. */
  readonly address?: number;
  readonly port?: number;
}

/** Packets one after the other, as the native side takes them. */
interface Gathered {
  readonly bytes: Uint8Array;
  /** Length, address and port of each. */
  readonly packets: Int32Array;
}

/** A full send buffer is tried again after so long, and so often at most without any progress. */
const RETRY_MILLISECONDS = 5;
const ATTEMPTS = 20;

function totalOf(batch: readonly Outgoing[]): number {
  let total = 0;
  for (const { data } of batch) total += data.byteLength;
  return total;
}

function roomFor(batch: readonly Outgoing[], spare: Gathered | undefined): Gathered {
  const total = totalOf(batch);
  const words = 3 * batch.length;
  if (spare !== undefined && spare.bytes.length >= total && spare.packets.length >= words) return spare;
  return { bytes: new Uint8Array(2 * total), packets: new Int32Array(2 * words) };
}

function fill({ bytes, packets }: Gathered, batch: readonly Outgoing[]): void {
  let offset = 0;
  let at = 0;
  for (const { data, address = 0, port = 0 } of batch) {
    bytes.set(data, offset);
    offset += data.byteLength;
    packets[at] = data.byteLength;
    packets[at + 1] = address;
    packets[at + 2] = port;
    at += 3;
  }
}

/** Hands batches to the kernel in the turn they come, with one copy into a buffer that is used again. */
export class Sender {
  readonly #socket: LoopSocket;
  readonly #operation: string;
  #spare: Gathered | undefined;

  constructor(socket: LoopSocket, operation: string) {
    this.#socket = socket;
    this.#operation = operation;
  }

  /**
   * Resolves with how many the kernel took, in order.
   * @throws {SystemError} It took none: ENETDOWN, ENODEV, EPERM, EMSGSIZE.
   */
  async send(batch: readonly Outgoing[]): Promise<number> {
    if (batch.length === 0) return 0;
    const gathered = roomFor(batch, this.#spare);
    this.#spare = undefined;
    fill(gathered, batch);
    let sent = 0;
    let offset = 0;
    let attempt = 0;
    while (sent < batch.length) {
      const { bytes, packets } = gathered;
      const rest = batch.length - sent;
      const took = this.#socket.send(
        offset === 0 ? bytes : bytes.subarray(offset),
        sent === 0 ? packets : packets.subarray(3 * sent),
        rest,
      );
      for (let index = 0; index < took; index += 1) offset += packets[3 * (sent + index)] ?? 0;
      sent += Math.max(took, 0);
      // After some were taken, what is wrong with the next is found out by sending that.
      if (took >= 0) {
        attempt = 0;
        continue;
      }
      attempt += 1;
      if (attempt > ATTEMPTS || (took !== -EAGAIN && took !== -ENOBUFS)) {
        if (sent === 0) throw systemError(this.#operation, -took);
        break;
      }
      await new Promise((resolve) => setTimeout(resolve, RETRY_MILLISECONDS));
    }
    this.#spare = gathered;
    return sent;
  }
}
