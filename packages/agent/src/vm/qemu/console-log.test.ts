import { appendFile, mkdtemp, readFile, rename, rm, stat, symlink, truncate, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { systemClock } from '../../loop/system-clock.ts';
import { ConsoleLog } from './console-log.ts';
import { guestFile } from './guest-files.ts';

const never = new AbortController().signal;
let directory: string;
let path: string;
let log: ConsoleLog;
beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), 'kct-log-'));
  path = join(directory, guestFile.consoleLog);
  log = new ConsoleLog(directory, systemClock, 1000);
});
afterEach(() => rm(directory, { recursive: true }));

async function all(options: { readonly tailLines?: number } = {}): Promise<string> {
  const parts: Uint8Array[] = [];
  for await (const bytes of log.stream({ follow: false, ...options }, never)) parts.push(bytes);
  return Buffer.concat(parts).toString();
}
const lines = (from: number, to: number): string =>
  Array.from({ length: to - from }, (_, index) => `line ${from + index}\n`).join('');

describe('the log of a console', () => {
  test('is empty of a guest that was never started', async () => {
    expect(await all()).toBe('');
    expect(await all({ tailLines: 5 })).toBe('');
  });

  test('is what was said, over all boots that are kept', async () => {
    await writeFile(path, 'first boot\n');
    await log.rotate();
    await writeFile(path, 'second boot\n');
    expect(await all()).toBe('first boot\nsecond boot\n');
    await log.rotate();
    await appendFile(path, 'third boot\n');
    expect(await all()).toBe('second boot\nthird boot\n');
  });

  test.each([
    [0, ''],
    [1, 'line 199\n'],
    [3, 'line 197\nline 198\nline 199\n'],
    [150, lines(50, 200)],
    [1000, lines(0, 200)],
  ])('its last %d lines', async (tailLines, expected) => {
    await writeFile(path, lines(0, 120));
    await log.rotate();
    await writeFile(path, lines(120, 200));
    const kept = expected === lines(0, 200) || expected === lines(50, 200) ? await all() : undefined;
    const text = await all({ tailLines });
    if (kept === undefined) expect(text).toBe(expected);
    // Of what was rotated away, the last thousand bytes are there.
    else expect(expected.endsWith(text) && kept.endsWith(text)).toBe(true);
  });

  test('a last line without its end is one', async () => {
    await writeFile(path, 'one\ntwo\nlogin: ');
    expect(await all({ tailLines: 2 })).toBe('two\nlogin: ');
  });

  test('is bounded, and its end is what is kept', async () => {
    await writeFile(path, lines(0, 500));
    await log.bound();
    expect((await stat(path)).size).toBe(0);
    expect((await stat(join(directory, guestFile.olderConsoleLog))).size).toBe(1000);
    expect(await all()).toBe(lines(0, 500).slice(-1000));
    await writeFile(path, 'short\n');
    await log.bound();
    expect(await readFile(path, 'utf8')).toBe('short\n');
  });

  test('is followed, byte by byte, whatever is turned meanwhile', async () => {
    const over = new AbortController();
    const seen: string[] = [];
    const reading = (async () => {
      for await (const bytes of log.stream({ follow: true }, over.signal)) seen.push(Buffer.from(bytes).toString());
    })();
    for (let count = 0; count < 10; count += 1) {
      await appendFile(path, lines(count * 50, count * 50 + 50));
      if (count % 3 === 0) await log.bound();
      if (count === 5) await log.rotate();
      await expect.poll(() => seen.join('').length).toBe(lines(0, count * 50 + 50).length);
    }
    over.abort();
    await reading;
    expect(seen.join('')).toBe(lines(0, 500));
  });

  test('one who follows is told when the guest is removed', async () => {
    const stream = log.stream({ follow: true }, never)[Symbol.asyncIterator]();
    const next = stream.next();
    log.close();
    expect(await next).toEqual({ done: true, value: undefined });
  });

  test('a restarted agent finds what is kept of before', async () => {
    await writeFile(path, 'older\n');
    await log.rotate();
    await writeFile(path, 'newer\n');
    log = new ConsoleLog(directory, systemClock, 1000);
    expect(log.begin).toBe(0);
    expect(await all()).toBe('older\nnewer\n');
    expect(await all({ tailLines: 1 })).toBe('newer\n');
  });

  test('a link that was put in its place leads nowhere', async () => {
    const secret = join(directory, 'secret');
    await writeFile(secret, 'secret\n'.repeat(1000));
    await symlink(secret, path);
    await expect(all()).rejects.toThrow('ELOOP');
    await expect(log.bound()).rejects.toThrow('ELOOP');
    await rm(path);
    await writeFile(path, lines(0, 500));
    await symlink(secret, join(directory, `${guestFile.olderConsoleLog}.new`));
    await log.bound();
    expect((await stat(secret)).size).toBe(7000);
  });

  test('a file that somebody emptied is gone on with', async () => {
    await writeFile(path, 'before\n');
    expect(await all()).toBe('before\n');
    await truncate(path, 0);
    expect(await all()).toBe('');
    await rename(path, `${path}.gone`);
    expect(await all()).toBe('');
  });
});
