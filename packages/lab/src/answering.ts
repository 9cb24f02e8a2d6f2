import { createSocket } from 'node:dgram';
import { createServer, type Socket } from 'node:net';

/**
 * A tiny service that says who answers and whom it sees, so that NAT and forwards become visible. TCP: a line for whoever
 * connects and one for each line sent afterwards, or an HTTP answer for `curl`. UDP: the datagram back, with the same
 * line before it.
 */
export interface Answering {
  readonly tcpPort: number;
  readonly udpPort: number;
  /** Where datagrams are taken, any by default. An answer leaves by this address; from any, by the route's. */
  readonly udpAddress?: string;
  /** `remote` is `address:port` as seen here. One line, without its end. */
  answer(remote: string): string;
}

/** A client that speaks first is given this long to show that it is HTTP, milliseconds. */
const FIRST_WORDS = 200;
const IDLE = 10 * 60_000;
const CONNECTIONS_MAX = 64;

/** Resolves when both ports are open. */
export async function openAnswering(service: Answering): Promise<void> {
  const server = createServer((socket) => answerConnection(socket, service));
  server.maxConnections = CONNECTIONS_MAX;
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(service.tcpPort, '0.0.0.0', resolve);
  });
  const udp = createSocket('udp4');
  udp.on('message', (message, remote) => {
    const line = Buffer.from(`${service.answer(`${remote.address}:${remote.port}`)}: `);
    // The asker may be gone by now; a datagram promises nothing.
    udp.send(Buffer.concat([line, message]), remote.port, remote.address, () => undefined);
  });
  await new Promise<void>((resolve, reject) => {
    udp.once('error', reject);
    udp.bind(service.udpPort, service.udpAddress ?? '0.0.0.0', resolve);
  });
}

function answerConnection(socket: Socket, service: Answering): void {
  const remote = `${socket.remoteAddress}:${socket.remotePort}`;
  socket.setTimeout(IDLE, () => socket.destroy());
  socket.on('error', () => socket.destroy());
  let greeted = false;
  const greet = (): void => {
    if (greeted || socket.destroyed) return;
    greeted = true;
    socket.write(`${service.answer(remote)}\n`);
  };
  const timer = setTimeout(greet, FIRST_WORDS);
  socket.on('close', () => clearTimeout(timer));
  socket.on('data', (data) => {
    if (!greeted && /^(GET|HEAD) /.test(data.toString('latin1', 0, 5))) {
      greeted = true;
      socket.end(httpAnswer(`${service.answer(remote)}\n`));
      return;
    }
    if (!greeted) greet();
    else if (data.includes(0x0a)) socket.write(`${service.answer(remote)}\n`);
  });
}

function httpAnswer(body: string): string {
  const head = `HTTP/1.0 200 OK\r\ncontent-type: text/plain\r\ncontent-length: ${Buffer.byteLength(body)}\r\n`;
  return `${head}connection: close\r\n\r\n${body}`;
}
