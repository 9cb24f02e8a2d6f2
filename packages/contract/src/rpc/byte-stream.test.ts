import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { type Channel, channelPair } from '../channel.ts';
import { KcoreError } from '../errors.ts';
import { ByteQueue } from './byte-queue.ts';
import { type ByteStream, STREAM_CHUNK, STREAM_WINDOW } from './byte-stream.ts';
import { type Handlers, Peer, type PeerOptions, type StreamCall } from './peer.ts';

interface Pair {
  readonly client: Peer;
  readonly server: Peer;
  readonly left: Channel;
  /** What calls gave to the server's handlers. */
  readonly served: ByteStream[];
}

function pair(handlers: Handlers = {}, options: PeerOptions = {}): Pair {
  const [left, right] = channelPair();
  const served: ByteStream[] = [];
  const client = new Peer(left, options);
  const server = new Peer(right, options);
  const keep = (_params: unknown, stream: ByteStream) => {
    served.push(stream);
    return {};
  };
  server.serve({ 'guest.console': keep, 'node.list': () => ({ nodes: [] }), ...handlers });
  return { client, server, left, served };
}

async function console(handlers: Handlers = {}, options: PeerOptions = {}) {
  const both = pair(handlers, options);
  const call = both.client.openStream('guest.console', { name: 'web' });
  await call.result;
  const [far] = both.served;
  if (far === undefined) throw new Error('not served');
  return { ...both, near: call.stream, far };
}

async function all(stream: ByteStream): Promise<Buffer> {
  const parts: Uint8Array[] = [];
  for await (const part of stream.readable) parts.push(part);
  return Buffer.concat(parts);
}

async function failureOf(promise: Promise<unknown>): Promise<KcoreError> {
  const error = await promise.then(
    (value) => new Error(`no failure but ${String(value)}`),
    (reason: unknown) => reason,
  );
  if (error instanceof KcoreError) return error;
  throw error;
}

const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));
const gaveUp = new KcoreError('Aborted', 'had enough', { remedy: 'rest' });

describe('a byte stream', () => {
  test('carries bytes both ways, beyond the end of its call, and is closed when both directions are', async () => {
    const { near, far } = await console();
    await near.write(Buffer.from('login\n'));
    near.end();
    expect((await all(far)).toString()).toBe('login\n');
    await far.write(Buffer.from('welcome'));
    far.end();
    expect((await all(near)).toString()).toBe('welcome');
    expect(await Promise.all([near.closed, far.closed])).toEqual([undefined, undefined]);
    expect((await failureOf(near.write(Buffer.from('late')))).code).toBe('FailedPrecondition');
  });

  test('an upload: one direction ends, then the result comes', async () => {
    const { client } = pair({
      'image.receive': async ({ name, format }, stream) => {
        const bytes = await all(stream);
        stream.end();
        const digest = `sha256:${'0'.repeat(64)}` as const;
        return { image: { kind: 'image', digest, name, format, state: 'ready', sizeBytes: bytes.length } };
      },
    });
    const image = { name: 'x', format: 'raw', sizeBytes: 3_000_000 } as const;
    const { stream, result } = client.openStream('image.receive', image);
    await stream.write(Buffer.alloc(3_000_000, 7));
    stream.end();
    expect((await result).image.sizeBytes).toBe(3_000_000);
    expect(await stream.closed).toBeUndefined();
  });

  test('what is written arrives in its order, however it is cut and however slowly it is read', async () => {
    const chunks = fc.array(fc.integer({ min: 0, max: 3 * STREAM_CHUNK }), { maxLength: 12 });
    await fc.assert(
      fc.asyncProperty(chunks, fc.integer({ min: 0, max: 3 }), fc.boolean(), async (sizes, pause, together) => {
        const { near, far } = await console();
        const bytes = Buffer.concat(sizes.map((size, at) => Buffer.alloc(size, at + 1)));
        let at = 0;
        const writes = sizes.map((size) => {
          const part = bytes.subarray(at, at + size);
          at += size;
          return () => near.write(part);
        });
        const writing = together
          ? Promise.all(writes.map((write) => write()))
          : (async () => {
              for (const write of writes) await write();
            })();
        void writing.then(() => near.end());
        const got: Uint8Array[] = [];
        for await (const part of far.readable) {
          got.push(part);
          for (let turns = 0; turns < pause; turns++) await turn();
        }
        expect(Buffer.concat(got).equals(bytes)).toBe(true);
      }),
      { numRuns: 40 },
    );
  });

  test('a reader that does not read makes the writer wait, and little is kept', async () => {
    const { near, far, left } = await console();
    let sent = 0;
    const writing = (async () => {
      for (; sent < 10_000_000; sent += 100_000) await near.write(Buffer.alloc(100_000));
      near.end();
    })();
    for (let turns = 0; turns < 200; turns++) await turn();
    expect(sent).toBeLessThanOrEqual(STREAM_WINDOW);
    expect(left.buffered).toBe(0);
    let read = 0;
    let most = 0;
    for await (const part of far.readable) {
      read += part.length;
      most = Math.max(most, sent - read);
    }
    await writing;
    expect(read).toBe(10_000_000);
    expect(most).toBeLessThanOrEqual(STREAM_WINDOW + 100_000);
  });

  test('messages are short, so that others of the connection go between them', async () => {
    const { near, far, client, left } = await console();
    const longest = { length: 0 };
    const { send } = left;
    left.send = (text) => {
      longest.length = Math.max(longest.length, text.length);
      send.call(left, text);
    };
    const order: string[] = [];
    const reading = all(far).then((bytes) => order.push(`${bytes.length} bytes`));
    const writing = near.write(Buffer.alloc(20_000_000));
    await client.call('node.list', {});
    order.push('answer');
    await writing;
    near.end();
    await reading;
    expect(order).toEqual(['answer', '20000000 bytes']);
    expect(longest.length).toBeLessThan(70_000);
  });

  test('nothing is sent into a full socket', async () => {
    const { near, far, left } = await console();
    let full = true;
    let sent = 0;
    Object.defineProperty(left, 'buffered', { get: () => (full ? 600_000 : 0) });
    const { send } = left;
    left.send = (text) => {
      sent += 1;
      send.call(left, text);
    };
    const writing = near.write(Buffer.from('x'));
    await new Promise((resolve) => setTimeout(resolve, 20));
    expect(sent).toBe(0);
    full = false;
    await writing;
    near.end();
    expect((await all(far)).toString()).toBe('x');
  });
});

