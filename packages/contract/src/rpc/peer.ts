import * as v from 'valibot';
import { type Channel, type ChannelClosed, closeCodes, withResolvers } from '../channel.ts';
import { check, issuesOf } from '../check.ts';
import { KcoreError } from '../errors.ts';
import {
  type MethodName,
  methods,
  type Notification,
  type NotificationName,
  notifications,
  opensStream,
  type Params,
  type Result,
  type StreamMethodName,
} from '../methods.ts';
import type { ByteStream, OpenStream } from './byte-stream.ts';
import { asKcoreError, lostError, streamLostError } from './call-errors.ts';
import {
  decodeFrame,
  encodeFailure,
  encodeNotification,
  encodeProtocolError,
  encodeRequest,
  encodeSuccess,
  type Frame,
  METHOD_NOT_FOUND,
} from './envelope.ts';
import { Streams } from './streams.ts';

export interface CallOptions {
  /** Gives up waiting. What the other side does with the call is then unknown. */
  readonly signal?: AbortSignal;
  /** Milliseconds; 30,000 unless told. Infinity: as long as the connection stands. */
  readonly timeoutMs?: number;
}

/** A call that opened a byte stream. The stream can be used at once, and may outlive the call; it does not outlive its failure. */
export interface StreamCall<M extends StreamMethodName> {
  readonly stream: ByteStream;
  readonly result: Promise<Result<M>>;
}

export interface PeerOptions {
  /** Calls of ours that may wait for an answer at once. */
  readonly maxPending?: number;
  /** Calls of theirs that are served at once; more wait in the socket. */
  readonly maxServing?: number;
  /** Byte streams open at once; 256 unless told. Each may keep `STREAM_WINDOW` bytes here. */
  readonly maxStreams?: number;
  /** Told of what would otherwise be lost: a handler's bug, a malformed frame. The peer itself does not log. */
  readonly onProblem?: (event: string, error: unknown) => void;
}

type Answer<M extends MethodName> = Result<M> | Promise<Result<M>>;
/** The stream is the handler's to end, in both directions, unless it throws. */
type Handler<M extends MethodName> = M extends StreamMethodName
  ? (params: Params<M>, stream: ByteStream) => Answer<M>
  : (params: Params<M>) => Answer<M>;
export type Handlers = { readonly [M in MethodName]?: Handler<M> };
type AnyHandler = (params: unknown, stream: ByteStream | undefined) => unknown;

interface Pending {
  readonly method: MethodName;
  readonly settle: (outcome: { readonly result: unknown } | { readonly error: KcoreError }) => void;
}

const DEFAULT_TIMEOUT_MS = 30_000;
const DEFAULT_STREAMS = 256;

/**
 * One end of a connection: calls the other side's methods, serves its own, sends and receives notifications.
 * Both ends check parameters, results and notifications with the schemas of the one method table.
 *
 * Messages are looked at in the order they came; a handler that is asynchronous does not hold up the next message.
 * Whatever the other side sends, the worst that happens is that the connection is closed.
 *
 * Long for one file, because a call and its answer, both ways, share the state of one connection; what can stand alone does.
 */
export class Peer {
  readonly #channel: Channel;
  readonly #maxPending: number;
  readonly #maxServing: number;
  readonly #onProblem: (event: string, error: unknown) => void;
  readonly #pending = new Map<number, Pending>();
  readonly #handlers = new Map<string, AnyHandler>();
  readonly #listeners = new Map<string, Set<(params: unknown) => void>>();
  readonly #streams: Streams;
  #nextId = 1;
  #serving = 0;
  #servingFell: (() => void) | undefined;
  #ended: ChannelClosed | undefined;

