import { ClosedError } from '../error.ts';
import { ECANCELED } from '../uapi/errno.ts';
import { loadAddon, type NativePort, type NativeResult } from './addon.ts';

/** As in native/kcore_netlink.cc. */
export const NETLINK_PORT = 0;
export const UDP_PORT = 1;
export const PACKET_PORT = 2;

/** What one chunk brought: errno of its sendmsg, errno of receiving (ENOBUFS: answers are lost), and the datagrams. */
export interface ChunkReply {
  readonly sendErrno: number;
  readonly receiveErrno: number;
  readonly datagrams: readonly Uint8Array[];
}

/** A received datagram, or the errno that came in its place (ENOBUFS: some before the next one are lost). */
export interface Received {
  readonly errno: number;
  readonly data: Uint8Array;
  /** UDP only: source address as a number, and port. */
  readonly address: number;
  readonly port: number;
}

export interface ReceivedBatch {
  /** Not 0: there will be no more; ENETDOWN or ENODEV when the device is gone, ECANCELED after `cancel`. */
  readonly end: number;
  readonly items: readonly Received[];
}

/** A descriptor and its native thread. Whoever made it closes it. */
export class Port implements AsyncDisposable {
  readonly #addon = loadAddon();
  readonly #port: NativePort;
  #closing: Promise<void> | undefined;

  constructor(
    kind: number,
    opened: { readonly descriptor: number; readonly watch?: number; readonly ifindex?: number },
  ) {
    this.#port = this.#addon.start(opened.descriptor, kind, opened.watch ?? -1, opened.ifindex ?? 0);
  }

  /** Sends each chunk and drains its answers before the next. @throws {ClosedError} Nothing was sent. */
  async transact(bytes: Uint8Array, lengths: Int32Array): Promise<readonly ChunkReply[]> {
    this.#refuseClosed();
    return chunkReplies(await this.#addon.transact(this.#port, bytes, lengths), lengths.length);
  }

  /** Waits until something is there. One at a time. */
  async receive(): Promise<ReceivedBatch> {
    if (this.#closing !== undefined) return { end: ECANCELED, items: [] };
    return receivedBatch(await this.#addon.receive(this.#port));
  }

  /** Ends a receive that waits. */
  cancel(): void {
    if (this.#closing === undefined) this.#addon.cancelReceive(this.#port);
  }

  /** `packets` has length, address and port of each. Resolves with how many the kernel took and why not the next one. */
  async send(bytes: Uint8Array, packets: Int32Array): Promise<{ readonly sent: number; readonly errno: number }> {
    this.#refuseClosed();
    const [, meta] = await this.#addon.send(this.#port, bytes, packets);
    const [sent, errno] = new Int32Array(meta);
    if (sent === undefined || errno === undefined) throw closed();
    return { sent, errno };
  }

  [Symbol.asyncDispose](): Promise<void> {
    this.#closing ??= this.#addon.stop(this.#port);
    return this.#closing;
  }

  #refuseClosed(): void {
    if (this.#closing !== undefined) throw closed();
  }
}

function closed(): ClosedError {
  return new ClosedError('the socket is closed');
}

function chunkReplies([bytes, meta]: NativeResult, chunks: number): readonly ChunkReply[] {
  if (meta.byteLength === 0 && chunks > 0) throw closed();
  const numbers = new Int32Array(meta);
  const replies: ChunkReply[] = [];
  let at = 0;
  let offset = 0;
  while (at < numbers.length) {
    const [sendErrno = 0, receiveErrno = 0, count = 0] = numbers.subarray(at, at + 3);
    const datagrams: Uint8Array[] = [];
    for (const length of numbers.subarray(at + 3, at + 3 + count)) {
      datagrams.push(new Uint8Array(bytes, offset, length));
      offset += length;
    }
    at += 3 + count;
    replies.push({ sendErrno, receiveErrno, datagrams });
  }
  return replies;
}

function receivedBatch([bytes, meta]: NativeResult): ReceivedBatch {
  const numbers = new Int32Array(meta);
  const items: Received[] = [];
  let offset = 0;
  for (let at = 1; at + 2 < numbers.length; at += 3) {
    const [length = 0, address = 0, port = 0] = numbers.subarray(at, at + 3);
    const size = Math.max(length, 0);
    items.push({ errno: Math.max(-length, 0), data: new Uint8Array(bytes, offset, size), address, port });
    offset += size;
  }
  return { end: numbers[0] ?? ECANCELED, items };
}