describe('a stream that fails', () => {
  test('fails at both ends, with code, text and details; what arrived is read first', async () => {
    const { near, far } = await console();
    await far.write(Buffer.from('last words'));
    far.fail(gaveUp);
    const heard: string[] = [];
    const reading = (async () => {
      for await (const part of near.readable) heard.push(Buffer.from(part).toString());
    })();
    const error = await failureOf(reading);
    expect(error).toMatchObject({ code: 'Aborted', message: 'had enough', details: { remedy: 'rest' } });
    expect(heard).toEqual(['last words']);
    expect(await failureOf(near.write(Buffer.from('x')))).toMatchObject({ code: 'Aborted' });
    expect(await near.closed).toBe(error);
    expect(await far.closed).toBe(gaveUp);
  });

  test('wakes a writer that waits for credit, and a reader that waits for bytes', async () => {
    const { near, far } = await console();
    const writing = failureOf(near.write(Buffer.alloc(STREAM_WINDOW + 1)));
    const reading = failureOf(all(near));
    await turn();
    far.fail(gaveUp);
    expect((await writing).message).toBe('had enough');
    expect((await reading).message).toBe('had enough');
  });

  test('after its own end, too: an upload that is given up while the other side works on it', async () => {
    const { near, far } = await console();
    near.end();
    await all(far);
    near.fail(gaveUp);
    expect(await far.closed).toMatchObject({ code: 'Aborted' });
  });

  test('with the connection, at both ends', async () => {
    const { near, far, client } = await console();
    await near.write(Buffer.from('heard'));
    await turn();
    client.close(1001, 'going');
    expect(await near.closed).toMatchObject({ code: 'Unavailable' });
    expect(await far.closed).toMatchObject({ code: 'Unavailable', message: expect.stringContaining('going') });
    const heard: string[] = [];
    const reading = (async () => {
      for await (const part of far.readable) heard.push(Buffer.from(part).toString());
    })();
    expect((await failureOf(reading)).code).toBe('Unavailable');
    expect(heard).toEqual(['heard']);
  });

  test('not with a connection that ended after its last message', async () => {
    const { near, far, client } = await console();
    await near.write(Buffer.from('bye'));
    near.end();
    await Promise.resolve();
    client.close();
    expect((await all(far)).toString()).toBe('bye');
  });

  test('is never opened on a closed connection', async () => {
    const { client } = pair();
    client.close();
    await client.closed;
    const { stream, result } = client.openStream('guest.console', { name: 'web' });
    expect((await failureOf(result)).code).toBe('Unavailable');
    expect((await stream.closed)?.code).toBe('Unavailable');
  });
});

