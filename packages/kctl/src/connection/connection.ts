import {
  type CallOptions,
  type MethodName,
  type Params,
  Peer,
  type Result,
  type StreamCall,
  type StreamMethodName,
} from '@kcore/contract';
import type { Access } from '../config/access.ts';

/** What kctl needs of a connection to a controller; a `Peer` is one. */
export interface Connection {
  call<M extends MethodName>(method: M, params: Params<M>, options?: CallOptions): Promise<Result<M>>;
  openStream<M extends StreamMethodName>(
    method: M,
    params: Omit<Params<M>, 'stream'>,
    options?: CallOptions,
  ): StreamCall<M>;
  close(): void;
}

/**
 * @param timeoutMs milliseconds in which the connection must stand.
 * @throws {KcoreError} Unavailable or DeadlineExceeded when nobody answers, Unauthenticated when the certificates do
 * not fit each other.
 */
export type Connect = (access: Access, timeoutMs: number) => Promise<Connection>;

const UNIX = 'unix:';

/** Over TLS, as the context says. The WebSocket library is loaded only by commands that call a controller. */
export const connectController: Connect = async ({ controller, ca, cert, key }, timeoutMs) => {
  const { connectWebSocket } = await import('@kcore/contract/ws');
  const endpoint = controller.startsWith(UNIX) ? { unixPath: controller.slice(UNIX.length) } : { url: controller };
  const { channel } = await connectWebSocket({ ...endpoint, tls: { ca, cert, key }, timeoutMs });
  return new Peer(channel);
};
