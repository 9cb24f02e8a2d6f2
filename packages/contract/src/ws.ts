import type { X509Certificate } from 'node:crypto';
import { chmod } from 'node:fs/promises';
import { createServer, type Server } from 'node:https';
import type { Duplex } from 'node:stream';
import { type RawData, WebSocket, WebSocketServer } from 'ws';
import { type Channel, type ChannelClosed, closeCodes, closedError, withResolvers } from './channel.ts';
import { KcoreError } from './errors.ts';
import { CONTROLLER_DNS_NAME, type Identity, identityOfCertificate } from './identity.ts';
import { MessageQueue } from './message-queue.ts';
import { MAX_MESSAGE_BYTES, SUBPROTOCOL } from './methods.ts';
import { refusedError } from './ws-errors.ts';
import {
  abortError,
  describeEndpoint,
  type Endpoint,
  type ListenAddress,
  listen,
  openTls,
  type TlsFiles,
} from './ws-socket.ts';

/**
 * Channels over WebSockets over mutual TLS, TCP or a unix socket. The one file here that knows `ws`, and
 * long for that: dialling and accepting share the channel that is made of the open socket.
 *
 * Compression stays off: it costs 20 to 45 times the memory and 5 to 8 times the CPU for each connection.
 */

/** Milliseconds between pings, and of silence after which the other side counts as gone. */
const PING_MS = 5_000;
const SILENCE_MS = 20_000;
const HANDSHAKE_MS = 10_000;
/** Milliseconds a close handshake may take before the socket is cut. */
const CLOSE_MS = 2_000;
/** Characters received and not yet read before the socket is paused. */
const HIGH_WATER = MAX_MESSAGE_BYTES;

const protocolOptions = {
  perMessageDeflate: false,
  maxPayload: MAX_MESSAGE_BYTES,
  closeTimeout: CLOSE_MS,
} as const;

function webSocketChannel(socket: WebSocket): Channel {
  const { promise: closed, resolve } = withResolvers<ChannelClosed>();
  const inbox = new MessageQueue(HIGH_WATER, (paused) => {
    if (paused) socket.pause();
    else socket.resume();
  });
  socket.on('message', (data: RawData, isBinary: boolean) => {
    if (isBinary) socket.close(1003, 'text messages only');
    else inbox.push(data.toString());
  });
  // 'close' follows every 'error'.
  socket.on('error', () => {});
  socket.once('close', (code, reason) => {
    inbox.end();
    resolve({ code, reason: reason.toString() });
  });
  keepAlive(socket);
  return {
    closed,
    messages: inbox,
    get buffered() {
      return socket.bufferedAmount;
    },
    send(text) {
      if (socket.readyState !== WebSocket.OPEN) throw closedError();
      socket.send(text);
    },
    close(code = closeCodes.normal, reason = '') {
      // RFC 6455 §5.5: a control frame's payload is at most 125 bytes, two of them the code.
      socket.close(
        code,
        Buffer.from(reason)
          .subarray(0, 123)
          .toString()
          .replace(/\uFFFD$/, ''),
      );
      // A socket that is not being read never sees the close frame's answer.
      if (socket.isPaused) socket.resume();
    },
  };
}

function keepAlive(socket: WebSocket): void {
  let heardAt = performance.now();
  const heard = () => {
    heardAt = performance.now();
  };
  socket.on('pong', heard);
  socket.on('ping', heard);
  socket.on('message', heard);
  const timer = setInterval(() => {
    // While we do not read, silence is our own doing.
    if (socket.isPaused) heard();
    if (performance.now() - heardAt > SILENCE_MS) socket.terminate();
    else if (socket.readyState === WebSocket.OPEN) socket.ping();
  }, PING_MS);
  timer.unref();
  socket.once('close', () => clearInterval(timer));
}

export type ConnectOptions = Endpoint & {
  readonly tls: TlsFiles;
  readonly signal?: AbortSignal;
  /** For the whole way until the channel is open; milliseconds. */
  readonly timeoutMs?: number;
};

export interface WebSocketConnection {
  readonly channel: Channel;
  readonly peerCertificate: X509Certificate;
  /** Our own address on this connection; absent on a unix socket. */
  readonly localAddress?: string;
  /** The controller's address; absent on a unix socket. */
  readonly remoteAddress?: string;
}

