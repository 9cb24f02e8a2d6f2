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
  type Params,
  type Result,
} from '../methods.ts';
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

export interface CallOptions {
  /** Gives up waiting. What the other side does with the call is then unknown. */
  readonly signal?: AbortSignal;
  /** Milliseconds; 30,000 unless told. */
  readonly timeoutMs?: number;
}

export interface PeerOptions {
  /** Calls of ours that may wait for an answer at once. */
  readonly maxPending?: number;
  /** Calls of theirs that are served at once; more wait in the socket. */
  readonly maxServing?: number;
  /** Told of what would otherwise be lost: a handler's bug, a malformed frame. The peer itself does not log. */
  readonly onProblem?: (event: string, error: unknown) => void;
}

type Handler<M extends MethodName> = (params: Params<M>) => Result<M> | Promise<Result<M>>;
export type Handlers = { readonly [M in MethodName]?: Handler<M> };
type AnyHandler = (params: unknown) => unknown;

interface Pending {
  readonly method: MethodName;
  readonly settle: (outcome: { readonly result: unknown } | { readonly error: KcoreError }) => void;
}

const DEFAULT_TIMEOUT_MS = 30_000;

/**
 * One end of a connection: calls the other side's methods, serves its own, sends and receives notifications.
 * Both ends check parameters, results and notifications with the schemas of the one method table.
 *
 * Messages are looked at in the order they came; a handler that is asynchronous does not hold up the next message.
 * Whatever the other side sends, the worst that happens is that the connection is closed.
 */
export class Peer {
  readonly #channel: Channel;
  readonly #maxPending: number;
  readonly #maxServing: number;
  readonly #onProblem: (event: string, error: unknown) => void;
  readonly #pending = new Map<number, Pending>();
  readonly #handlers = new Map<string, AnyHandler>();
  readonly #listeners = new Map<string, Set<(params: unknown) => void>>();
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
    const timer = setTimeout(() => give('DeadlineExceeded', `no answer within ${timeoutMs / 1000} s`), timeoutMs);
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
    this.#serving++;
    try {
      const schemas = methods[method as MethodName];
      const result = await handler(check<v.GenericSchema>(schemas.params, params));
      this.#trySend(encodeSuccess(id, v.parse(schemas.result as v.GenericSchema, result)));
    } catch (error) {
      if (!(error instanceof KcoreError)) this.#onProblem(`${method} failed`, error);
      this.#trySend(encodeFailure(id, asKcoreError(error)));
    } finally {
      this.#serving--;
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

function lostError(method: string, closed: ChannelClosed, sent: boolean): KcoreError {
  const reason = closed.reason === '' ? `code ${closed.code}` : closed.reason;
  const details = { closeCode: closed.code, ...(sent ? { outcome: 'unknown' } : {}) };
  const what = sent ? 'the connection was lost while waiting for the answer' : 'the connection is closed';
  const code = closed.code === closeCodes.denied ? 'PermissionDenied' : 'Unavailable';
  return new KcoreError(code, `${method}: ${what} (${reason})`, details);
}

/** Particulars of a bug stay on the side that has it: they go to its log, not over the wire. */
function asKcoreError(error: unknown): KcoreError {
  return error instanceof KcoreError ? error : new KcoreError('Internal', 'internal error; see the log of the server');
}
