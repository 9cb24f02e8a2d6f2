import { withResolvers } from '../channel.ts';
import { KcoreError } from '../errors.ts';
import { ByteQueue } from './byte-queue.ts';

/**
 * Bytes both ways beside the calls of a connection. A call whose parameters have a `stream` opens one.
 *
 * Each direction has credit: the writer may send `STREAM_WINDOW` bytes, and as many more as the reader says it has taken.
 * So what waits for a slow reader is bounded on both sides, and goes on being bounded when the other side does not keep to
 * it: then the stream fails, and nothing else. Bytes travel in chunks of `STREAM_CHUNK`, and only while the socket is not
 * full, so that calls and notifications of the same connection are not held up behind them.
 */

/** Bytes of one direction that may be under way or wait to be read, as both sides know from the beginning. */
export const STREAM_WINDOW = 256 * 1024;
/** Most bytes in one message; 64 KiB as base64. */
export const STREAM_CHUNK = 48 * 1024;
/** The reader says what it took when it is this much, bytes. */
const GRANT = STREAM_WINDOW / 4;
/** Credit beyond this is not kept in mind, bytes, however much is granted. */
const CREDIT_MOST = 16 * 1024 * 1024;

/** One end of a stream. Each side reads and writes; one direction may end before the other. */
export interface ByteStream {
  /**
   * What the other side wrote; for one reader. Ends when that side has ended its direction. When the stream failed, what had
   * arrived is read first, and then it throws why; of one that failed on this side, nothing more is read.
   */
  readonly readable: AsyncIterable<Uint8Array>;
  /**
   * Resolves when all bytes are sent, which waits for the other side to read; several wait in their order.
   * @throws {KcoreError} why the stream failed; FailedPrecondition after `end()`.
   */
  write(bytes: Uint8Array): Promise<void>;
  /** After what was written before, nothing follows. The other direction goes on. */
  end(): void;
  /** Ends both directions at once; the other side is told why. Does nothing when the stream is over. */
  fail(error: KcoreError): void;
  /** Resolves when both directions have ended, with the error when it failed. Never rejects. */
  readonly closed: Promise<KcoreError | undefined>;
}

/** How a stream reaches its other end. All but `full` throw when the connection is closed. */
export interface StreamWire {
  data(base64: string): void;
  credit(bytes: number): void;
  end(error: KcoreError | undefined): void;
  /** The socket holds as much as it should. */
  readonly full: boolean;
  /** Resolves when it may have room. */
  room(): Promise<void>;
}

export class OpenStream implements ByteStream {
  readonly #wire: StreamWire;
  readonly #inbox = new ByteQueue();
  readonly #over = withResolvers<KcoreError | undefined>();
  readonly #onOver: () => void;
  /** Writes and the end, one after the other. Never rejects. */
  #writing: Promise<unknown> = Promise.resolve();
  /** Bytes that we may send. */
  #credit = STREAM_WINDOW;
  /** Bytes that they may send. */
  #allowed = STREAM_WINDOW;
  /** Bytes that were read and not yet granted again. */
  #taken = 0;
  #ending = false;
  #sendEnded = false;
  #receiveEnded = false;
  #isOver = false;
  #failure: KcoreError | undefined;
  #wakeWriter: (() => void) | undefined;
  #wakeReader: (() => void) | undefined;

  /** `onOver` is called once, before `closed` resolves. */
  constructor(wire: StreamWire, onOver: () => void) {
    this.#wire = wire;
    this.#onOver = onOver;
  }

  get closed(): Promise<KcoreError | undefined> {
    return this.#over.promise;
  }

