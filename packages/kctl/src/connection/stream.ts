import type { Params, StreamCall, StreamMethodName } from '@kcore/contract';
import type { Access } from '../config/access.ts';
import type { Connect } from './connection.ts';

/** A call with a byte stream on a connection of its own, which disposing closes. */
export type OpenCall<M extends StreamMethodName> = StreamCall<M> & Disposable;

export interface StreamPlan<M extends StreamMethodName> {
  readonly access: Access;
  readonly method: M;
  readonly params: Omit<Params<M>, 'stream'>;
  /** Milliseconds in which the connection must stand. */
  readonly connectMs: number;
  /** Milliseconds until the answer; Infinity where it comes after all bytes. */
  readonly answerMs: number;
}

/** Not repeated when it fails: what was typed or sent cannot be taken back. @throws {KcoreError} as `Connect` */
export async function openCall<M extends StreamMethodName>(
  connect: Connect,
  { access, method, params, connectMs, answerMs }: StreamPlan<M>,
): Promise<OpenCall<M>> {
  const connection = await connect(access, connectMs);
  try {
    const call = connection.openStream(method, params, { timeoutMs: answerMs });
    return { ...call, [Symbol.dispose]: () => connection.close() };
  } catch (error) {
    connection.close();
    throw error;
  }
}
