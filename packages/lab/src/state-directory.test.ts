import { mkdtemp, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { withLabLock } from './lock.ts';
import { emptyState, withNode, withoutNode } from './state.ts';
import {
  labPaths,
  labsDirectory,
  loadState,
  loadStateIfAny,
  removeDirectory,
  reserve,
  saveState,
} from './state-directory.ts';

const directories: string[] = [];

beforeEach(async () => {
  directories.push(await mkdtemp(join(tmpdir(), 'kct-')));
});
afterEach(async () => {
  for (const directory of directories.splice(0)) await rm(directory, { recursive: true });
});

const paths = (name = 'lab') => labPaths(name, { XDG_STATE_HOME: directories[0] ?? '' });

test('labs are kept in $XDG_STATE_HOME, without it in /var/lib', () => {
  expect(labsDirectory({ XDG_STATE_HOME: '/x' })).toBe('/x/kcore/labs');
  expect(labsDirectory({})).toBe('/var/lib/kcore/labs');
  expect(labsDirectory({ XDG_STATE_HOME: '' })).toBe('/var/lib/kcore/labs');
});

test('a directory too deep for unix sockets is refused with the remedy', () => {
  expect(() => labPaths('lab', { XDG_STATE_HOME: `/${'x'.repeat(90)}` })).toThrow('too long a path for unix sockets');
});

test('the name of a lab is taken once, and nobody else can look in', async () => {
  await reserve(paths(), 'lab');
  expect((await stat(paths().root)).mode & 0o777).toBe(0o700);
  await expect(reserve(paths(), 'lab')).rejects.toMatchObject({
    code: 'AlreadyExists',
    details: { remedy: expect.stringContaining('kctl lab down --name lab') },
  });
});

test('a state is replaced as a whole and read back', async () => {
  await reserve(paths(), 'lab');
  expect(await loadStateIfAny(paths())).toBeUndefined();
  const agent = { pid: 7, startTime: 9 };
  const first = withNode(emptyState('lab', '2026-01-01T00:00:00Z'), { name: 'node-10', vxlanDisabled: false });
  const state = withNode(first, { name: 'node-2', vxlanDisabled: true, agent });
  await saveState(paths(), state);
  expect(await loadState(paths(), 'lab')).toEqual(state);
  expect(state.nodes.map(({ name }) => name)).toEqual(['node-2', 'node-10']);
  expect(withoutNode(state, 'node-2').nodes).toEqual(first.nodes);
  expect((await readdir(paths().root)).filter((name) => name.endsWith('.new'))).toEqual([]);
  await removeDirectory(paths());
  await expect(loadState(paths(), 'lab')).rejects.toMatchObject({ code: 'NotFound' });
});

test('a broken state is an error that names the file', async () => {
  await reserve(paths(), 'lab');
  await writeFile(paths().state, '{"version": 1');
  await expect(loadState(paths(), 'lab')).rejects.toThrow(`${paths().state} is not the state of a lab`);
});

test('two commands do not change one lab at once, and a dead one does not block it', async () => {
  await reserve(paths(), 'lab');
  await withLabLock(paths(), 'lab', async () => {
    await expect(withLabLock(paths(), 'lab', async () => 1)).rejects.toMatchObject({ code: 'Aborted' });
  });
  await writeFile(paths().lock, JSON.stringify({ pid: process.pid, startTime: 1 }));
  expect(await withLabLock(paths(), 'lab', async () => 2)).toBe(2);
  await expect(readFile(paths().lock)).rejects.toThrow('ENOENT');
});