  get readable(): AsyncIterable<Uint8Array> {
    return { [Symbol.asyncIterator]: () => this.#read() };
  }

  write(bytes: Uint8Array): Promise<void> {
    if (this.#ending) {
      const error = this.#failure ?? new KcoreError('FailedPrecondition', 'the stream was ended; nothing can follow');
      return Promise.reject(error);
    }
    const written = this.#writing.then(() => this.#transmit(bytes));
    this.#writing = written.catch(() => {});
    return written;
  }

  end(): void {
    if (this.#ending) return;
    this.#ending = true;
    this.#writing = this.#writing.then(() => {
      if (this.#isOver) return;
      this.#tell(() => this.#wire.end(undefined));
      this.#sendEnded = true;
      this.#finishWhenOver();
    });
  }

  fail(error: KcoreError): void {
    if (this.#isOver) return;
    this.#inbox.clear();
    this.#tell(() => this.#wire.end(error));
    this.abandon(error);
  }

  /** As `fail`, when the other side knows, or is not there. */
  abandon(error: KcoreError): void {
    this.#ending = true;
    this.#finish(error);
  }

  /** The other side sent bytes. */
  receive(base64: string): void {
    const bytes = this.#judged(base64);
    if (typeof bytes === 'string') {
      this.fail(new KcoreError('InvalidArgument', `the byte stream broke the protocol: ${bytes}`));
      return;
    }
    // Nothing would cost no credit, and there can be any number of it.
    if (bytes.length === 0) return;
    this.#allowed -= bytes.length;
    this.#inbox.push(bytes);
    this.#wakeReader?.();
  }

  /** The other side took bytes. */
  receiveCredit(bytes: number): void {
    this.#credit = Math.min(this.#credit + bytes, CREDIT_MOST);
    this.#wakeWriter?.();
  }

  /** The other side sends no more, or gave up. */
  receiveEnd(error: KcoreError | undefined): void {
    if (error === undefined) {
      this.#receiveEnded = true;
      this.#wakeReader?.();
      this.#finishWhenOver();
    } else {
      this.abandon(error);
    }
  }

  async *#read(): AsyncGenerator<Uint8Array, undefined> {
    for (;;) {
      const bytes = this.#inbox.shift();
      if (bytes !== undefined) {
        this.#grant(bytes.length);
        yield bytes;
      } else if (this.#failure !== undefined) {
        throw this.#failure;
      } else if (this.#receiveEnded) {
        return undefined;
      } else {
        await new Promise<void>((resolve) => {
          this.#wakeReader = resolve;
        });
      }
    }
  }

  #grant(bytes: number): void {
    this.#taken += bytes;
    if (this.#taken < GRANT || this.#receiveEnded || this.#isOver) return;
    const granted = this.#taken;
    this.#taken = 0;
    this.#allowed += granted;
    this.#tell(() => this.#wire.credit(granted));
  }

  async #transmit(bytes: Uint8Array): Promise<void> {
    await this.#mayWrite(bytes.length);
    for (let at = 0; at < bytes.length; ) {
      await this.#mayWrite(bytes.length - at);
      const part = bytes.subarray(at, at + Math.min(STREAM_CHUNK, this.#credit));
      at += part.length;
      this.#credit -= part.length;
      this.#tell(() => this.#wire.data(toBase64(part)));
    }
  }

  async #mayWrite(wanted: number): Promise<void> {
    for (;;) {
      if (this.#failure !== undefined) throw this.#failure;
      if (wanted === 0) return;
      if (this.#credit === 0) {
        await new Promise<void>((resolve) => {
          this.#wakeWriter = resolve;
        });
      } else if (this.#wire.full) {
        await this.#wire.room();
      } else {
        return;
      }
    }
  }

  /** The bytes, or what is wrong with them. */
  #judged(base64: string): Uint8Array | string {
    if (this.#receiveEnded) return 'bytes came after the end';
    const beyond = 'more came than may be sent';
    // Three bytes are four characters: what is far too long is not even decoded.
    if (base64.length / 4 > this.#allowed / 3 + 1) return beyond;
    const bytes = Buffer.from(base64, 'base64');
    if (bytes.length !== decodedLength(base64)) return 'bytes are not base64';
    return bytes.length > this.#allowed ? beyond : bytes;
  }

  /** On a closed connection nothing is said; its end reaches the stream by itself. */
  #tell(send: () => void): void {
    try {
      send();
    } catch (error) {
      const why = 'the connection is closed';
      this.abandon(error instanceof KcoreError ? error : new KcoreError('Unavailable', why, {}, error));
    }
  }

  #finishWhenOver(): void {
    if (this.#sendEnded && this.#receiveEnded) this.#finish(undefined);
  }

  #finish(error: KcoreError | undefined): void {
    if (this.#isOver) return;
    this.#isOver = true;
    this.#failure = error;
    this.#onOver();
    this.#over.resolve(error);
    this.#wakeReader?.();
    this.#wakeWriter?.();
  }
}

function toBase64(bytes: Uint8Array): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('base64');
}

/** Bytes that padded base64 of this length must give; Node leaves out what is not of the alphabet. */
function decodedLength(base64: string): number {
  const padding = base64.endsWith('==') ? 2 : base64.endsWith('=') ? 1 : 0;
  return (base64.length / 4) * 3 - padding;
}
