import { ClosedError } from '../error.ts';
import { ECANCELED } from '../uapi/errno.ts';
import { loadAddon, type NativeDescriptor, type NativePort, type NativeResult } from './addon.ts';

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
  /** The namespace it comes from; absent: the socket's own. */
  readonly netnsId?: number;
}

/** As in native/netlink_port.h. */
const OWN_NAMESPACE = -1;

export interface ReceivedBatch {
  /** Not 0: there will be no more; ECANCELED after `cancel`. */
  readonly end: number;
  readonly items: readonly Received[];
}

/** A netlink socket and its native thread. Whoever made it closes it. */
export class Port implements AsyncDisposable {
  readonly #addon = loadAddon();
  readonly #port: NativePort;
  #closing: Promise<void> | undefined;

  /** Takes the descriptor; when it throws, that is closed. */
  constructor(opened: { readonly descriptor: NativeDescriptor }) {
    this.#port = this.#addon.start(opened.descriptor);
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
  for (let at = 1; at + 1 < numbers.length; at += 2) {
    const length = numbers[at] ?? 0;
    const netnsId = numbers[at + 1] ?? OWN_NAMESPACE;
    const data = new Uint8Array(bytes, offset, Math.max(length, 0));
    items.push({ errno: Math.max(-length, 0), data, ...(netnsId === OWN_NAMESPACE ? {} : { netnsId }) });
    offset += data.byteLength;
  }
  return { end: numbers[0] ?? ECANCELED, items };
}
