import { mkdtemp, rm, stat } from 'node:fs/promises';
import { createServer as createTcpServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { connect as connectTls } from 'node:tls';
import { afterEach, beforeAll, describe, expect, test } from 'vitest';
import { createAuthority, type TestAuthority, type TestCertificate } from '../test/certificates.ts';
import type { Channel } from './channel.ts';
import { KcoreError } from './errors.ts';
import { type AcceptOptions, acceptWebSockets, type ConnectedPeer, connectWebSocket } from './ws.ts';

let authority: TestAuthority;
let controller: TestCertificate;
let admin: TestCertificate;
const cleanups: (() => Promise<unknown>)[] = [];

beforeAll(async () => {
  authority = await createAuthority();
  controller = await authority.issue('kcore://lab/controller');
  admin = await authority.issue('kcore://lab/admin/root');
});

afterEach(async () => {
  for (const cleanup of cleanups.splice(0).reverse()) await cleanup();
});

async function temporaryDirectory(): Promise<string> {
  const directory = await mkdtemp(join(tmpdir(), 'kcore-ws-'));
  cleanups.push(() => rm(directory, { recursive: true, force: true }));
  return directory;
}

async function start(options: Partial<AcceptOptions> = {}) {
  const accepted: { channel: Channel; peer: ConnectedPeer }[] = [];
  const acceptor = await acceptWebSockets({
    tls: controller,
    listen: [{ host: '127.0.0.1', port: 0 }],
    onConnection: (channel, peer) => accepted.push({ channel, peer }),
    ...options,
  });
  cleanups.push(() => acceptor.close());
  const [address] = acceptor.addresses;
  const url = address !== undefined && 'port' in address ? `wss://127.0.0.1:${address.port}` : '';
  return { acceptor, accepted, url };
}

async function failureOf(promise: Promise<unknown>): Promise<KcoreError> {
  const error = await promise.then(
    () => undefined,
    (reason: unknown) => reason,
  );
  if (error instanceof KcoreError) return error;
  throw new Error(`no KcoreError but ${error}`);
}

async function first(channel: Channel): Promise<string> {
  for await (const text of channel.messages) return text;
  throw new Error('ended');
}

describe('connected', () => {
  test('messages go both ways, and each side knows the other (R-56)', async () => {
    const { accepted, url } = await start();
    const { channel, peerCertificate, remoteAddress } = await connectWebSocket({ url, tls: admin });
    await expect.poll(() => accepted.length).toBe(1);
    expect(accepted[0]?.peer.identity).toEqual({ kind: 'admin', cluster: 'lab', name: 'root' });
    expect(peerCertificate.subjectAltName).toContain('URI:kcore://lab/controller');
    expect(remoteAddress).toBe('127.0.0.1');
    channel.send('hello');
    expect(await first(accepted[0]?.channel ?? channel)).toBe('hello');
    accepted[0]?.channel.send('x'.repeat(1_000_000));
    expect(await first(channel)).toHaveLength(1_000_000);
    channel.close(1000, 'done');
    expect(await accepted[0]?.channel.closed).toEqual({ code: 1000, reason: 'done' });
    expect(() => channel.send('late')).toThrow('the connection is closed');
  });

  test('TLS over a unix socket that only its owner may open; a stale one is replaced', async () => {
    const path = join(await temporaryDirectory(), 'controller.sock');
    const { acceptor, accepted } = await start({ listen: [{ path }] });
    expect((await stat(path)).mode & 0o777).toBe(0o600);
    await expect(start({ listen: [{ path }] })).rejects.toThrow('something listens there already');
    const { channel } = await connectWebSocket({ unixPath: path, tls: admin });
    await expect.poll(() => accepted.length).toBe(1);
    await acceptor.close();
    expect((await channel.closed).code).toBe(1001);
  });

  test('a message that is too long ends the connection, on the side that gets it', async () => {
    const { accepted, url } = await start();
    const { channel } = await connectWebSocket({ url, tls: admin });
    await expect.poll(() => accepted.length).toBe(1);
    channel.send('x'.repeat(8 * 1024 * 1024 + 1));
    expect((await accepted[0]?.channel.closed)?.code).toBe(1006);
    expect((await channel.closed).code).toBe(1009);
  });

  test('a reader that does not read makes the sender keep the rest, and knows nothing of it', async () => {
    const { accepted, url } = await start();
    const { channel } = await connectWebSocket({ url, tls: admin });
    await expect.poll(() => accepted.length).toBe(1);
    const message = 'x'.repeat(1_000_000);
    for (let sent = 0; sent < 60; sent++) accepted[0]?.channel.send(message);
    await expect.poll(() => accepted[0]?.channel.buffered).toBeGreaterThan(1_000_000);
    let read = 0;
    for await (const _ of channel.messages) if (++read === 60) break;
    expect(accepted[0]?.channel.buffered).toBe(0);
  });
});

describe('not let in (R-56)', () => {
  test.each([
    [
      'a certificate of another CA',
      async () => ({ ...(await (await createAuthority()).issue('kcore://lab/admin/root')), ca: authority.ca }),
      'Unauthenticated',
      "refused this client's certificate",
    ],
    [
      'no kcore identity',
      () => authority.issue('https://lab/admin/root'),
      'Unauthenticated',
      'does not name one kcore identity',
    ],
    [
      'an expired certificate',
      () => authority.issue('kcore://lab/admin/root', { from: -2, to: -1 }),
      'Unauthenticated',
      "the certificate of admin 'root' expired on",
    ],
    [
      'a certificate not valid yet',
      () => authority.issue('kcore://lab/admin/root', { from: 1, to: 2 }),
      'Unauthenticated',
      'is not valid before',
    ],
    [
      'a certificate of another cluster',
      () => authority.issue('kcore://other/admin/root'),
      'Unauthenticated',
      "the controller is of cluster 'lab', this certificate of 'other'",
    ],
    ['text that is no certificate', async () => ({ ...admin, cert: 'x' }), 'InvalidArgument', 'not a PEM certificate'],
    [
      "a key that is not the certificate's",
      async () => ({ ...admin, key: controller.key }),
      'InvalidArgument',
      'cannot be used',
    ],
  ] as const)('%s', async (_name, tls, code, text) => {
    const { accepted, url } = await start();
    const error = await failureOf(connectWebSocket({ url, tls: await tls() }));
    expect(error).toMatchObject({ code, message: expect.stringContaining(text) });
    expect(accepted).toHaveLength(0);
  });

  test('the server looks for itself, whatever the client would let pass', async () => {
    const { accepted, url } = await start();
    const other = await (await createAuthority()).issue('kcore://lab/admin/root');
    const expired = await authority.issue('kcore://lab/admin/root', { from: -2, to: -1 });
    for (const tls of [other, expired, undefined]) {
      const socket = connectTls({ port: Number(new URL(url).port), rejectUnauthorized: false, ...tls });
      socket.on('error', () => {});
      socket.write('GET / HTTP/1.1\r\nHost: x\r\n\r\n');
      let answer = '';
      socket.on('data', (data) => {
        answer += data;
      });
      await new Promise((resolve) => socket.once('close', resolve));
      expect(answer).toBe('');
    }
    expect(accepted).toHaveLength(0);
  });

  test.each([
    [
      'of another CA',
      async () => (await createAuthority()).issue('kcore://lab/controller'),
      'has a certificate of another CA',
    ],
    ['expired', () => authority.issue('kcore://lab/controller', { from: -2, to: -1 }), 'has expired'],
    ["a node's", () => authority.issue('kcore://lab/node/n1'), "node 'n1' answers there, not a controller"],
  ] as const)('a server whose certificate is %s', async (_name, tls, text) => {
    const { url } = await start({ tls: { ...(await tls()), ca: authority.ca } });
    const error = await failureOf(connectWebSocket({ url, tls: admin }));
    expect(error).toMatchObject({ code: 'Unauthenticated', message: expect.stringContaining(text) });
  });

  test('more connections than allowed', async () => {
    const { url } = await start({ maxConnections: 1 });
    await connectWebSocket({ url, tls: admin });
    expect((await failureOf(connectWebSocket({ url, tls: admin }))).code).not.toBe('InvalidArgument');
  });
});

describe('nobody there', () => {
  test('connection refused', async () => {
    const { acceptor, url } = await start();
    await acceptor.close();
    expect(await failureOf(connectWebSocket({ url, tls: admin }))).toMatchObject({
      code: 'Unavailable',
      message: `cannot reach the controller at ${url}: connection refused`,
      details: { remedy: expect.stringContaining('kcore-controller') },
    });
  });

  test('no socket at that path', async () => {
    const error = await failureOf(connectWebSocket({ unixPath: '/nowhere/controller.sock', tls: admin }));
    expect(error).toMatchObject({ code: 'Unavailable', message: expect.stringContaining('there is no such socket') });
  });

  test('something else answers, or nothing does', async () => {
    const server = createTcpServer((socket) =>
      socket
        .on('error', () => {})
        .resume()
        .end('SSH-2.0\r\n'),
    );
    const silent = createTcpServer((socket) => socket.on('error', () => {}).resume());
    for (const each of [server, silent]) {
      await new Promise<void>((resolve) => each.listen(0, '127.0.0.1', resolve));
      cleanups.push(() => new Promise((resolve) => each.close(resolve)));
    }
    const urlOf = (each: typeof server) => {
      const address = each.address();
      return `wss://127.0.0.1:${typeof address === 'object' ? address?.port : 0}`;
    };
    const spoken = await failureOf(connectWebSocket({ url: urlOf(server), tls: admin }));
    expect(spoken).toMatchObject({ code: 'Unavailable', message: expect.stringContaining('cannot speak TLS') });
    const waited = await failureOf(connectWebSocket({ url: urlOf(silent), tls: admin, timeoutMs: 50 }));
    expect(waited.code).toBe('DeadlineExceeded');
    const given = connectWebSocket({ url: urlOf(silent), tls: admin, signal: AbortSignal.timeout(20) });
    expect((await failureOf(given)).code).toBe('Aborted');
  });

  test.each(['10.0.0.1', 'http://x', 'wss://'])('%j is no address', async (url) => {
    expect((await failureOf(connectWebSocket({ url, tls: admin }))).code).toBe('InvalidArgument');
  });
});
