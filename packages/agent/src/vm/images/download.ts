import { open, stat } from 'node:fs/promises';

export interface Progress {
  /** Bytes on disk. */
  readonly received: number;
  /** Bytes in all; absent when the server does not say. */
  readonly total?: number;
}

/** A server that sends nothing for this long is given up, milliseconds. */
const SILENCE_MILLISECONDS = 60_000;

/**
 * Fetches a file, going on after what is there already when the server can (RFC 9110 §14.2).
 * The file may be anything until its digest was checked: a resumed one may be of two versions.
 *
 * @throws {Error} that names the URL, the cause, and the ways around.
 */
export async function download(
  url: string,
  path: string,
  onProgress: (progress: Progress) => void,
  signal: AbortSignal,
): Promise<void> {
  const held = await stat(path).then(
    ({ size }) => size,
    () => 0,
  );
  const silence = new AbortController();
  const timer = setTimeout(
    () => silence.abort(new Error(`nothing came for ${SILENCE_MILLISECONDS / 1000} s`)),
    SILENCE_MILLISECONDS,
  );
  try {
    const response = await ask(url, held, AbortSignal.any([signal, silence.signal]));
    // 416: there is nothing after what is held, so it may be whole.
    if (response.status === 416 && held > 0) return;
    const resumed = response.status === 206;
    await receive(response, path, resumed ? held : 0, (progress) => {
      timer.refresh();
      onProgress(progress);
    });
  } catch (cause) {
    if (signal.aborted) throw signal.reason;
    throw unreachable(url, cause);
  } finally {
    clearTimeout(timer);
  }
}

async function ask(url: string, held: number, signal: AbortSignal): Promise<Response> {
  const headers = held === 0 ? {} : { range: `bytes=${held}-` };
  const response = await fetch(url, { headers, signal });
  if (response.ok || (response.status === 416 && held > 0)) return response;
  await response.body?.cancel();
  throw new Error(`the server answered ${response.status} ${response.statusText}`.trim());
}

async function receive(
  response: Response,
  path: string,
  offset: number,
  onProgress: (progress: Progress) => void,
): Promise<void> {
  const length = response.headers.get('content-length');
  const total = length === null ? undefined : offset + Number(length);
  const file = await open(path, offset === 0 ? 'w' : 'r+', 0o644);
  try {
    const place = { at: offset };
    for await (const chunk of response.body ?? []) {
      await file.write(chunk, 0, chunk.byteLength, place.at);
      place.at += chunk.byteLength;
      onProgress({ received: place.at, ...(total === undefined ? {} : { total }) });
    }
    await file.truncate(place.at);
    if (total !== undefined && place.at < total)
      throw new Error(`the server ended it after ${place.at} of ${total} bytes`);
  } finally {
    await file.close();
  }
}

function unreachable(url: string, cause: unknown): Error {
  return new Error(
    `the image at ${url} cannot be fetched: ${words(cause)}; bring the file to the node with 'kctl node upload-image', or give an image of a server this node reaches`,
    { cause },
  );
}

/** `fetch failed` says nothing; what it was caused by does. */
function words(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  const { cause } = error;
  if (cause instanceof AggregateError) return words(cause.errors[0]);
  return error.message === 'fetch failed' && cause !== undefined ? words(cause) : error.message;
}