/**
 * @throws {KcoreError} Unavailable: nobody there; Unauthenticated: a wrong or expired certificate on either side;
 * PermissionDenied: known, but not let in; DeadlineExceeded; Aborted.
 */
export async function connectWebSocket(options: ConnectOptions): Promise<WebSocketConnection> {
  const target = describeEndpoint(options);
  const timeoutMs = options.timeoutMs ?? HANDSHAKE_MS;
  const deadline = new AbortController();
  const timer = setTimeout(() => {
    const text = `the controller at ${target} did not answer within ${timeoutMs / 1000} s`;
    deadline.abort(new KcoreError('DeadlineExceeded', text));
  }, timeoutMs);
  const signal = options.signal ? AbortSignal.any([options.signal, deadline.signal]) : deadline.signal;
  try {
    const { socket, peerCertificate } = await openTls(options, options.tls, signal);
    const webSocket = new WebSocket(`ws://${CONTROLLER_DNS_NAME}/`, SUBPROTOCOL, {
      ...protocolOptions,
      createConnection: () => socket,
    });
    // Made before the handshake is over, so that no message that follows it at once is missed.
    const channel = webSocketChannel(webSocket);
    await opened(webSocket, target, signal);
    return {
      channel,
      peerCertificate,
      ...(socket.localAddress === undefined ? {} : { localAddress: socket.localAddress }),
      ...(socket.remoteAddress === undefined ? {} : { remoteAddress: socket.remoteAddress }),
    };
  } finally {
    clearTimeout(timer);
  }
}

function opened(socket: WebSocket, target: string, signal: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    const onAbort = () => {
      reject(abortError(target, signal));
      socket.terminate();
    };
    const over = () => signal.removeEventListener('abort', onAbort);
    signal.addEventListener('abort', onAbort, { once: true });
    socket.once('open', () => {
      over();
      resolve();
    });
    socket.once('unexpected-response', (_request, response) => {
      let text = '';
      response.setEncoding('utf8');
      response.on('data', (chunk: string) => {
        text = (text + chunk).slice(0, 500);
      });
      response.once('close', () => {
        over();
        const code = response.statusCode === 403 ? 'PermissionDenied' : 'Unavailable';
        const why = text === '' ? `HTTP status ${response.statusCode}` : text;
        reject(new KcoreError(code, `the controller at ${target} refused the connection: ${why}`));
        socket.terminate();
      });
    });
    socket.once('error', (error) => {
      over();
      reject(refusedError(target, error));
    });
    if (signal.aborted) onAbort();
  });
}

/** Who connected. */
export interface ConnectedPeer {
  readonly identity: Identity;
  /** SHA-256 of the certificate, as Node prints it. */
  readonly fingerprint: string;
  /** `address:port`, or `unix`. */
  readonly remote: string;
}

export interface AcceptOptions {
  readonly tls: TlsFiles;
  readonly listen: readonly ListenAddress[];
  readonly onConnection: (channel: Channel, peer: ConnectedPeer) => void;
  /** Connections at once, over all addresses; 20,000 unless told. */
  readonly maxConnections?: number;
  /** Told of connections that were refused: to be logged at a level that a scanner cannot fill a disk with. */
  readonly onRefused?: (reason: string, remote: string) => void;
}

export interface WebSocketAcceptor extends AsyncDisposable {
  /** What is really listened on: a port given as 0 has its number here. */
  readonly addresses: readonly ListenAddress[];
  readonly connections: number;
  /** Takes no more connections, closes those there are (1001), cuts what does not follow. */
  close(reason?: string): Promise<void>;
}

/**
 * Listens with mutual TLS on every address.
 * @throws {KcoreError} FailedPrecondition when an address cannot be listened on; InvalidArgument for unusable PEM.
 */
