import { mkdtemp, rm, stat } from 'node:fs/promises';
import { connect, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { afterEach, expect, test } from 'vitest';
import type { GuestHost } from './host.ts';
import { serveGuests } from './serve.ts';

const cleanups: (() => unknown)[] = [];
afterEach(async () => {
  for (const cleanup of cleanups.splice(0)) await cleanup();
});

async function harness(host: Partial<GuestHost>) {
  const directory = await mkdtemp(join(tmpdir(), 'kct-'));
  cleanups.push(() => rm(directory, { recursive: true }));
  const path = join(directory, 'guests.sock');
  const server = await serveGuests(path, host as GuestHost);
  const open = (): Socket => {
    const socket = connect(path);
    cleanups.push(() => socket.destroy());
    return socket;
  };
  return { path, server, open };
}

async function lines(socket: Socket, count: number): Promise<unknown[]> {
  const found: unknown[] = [];
  for await (const line of createInterface({ input: socket })) {
    found.push(JSON.parse(line));
    if (found.length === count) break;
  }
  return found;
}

test('every request gets its reply, whatever goes wrong with it', async () => {
  const { path, open } = await harness({
    observe: () => [{ name: 'web-01', uid: 'u1', state: 'running', pid: 7 }],
    stop: async () => {
      throw new Error('it is stuck');
    },
  });
  expect((await stat(path)).mode & 0o777).toBe(0o600);
  const socket = open();
  socket.write('{"id":1,"method":"observe","params":{}}\n{"id":2,"method":"stop","params":{"name":"web-01"}}\n');
  socket.write('{"id":3,"method":"stop","params":{"who":1}}\n');
  const replies = await lines(socket, 3);
  expect(replies).toContainEqual({
    id: 1,
    result: { guests: [{ name: 'web-01', uid: 'u1', state: 'running', pid: 7 }] },
  });
  expect(replies).toContainEqual({ id: 2, error: { message: 'it is stuck' } });
  expect(replies).toContainEqual({ id: 3, error: { message: expect.stringContaining('name') } });
});

test('a change is told to every agent that listens', async () => {
  const { server, open } = await harness({ observe: () => [] });
  const sockets = [open(), open()];
  // A first reply shows that the host knows the connection.
  for (const socket of sockets) socket.write('{"id":1,"method":"observe","params":{}}\n');
  const both = Promise.all(sockets.map((socket) => lines(socket, 2)));
  await new Promise((resolve) => setTimeout(resolve, 50));
  server.changed('web-01');
  for (const replies of await both) expect(replies[1]).toEqual({ changed: 'web-01' });
});
