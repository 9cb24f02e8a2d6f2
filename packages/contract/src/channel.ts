import { KcoreError } from './errors.ts';
import { MessageQueue } from './message-queue.ts';

/** Why a channel ended. Codes are those of WebSocket close frames (RFC 6455 §7.4); 1006: lost without a close frame. */
export interface ChannelClosed {
  readonly code: number;
  readonly reason: string;
}

/** Close codes of our own, from the range that RFC 6455 leaves to applications. */
export const closeCodes = {
  normal: 1000,
  goingAway: 1001,
  protocolError: 1002,
  lost: 1006,
  /** The caller may not be here: its node was deleted, or its certificate names another. Trying again does not help. */
  denied: 4403,
  /** A newer session of the same node took its place. */
  replaced: 4409,
  /** It did not read what it was sent. */
  tooSlow: 4429,
} as const;

/** Whole text messages, in order, both ways. */
export interface Channel {
  /**
   * Queues one message.
   * @throws {KcoreError} Unavailable when the channel is closed.
   */
  send(text: string): void;
  /** Bytes that `send` took and the transport has not: what a slow reader makes us keep. */
  readonly buffered: number;
  /** For one reader. Ends when the channel does; what arrived before is read first. */
  readonly messages: AsyncIterable<string>;
  /** Idempotent. */
  close(code?: number, reason?: string): void;
  /** Resolves when the channel has ended, whoever ended it. Never rejects. */
  readonly closed: Promise<ChannelClosed>;
}

/** One end of a pair; `far` is where what it sends arrives. */
class MemoryChannel implements Channel {
  readonly #near: MessageQueue;
  readonly #far: MessageQueue;
  readonly #ending: Ending;

  constructor(near: MessageQueue, far: MessageQueue, ending: Ending) {
    this.#near = near;
    this.#far = far;
    this.#ending = ending;
  }

  get closed(): Promise<ChannelClosed> {
    return this.#ending.promise;
  }

  get buffered(): number {
    return this.#far.characters;
  }

  get messages(): AsyncIterable<string> {
    return this.#near;
  }

  send(text: string): void {
    if (this.#far.ended) throw closedError();
    this.#far.push(text);
  }

  close(code: number = closeCodes.normal, reason = ''): void {
    this.#near.end();
    this.#far.end();
    this.#ending.resolve({ code, reason });
  }
}

type Ending = ReturnType<typeof withResolvers<ChannelClosed>>;

/** Two ends in one process. `buffered` counts what the other end has not read yet, as a full socket would. */
export function channelPair(): readonly [Channel, Channel] {
  const one = new MessageQueue(Number.POSITIVE_INFINITY, () => {});
  const two = new MessageQueue(Number.POSITIVE_INFINITY, () => {});
  const ending: Ending = withResolvers<ChannelClosed>();
  return [new MemoryChannel(one, two, ending), new MemoryChannel(two, one, ending)];
}

export function closedError(): KcoreError {
  return new KcoreError('Unavailable', 'the connection is closed');
}

/** Promise.withResolvers, which Node 20 does not have. */
export function withResolvers<T>(): {
  readonly promise: Promise<T>;
  readonly resolve: (value: T) => void;
  readonly reject: (error: unknown) => void;
} {
  let resolve: (value: T) => void = () => {};
  let reject: (error: unknown) => void = () => {};
  const promise = new Promise<T>((onResolve, onReject) => {
    resolve = onResolve;
    reject = onReject;
  });
  return { promise, resolve, reject };
}
