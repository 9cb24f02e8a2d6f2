import { type ChildProcess, spawn } from 'node:child_process';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Readable } from 'node:stream';
import { type ByteStream, KcoreError, Peer } from '@kcore/contract';
import { acceptWebSockets, type WebSocketAcceptor } from '@kcore/contract/ws';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { createAuthority } from '../../../contract/test/certificates.ts';

/** `kctl console`, the built program, at a real terminal: what it is left as, however it ends. */

const program = join(import.meta.dirname, '../../bin/kctl.js');
const terminal = join(import.meta.dirname, '../at-terminal.py');

let directory: string;
let acceptor: WebSocketAcceptor;
const opened: { readonly stream: ByteStream; readonly peer: Peer }[] = [];
const running: ChildProcess[] = [];

beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), 'kctl-console-'));
  const authority = await createAuthority();
  const admin = await authority.issue('kcore://lab/admin/root');
  const socket = join(directory, 'socket');
  acceptor = await acceptWebSockets({
    tls: await authority.issue('kcore://lab/controller'),
    listen: [{ path: socket }],
    onConnection: (channel) => {
      const peer = new Peer(channel);
      peer.serve({
        'vm.console': (_params, stream) => {
          opened.push({ stream, peer });
          return { node: 'node-1' };
        },
      });
    },
  });
  const entry = { name: 'test', controller: `unix:${socket}`, ca: admin.ca, cert: admin.cert, key: admin.key };
  const config = JSON.stringify({ currentContext: 'test', contexts: [entry] });
  await writeFile(join(directory, 'config'), config, { mode: 0o600 });
});
afterEach(() => {
  for (const child of running.splice(0)) child.kill('SIGKILL');
  opened.length = 0;
});
afterAll(async () => {
  await acceptor.close();
  await rm(directory, { recursive: true });
});

interface Ended {
  readonly status: number | null;
  readonly signal: number | null;
  readonly restored: boolean;
}

/** Resolves when kctl is attached and its terminal is raw. */
async function atTerminal() {
  const child = spawn('/usr/bin/python3', [terminal, process.execPath, program, 'console', 'web'], {
    env: { ...process.env, KCORE_CONFIG: join(directory, 'config'), NO_COLOR: '1' },
    stdio: ['pipe', 'pipe', 'inherit', 'pipe'],
  });
  running.push(child);
  const shown = { text: '' };
  child.stdout?.on('data', (bytes: Buffer) => {
    shown.text += bytes.toString();
  });
  const events: (Partial<Ended> & { pid?: number })[] = [];
  let rest = '';
  (child.stdio[3] as Readable).on('data', (bytes: Buffer) => {
    const lines = (rest + bytes.toString()).split('\n');
    rest = lines.pop() ?? '';
    for (const line of lines) events.push(JSON.parse(line));
  });
  await expect.poll(() => shown.text, { timeout: 30_000 }).toContain('detaches');
  const console = opened.at(-1);
  if (console === undefined) throw new Error('not opened');
  // From that line on, Ctrl-C is a key like others.
  child.stdin?.write('\u0003');
  expect(await next(console.stream)).toBe('\u0003');
  return {
    ...console,
    shown,
    type: (text: string) => child.stdin?.write(text),
    kill: (signal: NodeJS.Signals) => process.kill(events[0]?.pid ?? 0, signal),
    ended: async (): Promise<Ended> => {
      await expect.poll(() => events.length, { timeout: 30_000 }).toBe(2);
      return events[1] as Ended;
    },
  };
}

async function next(stream: ByteStream): Promise<string> {
  for await (const bytes of stream.readable) return Buffer.from(bytes).toString();
  return '(ended)';
}

describe('kctl console at a terminal', () => {
  it('hands over every key and shows every byte, until it is detached', async () => {
    const { stream, type, shown, ended } = await atTerminal();
    type('ls -l\r');
    expect(await next(stream)).toBe('ls -l\r');
    type('\u001a\u001c');
    expect(await next(stream)).toBe('\u001a\u001c');
    await stream.write(Buffer.from('\u001b[1mtotal 0\u001b[0m\r\n$ '));
    await expect.poll(() => shown.text).toContain('\u001b[1mtotal 0\u001b[0m');
    type('\u001d');
    expect(await ended()).toEqual({ status: 0, signal: null, restored: true });
    expect(shown.text).toContain("detached; vm 'web' goes on");
    expect(shown.text).not.toContain('ls -l');
    expect((await stream.closed)?.code).toBe('Unavailable');
  });

  it.each([
    ['the VM goes down', ({ stream }: Attached) => stream.end(), 0, "vm 'web' went down"],
    [
      'somebody else takes the console',
      ({ stream }: Attached) => stream.fail(new KcoreError('Aborted', 'somebody else opened it')),
      7,
      'Error: Aborted: somebody else opened it',
    ],
    [
      'the controller goes away',
      ({ peer }: Attached) => peer.close(1001, 'restart'),
      6,
      'the connection was lost (restart)',
    ],
    ['it gets SIGTERM', ({ kill }: Attached) => kill('SIGTERM'), 7, 'Error: Aborted: interrupted'],
    ['it gets SIGINT', ({ kill }: Attached) => kill('SIGINT'), 7, 'Error: Aborted: interrupted'],
    ['it gets SIGHUP', ({ kill }: Attached) => kill('SIGHUP'), 7, 'Error: Aborted: interrupted'],
  ])('leaves the terminal as it was when %s', async (_title, happen, status, text) => {
    const attached = await atTerminal();
    happen(attached);
    expect(await attached.ended()).toEqual({ status, signal: null, restored: true });
    expect(attached.shown.text).toContain(text);
  });
});

type Attached = Awaited<ReturnType<typeof atTerminal>>;
