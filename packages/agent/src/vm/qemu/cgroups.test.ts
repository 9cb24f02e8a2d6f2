import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { limitsOf, openCgroups } from './cgroups.ts';

const GIB = 2 ** 30;
let root: string;
beforeEach(async () => {
  root = await mkdtemp(join(tmpdir(), 'kct-cgroup-'));
});
afterEach(() => rm(root, { recursive: true }));

test('a guest may have what it was promised, and QEMU what it needs beside', () => {
  expect(limitsOf({ cpu: 2, memoryBytes: GIB }, 512 * 2 ** 20)).toEqual({
    cpu: { 'cpu.max': '250000 100000', 'cpu.weight': '200' },
    memory: { 'memory.max': String(1.5 * GIB) },
    pids: { 'pids.max': '260' },
  });
  expect(limitsOf({ cpu: 200, memoryBytes: GIB }, 0).cpu['cpu.weight']).toBe('10000');
});

test('a host without control groups of version 2 says so', async () => {
  expect(await openCgroups(join(root, 'none'), 'kvm')).toEqual({
    why: 'control groups of version 2 are not mounted',
  });
});

test('one whose controllers are elsewhere says so', async () => {
  await writeFile(join(root, 'cgroup.controllers'), 'hugetlb\n');
  expect(await openCgroups(root, 'kvm')).toEqual({
    why: 'control groups have no controller for cpu, memory or processes here',
  });
});

test('a process is placed under the limits of the controllers that there are', async () => {
  await writeFile(join(root, 'cgroup.controllers'), 'cpu pids io\n');
  const found = await openCgroups(root, 'tcg');
  if ('why' in found) throw new Error(found.why);
  expect(found.without).toBe('memory');
  await found.cgroups.place({ uid: 'u-1', cpu: 1, memoryBytes: GIB }, 4711);
  const group = join(root, 'kcore', 'u-1');
  expect((await readdir(group)).sort()).toEqual(['cgroup.procs', 'cpu.max', 'cpu.weight', 'pids.max']);
  expect(await readFile(join(group, 'cgroup.procs'), 'utf8')).toBe('4711');
});

test('groups without a process are swept', async () => {
  await writeFile(join(root, 'cgroup.controllers'), 'cpu\n');
  const found = await openCgroups(root, 'kvm');
  if ('why' in found) throw new Error(found.why);
  await mkdir(join(root, 'kcore', 'gone'));
  // A directory with something in it stands for a group with a process in it: neither can be deleted.
  await mkdir(join(root, 'kcore', 'busy', 'x'), { recursive: true });
  await found.cgroups.sweep();
  expect(await readdir(join(root, 'kcore'))).toEqual(['busy', 'cgroup.subtree_control']);
});
