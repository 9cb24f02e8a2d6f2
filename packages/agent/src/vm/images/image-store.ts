import { rm, stat } from 'node:fs/promises';
import { alreadyExists, type Digest, type DiskFormat, type ImageStatus } from '@kcore/contract';
import type { Clock } from '../../model/clock.ts';
import type { NodeImages } from '../../model/runtime.ts';
import { createHoldOff } from '../hold-off.ts';
import { download, type Progress } from './download.ts';
import {
  digestOf,
  findImages,
  type ImageRecord,
  imageFiles,
  settle,
  uploadDraft,
  writeImageRecord,
} from './image-files.ts';
import { type Announced, receiveImage } from './receive.ts';

/** An image by where it is and what it must be. */
export interface ImageSource {
  readonly url: string;
  readonly digest: Digest;
  readonly format: DiskFormat;
}

/** The images of a node by their digests: files that were verified, and that nothing writes to after. */
export interface ImageStore extends NodeImages, AsyncDisposable {
  /**
   * The path of the verified image. Concurrent calls for one digest share one download, which goes on while anybody
   * waits for it. One that fails leaves what it has for the next; one that nobody waits for any more leaves nothing.
   *
   * @throws {Error} that names the URL, when it cannot be fetched, or is something else than its digest says.
   */
  ensure(source: ImageSource, onProgress: (progress: Progress) => void, signal: AbortSignal): Promise<string>;
  /** The path of an image that is here; undefined when there is none. */
  stored(digest: Digest): Promise<string | undefined>;
}

interface Fetching {
  readonly done: Promise<string>;
  readonly watchers: Set<(progress: Progress) => void>;
  readonly cancel: AbortController;
}

/** A file that is not what its digest says is not fetched again and again: its server would not change it in a minute. */
const WRONG_DIGEST = { first: 60_000, most: 60 * 60_000 };
/** Between two words about a download that goes on, milliseconds. */
const TELL_MILLISECONDS = 250;
/** Images that could not be fetched, and that nobody asks for any more, are told of up to this number. */
const FAILED_MOST = 64;

/** @param directory of the store alone. What an earlier life of the agent left half done in there is gone on with, or deleted. */
export async function openImageStore(directory: string, clock: Clock): Promise<ImageStore> {
  const store = new DirectoryStore(directory, clock);
  await store.load();
  return store;
}

class DirectoryStore implements ImageStore {
  readonly #directory: string;
  readonly #clock: Clock;
  readonly #images = new Map<Digest, ImageStatus>();
  readonly #fetching = new Map<Digest, Fetching>();
  readonly #uploading = new Set<string>();
  readonly #listeners = new Set<() => void>();
  readonly #wrong;
  #told = 0;
  #closing = false;

  constructor(directory: string, clock: Clock) {
    this.#directory = directory;
    this.#clock = clock;
    this.#wrong = createHoldOff(clock, WRONG_DIGEST);
  }

