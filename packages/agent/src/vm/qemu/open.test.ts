import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { vm } from '../../../test/support/specs.ts';
import { systemClock } from '../../loop/system-clock.ts';
import { openQemuRuntime } from './open.ts';

let directory: string;
beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), 'kct-open-'));
  await writeFile(join(directory, 'program'), '#!/bin/sh\necho QEMU emulator version 7.2.22\n', { mode: 0o755 });
});
afterEach(() => rm(directory, { recursive: true }));

const open = (more: { readonly qemu?: string; readonly qemuImg?: string; readonly user?: string }) => {
  const program = join(directory, 'program');
  return openQemuRuntime({ qemu: program, qemuImg: program, user: 'nobody', directory, clock: systemClock, ...more });
};

test.each([
  [
    { qemu: '/nonexistent/qemu' },
    '/nonexistent/qemu cannot be executed (spawn /nonexistent/qemu ENOENT); install qemu-system-x86',
  ],
  [{ qemuImg: '/nonexistent/img' }, '/nonexistent/img cannot be executed'],
  [{ user: 'no-such-user' }, "there is no user 'no-such-user' on this host; create it, or correct runtime.user"],
])('a host that lacks something keeps its networks and says what: %o', async (more, reason) => {
  await using runtime = await open(more);
  expect(runtime.room).toEqual({ kind: 'none', reason: expect.stringContaining(`this node runs no VMs: ${reason}`) });
  expect(await runtime.observe()).toEqual([]);
  await expect(runtime.prepare(vm('web-01', 'web'))).rejects.toThrow(reason);
});

test('one that has all says what it can give', async () => {
  await using runtime = await open({});
  expect(runtime.description).toMatch(/^qemu 7\.2\.22.*\((kvm|tcg)\)$/);
  expect(runtime.room).toMatchObject({ kind: 'limited' });
  expect(runtime.images?.list()).toEqual([]);
});
