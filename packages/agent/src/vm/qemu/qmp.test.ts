import { mkdtemp, rm } from 'node:fs/promises';
import { createServer, type Server, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { openQmp } from './qmp.ts';
import type { QmpEvent } from './qmp-protocol.ts';

const GREETING =
  '{"QMP":{"version":{"qemu":{"micro":22,"minor":2,"major":7},"package":"x"},"capabilities":["oob"]}}\r\n';
const never = new AbortController().signal;

let directory: string;
let server: Server;
let client: Socket | undefined;
/** Commands in the order of their arrival, without their ids. */
let commands: unknown[];
/** What the server says to a command; each test chooses. */
let answers: (command: string, id: number) => string;

beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), 'kct-qmp-'));
  commands = [];
  answers = (_command, id) => `{"return":{},"id":${id}}\r\n`;
  server = createServer((socket) => {
    client = socket;
    socket.write(GREETING);
    socket.on('data', (data) => {
      for (const line of data.toString().trim().split('\n')) {
        const { id, ...command } = JSON.parse(line) as { id: number; execute: string };
        commands.push(command);
        socket.write(answers(command.execute, id));
      }
    });
  });
  await new Promise<void>((resolve) => server.listen(path(), resolve));
});
afterEach(async () => {
  client?.destroy();
  await new Promise((resolve) => server.close(resolve));
  await rm(directory, { recursive: true });
});

const path = (): string => join(directory, 'qmp.sock');
const deaf = { onEvent: () => {}, onClose: () => {} };

describe('the conversation with QEMU', () => {
  test('it begins with the end of the negotiation', async () => {
    await using qmp = await opened();
    expect(commands).toEqual([{ execute: 'qmp_capabilities', arguments: {} }]);
    await qmp.execute('device_del', { id: 'nic-1' });
    expect(commands.at(-1)).toEqual({ execute: 'device_del', arguments: { id: 'nic-1' } });
  });

  test('answers find their commands in whatever order and pieces they come', async () => {
    await using qmp = await opened();
    const held: number[] = [];
    answers = (_command, id) => {
      held.push(id);
      return '';
    };
    const both = Promise.all([qmp.execute('query-status'), qmp.execute('query-name')]);
    await expect.poll(() => held.length).toBe(2);
    const text = `{"return":"name","id":${held[1]}}\r\n{"event":"RESUME","timestamp":{"seconds":1,"microseconds":2}}\r\n{"return":"status","id":${held[0]}}\r\n`;
    for (const letter of text) client?.write(letter);
    expect(await both).toEqual(['status', 'name']);
  });

  test('a refusal names the command and has QEMU’s words', async () => {
    await using qmp = await opened();
    answers = (_command, id) => `{"error":{"class":"DeviceNotFound","desc":"Device 'x' not found"},"id":${id}}\r\n`;
    await expect(qmp.execute('device_del', { id: 'x' })).rejects.toMatchObject({
      message: "QEMU refused 'device_del': Device 'x' not found",
      reason: 'DeviceNotFound',
    });
  });

  test('events are told as they come', async () => {
    const events: QmpEvent[] = [];
    await using _qmp = await opened({ ...deaf, onEvent: (event) => events.push(event) });
    client?.write('{"event":"SHUTDOWN","data":{"guest":true,"reason":"guest-shutdown"}}\n');
    await expect.poll(() => events).toEqual([{ event: 'SHUTDOWN', data: { guest: true, reason: 'guest-shutdown' } }]);
  });

  test('a QEMU that goes away fails what it was asked, and is told once', async () => {
    const closes: number[] = [];
    await using qmp = await opened({ ...deaf, onClose: () => closes.push(1) });
    answers = () => '';
    const asked = qmp.execute('quit');
    await expect.poll(() => commands.length).toBe(2);
    client?.destroy();
    await expect(asked).rejects.toThrow(`QEMU at ${path()} closed the connection`);
    await expect.poll(() => closes).toEqual([1]);
    expect(qmp.closed).toBe(true);
    await expect(qmp.execute('quit')).rejects.toThrow('closed the connection');
  });

  test('a peer that does not speak QMP is let go', async () => {
    await using qmp = await opened();
    client?.write('GET / HTTP/1.1\r\n');
    await expect.poll(() => qmp.closed).toBe(true);
  });

  test('an endless line does not fill the memory', async () => {
    await using qmp = await opened();
    client?.on('error', () => {});
    client?.write('x'.repeat(2 * 1024 * 1024));
    await expect.poll(() => qmp.closed).toBe(true);
  });

  test('nobody at the socket is an error with the path', async () => {
    await expect(openQmp('/nonexistent/qmp.sock', deaf, never)).rejects.toThrow(
      'QEMU is not reachable at /nonexistent/qmp.sock: ENOENT',
    );
  });
});

async function opened(listener = deaf as Parameters<typeof openQmp>[1]) {
  const qmp = await openQmp(path(), listener, never);
  return Object.assign(qmp, { [Symbol.asyncDispose]: async () => qmp.close() });
}