describe('a call that fails takes its stream with it', () => {
  const never: Handlers = { 'guest.logs': () => new Promise(() => {}) };
  const logs = { name: 'web', follow: true };

  test('refused by the other side', async () => {
    const far: ByteStream[] = [];
    const refusal = new KcoreError('FailedPrecondition', 'no console here');
    const { client } = pair({
      'guest.console': (_params, stream) => {
        far.push(stream);
        throw refusal;
      },
    });
    const { stream, result } = client.openStream('guest.console', { name: 'web' });
    expect((await failureOf(result)).message).toBe('no console here');
    expect(await stream.closed).toMatchObject({ code: 'FailedPrecondition' });
    expect(await far[0]?.closed).toBe(refusal);
  });

  test.each([
    ['given up by the signal', (abort: AbortController) => ({ signal: abort.signal }), 'Aborted'],
    ['no answer in time', () => ({ timeoutMs: 10 }), 'DeadlineExceeded'],
  ] as const)('%s', async (_title, optionsOf, code) => {
    const far: ByteStream[] = [];
    const { client } = pair({
      ...never,
      'guest.logs': (_params, stream) => {
        far.push(stream);
        return new Promise(() => {});
      },
    });
    const abort = new AbortController();
    const { stream, result } = client.openStream('guest.logs', logs, optionsOf(abort));
    await expect.poll(() => far.length).toBe(1);
    abort.abort();
    expect((await failureOf(result)).code).toBe(code);
    expect((await stream.closed)?.code).toBe(code);
    expect((await far[0]?.closed)?.code).toBe(code);
  });

  test('the signal counts also after the answer', async () => {
    const both = pair();
    const abort = new AbortController();
    const { result } = both.client.openStream('guest.console', { name: 'web' }, { signal: abort.signal });
    await result;
    abort.abort();
    expect((await both.served[0]?.closed)?.code).toBe('Aborted');
  });

  test('a call may take as long as the connection stands', async () => {
    const { client } = pair(never);
    const { result } = client.openStream('guest.logs', logs, { timeoutMs: Number.POSITIVE_INFINITY });
    await turn();
    client.close();
    expect((await failureOf(result)).code).toBe('Unavailable');
  });
});