  /** Reading begins after the current turn, so that `serve` and `onNotification` called at once miss nothing. */
  constructor(channel: Channel, options: PeerOptions = {}) {
    this.#channel = channel;
    this.#maxPending = options.maxPending ?? 1024;
    this.#maxServing = options.maxServing ?? 256;
    this.#onProblem = options.onProblem ?? (() => {});
    this.#streams = new Streams(this, options.maxStreams ?? DEFAULT_STREAMS);
    this.onNotification('stream.data', (data) => this.#streams.data(data));
    this.onNotification('stream.credit', (credit) => this.#streams.credit(credit));
    this.onNotification('stream.end', (end) => this.#streams.end(end));
    queueMicrotask(() => void this.#read());
    void channel.closed.then((closed) => this.#end(closed));
  }

  /** Resolves when the connection has ended. Never rejects. */
  get closed(): Promise<ChannelClosed> {
    return this.#channel.closed;
  }

  /** Bytes sent that the transport has not taken. */
  get buffered(): number {
    return this.#channel.buffered;
  }

  close(code: number = closeCodes.normal, reason = ''): void {
    this.#channel.close(code, reason);
  }

  /** Adds handlers; one method has one. What a handler throws as a KcoreError reaches the caller; anything else is Internal. */
  serve(handlers: Handlers): void {
    for (const [name, handler] of Object.entries(handlers)) this.#handlers.set(name, handler as AnyHandler);
  }

  /** Returns how to stop listening. */
  onNotification<N extends NotificationName>(name: N, listener: (params: Notification<N>) => void): () => void {
    const listeners = this.#listeners.get(name) ?? new Set();
    this.#listeners.set(name, listeners);
    const untyped = listener as (params: unknown) => void;
    listeners.add(untyped);
    return () => listeners.delete(untyped);
  }

  /**
   * @throws {KcoreError} Unavailable when the connection is closed, lost or has too many calls under way;
   * DeadlineExceeded when time is up; Aborted by the signal; else what the other side says.
   * `details.outcome` is `'unknown'` when the call was sent and its effect cannot be known: a mutating call may then
   * be repeated with the same request id.
   */
  async call<M extends MethodName>(method: M, params: Params<M>, options: CallOptions = {}): Promise<Result<M>> {
    const checked = check<v.GenericSchema>(methods[method].params, params);
    if (options.signal?.aborted === true) throw new KcoreError('Aborted', `${method} was aborted before it was sent`);
    if (this.#ended !== undefined) throw lostError(method, this.#ended, false);
    if (this.#pending.size >= this.#maxPending) {
      throw new KcoreError('Unavailable', `${this.#maxPending} calls are already waiting for an answer`);
    }
    return (await this.#transmit(method, checked, options)) as Result<M>;
  }

  /**
   * A call with a byte stream. When the call fails, is given up or aborted by the signal, the stream fails at both ends; the
   * signal counts for as long as the stream is open.
   * @throws {KcoreError} ResourceExhausted when too many streams are open. Everything else is the result's to reject with.
   */
  openStream<M extends StreamMethodName>(
    method: M,
    params: Omit<Params<M>, 'stream'>,
    options: CallOptions = {},
  ): StreamCall<M> {
    const { id, stream } = this.#streams.open();
    // The type cannot say that what was left out is put in again.
    const result = this.call(method, { ...params, stream: id } as unknown as Params<M>, options);
    result.catch((error: unknown) => failStream(stream, error));
    const { signal } = options;
    const onAbort = () => stream.fail(new KcoreError('Aborted', `${method} was given up`));
    signal?.addEventListener('abort', onAbort, { once: true });
    void stream.closed.then(() => signal?.removeEventListener('abort', onAbort));
    return { stream, result };
  }

  /** @throws {KcoreError} Unavailable when the connection is closed; InvalidArgument when `params` do not fit the schema. */
  notify<N extends NotificationName>(name: N, params: Notification<N>): void {
    this.#channel.send(encodeNotification(name, check<v.GenericSchema>(notifications[name], params)));
  }

  #transmit(method: MethodName, params: unknown, options: CallOptions): Promise<unknown> {
    const { promise, resolve, reject } = withResolvers<unknown>();
    const id = this.#nextId++;
    const timeoutMs = options.timeoutMs ?? DEFAULT_TIMEOUT_MS;
    const give = (code: 'DeadlineExceeded' | 'Aborted', why: string) =>
      this.#settle(id, { error: new KcoreError(code, `${method}: ${why}`, { outcome: 'unknown' }) });
    const late = () => give('DeadlineExceeded', `no answer within ${timeoutMs / 1000} s`);
    const timer = Number.isFinite(timeoutMs) ? setTimeout(late, timeoutMs) : undefined;
    const onAbort = () => give('Aborted', 'given up while waiting for the answer');
    options.signal?.addEventListener('abort', onAbort, { once: true });
    this.#pending.set(id, {
      method,
      settle: (outcome) => {
        clearTimeout(timer);
        options.signal?.removeEventListener('abort', onAbort);
        if ('error' in outcome) reject(outcome.error);
        else resolve(outcome.result);
      },
    });
    try {
      this.#channel.send(encodeRequest(id, method, params));
    } catch {
      // The channel is closed and its end has not been heard of yet; its reason is worth the moment.
      void this.#channel.closed.then((closed) => this.#settle(id, { error: lostError(method, closed, false) }));
    }
    return promise;
  }

  #settle(id: number, outcome: { readonly result: unknown } | { readonly error: KcoreError }): void {
    const pending = this.#pending.get(id);
    this.#pending.delete(id);
    pending?.settle(outcome);
  }

  async #read(): Promise<void> {
    for await (const text of this.#channel.messages) {
      try {
        this.#receive(decodeFrame(text));
      } catch (error) {
        this.#onProblem('receive failed', error);
        this.#channel.close(closeCodes.protocolError, 'a message could not be handled');
      }
      while (this.#serving >= this.#maxServing) await this.#servingFalls();
    }
    // What came before the end may have been the rest of a stream.
    this.#streams.abandon(streamLostError(await this.#channel.closed));
  }

  #servingFalls(): Promise<void> {
    return new Promise((resolve) => {
      this.#servingFell = resolve;
    });
  }

  #receive(frame: Frame): void {
    switch (frame.kind) {
      case 'request':
        void this.#answer(frame.id, frame.method, frame.params);
        return;
      case 'notification':
        this.#hear(frame.method, frame.params);
        return;
      case 'success':
        this.#accept(frame.id, frame.result);
        return;
      case 'failure':
        if (typeof frame.id === 'number') this.#settle(frame.id, { error: frame.error });
        else this.#onProblem('the other side could not read a message', frame.error);
        return;
      case 'malformed':
        // Whoever sends what is not JSON-RPC is no peer; its stream cannot be trusted from here on.
        this.#trySend(encodeProtocolError(null, frame.code, frame.message));
        this.#onProblem('malformed message', new KcoreError('InvalidArgument', frame.message));
        this.#channel.close(closeCodes.protocolError, frame.message);
    }
  }

  #accept(id: number | string, result: unknown): void {
    const pending = typeof id === 'number' ? this.#pending.get(id) : undefined;
    if (pending === undefined || typeof id !== 'number') return;
    const checked = v.safeParse(methods[pending.method].result as v.GenericSchema, result);
    if (checked.success) {
      this.#settle(id, { result: checked.output });
      return;
    }
    const first = issuesOf(checked.issues)[0]?.message ?? 'not valid';
    const message = `${pending.method}: the answer cannot be understood (${first}); are both sides of one version?`;
    this.#settle(id, { error: new KcoreError('Internal', message) });
  }

