import { open, rm, stat } from 'node:fs/promises';
import { KcoreError } from '@kcore/contract';
import { requireRoom, roomError } from './room.ts';
import { writeSparse } from './sparse-file.ts';

export interface Progress {
  /** Bytes on disk. */
  readonly received: number;
  /** Bytes in all; absent when the server does not say. */
  readonly total?: number;
}

/** A server that sends nothing for this long is given up, milliseconds. */
const SILENCE_MILLISECONDS = 60_000;
const REDIRECTS_MOST = 5;
const REDIRECTS: readonly number[] = [301, 302, 303, 307, 308];

/**
 * Fetches a file, going on after what is there already when the server can (RFC 9110 §14.2).
 * The file may be anything until its digest was checked: a resumed one may be of two versions.
 *
 * @returns whether it went on with what was there.
 * @throws {Error} that names the URL, the cause, and the ways around; {KcoreError} ResourceExhausted, and then nothing is left.
 */
export async function download(
  url: string,
  path: string,
  onProgress: (progress: Progress) => void,
  signal: AbortSignal,
): Promise<boolean> {
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
    if (response.status === 416) return true;
    const offset = response.status === 206 ? held : 0;
    await receive(response, path, offset, (progress) => {
      timer.refresh();
      onProgress(progress);
    });
    return offset > 0;
  } catch (cause) {
    if (signal.aborted) throw signal.reason;
    const error = roomError(cause, path, `the image of ${url}`);
    if (!(error instanceof KcoreError)) throw unreachable(url, cause);
    await rm(path, { force: true });
    throw error;
  } finally {
    clearTimeout(timer);
  }
}

/** Follows redirects itself, because what was asked for over TLS must come over TLS, whoever sends it. */
async function ask(url: string, held: number, signal: AbortSignal): Promise<Response> {
  // A compressed answer would have another length than the file.
  const headers = { 'accept-encoding': 'identity', ...(held === 0 ? {} : { range: `bytes=${held}-` }) };
  const place = { url };
  for (let redirects = 0; redirects <= REDIRECTS_MOST; redirects += 1) {
    const response = await fetch(place.url, { headers, signal, redirect: 'manual' });
    if (REDIRECTS.includes(response.status)) {
      await response.body?.cancel();
      place.url = redirected(place.url, response.headers.get('location'));
      continue;
    }
    if (response.status === 206 && !goesOnAt(response, held)) {
      await response.body?.cancel();
      throw new Error('the server sent another part of the file than was asked for');
    }
    if (response.ok || (response.status === 416 && held > 0)) return response;
    await response.body?.cancel();
    throw new Error(`the server answered ${response.status} ${response.statusText}`.trim());
  }
  throw new Error(`the server redirects more than ${REDIRECTS_MOST} times`);
}

function redirected(from: string, location: string | null): string {
  if (location === null || !URL.canParse(location, from)) throw new Error('the server redirects to nowhere');
  const to = new URL(location, from);
  if (to.protocol !== 'https:' && to.protocol !== new URL(from).protocol) {
    throw new Error(`the server redirects to ${to.href}, which is not https`);
  }
  return to.href;
}

/** `bytes 1000-1999/2000` */
function goesOnAt(response: Response, held: number): boolean {
  const range = /^bytes (\d+)-/.exec(response.headers.get('content-range') ?? '');
  return range === null || Number(range[1]) === held;
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
    if (total !== undefined) await requireRoom(path, total - offset, 'the image');
    const place = { at: offset };
    for await (const chunk of response.body ?? []) {
      await writeSparse(file, chunk, place.at);
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
