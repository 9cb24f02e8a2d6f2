import {
  type ByteStream,
  type CallOptions,
  KcoreError,
  type MethodName,
  type Params,
  type Peer,
  type Result,
  type StreamMethodName,
} from '@kcore/contract';
import type { Sessions } from '../fanout/sessions.ts';
import { relay } from './relay.ts';

/** What agents serve, and the controller calls. */
type NodeMethod = Extract<MethodName, `guest.${string}` | 'image.receive' | 'image.remove'>;
type NodeStreamMethod = Extract<NodeMethod, StreamMethodName>;

/** JSON-RPC: the method is not served. */
const METHOD_NOT_FOUND = -32601;

/** @throws {KcoreError} Unavailable */
export function connectedNode(sessions: Sessions, node: string): Peer {
  const peer = sessions.peerOf(node);
  if (peer !== undefined) return peer;
  throw new KcoreError('Unavailable', `node '${node}' is not connected`, {
    remedy: `see 'kctl describe node ${node}', and whether kcore-agent runs there`,
  });
}

/** A call of a node's agent. @throws {KcoreError} Unavailable, and what the agent says */
export async function callNode<M extends NodeMethod>(
  sessions: Sessions,
  node: string,
  method: M,
  params: Params<M>,
): Promise<Result<M>> {
  const peer = connectedNode(sessions, node);
  try {
    return await peer.call(method, params);
  } catch (error) {
    throw nodeError(node, error);
  }
}

/**
 * A call of a node's agent whose stream is joined to the caller's. Resolves with the agent's answer; the streams may go on.
 * When the caller goes away before, the agent's part ends, too.
 * @throws {KcoreError} Unavailable, and what the agent says
 */
export async function relayToNode<M extends NodeStreamMethod>(
  sessions: Sessions,
  node: string,
  caller: ByteStream,
  call: { readonly method: M; readonly params: Omit<Params<M>, 'stream'> } & CallOptions,
): Promise<Result<M>> {
  const { method, params, ...options } = call;
  const peer = connectedNode(sessions, node);
  const { stream, result } = peer.openStream(method, params, options);
  relay(caller, named(stream, node));
  try {
    return await result;
  } catch (error) {
    throw nodeError(node, error);
  }
}

/** The stream, whose failures say which node is meant. */
function named(stream: ByteStream, node: string): ByteStream {
  return {
    readable: stream.readable,
    write: (bytes) => stream.write(bytes),
    end: () => stream.end(),
    fail: (error) => stream.fail(error),
    closed: stream.closed.then((error) => (error === undefined ? undefined : nodeError(node, error))),
  };
}

/** What went wrong between the controller and the agent, in words for the person who asked the controller. */
function nodeError(node: string, error: unknown): KcoreError {
  if (!(error instanceof KcoreError)) throw error;
  const { rpc, outcome } = error.details;
  if (rpc === METHOD_NOT_FOUND) {
    return new KcoreError('FailedPrecondition', `the agent of node '${node}' is too old for this`, {
      remedy: 'bring the agent to the version of the controller',
    });
  }
  if (error.code !== 'Unavailable' || outcome === undefined) return error;
  // Whether the agent did it can be seen by looking; the caller's own connection is as good as before.
  return new KcoreError('Unavailable', `the connection of node '${node}' was lost`, {}, error);
}
