import { setTimeout as delay } from 'node:timers/promises';
import { isErrorCode, KcoreError } from '../errors.ts';
import type { Notification, NotificationName } from '../methods.ts';
import { OpenStream, type StreamWire } from './byte-stream.ts';

/** Bytes in the socket above which no stream sends: half of what makes the controller wait with a NodeSpec. */
const FULL = 512 * 1024;
/** Milliseconds between looks at a full socket; no transport of ours says when it has room. */
const LOOK_MS = 5;

/** What streams need of their connection. */
export interface StreamLink {
  notify<N extends NotificationName>(name: N, params: Notification<N>): void;
  readonly buffered: number;
}

/**
 * The byte streams of one connection, by their numbers.
 *
 * Whoever opens a stream chooses its number and uses none twice, so a message that comes late meets no other stream. On every
 * connection of kcore one side alone opens streams: an admin, or the controller towards a node.
 */
export class Streams {
  readonly #link: StreamLink;
  readonly #most: number;
  readonly #open = new Map<number, OpenStream>();
  #last = 0;
  #room: Promise<void> | undefined;

  constructor(link: StreamLink, most: number) {
    this.#link = link;
    this.#most = most;
  }

  /** @throws {KcoreError} ResourceExhausted */
  open(): { readonly id: number; readonly stream: OpenStream } {
    this.#last += 1;
    return { id: this.#last, stream: this.accept(this.#last) };
  }

  /** For a call that came with a number. @throws {KcoreError} ResourceExhausted; InvalidArgument: the number is taken. */
  accept(id: number): OpenStream {
    if (this.#open.has(id)) throw new KcoreError('InvalidArgument', `stream ${id} is open already`);
    if (this.#open.size >= this.#most) {
      throw new KcoreError('ResourceExhausted', `${this.#most} streams are open on this connection`, {
        remedy: 'end one of them',
      });
    }
    const stream = new OpenStream(this.#wire(id), () => this.#open.delete(id));
    this.#open.set(id, stream);
    return stream;
  }

  /** A message for a stream that is not open is late, and says nothing to anybody. */
  data({ stream, bytes }: Notification<'stream.data'>): void {
    this.#open.get(stream)?.receive(bytes);
  }

  credit({ stream, bytes }: Notification<'stream.credit'>): void {
    this.#open.get(stream)?.receiveCredit(bytes);
  }

  end({ stream, error }: Notification<'stream.end'>): void {
    const reason =
      error && new KcoreError(isErrorCode(error.code) ? error.code : 'Internal', error.message, error.details ?? {});
    this.#open.get(stream)?.receiveEnd(reason);
  }

  /** The connection is over. */
  abandon(error: KcoreError): void {
    for (const stream of [...this.#open.values()]) stream.abandon(error);
  }

  #wire(id: number): StreamWire {
    const link = this.#link;
    return {
      data: (bytes) => link.notify('stream.data', { stream: id, bytes }),
      credit: (bytes) => link.notify('stream.credit', { stream: id, bytes }),
      end: (error) => {
        const said = error && { code: error.code, message: error.message, details: error.details };
        link.notify('stream.end', { stream: id, ...(said === undefined ? {} : { error: said }) });
      },
      get full() {
        return link.buffered > FULL;
      },
      room: () => this.#roomAgain(),
    };
  }

  /** One look for all that wait. */
  #roomAgain(): Promise<void> {
    this.#room ??= this.#watchRoom().finally(() => {
      this.#room = undefined;
    });
    return this.#room;
  }

  async #watchRoom(): Promise<void> {
    while (this.#link.buffered > FULL && this.#open.size > 0) await delay(LOOK_MS);
  }
}