  #hear(method: string, params: unknown): void {
    // A notification that this version does not know is left alone: the other side may be newer.
    if (!Object.hasOwn(notifications, method)) return;
    const checked = check<v.GenericSchema>(notifications[method as NotificationName], params);
    for (const listener of this.#listeners.get(method) ?? []) listener(checked);
  }

  async #answer(id: number | string, method: string, params: unknown): Promise<void> {
    const handler = Object.hasOwn(methods, method) ? this.#handlers.get(method) : undefined;
    if (handler === undefined) {
      this.#trySend(encodeProtocolError(id, METHOD_NOT_FOUND, `there is no method '${method.slice(0, 100)}' here`));
      return;
    }
    const name = method as MethodName;
    // A call with a stream may take as long as its bytes, which come by the messages that would wait: streams have their own bound.
    const weight = opensStream(name) ? 0 : 1;
    this.#serving += weight;
    let stream: OpenStream | undefined;
    try {
      const checked = check<v.GenericSchema>(methods[name].params, params);
      if (opensStream(name)) stream = this.#streams.accept((checked as Params<StreamMethodName>).stream);
      const result = await handler(checked, stream);
      this.#trySend(encodeSuccess(id, v.parse(methods[name].result as v.GenericSchema, result)));
    } catch (error) {
      if (!(error instanceof KcoreError)) this.#onProblem(`${method} failed`, error);
      const failure = asKcoreError(error);
      this.#trySend(encodeFailure(id, failure));
      // The caller drops its end with the answer.
      stream?.abandon(failure);
    } finally {
      this.#serving -= weight;
      this.#servingFell?.();
    }
  }

  #trySend(text: string): void {
    // A caller that has gone needs no answer.
    if (this.#ended === undefined) {
      try {
        this.#channel.send(text);
      } catch (error) {
        this.#onProblem('answer not sent', error);
      }
    }
  }

  #end(closed: ChannelClosed): void {
    this.#ended = closed;
    for (const [id, { method }] of [...this.#pending]) this.#settle(id, { error: lostError(method, closed, true) });
  }
}

/** Whoever said no has dropped the stream with it; one who may know nothing of that is told. */
function failStream(stream: OpenStream, error: unknown): void {
  const failure = asKcoreError(error);
  if (failure.details['outcome'] === 'unknown') stream.fail(failure);
  else stream.abandon(failure);
}