export async function acceptWebSockets(options: AcceptOptions): Promise<WebSocketAcceptor> {
  const upgrades = new WebSocketServer({ ...protocolOptions, noServer: true, handleProtocols: chooseProtocol });
  const servers: Server[] = [];
  const close = async (reason = 'shutting down') => {
    for (const client of upgrades.clients) client.close(closeCodes.goingAway, reason);
    const stopped = servers.map((server) => new Promise<void>((resolve) => server.close(() => resolve())));
    const timer = setTimeout(() => {
      for (const client of upgrades.clients) client.terminate();
      for (const server of servers) server.closeAllConnections();
    }, CLOSE_MS);
    for (const server of servers) server.closeIdleConnections();
    await Promise.all(stopped);
    clearTimeout(timer);
  };
  const addresses: ListenAddress[] = [];
  try {
    for (const address of options.listen) {
      const server = createTlsServer(upgrades, options);
      await listen(server, address);
      servers.push(server);
      if ('path' in address) await chmod(address.path, 0o600);
      const bound = server.address();
      addresses.push(
        'host' in address && typeof bound === 'object' && bound !== null ? { ...address, port: bound.port } : address,
      );
    }
  } catch (error) {
    await close();
    throw error;
  }
  return {
    addresses,
    get connections() {
      return upgrades.clients.size;
    },
    close,
    [Symbol.asyncDispose]: () => close(),
  };
}

function chooseProtocol(offered: Set<string>): string | false {
  return offered.has(SUBPROTOCOL) ? SUBPROTOCOL : false;
}

function createTlsServer(upgrades: WebSocketServer, options: AcceptOptions): Server {
  const { ca, cert, key } = options.tls;
  let server: Server;
  try {
    server = createServer({
      ca,
      cert,
      key,
      requestCert: true,
      rejectUnauthorized: true,
      minVersion: 'TLSv1.3',
      handshakeTimeout: HANDSHAKE_MS,
      headersTimeout: HANDSHAKE_MS,
      requestTimeout: HANDSHAKE_MS,
      maxHeaderSize: 8192,
    });
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error);
    throw new KcoreError(
      'InvalidArgument',
      `tls: the certificate, key or CA cannot be used: ${why}`,
      { field: 'tls' },
      error,
    );
  }
  server.maxConnections = options.maxConnections ?? 20_000;
  server.on('tlsClientError', (error, socket) => options.onRefused?.(error.message, socket.remoteAddress ?? 'unix'));
  server.on('request', (_request, response) => {
    response
      .writeHead(426, { connection: 'close' })
      .end(`this is a kcore controller; it speaks the WebSocket subprotocol ${SUBPROTOCOL}\n`);
  });
  server.on('upgrade', (request, socket, head) => {
    const peer = connectedPeer(request.socket);
    if (peer instanceof KcoreError || upgrades.clients.size >= (options.maxConnections ?? 20_000)) {
      const reason = peer instanceof KcoreError ? peer.message : 'too many connections';
      options.onRefused?.(reason, request.socket.remoteAddress ?? 'unix');
      refuse(socket, peer instanceof KcoreError ? 403 : 503, reason);
      return;
    }
    upgrades.handleUpgrade(request, socket, head, (client) => {
      if (client.protocol === SUBPROTOCOL) options.onConnection(webSocketChannel(client), peer);
      else client.close(closeCodes.protocolError, `offer the subprotocol ${SUBPROTOCOL}`);
    });
  });
  return server;
}

function connectedPeer(socket: Duplex): ConnectedPeer | KcoreError {
  const certificate =
    'getPeerX509Certificate' in socket && typeof socket.getPeerX509Certificate === 'function'
      ? (socket.getPeerX509Certificate() as X509Certificate | undefined)
      : undefined;
  if (certificate === undefined) return new KcoreError('Unauthenticated', 'no certificate was shown');
  try {
    const remote =
      'remoteAddress' in socket && typeof socket.remoteAddress === 'string' ? socket.remoteAddress : 'unix';
    const port = 'remotePort' in socket && typeof socket.remotePort === 'number' ? `:${socket.remotePort}` : '';
    return {
      identity: identityOfCertificate(certificate),
      fingerprint: certificate.fingerprint256,
      remote: `${remote}${port}`,
    };
  } catch (error) {
    return error instanceof KcoreError ? error : new KcoreError('Unauthenticated', 'the certificate cannot be read');
  }
}

function refuse(socket: Duplex, status: number, reason: string): void {
  const body = `${reason}\n`;
  socket.on('error', () => {});
  socket.end(
    `HTTP/1.1 ${status} ${status === 403 ? 'Forbidden' : 'Service Unavailable'}\r\nConnection: close\r\n` +
      `Content-Type: text/plain\r\nContent-Length: ${Buffer.byteLength(body)}\r\n\r\n${body}`,
  );
}

export type { Endpoint, ListenAddress, TlsFiles } from './ws-socket.ts';
