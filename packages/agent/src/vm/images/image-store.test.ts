import { createHash } from 'node:crypto';
import { mkdtemp, readdir, readFile, rm, stat, utimes, writeFile } from 'node:fs/promises';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { FakeClock } from '../../../test/support/fake-clock.ts';
import { systemClock } from '../../loop/system-clock.ts';
import type { Clock } from '../../model/clock.ts';
import type { Progress } from './download.ts';
import { imageFiles } from './image-files.ts';
import { type ImageStore, openImageStore } from './image-store.ts';

const content = Buffer.alloc(300_000, 'kcore');
const digestOf = (bytes: Uint8Array) => `sha256:${createHash('sha256').update(bytes).digest('hex')}` as const;
const digest = digestOf(content);
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
  clock = systemClock;
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

/** Sends a little, and nothing more. */
function halfOf(_request: IncomingMessage, response: ServerResponse): void {
  response.writeHead(200, { 'content-length': content.length });
  response.write(content.subarray(0, 1000));
}

const url = (): string => `http://127.0.0.1:${(server.address() as AddressInfo).port}/image.qcow2`;
const source = () => ({ url: url(), digest, format: 'raw' as const });
const wrong = `sha256:${'0'.repeat(64)}` as const;
let clock: Clock;

/** What the store says of each image: `ready 300000`. */
const listed = (store: ImageStore) => store.list().map(({ state, sizeBytes }) => `${state} ${sizeBytes}`);

