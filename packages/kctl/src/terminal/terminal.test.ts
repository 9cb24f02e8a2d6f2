import { PassThrough, Writable } from 'node:stream';
import { type ByteStream, channelPair, KcoreError, Peer } from '@kcore/contract';
import { describe, expect, it } from 'vitest';
import { attach } from './attach.ts';
import { parseDetachKey } from './detach-key.ts';
import { Progress } from './progress.ts';

describe('the key that detaches', () => {
  it.each([
    ['ctrl-]', 0x1d, 'Ctrl-]'],
    ['Ctrl-A', 0x01, 'Ctrl-A'],
    ['^a', 0x01, 'Ctrl-A'],
    ['ctrl-@', 0x00, 'Ctrl-@'],
    ['^\\', 0x1c, 'Ctrl-\\'],
    ['ctrl-_', 0x1f, 'Ctrl-_'],
  ])('%s is %d', (text, byte, name) => {
    expect(parseDetachKey('--detach-key', text)).toEqual({ byte, name });
  });

  it('may be none, and nothing else', () => {
    expect(parseDetachKey('--detach-key', 'none')).toEqual({ name: 'none' });
    for (const text of ['', 'x', 'ctrl-', 'ctrl-1', 'ctrl-aa', 'alt-x', '^', 'None'])
      expect(() => parseDetachKey('--detach-key', text)).toThrow(`--detach-key: '${text}' is not a key`);
  });
});

/** Standard input at a terminal that counts how it is switched. */
class FakeTerminal extends PassThrough {
  readonly isTTY = true;
  isRaw = false;
  readonly switched: boolean[] = [];
  setRawMode(on: boolean): this {
    this.isRaw = on;
    this.switched.push(on);
    return this;
  }
}

async function joined(detachByte?: number) {
  const [left, right] = channelPair();
  const served: ByteStream[] = [];
  new Peer(right).serve({
    'vm.console': (_params, stream) => {
      served.push(stream);
      return { node: 'n1' };
    },
  });
  const client = new Peer(left);
  const { stream, result } = client.openStream('vm.console', { name: 'web' });
  await result;
  const [far] = served;
  if (far === undefined) throw new Error('not served');
  const stdin = new FakeTerminal();
  const stdout = new PassThrough();
  let interrupt = (): void => {};
  const interrupted = new Promise<void>((resolve) => {
    interrupt = resolve;
  });
  const wasRaw: boolean[] = [];
  const onAttached = () => wasRaw.push(stdin.isRaw);
  const key = detachByte === undefined ? {} : { detachByte };
  const done = attach(stream, { stdin, stdout, interrupted, onAttached, ...key });
  expect(wasRaw).toEqual([true]);
  done.catch(() => {});
  return { client, far, stdin, stdout, interrupt, done };
}

async function next(stream: ByteStream): Promise<string> {
  for await (const bytes of stream.readable) return Buffer.from(bytes).toString();
  return '(ended)';
}

describe('a terminal at a console', () => {
  const CTRL_RIGHT = 0x1d;

  it('hands over keys as they are, Ctrl-C too, until the key that detaches', async () => {
    const { far, stdin, done } = await joined(CTRL_RIGHT);
    expect(stdin.switched).toEqual([true]);
    stdin.write('ls\u0003');
    expect(await next(far)).toBe('ls\u0003');
    stdin.write('last\u001dnever');
    expect(await next(far)).toBe('last');
    expect(await done).toBe('detached');
    expect(stdin.switched).toEqual([true, false]);
  });

  it('detaches also from a guest that does not read', async () => {
    const { stdin, done } = await joined(CTRL_RIGHT);
    for (let at = 0; at < 20; at++) stdin.write(Buffer.alloc(32 * 1024, 0x61));
    stdin.write('\u001d');
    expect(await done).toBe('detached');
  });

  it('sends every byte when no key detaches', async () => {
    const { far, stdin } = await joined();
    stdin.end('a\u001db');
    expect(await next(far)).toBe('a\u001db');
    expect(await next(far)).toBe('(ended)');
  });

  it.each([
    ['the guest goes down', ({ far }: Joined) => far.end(), 'ended'],
    ['this program is asked to end', ({ interrupt }: Joined) => interrupt(), 'interrupted'],
  ])('is as it was before when %s', async (_title, happen, end) => {
    const one = await joined(CTRL_RIGHT);
    happen(one);
    expect(await one.done).toBe(end);
    expect(one.stdin.switched).toEqual([true, false]);
  });

  it.each([
    ['somebody else takes the console', ({ far }: Joined) => far.fail(new KcoreError('Aborted', 'taken')), 'Aborted'],
    ['the connection is lost', ({ client }: Joined) => client.close(), 'Unavailable'],
  ])('is as it was before when %s', async (_title, happen, code) => {
    const one = await joined(CTRL_RIGHT);
    happen(one);
    await expect(one.done).rejects.toMatchObject({ code });
    expect(one.stdin.switched).toEqual([true, false]);
  });

  it('shows all that came before the end, and makes the guest wait for a slow reader', async () => {
    const { far, stdout, done } = await joined(CTRL_RIGHT);
    let sent = 0;
    const writing = (async () => {
      for (; sent < 4_000_000; sent += 50_000) await far.write(Buffer.alloc(50_000, 0x61));
      far.end();
    })();
    await new Promise((resolve) => setTimeout(resolve, 50));
    expect(sent).toBeLessThan(700_000);
    let shown = 0;
    stdout.on('data', (bytes: Buffer) => {
      shown += bytes.length;
    });
    await writing;
    expect(await done).toBe('ended');
    expect(shown).toBe(4_000_000);
  });
});

type Joined = Awaited<ReturnType<typeof joined>>;

describe('progress', () => {
  function said(isTTY: boolean) {
    const lines: string[] = [];
    const output = new Writable({
      write(chunk: Buffer, _encoding, done) {
        lines.push(chunk.toString());
        done();
      },
    });
    const clock = { now: 0 };
    const progress = new Progress(
      Object.assign(output, isTTY ? { isTTY } : {}),
      () => clock.now,
      'a\u001b.img',
      4 << 20,
    );
    return { lines, clock, progress };
  }

  it('is one line that is drawn anew at a terminal', () => {
    const { lines, clock, progress } = said(true);
    for (const [now, done] of [
      [50, 1],
      [1_000, 2],
      [1_050, 3],
    ] as const) {
      clock.now = now;
      progress.update(done << 20);
    }
    clock.now = 2_000;
    progress.complete();
    progress.stop();
    expect(lines).toEqual([
      '\ra\ufffd.img: 50% (2M of 4M, 2M/s)\u001b[K',
      '\ra\ufffd.img: 100% (4M of 4M, 2M/s)\u001b[K',
      '\n',
    ]);
  });

  it('is a line now and then in a file', () => {
    const { lines, clock, progress } = said(false);
    for (const [now, done] of [
      [1_000, 1],
      [5_000, 2],
      [9_000, 3],
    ] as const) {
      clock.now = now;
      progress.update(done << 20);
    }
    progress.complete();
    expect(lines).toEqual(['a\ufffd.img: 50% (2M of 4M, 410K/s)\n', 'a\ufffd.img: 100% (4M of 4M, 455K/s)\n']);
  });
});
