import { appendFile, mkdtemp, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { FakeClock, settle } from '../../../test/support/fake-clock.ts';
import { ConsoleLog } from './console-log.ts';
import { guestFile } from './guest-files.ts';
import { watchReadiness } from './readiness.ts';

let directory: string;
let path: string;
beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), 'kct-ready-'));
  path = join(directory, guestFile.consoleLog);
});
afterEach(() => rm(directory, { recursive: true }));

const FINISHED = 'Cloud-init v. 22.4.2 finished at Thu, 26 Nov 2026 17:00:00 +0000. Up 54 seconds\n';

async function watched() {
  const clock = new FakeClock();
  const log = new ConsoleLog(directory, clock, 1_000_000);
  const over = new AbortController();
  const seen = { ready: false, looks: 0 };
  const done = watchReadiness({
    ...{ log, clock, signal: over.signal },
    isReady: () => seen.ready,
    onReady: async () => {
      seen.ready = true;
    },
    tidy: async () => {
      seen.looks += 1;
    },
  });
  const looked = async (count: number): Promise<void> => {
    await expect.poll(() => seen.looks, { timeout: 10_000 }).toBe(count);
    await settle();
  };
  /** Lets one look happen, to its end. */
  const look = async (): Promise<void> => {
    const before = seen.looks;
    await clock.advance(seen.ready ? 5_000 : 500);
    await looked(before + 1);
  };
  await looked(1);
  return {
    ...{ clock, log, seen, look },
    async [Symbol.asyncDispose](): Promise<void> {
      over.abort();
      await done;
    },
  };
}

test('the last words of cloud-init are found, also when they come in pieces and among much else', async () => {
  await writeFile(path, 'x'.repeat(200_000));
  await using watching = await watched();
  await watching.look();
  await appendFile(path, FINISHED.slice(0, 20));
  await watching.look();
  expect(watching.seen.ready).toBe(false);
  await appendFile(path, `${FINISHED.slice(20)}login: `);
  await watching.look();
  expect(watching.seen.ready).toBe(true);
});

test('what was said before the guest booted again does not count', async () => {
  await writeFile(path, 'first boot\n');
  await using watching = await watched();
  await watching.look();
  await appendFile(path, FINISHED);
  await watching.log.rotate();
  await watching.look();
  expect(watching.seen.ready).toBe(false);
  await writeFile(path, FINISHED);
  await watching.look();
  expect(watching.seen.ready).toBe(true);
});

test('the log is bounded at each look, and one that cannot be read is looked at again', async () => {
  await using watching = await watched();
  await watching.look();
  await writeFile(path, 'y'.repeat(1_500_000));
  await watching.look();
  expect((await stat(path)).size).toBe(0);
});
