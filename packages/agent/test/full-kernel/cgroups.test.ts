import { execFileSync, spawn } from 'node:child_process';
import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { openCgroups } from '../../src/vm/qemu/cgroups.ts';

test('a guest’s process is held to what the kernel took as its bounds, and its group goes after it', async () => {
  const root = await mkdtemp(join(tmpdir(), 'kct-cgroup2-'));
  execFileSync('mount', ['-t', 'cgroup2', 'none', root]);
  const child = spawn('sleep', ['60']);
  try {
    const found = await openCgroups(root, 'kvm');
    if ('why' in found) throw new Error(found.why);
    expect(found.without).toBe('');
    await found.cgroups.place({ uid: 'u-1', cpu: 2, memoryBytes: 2 ** 30 }, child.pid ?? 0);
    const read = async (file: string) => (await readFile(join(root, 'kcore', 'u-1', file), 'utf8')).trim();
    expect(await read('cgroup.procs')).toBe(String(child.pid));
    expect(await read('memory.max')).toBe(String(1.5 * 2 ** 30));
    expect(await read('cpu.max')).toBe('250000 100000');
    await found.cgroups.sweep();
    expect(await read('pids.max')).toBe('260');
    const ended = new Promise((resolve) => child.once('exit', resolve));
    child.kill('SIGKILL');
    await ended;
    await expect
      .poll(async () => {
        await found.cgroups.sweep();
        return (await readdir(join(root, 'kcore'))).includes('u-1');
      })
      .toBe(false);
  } finally {
    child.kill('SIGKILL');
    execFileSync('rmdir', [join(root, 'kcore')]);
    execFileSync('umount', [root]);
    await rm(root, { recursive: true });
  }
});
