import { createHash } from 'node:crypto';
import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import type { Progress } from './download.ts';
import { createImageStore } from './image-store.ts';

const content = Buffer.alloc(300_000, 'kcore');
const sha256 = createHash('sha256').update(content).digest('hex');
const never = new AbortController().signal;
const ignore = (): void => {};

let directory: string;
let server: Server;
let requests: IncomingMessage[];
/** What the server does with a request; each test chooses. */
let answer: (request: IncomingMessage, response: ServerResponse) => void;

beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), 'kct-images-'));
  requests = [];
  answer = serve;
  server = createServer((request, response) => {
    requests.push(request);
    answer(request, response);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
});
afterEach(async () => {
  server.closeAllConnections();
  await new Promise((resolve) => server.close(resolve));
  await rm(directory, { recursive: true });
});

function serve(request: IncomingMessage, response: ServerResponse): void {
  const from = Number(/^bytes=(\d+)-$/.exec(request.headers.range ?? '')?.[1] ?? 0);
  if (from >= content.length) {
    response.writeHead(416).end();
    return;
  }
  response.writeHead(from === 0 ? 200 : 206, { 'content-length': content.length - from });
  response.end(content.subarray(from));
}

/** Says it sends all, and goes away half-way. */
function cutOff(_request: IncomingMessage, response: ServerResponse): void {
  response.writeHead(200, { 'content-length': content.length });
  response.write(content.subarray(0, content.length / 2), () => response.destroy());
}

const url = (): string => `http://127.0.0.1:${(server.address() as AddressInfo).port}/image.qcow2`;
const source = () => ({ url: url(), sha256 });

describe('the images of a node', () => {
  test('an image is fetched once, verified, and then there', async () => {
    const store = createImageStore(directory);
    const path = await store.ensure(source(), ignore, never);
    expect((await readFile(path)).equals(content)).toBe(true);
    expect(await store.ensure(source(), ignore, never)).toBe(path);
    expect(requests).toHaveLength(1);
    expect(await store.list()).toEqual(new Map([[sha256, content.length]]));
  });

  test('concurrent creates share one download, and each sees its progress', async () => {
    const store = createImageStore(directory);
    const seen: Progress[][] = [[], [], []];
    const paths = await Promise.all(
      seen.map((mine) => store.ensure(source(), (progress) => mine.push(progress), never)),
    );
    expect(new Set(paths).size).toBe(1);
    expect(requests).toHaveLength(1);
    for (const mine of seen) expect(mine.at(-1)).toEqual({ received: content.length, total: content.length });
  });

  test('a download that was cut off is an error that names the URL, and goes on where it ended', async () => {
    const store = createImageStore(directory);
    answer = cutOff;
    await expect(store.ensure(source(), ignore, never)).rejects.toThrow(`the image at ${url()} cannot be fetched`);
    expect(await store.list()).toEqual(new Map());
    answer = serve;
    const path = await store.ensure(source(), ignore, never);
    expect(Number(/\d+/.exec(requests[1]?.headers.range ?? '')?.[0])).toBeGreaterThan(0);
    expect((await readFile(path)).equals(content)).toBe(true);
  });

  test('a wrong digest is refused with both digests, and nothing is left', async () => {
    const store = createImageStore(directory);
    const wrong = { url: url(), sha256: '0'.repeat(64) };
    await expect(store.ensure(wrong, ignore, never)).rejects.toThrow(
      `the image at ${url()} is not the one that was asked for: its sha256 is ${sha256}, and not ${'0'.repeat(64)}`,
    );
    expect(await readdir(directory)).toEqual([]);
  });

  test('what was fetched of another version is thrown away with its digest, and the next try begins anew', async () => {
    const store = createImageStore(directory);
    await writeFile(join(directory, `${sha256}.part`), 'something else');
    await expect(store.ensure(source(), ignore, never)).rejects.toThrow('is not the one that was asked for');
    expect((await readFile(await store.ensure(source(), ignore, never))).equals(content)).toBe(true);
  });

  test('a server that is not there, and one that has no such image', async () => {
    const store = createImageStore(directory);
    answer = (_request, response) => response.writeHead(404).end();
    await expect(store.ensure(source(), ignore, never)).rejects.toThrow('the server answered 404 Not Found');
    const gone = { url: 'http://127.0.0.1:1/image', sha256 };
    await expect(store.ensure(gone, ignore, never)).rejects.toThrow(
      /cannot be fetched: .*; bring the file to the node with 'kctl node upload-image'/,
    );
  });

  test('one of two who wait may go; when both have gone, the download ends', async () => {
    const store = createImageStore(directory);
    const held: ServerResponse[] = [];
    answer = (_request, response) => {
      response.writeHead(200, { 'content-length': content.length });
      response.write(content.subarray(0, 1000));
      held.push(response);
    };
    const first = new AbortController();
    const second = new AbortController();
    const started = Promise.all([first, second].map(({ signal }) => begun(store, signal)));
    const waits = await started;
    first.abort();
    await expect(waits[0]?.result).rejects.toThrow('aborted');
    expect(held[0]?.destroyed).toBe(false);
    const closed = new Promise((resolve) => held[0]?.once('close', resolve));
    second.abort();
    await expect(waits[1]?.result).rejects.toThrow('aborted');
    await closed;
  });

  test('a removed image is fetched again', async () => {
    const store = createImageStore(directory);
    await store.ensure(source(), ignore, never);
    await store.remove(sha256);
    expect(await store.list()).toEqual(new Map());
    await store.ensure(source(), ignore, never);
    expect(requests).toHaveLength(2);
  });
});

/** Begins to wait for the image, and resolves when its first bytes are there. */
function begun(
  store: ReturnType<typeof createImageStore>,
  signal: AbortSignal,
): Promise<{ readonly result: Promise<string> }> {
  return new Promise((resolve) => {
    const result = store.ensure(source(), () => resolve({ result }), signal);
    result.catch(() => {});
  });
}