  async load(): Promise<void> {
    for (const { record, sizeBytes, partial } of await findImages(this.#directory, this.#clock.now())) {
      const cut = { state: 'failed', message: 'its download was cut off; it goes on when a VM needs it' } as const;
      this.#images.set(record.digest, {
        kind: 'image',
        ...record,
        sizeBytes,
        ...(partial ? cut : { state: 'ready' as const }),
      });
    }
  }

  list(): readonly ImageStatus[] {
    return [...this.#images.values()];
  }

  watch(listener: () => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  async stored(digest: Digest): Promise<string | undefined> {
    const known = this.#images.get(digest);
    if (known?.state !== 'ready') return undefined;
    const path = imageFiles(this.#directory, digest).image;
    if (await isFile(path)) return path;
    // Somebody deleted it by hand.
    this.#put(digest, undefined);
    return undefined;
  }

  async ensure(source: ImageSource, onProgress: (progress: Progress) => void, signal: AbortSignal): Promise<string> {
    const { digest } = source;
    for (;;) {
      signal.throwIfAborted();
      const path = await this.stored(digest);
      if (path !== undefined) return path;
      const under = this.#fetching.get(digest);
      if (under === undefined) break;
      if (!under.cancel.signal.aborted) return await joinFetching(under, onProgress, signal);
      // It is being given up; a new one begins when it has tidied up.
      await under.done.catch(() => {});
    }
    const failed = this.#images.get(digest);
    const held = failed?.url === source.url && this.#wrong.remaining(attempt(source)) > 0;
    if (held && failed?.message !== undefined) throw new Error(failed.message);
    return await joinFetching(this.#begin(source), onProgress, signal);
  }

  async receive(announced: Announced, bytes: AsyncIterable<Uint8Array>, signal: AbortSignal): Promise<ImageStatus> {
    const { name, format, sha256 } = announced;
    const before = this.list().find((image) => image.name === name);
    const same = before !== undefined && before.digest === `sha256:${sha256?.toLowerCase()}`;
    if (before !== undefined && same && before.state === 'ready') return before;
    if ((before !== undefined && !same && sha256 !== undefined) || this.#uploading.has(name)) throw nameTaken(name);
    this.#uploading.add(name);
    const draft = uploadDraft(this.#directory);
    try {
      const digest = await receiveImage(announced, bytes, draft, signal);
      if (before !== undefined && before.digest !== digest) throw nameTaken(name);
      return await this.#keepUpload(draft, { digest, name, format }, announced.sizeBytes);
    } finally {
      this.#uploading.delete(name);
      await rm(draft, { force: true });
    }
  }

  async remove(digest: Digest): Promise<void> {
    const under = this.#fetching.get(digest);
    under?.cancel.abort(new Error('the image was deleted while it was fetched'));
    await under?.done.catch(() => {});
    const url = this.#images.get(digest)?.url;
    if (url !== undefined) this.#wrong.clear(attempt({ url, digest }));
    const { image, part, record } = imageFiles(this.#directory, digest);
    for (const path of [image, part, record]) await rm(path, { force: true });
    this.#put(digest, undefined);
  }

  /** Downloads under way are cut off; the next life of the agent goes on with them. */
  async [Symbol.asyncDispose](): Promise<void> {
    this.#closing = true;
    const under = [...this.#fetching.values()];
    for (const { cancel } of under) cancel.abort(new Error('the agent ends'));
    await Promise.allSettled(under.map(({ done }) => done));
  }

  async #keepUpload(draft: string, record: ImageRecord, sizeBytes: number): Promise<ImageStatus> {
    const { digest } = record;
    const there = this.#images.get(digest);
    if (there?.state === 'ready' && there.name !== undefined && there.name !== record.name) {
      throw alreadyExists(`the same image is on this node under the name '${there.name}'; use that one`);
    }
    const kept = { ...record, ...(there?.url === undefined ? {} : { url: there.url }) };
    await writeImageRecord(this.#directory, kept);
    const { image, part } = imageFiles(this.#directory, digest);
    if (there?.state !== 'ready') {
      await settle(draft, image, this.#directory);
      // Whoever fetches it needs it no more, and looks here next.
      this.#fetching.get(digest)?.cancel.abort(new Superseded(image));
      await rm(part, { force: true });
    }
    const status: ImageStatus = { kind: 'image', ...kept, state: 'ready', sizeBytes };
    this.#put(digest, status);
    return status;
  }

  #begin(source: ImageSource): Fetching {
    const { url, digest, format } = source;
    const record = { digest, url, format };
    const held = this.#images.get(digest)?.sizeBytes ?? 0;
    this.#put(digest, { kind: 'image', ...record, state: 'fetching', sizeBytes: held });
    const watchers = new Set<(progress: Progress) => void>();
    const cancel = new AbortController();
    const tell = (progress: Progress): void => {
      for (const watcher of watchers) watcher(progress);
      const { received, total } = progress;
      const more = total === undefined ? {} : { totalBytes: total };
      this.#put(digest, { kind: 'image', ...record, state: 'fetching', sizeBytes: received, ...more }, true);
    };
    const done = this.#fetch(source, tell, cancel.signal).finally(() => this.#fetching.delete(digest));
    // Those who wait have promises of their own; there may be none of them left.
    done.catch(() => {});
    const begun = { done, watchers, cancel };
    this.#fetching.set(digest, begun);
    return begun;
  }

  async #fetch(source: ImageSource, tell: (progress: Progress) => void, signal: AbortSignal): Promise<string> {
    const { url, digest, format } = source;
    const files = imageFiles(this.#directory, digest);
    try {
      await writeImageRecord(this.#directory, { digest, url, format });
      await this.#fetchVerified(source, files.part, tell, signal);
      await settle(files.part, files.image, this.#directory);
      const { size } = await stat(files.image);
      this.#put(digest, { kind: 'image', digest, url, format, state: 'ready', sizeBytes: size });
      return files.image;
    } catch (error) {
      if (signal.reason instanceof Superseded) return signal.reason.path;
      if (!this.#closing) await this.#failed(source, error, signal.aborted);
      throw error;
    }
  }

  async #fetchVerified(
    { url, digest }: ImageSource,
    part: string,
    tell: (progress: Progress) => void,
    signal: AbortSignal,
  ): Promise<void> {
    const resumed = await download(url, part, tell, signal);
    let found = await digestOf(part, digest);
    if (found !== digest && resumed) {
      // Its beginning may be of an older version: the server is blamed only for a file that came in one piece.
      await rm(part, { force: true });
      await download(url, part, tell, signal);
      found = await digestOf(part, digest);
    }
    signal.throwIfAborted();
    if (found === digest) return;
    await rm(part, { force: true });
    this.#wrong.attempted(attempt({ url, digest }));
    const again = new Date(this.#clock.now() + this.#wrong.remaining(attempt({ url, digest }))).toISOString();
    throw new Error(
      `the image at ${url} is not the one that was asked for: its digest is ${found}, and not ${digest}; correct the digest or the URL (it is not fetched again before ${again})`,
    );
  }

  /** @param given true: nobody waits for it any more, so nothing is kept. */
  async #failed({ url, digest, format }: ImageSource, error: unknown, given: boolean): Promise<void> {
    const { part, record } = imageFiles(this.#directory, digest);
    if (given) await rm(part, { force: true });
    const size = await stat(part).then(
      (found) => found.size,
      () => undefined,
    );
    if (size === undefined) await rm(record, { force: true });
    const message = error instanceof Error ? error.message : String(error);
    const status = { kind: 'image', digest, url, format, state: 'failed', message, sizeBytes: size ?? 0 } as const;
    this.#put(digest, given ? undefined : status);
    this.#forgetFailed();
  }

  #forgetFailed(): void {
    const failed = this.list().filter(({ state, sizeBytes }) => state === 'failed' && sizeBytes === 0);
    for (const { digest } of failed.slice(0, Math.max(0, failed.length - FAILED_MOST))) this.#images.delete(digest);
  }

  /** @param often true: one of many that say little new. */
  #put(digest: Digest, status: ImageStatus | undefined, often = false): void {
    if (status === undefined) this.#images.delete(digest);
    else this.#images.set(digest, status);
    const now = this.#clock.monotonic();
    if (often && now - this.#told < TELL_MILLISECONDS) return;
    this.#told = now;
    for (const listener of this.#listeners) listener();
  }
}

/** An upload brought the same image before the download was through. */
class Superseded extends Error {
  readonly path: string;

  constructor(path: string) {
    super('the image was uploaded meanwhile');
    this.path = path;
  }
}

/** Waits for a shared download; the last one to lose interest ends it. */
async function joinFetching(
  shared: Fetching,
  onProgress: (progress: Progress) => void,
  signal: AbortSignal,
): Promise<string> {
  const watcher = (progress: Progress): void => onProgress(progress);
  shared.watchers.add(watcher);
  const leaving: { leave?: () => void } = {};
  try {
    return await new Promise<string>((resolve, reject) => {
      leaving.leave = () => reject(signal.reason);
      signal.addEventListener('abort', leaving.leave, { once: true });
      shared.done.then(resolve, reject);
    });
  } finally {
    if (leaving.leave !== undefined) signal.removeEventListener('abort', leaving.leave);
    shared.watchers.delete(watcher);
    if (shared.watchers.size === 0) shared.cancel.abort(new Error('nobody waits for the image any more'));
  }
}

/** What is held off: a corrected URL is another attempt. */
function attempt({ url, digest }: Pick<ImageSource, 'url' | 'digest'>): string {
  return `${digest} ${url}`;
}

function nameTaken(name: string): Error {
  return alreadyExists(`another image on this node has the name '${name}'; delete it, or choose another name`);
}

async function isFile(path: string): Promise<boolean> {
  return stat(path).then(
    (found) => found.isFile(),
    () => false,
  );
}
