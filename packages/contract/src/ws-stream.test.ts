import { createHash, randomBytes } from 'node:crypto';
import { afterEach, beforeAll, expect, test } from 'vitest';
import { createAuthority, type TestAuthority } from '../test/certificates.ts';
import { KcoreError } from './errors.ts';
import { type ByteStream, STREAM_WINDOW } from './rpc/byte-stream.ts';
import { Peer } from './rpc/peer.ts';
import { acceptWebSockets, connectWebSocket } from './ws.ts';

/** Byte streams over real sockets with mutual TLS. */

let authority: TestAuthority;
const cleanups: (() => Promise<unknown>)[] = [];

beforeAll(async () => {
  authority = await createAuthority();
});
afterEach(async () => {
  for (const cleanup of cleanups.splice(0).reverse()) await cleanup();
});

async function connected() {
  const servers: Peer[] = [];
  const served: ByteStream[] = [];
  const acceptor = await acceptWebSockets({
    tls: await authority.issue('kcore://lab/controller'),
    listen: [{ host: '127.0.0.1', port: 0 }],
    onConnection: (channel) => {
      const server = new Peer(channel);
      server.serve({
        'node.list': () => ({ nodes: [] }),
        'guest.console': (_params, stream) => {
          served.push(stream);
          return {};
        },
      });
      servers.push(server);
    },
  });
  cleanups.push(() => acceptor.close());
  const [address] = acceptor.addresses;
  const port = address !== undefined && 'port' in address ? address.port : 0;
  const tls = await authority.issue('kcore://lab/admin/root');
  const { channel } = await connectWebSocket({ url: `wss://127.0.0.1:${port}`, tls });
  const client = new Peer(channel);
  const { stream: near, result } = client.openStream('guest.console', { name: 'web' });
  await result;
  const [far] = served;
  const [server] = servers;
  if (far === undefined || server === undefined) throw new Error('not served');
  return { client, server, near, far };
}

const digest = (parts: readonly Uint8Array[]): string =>
  createHash('sha256').update(Buffer.concat(parts)).digest('hex');

test('megabytes both ways at once, whole, while calls are answered between them', async () => {
  const { client, near, far } = await connected();
  const up = randomBytes(12_000_000);
  const down = randomBytes(8_000_000);
  const send = async (stream: ByteStream, bytes: Buffer) => {
    for (let at = 0; at < bytes.length; at += 700_000) await stream.write(bytes.subarray(at, at + 700_000));
    stream.end();
  };
  const receive = async (stream: ByteStream) => {
    const parts: Uint8Array[] = [];
    for await (const part of stream.readable) parts.push(part);
    return digest(parts);
  };
  let over = false;
  const moving = Promise.all([send(near, up), send(far, down), receive(far), receive(near)]).finally(() => {
    over = true;
  });
  let answered = 0;
  while (!over) {
    await client.call('node.list', {}, { timeoutMs: 15_000 });
    answered += 1;
  }
  const [, , came, went] = await moving;
  expect([came, went]).toEqual([digest([up]), digest([down])]);
  expect(answered).toBeGreaterThan(10);
});

test('a reader that does not read leaves nothing in the socket but its window', async () => {
  const { client, near, far } = await connected();
  const writing = near.write(Buffer.alloc(50_000_000));
  await expect.poll(() => client.buffered, { timeout: 15_000 }).toBe(0);
  expect(await client.call('node.list', {})).toEqual({ nodes: [] });
  let read = 0;
  for await (const part of far.readable) {
    read += part.length;
    if (read >= STREAM_WINDOW) break;
  }
  expect(client.buffered).toBeLessThan(2 * STREAM_WINDOW);
  far.fail(new KcoreError('Aborted', 'had enough'));
  await expect(writing).rejects.toThrow('had enough');
});

test('a socket that is cut fails both ends', async () => {
  const { server, near, far } = await connected();
  server.close(1001, 'restart');
  expect(await near.closed).toMatchObject({ code: 'Unavailable', message: expect.stringContaining('restart') });
  expect(await far.closed).toMatchObject({ code: 'Unavailable' });
});