describe('the images of a node', () => {
  test('an image is fetched once, verified, and then there', async () => {
    const store = await openImageStore(directory, clock);
    const path = await store.ensure(source(), ignore, never);
    expect((await readFile(path)).equals(content)).toBe(true);
    expect(await store.ensure(source(), ignore, never)).toBe(path);
    expect(requests).toHaveLength(1);
    expect(listed(store)).toEqual([`ready ${content.length}`]);
  });

  test('concurrent creates share one download, and each sees its progress', async () => {
    const store = await openImageStore(directory, clock);
    const seen: Progress[][] = [[], [], []];
    const paths = await Promise.all(
      seen.map((mine) => store.ensure(source(), (progress) => mine.push(progress), never)),
    );
    expect(new Set(paths).size).toBe(1);
    expect(requests).toHaveLength(1);
    for (const mine of seen) expect(mine.at(-1)).toEqual({ received: content.length, total: content.length });
  });

  test('a download that was cut off is an error that names the URL, and goes on where it ended', async () => {
    const store = await openImageStore(directory, clock);
    answer = cutOff;
    await expect(store.ensure(source(), ignore, never)).rejects.toThrow(`the image at ${url()} cannot be fetched`);
    expect(store.list()).toMatchObject([{ state: 'failed', message: expect.stringContaining(url()) }]);
    answer = serve;
    const path = await store.ensure(source(), ignore, never);
    expect(Number(/\d+/.exec(requests[1]?.headers.range ?? '')?.[0])).toBeGreaterThan(0);
    expect((await readFile(path)).equals(content)).toBe(true);
  });

  test('a wrong digest is refused with both digests, nothing is left, and it is left alone for a while', async () => {
    const fake = new FakeClock();
    clock = fake;
    const store = await openImageStore(directory, clock);
    const bad = { ...source(), digest: wrong };
    const refused = `the image at ${url()} is not the one that was asked for: its digest is ${digest}, and not ${wrong}`;
    await expect(store.ensure(bad, ignore, never)).rejects.toThrow(refused);
    expect(await readdir(directory)).toEqual([]);
    expect(listed(store)).toEqual(['failed 0']);
    await expect(store.ensure(bad, ignore, never)).rejects.toThrow(
      'it is not fetched again before 2030-01-01T00:01:00',
    );
    expect(requests).toHaveLength(1);
    // A corrected URL is another attempt, and so is one after the image was deleted.
    await expect(store.ensure({ ...bad, url: `${url()}?2` }, ignore, never)).rejects.toThrow(`${url()}?2 is not`);
    expect(requests).toHaveLength(2);
    await store.remove(wrong);
    await expect(store.ensure({ ...bad, url: `${url()}?2` }, ignore, never)).rejects.toThrow(`${url()}?2 is not`);
    expect(requests).toHaveLength(3);
    await fake.advance(60_000);
    await expect(store.ensure(bad, ignore, never)).rejects.toThrow(refused);
    expect(requests).toHaveLength(4);
  });

  test('what was fetched of another version is thrown away, and fetched whole at once', async () => {
    const store = await openImageStore(directory, clock);
    await writeFile(imageFiles(directory, digest).part, 'something else');
    expect((await readFile(await store.ensure(source(), ignore, never))).equals(content)).toBe(true);
    expect(requests.map(({ headers }) => headers.range)).toEqual(['bytes=14-', undefined]);
  });

  test('an agent that restarts goes on with what was fetched, and says what it has', async () => {
    const first = await openImageStore(directory, clock);
    answer = cutOff;
    await expect(first.ensure(source(), ignore, never)).rejects.toThrow('cannot be fetched');
    const second = await openImageStore(directory, clock);
    expect(second.list()).toMatchObject([
      {
        digest,
        url: url(),
        format: 'raw',
        state: 'failed',
        message: 'its download was cut off; it goes on when a VM needs it',
      },
    ]);
    answer = serve;
    await second.ensure(source(), ignore, never);
    expect(requests[1]?.headers.range).toMatch(/^bytes=[1-9]/);
    expect(await openImageStore(directory, clock).then((third) => third.list())).toEqual([
      { kind: 'image', digest, url: url(), format: 'raw', state: 'ready', sizeBytes: content.length },
    ]);
  });

  test('an agent that ends keeps what was fetched', async () => {
    const store = await openImageStore(directory, clock);
    answer = halfOf;
    const { result } = await begun(store, never);
    await store[Symbol.asyncDispose]();
    await expect(result).rejects.toThrow('the agent ends');
    expect((await stat(imageFiles(directory, digest).part)).size).toBeGreaterThan(0);
  });

  test('what a crash left half done is swept at start', async () => {
    const { record, part } = imageFiles(directory, wrong);
    await writeFile(join(directory, 'upload-1.draft'), 'half');
    await writeFile(record, '{}');
    await writeFile(part, 'old');
    await utimes(part, 0, 0);
    await writeFile(join(directory, 'notes.txt'), 'somebody else’s');
    const store = await openImageStore(directory, clock);
    expect(await readdir(directory)).toEqual(['notes.txt']);
    expect(store.list()).toEqual([]);
  });

  test('a sha512 is as good', async () => {
    const store = await openImageStore(directory, clock);
    const sha512 = `sha512:${createHash('sha512').update(content).digest('hex')}` as const;
    expect((await readFile(await store.ensure({ ...source(), digest: sha512 }, ignore, never))).equals(content)).toBe(
      true,
    );
  });

  test('a redirect is followed, but never from https to something else', async () => {
    const store = await openImageStore(directory, clock);
    answer = (request, response) => {
      if (request.url === '/image.qcow2') response.writeHead(302, { location: '/there' }).end();
      else serve(request, response);
    };
    await store.ensure(source(), ignore, never);
    expect(requests.map(({ url: path }) => path)).toEqual(['/image.qcow2', '/there']);
    await store.remove(digest);
    answer = (_request, response) => response.writeHead(302, { location: 'ftp://elsewhere/image' }).end();
    await expect(store.ensure(source(), ignore, never)).rejects.toThrow(
      'redirects to ftp://elsewhere/image, which is not https',
    );
    answer = (_request, response) => response.writeHead(302, { location: '/image.qcow2' }).end();
    await expect(store.ensure(source(), ignore, never)).rejects.toThrow('redirects more than 5 times');
  });

  test('one that is larger than the disk is refused before it is fetched, and nothing is left', async () => {
    const store = await openImageStore(directory, clock);
    answer = (_request, response) => {
      response.writeHead(200, { 'content-length': 2 ** 50 });
      response.write('x');
    };
    await expect(store.ensure(source(), ignore, never)).rejects.toMatchObject({
      code: 'ResourceExhausted',
      message: expect.stringMatching(/^no room in .*: the image needs \d+T and .* are free; make room there$/),
    });
    expect(await readdir(directory)).toEqual([]);
  });

  test('those who watch hear of it, and of its end', async () => {
    const store = await openImageStore(directory, clock);
    const seen: string[] = [];
    const stop = store.watch(() =>
      seen.push(
        store
          .list()
          .map(({ state }) => state)
          .join(),
      ),
    );
    await store.ensure(source(), ignore, never);
    stop();
    await store.remove(digest);
    expect(seen[0]).toBe('fetching');
    expect(seen.at(-1)).toBe('ready');
  });

  test('a server that is not there, and one that has no such image', async () => {
    const store = await openImageStore(directory, clock);
    answer = (_request, response) => response.writeHead(404).end();
    await expect(store.ensure(source(), ignore, never)).rejects.toThrow('the server answered 404 Not Found');
    const gone = { ...source(), url: 'http://127.0.0.1:1/image' };
    await expect(store.ensure(gone, ignore, never)).rejects.toThrow(
      /cannot be fetched: .*; bring the file to the node with 'kctl node upload-image'/,
    );
  });

  test('one of two who wait may go; when both have gone, the download ends', async () => {
    const store = await openImageStore(directory, clock);
    const held: ServerResponse[] = [];
    answer = (request, response) => {
      halfOf(request, response);
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
    await expect.poll(() => readdir(directory)).toEqual([]);
    expect(store.list()).toEqual([]);
  });

  test('a removed image is fetched again', async () => {
    const store = await openImageStore(directory, clock);
    await store.ensure(source(), ignore, never);
    await store.remove(digest);
    expect(store.list()).toEqual([]);
    expect(await readdir(directory)).toEqual([]);
    await store.ensure(source(), ignore, never);
    expect(requests).toHaveLength(2);
  });
});

/** Begins to wait for the image, and resolves when its first bytes are there. */
function begun(store: ImageStore, signal: AbortSignal): Promise<{ readonly result: Promise<string> }> {
  return new Promise((resolve) => {
    const result = store.ensure(source(), () => resolve({ result }), signal);
    result.catch(() => {});
  });
}

describe('images that are uploaded', () => {
  const qcow2 = Buffer.alloc(200_000);
  qcow2.writeUInt32BE(0x514649fb, 0);
  qcow2.writeUInt32BE(3, 4);
  qcow2.writeBigUInt64BE(1n << 30n, 24);
  const mine = { name: 'mine', format: 'qcow2', sizeBytes: qcow2.length } as const;

  async function* sent(bytes: Uint8Array, chunk = 7_000): AsyncIterable<Uint8Array> {
    for (let at = 0; at < bytes.length; at += chunk) yield bytes.subarray(at, at + chunk);
  }

  test('one is kept under its digest and name, without its holes', async () => {
    const store = await openImageStore(directory, clock);
    const sparse = Buffer.alloc(8 * 1024 * 1024);
    sparse.fill('x', 5_000_000, 5_000_100);
    const image = { name: 'plain', format: 'raw', sizeBytes: sparse.length } as const;
    const status = await store.receive(image, sent(sparse, 1_000_000), never);
    const { sizeBytes, ...said } = image;
    expect(status).toEqual({ kind: 'image', digest: digestOf(sparse), ...said, state: 'ready', sizeBytes });
    const path = (await store.stored(digestOf(sparse))) ?? '';
    expect((await readFile(path)).equals(sparse)).toBe(true);
    expect((await stat(path)).blocks * 512).toBeLessThan(1024 * 1024);
    expect((await openImageStore(directory, clock)).list()).toEqual([status]);
  });

  test('it is used without a network by a VM that names a URL of the same digest', async () => {
    const store = await openImageStore(directory, clock);
    await store.receive({ name: 'raw', format: 'raw', sizeBytes: content.length }, sent(content), never);
    await store.ensure({ ...source(), url: 'http://127.0.0.1:1/nowhere' }, ignore, never);
  });

  test('it ends a download of the same, and is what was waited for', async () => {
    const store = await openImageStore(directory, clock);
    answer = halfOf;
    const { result } = await begun(store, never);
    await store.receive({ name: 'raw', format: 'raw', sizeBytes: content.length }, sent(content), never);
    expect((await readFile(await result)).equals(content)).toBe(true);
    expect(listed(store)).toEqual([`ready ${content.length}`]);
  });

  test.each<[string, Parameters<ImageStore['receive']>[0], Buffer, string, string]>([
    [
      'too few bytes',
      { ...mine, sizeBytes: qcow2.length + 1 },
      qcow2,
      'InvalidArgument',
      'did not come whole: 200000 of the 200001',
    ],
    [
      'too many bytes',
      { ...mine, sizeBytes: 1000 },
      qcow2,
      'InvalidArgument',
      'did not come whole: more than the 1000',
    ],
    [
      'another digest',
      { ...mine, sha256: '0'.repeat(64) },
      qcow2,
      'InvalidArgument',
      `its digest is ${digestOf(qcow2)}`,
    ],
    ['no qcow2', { ...mine, sizeBytes: content.length }, content, 'InvalidArgument', 'is no qcow2 image'],
    ['a qcow2 as raw', { ...mine, format: 'raw' }, qcow2, 'InvalidArgument', 'give its format as qcow2'],
    ['no room', { ...mine, sizeBytes: 2 ** 50 }, qcow2, 'ResourceExhausted', 'needs 1020T'],
  ])('%s is refused, and nothing is left', async (_title, image, bytes, code, message) => {
    const store = await openImageStore(directory, clock);
    await expect(store.receive(image, sent(bytes), never)).rejects.toMatchObject({
      code,
      message: expect.stringContaining(message),
    });
    expect(await readdir(directory)).toEqual([]);
    expect(store.list()).toEqual([]);
  });

  test('one that is cut off leaves nothing', async () => {
    const store = await openImageStore(directory, clock);
    const cut = new AbortController();
    async function* half(): AsyncIterable<Uint8Array> {
      yield qcow2.subarray(0, 100_000);
      cut.abort(new Error('the sender is gone'));
      yield qcow2.subarray(100_000);
    }
    await expect(store.receive(mine, half(), cut.signal)).rejects.toThrow('the sender is gone');
    expect(await readdir(directory)).toEqual([]);
  });

  test('a name is of one image, and an image has one name', async () => {
    const store = await openImageStore(directory, clock);
    const first = await store.receive(mine, sent(qcow2), never);
    expect(await store.receive({ ...mine, sha256: digestOf(qcow2).slice(7) }, sent(Buffer.alloc(0)), never)).toEqual(
      first,
    );
    const other = { ...mine, format: 'raw', sizeBytes: content.length } as const;
    await expect(store.receive(other, sent(content), never)).rejects.toThrow(
      "another image on this node has the name 'mine'",
    );
    await expect(store.receive({ ...mine, name: 'again' }, sent(qcow2), never)).rejects.toThrow(
      "under the name 'mine'",
    );
    const both = Promise.allSettled([1, 2].map(() => store.receive({ ...other, name: 'new' }, sent(content), never)));
    expect((await both).map(({ status }) => status)).toEqual(['fulfilled', 'rejected']);
    expect((await readdir(directory)).filter((name) => name.endsWith('.draft'))).toEqual([]);
  });
});
