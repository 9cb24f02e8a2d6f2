import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { mkdir, open, readdir, readFile, rename, rm, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { Digest, DiskFormat } from '@kcore/contract';
import * as v from 'valibot';

/** What is known of an image beside its bytes. */
const ImageRecord = v.strictObject({
  digest: Digest,
  name: v.exactOptional(v.string()),
  url: v.exactOptional(v.string()),
  format: v.exactOptional(DiskFormat),
});
export type ImageRecord = v.InferOutput<typeof ImageRecord>;

/** A file of the directory, as it was found at start. */
export interface FoundImage {
  readonly record: ImageRecord;
  readonly sizeBytes: number;
  /** A download that was cut off. */
  readonly partial: boolean;
}

/** What was fetched of an image and then wanted by nobody is kept this long, milliseconds. */
const PART_MILLISECONDS = 24 * 60 * 60 * 1000;
const BLOCK_BYTES = 1024 * 1024;

/** The names of an image's files: a digest without its colon, which is no character for a QEMU option. */
export function imageFiles(directory: string, digest: Digest) {
  const stem = join(directory, digest.replace(':', '-'));
  return { image: `${stem}.img`, part: `${stem}.part`, record: `${stem}.json` };
}

/** A draft of an upload; what is found of one at start was cut off, and cannot be gone on with. */
export function uploadDraft(directory: string): string {
  return join(directory, `upload-${crypto.randomUUID()}.draft`);
}

export async function writeImageRecord(directory: string, record: ImageRecord): Promise<void> {
  const { record: path } = imageFiles(directory, record.digest);
  await writeDurably(path, `${JSON.stringify(record)}\n`);
}

/** Reads the directory and deletes what an earlier life of the agent left half done. @param now milliseconds since 1970. */
export async function findImages(directory: string, now: number): Promise<readonly FoundImage[]> {
  await mkdir(directory, { recursive: true, mode: 0o755 });
  const names = await readdir(directory);
  const found: FoundImage[] = [];
  for (const name of names) {
    const [, algorithm, hash, kind] = /^(sha256|sha512)-([0-9a-f]+)\.(img|part)$/.exec(name) ?? [];
    const digest = v.safeParse(Digest, `${algorithm}:${hash}`);
    if (!digest.success) continue;
    const partial = kind === 'part';
    const { size, mtimeMs } = await stat(join(directory, name));
    const stale = partial && (now - mtimeMs > PART_MILLISECONDS || names.includes(name.replace(/part$/, 'img')));
    if (!stale) found.push({ record: await readRecord(directory, digest.output), sizeBytes: size, partial });
  }
  const kept = new Set(found.flatMap(({ record, partial }) => filesOf(directory, record.digest, partial)));
  for (const name of names) {
    const ours = /^(upload-.*\.draft|sha(256|512)-[0-9a-f]+\.(img|part|json(\.new)?))$/.test(name);
    if (ours && !kept.has(join(directory, name))) await rm(join(directory, name), { force: true });
  }
  return found;
}

function filesOf(directory: string, digest: Digest, partial: boolean): readonly string[] {
  const files = imageFiles(directory, digest);
  return [files.record, partial ? files.part : files.image];
}

async function readRecord(directory: string, digest: Digest): Promise<ImageRecord> {
  const text = await readFile(imageFiles(directory, digest).record, 'utf8').catch(() => '');
  try {
    return v.parse(ImageRecord, JSON.parse(text));
  } catch {
    // Its bytes are what counts, and they are known by the file's name.
    return { digest };
  }
}

/** `sha256:…` of a file, by the algorithm of `like`. */
export async function digestOf(path: string, like: Digest): Promise<Digest> {
  const algorithm = like.startsWith('sha512:') ? 'sha512' : 'sha256';
  const hash = createHash(algorithm);
  for await (const chunk of createReadStream(path, { highWaterMark: BLOCK_BYTES })) hash.update(chunk as Buffer);
  return `${algorithm}:${hash.digest('hex')}` as Digest;
}

/** Gives a whole file its name, so that a power cut leaves either all of it or none. */
export async function settle(draft: string, path: string, directory: string): Promise<void> {
  await sync(draft);
  await rename(draft, path);
  await sync(directory);
}

async function writeDurably(path: string, text: string): Promise<void> {
  const draft = `${path}.new`;
  const file = await open(draft, 'w', 0o644);
  try {
    await file.writeFile(text);
    await file.sync();
  } finally {
    await file.close();
  }
  await rename(draft, path);
}

async function sync(path: string): Promise<void> {
  const file = await open(path, 'r');
  try {
    await file.sync();
  } finally {
    await file.close();
  }
}
