import { ProtocolError } from '../error.ts';
import type { DumpRequest, Request } from '../message/request.ts';
import type { ChunkReply } from '../native/port.ts';
import { NLM_F_ACK, NLM_F_REQUEST } from '../uapi/netlink.ts';
import { BatchEncoder, type Encoded, encodeRequests, PART_BYTES } from './chunks.ts';
import type { Connection, DumpResult, RequestOptions } from './connection.ts';
import { dumpOver } from './dump.ts';
import type { Outcome, TransactionOutcome } from './outcome.ts';
import { Queue } from './queue.ts';
import { cancelled, settleBatch, settleTransaction } from './settle.ts';
import { type Trace, traceMessages } from './trace.ts';
import { openTransport, type Transport, type TransportOptions } from './transport.ts';

/** Which socket is opened, and where. Buffers are in bytes. */
export interface ConnectionOptions extends TransportOptions {
  /** Shows every message. */
  readonly trace?: (trace: Trace) => void;
}

/** Opens a netlink socket. @throws {SystemError} */
export async function openConnection(options: ConnectionOptions): Promise<Connection> {
  return connectionOver(await openTransport(options), options);
}

/** A connection over any transport; it closes the transport. */
export function connectionOver(transport: Transport, options?: Pick<ConnectionOptions, 'trace'>): Connection {
  return new SocketConnection(transport, options?.trace);
}

/** Parts that wait for the kernel at a time. Two keep it busy; more would only take memory. */
const PARTS_AHEAD = 2;
const UNLIMITED = { bytes: Number.POSITIVE_INFINITY, messages: Number.POSITIVE_INFINITY };

class SocketConnection implements Connection {
  readonly #transport: Transport;
  readonly #trace: ((trace: Trace) => void) | undefined;
  readonly #queue = new Queue();
  #sequence = 1;

  constructor(transport: Transport, trace: ((trace: Trace) => void) | undefined) {
    this.#transport = transport;
    this.#trace = trace;
  }

  async request<T>(request: Request<T>, options?: RequestOptions): Promise<T> {
    const [outcome] = await this.batch([request], options);
    if (outcome === undefined) throw new ProtocolError(`${request.operation}: no outcome`);
    // The reply function made the value.
    if (outcome.status === 'ok') return outcome.value as T;
    throw outcome.error;
  }

  batch(requests: Iterable<Request<unknown>>, options?: RequestOptions): Promise<readonly Outcome[]> {
    return this.#queue.run(() => this.#inParts(requests, options?.signal), options?.signal);
  }

  transaction(requests: readonly Request<unknown>[], options?: RequestOptions): Promise<readonly TransactionOutcome[]> {
    if (requests.length === 0) return Promise.resolve([]);
    return this.#queue.run(async () => {
      const first = this.#takeSequences(requests.length);
      const encoded = encodeRequests(requests, { firstSequence: first, flags: 0, limits: UNLIMITED });
      const replies = await this.#transact(encoded, requests);
      return settleTransaction({ requests, encoded, replies, first });
    }, options?.signal);
  }

  dump<T>(request: DumpRequest<T>, options?: RequestOptions): Promise<DumpResult<T>> {
    return this.#queue.run(
      () =>
        dumpOver(request, async (flags) => {
          const sequence = this.#takeSequences(1);
          const encoded = encodeRequests([request], { firstSequence: sequence, flags });
          const [reply] = await this.#transact(encoded, [request]);
          return { reply, sequence };
        }),
      options?.signal,
    );
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#queue.close();
    await this.#transport[Symbol.asyncDispose]();
  }

  /** Encodes a part while the kernel works on those before it. */
  async #inParts(requests: Iterable<Request<unknown>>, signal?: AbortSignal): Promise<readonly Outcome[]> {
    const how = { flags: NLM_F_REQUEST, lastFlags: NLM_F_ACK, partBytes: PART_BYTES };
    const encoder = new BatchEncoder(requests, how);
    const outcomes: (readonly Outcome[])[] = [];
    const ahead: Promise<readonly Outcome[]>[] = [];
    const take = async (): Promise<void> => {
      outcomes.push((await ahead.shift()) ?? []);
    };
    try {
      while (!encoder.done && signal?.aborted !== true && !this.#queue.closed) {
        if (ahead.length === PARTS_AHEAD) await take();
        const first = this.#sequence;
        const part = encoder.next(first);
        this.#takeSequences(part.requests.length);
        ahead.push(this.#part(part.requests, part.encoded, first));
      }
      while (ahead.length > 0) await take();
      outcomes.push(encoder.stop().map(cancelled));
    } finally {
      // When one fails the others are waited for: the socket's next request must not meet their answers.
      await Promise.allSettled(ahead);
    }
    // `flat` would take as long as to encode them.
    return ([] as Outcome[]).concat(...outcomes);
  }

  async #part(requests: readonly Request<unknown>[], encoded: Encoded, first: number): Promise<readonly Outcome[]> {
    const replies = encoded.lengths.length === 0 ? [] : await this.#transact(encoded, requests);
    return settleBatch({ requests, encoded, replies, first });
  }

  #takeSequences(count: number): number {
    const first = this.#sequence;
    this.#sequence = (first + count) >>> 0;
    return first;
  }

  async #transact(encoded: Encoded, requests: readonly Named[]): Promise<readonly ChunkReply[]> {
    const trace = this.#trace;
    if (trace === undefined) return this.#transport.transact(encoded.bytes, encoded.lengths);
    const operation = operationOf(requests);
    traceMessages(trace, 'sent', operation, encoded.bytes);
    const replies = await this.#transport.transact(encoded.bytes, encoded.lengths);
    for (const { datagrams } of replies) {
      for (const datagram of datagrams) traceMessages(trace, 'received', operation, datagram);
    }
    return replies;
  }
}

type Named = Pick<Request<unknown>, 'operation'>;

function operationOf(requests: readonly Named[]): string {
  const more = requests.length > 1 ? ` and ${requests.length - 1} more` : '';
  return `${requests[0]?.operation ?? ''}${more}`;
}
