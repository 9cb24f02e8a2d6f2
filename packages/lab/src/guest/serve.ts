import { rm } from 'node:fs/promises';
import { createServer, type Socket } from 'node:net';
import {
  encodeGuestLine,
  type GuestMessage,
  type GuestMethodName,
  type GuestParams,
  GuestRequest,
  guestLines,
  guestMethods,
} from '@kcore/contract';
import * as v from 'valibot';
import type { GuestHost } from './host.ts';

/** An agent that does not read is cut off at this many bytes: it asks again when it is back. */
const BACKLOG_MAX = 16 * 1024 * 1024;

export interface GuestServer {
  /** Tells every agent that is connected. */
  changed(name: string): void;
}

/** Serves the guest protocol on a unix socket, to whom may open it: root alone. */
export async function serveGuests(path: string, host: GuestHost): Promise<GuestServer> {
  const connections = new Set<Socket>();
  const send = (socket: Socket, message: GuestMessage): void => {
    if (socket.writableLength > BACKLOG_MAX) socket.destroy();
    else if (socket.writable) socket.write(encodeGuestLine(message));
  };
  const server = createServer((socket) => {
    connections.add(socket);
    socket.on('close', () => connections.delete(socket));
    socket.on('error', () => socket.destroy());
    const lines = guestLines();
    socket.on('data', (chunk) => {
      try {
        for (const line of lines(chunk)) void answer(host, line).then((reply) => send(socket, reply));
      } catch {
        // Neither the next request's beginning nor its sender can be told any more.
        socket.destroy();
      }
    });
  });
  await rm(path, { force: true });
  const mask = process.umask(0o177);
  try {
    await new Promise<void>((resolve, reject) => {
      server.once('error', reject);
      server.listen(path, resolve);
    });
  } finally {
    process.umask(mask);
  }
  return {
    changed: (name) => {
      for (const socket of connections) send(socket, { changed: name });
    },
  };
}

/** Never rejects: whatever goes wrong is the reply. */
async function answer(host: GuestHost, line: string): Promise<GuestMessage> {
  let id = 1;
  try {
    const request = v.parse(GuestRequest, JSON.parse(line));
    id = request.id;
    return { id, result: await perform(host, request.method, request.params) };
  } catch (error) {
    return { id, error: { message: error instanceof Error ? error.message : String(error) } };
  }
}

async function perform(host: GuestHost, method: GuestMethodName, params: unknown): Promise<unknown> {
  switch (method) {
    case 'observe':
      return { guests: host.observe() };
    case 'prepare':
      return { nics: await host.prepare(parse('prepare', params).vm) };
    case 'start': {
      const { vm, seed } = parse('start', params);
      await host.start(vm, seed);
      return {};
    }
    case 'setNics': {
      const { vm, seed } = parse('setNics', params);
      await host.setNics(vm, seed);
      return {};
    }
    case 'dropNic': {
      const { name, index } = parse('dropNic', params);
      await host.dropNic(name, index);
      return {};
    }
    case 'stop':
      await host.stop(parse('stop', params).name);
      return {};
    case 'remove':
      await host.remove(parse('remove', params).name);
      return {};
  }
}

function parse<M extends GuestMethodName>(method: M, params: unknown): GuestParams<M> {
  // The table pairs each name with its schema, which the type checker cannot follow through an index.
  return v.parse(guestMethods[method].params, params) as GuestParams<M>;
}