describe('bounds', () => {
  const open = (client: Peer): StreamCall<'guest.console'> => client.openStream('guest.console', { name: 'web' });

  test('streams of one connection, on both sides', async () => {
    const { client, served } = pair({}, { maxStreams: 2 });
    const calls = [open(client), open(client)];
    expect(() => open(client)).toThrow('2 streams are open on this connection');
    await Promise.all(calls.map(({ result }) => result));
    calls[0]?.stream.end();
    served[0]?.end();
    await calls[0]?.stream.closed;
    await open(client).result;

    const far = pair();
    const [left, right] = channelPair();
    const greedy = new Peer(left);
    new Peer(right, { maxStreams: 1 }).serve({ 'guest.console': () => ({}) });
    await open(greedy).result;
    expect((await failureOf(open(greedy).result)).code).toBe('ResourceExhausted');
    far.client.close();
  });

  test('calls with streams are not counted among those that make the rest wait: their bytes would be the rest', async () => {
    const { client } = pair({ 'guest.logs': () => new Promise(() => {}) }, { maxServing: 1 });
    for (let at = 0; at < 3; at++)
      client.openStream('guest.logs', { name: 'web', follow: true }).result.catch(() => {});
    expect(await client.call('node.list', {})).toEqual({ nodes: [] });
    client.close();
  });

  /** A server whose other end is in the test's hands. */
  function byHand() {
    const [wire, right] = channelPair();
    const served: ByteStream[] = [];
    const server = new Peer(right);
    server.serve({
      'guest.console': (_params, stream) => {
        served.push(stream);
        return {};
      },
    });
    const say = (method: string, params: object, id?: number) =>
      wire.send(JSON.stringify({ jsonrpc: '2.0', method, params, ...(id === undefined ? {} : { id }) }));
    const heard: { method?: string; params?: { error?: { code: string; message: string } }; result?: unknown }[] = [];
    void (async () => {
      for await (const text of wire.messages) heard.push(JSON.parse(text));
    })();
    say('guest.console', { name: 'web', stream: 1 }, 1);
    return { server, served, say, heard, wire };
  }

  const bytes = (length: number): string => Buffer.alloc(length).toString('base64');

  test.each([
    ['more than its credit at once', [['stream.data', { stream: 1, bytes: bytes(STREAM_WINDOW + 1) }]], 'may be sent'],
    [
      'more than its credit by and by',
      Array.from({ length: 6 }, () => ['stream.data', { stream: 1, bytes: bytes(STREAM_CHUNK) }] as const),
      'may be sent',
    ],
    ['what is no base64', [['stream.data', { stream: 1, bytes: '????' }]], 'not base64'],
    [
      'bytes after its end',
      [
        ['stream.end', { stream: 1 }],
        ['stream.data', { stream: 1, bytes: 'AAAA' }],
      ],
      'after the end',
    ],
  ] as const)('one that sends %s loses the stream, and the connection goes on', async (_title, messages, why) => {
    const { served, say, heard, wire } = byHand();
    await expect.poll(() => served.length).toBe(1);
    for (const [method, params] of messages) say(method, params);
    expect(await served[0]?.closed).toMatchObject({ code: 'InvalidArgument', message: expect.stringContaining(why) });
    say('stream.data', { stream: 1, bytes: 'AAAA' });
    say('guest.console', { name: 'web', stream: 2 }, 2);
    await expect.poll(() => served.length).toBe(2);
    const ends = heard.filter(({ method }) => method === 'stream.end');
    expect(ends).toHaveLength(1);
    expect(ends[0]?.params?.error?.code).toBe('InvalidArgument');
    wire.close();
  });

  test('a number that is taken is refused, and the stream that has it goes on', async () => {
    const { served, say, heard } = byHand();
    say('guest.console', { name: 'web', stream: 1 }, 2);
    await expect.poll(() => heard.length).toBe(2);
    expect(heard[1]).toMatchObject({ id: 2, error: { data: { code: 'InvalidArgument' } } });
    say('stream.data', { stream: 1, bytes: 'AAAA' });
    say('stream.end', { stream: 1 });
    expect(await all(served[0] as ByteStream)).toEqual(Buffer.alloc(3));
  });

  test('whatever is said of streams, nothing ends but a stream', async () => {
    const message = fc.oneof(
      fc
        .record({ stream: fc.integer({ min: 1, max: 3 }), bytes: fc.base64String({ maxLength: 40 }) })
        .map((params) => ({
          method: 'stream.data',
          params: params as object,
        })),
      fc
        .record({ stream: fc.integer({ min: 1, max: 3 }), bytes: fc.integer({ min: 1, max: 2 ** 52 }) })
        .map((params) => ({ method: 'stream.credit', params: params as object })),
      fc.record({ stream: fc.integer({ min: 1, max: 3 }), failed: fc.boolean() }).map(({ stream, failed }) => ({
        method: 'stream.end',
        params: { stream, ...(failed ? { error: { code: 'Nonsense', message: 'x' } } : {}) },
      })),
    );
    await fc.assert(
      fc.asyncProperty(fc.array(message, { maxLength: 30 }), async (messages) => {
        const { served, say, heard, wire } = byHand();
        for (const { method, params } of messages) say(method, params);
        say('guest.console', { name: 'web', stream: 9 }, 9);
        await expect.poll(() => served.length, { interval: 1 }).toBe(2);
        await expect.poll(() => heard.some((one) => 'id' in one && one.id === 9), { interval: 1 }).toBe(true);
        wire.close();
      }),
      { numRuns: 50 },
    );
  });
});

describe('bytes that wait', () => {
  test('come out as they went in', () => {
    fc.assert(
      fc.property(
        fc.array(fc.oneof(fc.integer({ min: 0, max: 6_000 }), fc.constant('take')), { maxLength: 60 }),
        (steps) => {
          const queue = new ByteQueue();
          const went: number[] = [];
          const came: number[] = [];
          let next = 0;
          for (const step of steps) {
            if (step === 'take') came.push(...(queue.shift() ?? []));
            else {
              const bytes = Uint8Array.from({ length: step as number }, () => next++ % 251);
              went.push(...bytes);
              queue.push(bytes);
            }
          }
          for (let part = queue.shift(); part !== undefined; part = queue.shift()) came.push(...part);
          expect(came).toEqual(went);
        },
      ),
    );
  });

  test('take little more than themselves, also when each came alone', () => {
    const queue = new ByteQueue();
    for (let at = 0; at < 200_000; at++) queue.push(Uint8Array.of(at & 255));
    let kept = 0;
    let parts = 0;
    for (let part = queue.shift(); part !== undefined; part = queue.shift()) {
      kept += part.buffer.byteLength;
      parts += 1;
    }
    expect(kept).toBeLessThan(400_000);
    expect(parts).toBeLessThan(100);
  });
});
