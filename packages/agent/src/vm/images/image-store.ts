import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { mkdir, open, readdir, rename, rm, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { download, type Progress } from './download.ts';

/** An image by where it is and what it must be. */
export interface ImageSource {
  readonly url: string;
  /** 64 lower-case hexadecimal digits. */
  readonly sha256: string;
}

export interface ImageStore {
  /**
   * The path of the verified image. Concurrent calls for one digest share one download, which goes on while anybody
   * waits for it; what was fetched of a cut-off one is used by the next.
   *
   * @throws {Error} that names the URL, when it cannot be fetched, or is something else than its digest says.
   */
  ensure(source: ImageSource, onProgress: (progress: Progress) => void, signal: AbortSignal): Promise<string>;
  /** Digests of the verified images, with their sizes in bytes. */
  list(): Promise<ReadonlyMap<string, number>>;
  /** Deletes an image and what was fetched of it. Does nothing when there is none. */
  remove(sha256: string): Promise<void>;
}

interface Fetching {
  readonly done: Promise<string>;
  readonly watchers: Set<(progress: Progress) => void>;
  readonly cancel: AbortController;
}

/** A file under its digest's name was whole and right when it got that name, and nothing writes to it after. */
export function createImageStore(directory: string): ImageStore {
  const fetching = new Map<string, Fetching>();
  const imagePath = (sha256: string): string => join(directory, `${sha256}.img`);
  const partPath = (sha256: string): string => join(directory, `${sha256}.part`);

  const begin = (source: ImageSource): Fetching => {
    const watchers = new Set<(progress: Progress) => void>();
    const cancel = new AbortController();
    const tell = (progress: Progress): void => {
      for (const watcher of watchers) watcher(progress);
    };
    const done = fetchImage(source, partPath(source.sha256), imagePath(source.sha256), tell, cancel.signal).finally(
      () => fetching.delete(source.sha256),
    );
    const begun = { done, watchers, cancel };
    fetching.set(source.sha256, begun);
    return begun;
  };

  return {
    async ensure(source, onProgress, signal) {
      await mkdir(directory, { recursive: true, mode: 0o755 });
      if (await isFile(imagePath(source.sha256))) return imagePath(source.sha256);
      signal.throwIfAborted();
      const shared = fetching.get(source.sha256) ?? begin(source);
      return await joinFetching(shared, onProgress, signal);
    },
    async list() {
      const names = await readdir(directory).catch(() => []);
      const images = names.flatMap((name) => /^([0-9a-f]{64})\.img$/.exec(name)?.[1] ?? []);
      return new Map(
        await Promise.all(images.map(async (sha256) => [sha256, (await stat(imagePath(sha256))).size] as const)),
      );
    },
    async remove(sha256) {
      fetching.get(sha256)?.cancel.abort();
      await fetching.get(sha256)?.done.catch(() => {});
      await Promise.all([imagePath(sha256), partPath(sha256)].map((path) => rm(path, { force: true })));
    },
  };
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
    if (shared.watchers.size === 0) shared.cancel.abort();
  }
}

async function fetchImage(
  { url, sha256 }: ImageSource,
  part: string,
  image: string,
  onProgress: (progress: Progress) => void,
  signal: AbortSignal,
): Promise<string> {
  await download(url, part, onProgress, signal);
  const found = await digestOf(part);
  if (found !== sha256) {
    await rm(part, { force: true });
    throw new Error(
      `the image at ${url} is not the one that was asked for: its sha256 is ${found}, and not ${sha256}; correct the digest, or the URL`,
    );
  }
  await sync(part);
  await rename(part, image);
  return image;
}

async function digestOf(path: string): Promise<string> {
  const hash = createHash('sha256');
  for await (const chunk of createReadStream(path, { highWaterMark: 1024 * 1024 })) hash.update(chunk as Buffer);
  return hash.digest('hex');
}

async function sync(path: string): Promise<void> {
  const file = await open(path, 'r');
  try {
    await file.sync();
  } finally {
    await file.close();
  }
}

async function isFile(path: string): Promise<boolean> {
  return stat(path).then(
    (found) => found.isFile(),
    () => false,
  );
}
