import {
  type ByteStream,
  type CatalogueImage,
  type ImageStatus,
  KcoreError,
  notFound,
  type Params,
  type Result,
} from '@kcore/contract';
import type { Sessions } from '../fanout/sessions.ts';
import { allNodes, nodeNamed, type Reader } from '../resources/lookup.ts';
import { callNode, connectedNode, relayToNode } from './node-calls.ts';

interface Parts {
  readonly reader: Reader;
  readonly sessions: Sessions;
}

/** An image on one node. */
interface Place {
  readonly node: string;
  readonly image: ImageStatus;
}

/** What the nodes said they hold, those that are away included. @throws {KcoreError} NotFound */
function placesOf({ reader, sessions }: Parts, only: string | undefined): Place[] {
  const nodes = only === undefined ? allNodes(reader) : [nodeNamed(reader, only)];
  return nodes.flatMap(({ name: node }) =>
    (sessions.status(node)?.images ?? []).map((image): Place => ({ node, image })),
  );
}

/** What the connected nodes hold. @throws {KcoreError} NotFound */
export function imagesOnNodes(parts: Parts, only: string | undefined): Place[] {
  return placesOf(parts, only).filter(({ node }) => parts.sessions.isReady(node));
}

/** Bytes from the caller to the node's disk. @throws {KcoreError} NotFound, Unavailable, what the node says */
export async function uploadImage(
  { reader, sessions }: Parts,
  { node, stream: _stream, ...image }: Params<'image.upload'>,
  stream: ByteStream,
): Promise<Result<'image.upload'>> {
  nodeNamed(reader, node);
  const abort = new AbortController();
  void stream.closed.then((error) => error && abort.abort());
  const call = {
    method: 'image.receive',
    params: image,
    // As long as its bytes take; a connection that stands still is cut by itself.
    timeoutMs: Number.POSITIVE_INFINITY,
    signal: abort.signal,
  } as const;
  return { node, ...(await relayToNode(sessions, node, stream, call)) };
}

/**
 * @param catalogue where a name may stand for a digest.
 * @throws {KcoreError} NotFound: no node holds it; Unavailable: the node, or all that hold it, are away; what a node says,
 * after the others were asked.
 */
export async function deleteImage(
  parts: Parts,
  catalogue: readonly CatalogueImage[],
  { image, node: only }: Params<'image.delete'>,
): Promise<Result<'image.delete'>> {
  const { sessions } = parts;
  if (only !== undefined) {
    nodeNamed(parts.reader, only);
    connectedNode(sessions, only);
  }
  const meant = catalogue.find(({ name }) => name === image)?.digest ?? image;
  const found = placesOf(parts, only).filter(
    ({ image: held }) => held.digest === meant || held.digest === image || held.name === image,
  );
  if (found.length === 0) {
    throw notFound(only === undefined ? `no node has image '${image}'` : `node '${only}' has no image '${image}'`, {
      remedy: "see 'kctl get images'",
    });
  }
  const reachable = found.filter(({ node }) => sessions.isReady(node));
  const [first] = found;
  if (reachable.length === 0 && first !== undefined) connectedNode(sessions, first.node);
  await removeFrom(sessions, reachable);
  return {
    digests: unique(reachable.map(({ image: held }) => held.digest)),
    nodes: unique(reachable.map(({ node }) => node)),
    away: unique(found.filter((place) => !reachable.includes(place)).map(({ node }) => node)),
  };
}

async function removeFrom(sessions: Sessions, places: readonly Place[]): Promise<void> {
  const outcomes = await Promise.allSettled(
    places.map(({ node, image: { digest } }) => callNode(sessions, node, 'image.remove', { digest })),
  );
  const failed = outcomes.flatMap((outcome, at) => {
    const node = places[at]?.node ?? '';
    return outcome.status === 'rejected' ? [{ node, error: outcome.reason as unknown }] : [];
  });
  const [first] = failed;
  if (first === undefined) return;
  if (!(first.error instanceof KcoreError)) throw first.error;
  const { code, message, details } = first.error;
  const nodes = failed.map(({ node }) => `'${node}'`).join(', ');
  throw new KcoreError(code, `the image is still on ${nodes}: ${message}`, details, first.error);
}

function unique<T>(values: readonly T[]): T[] {
  return [...new Set(values)];
}
