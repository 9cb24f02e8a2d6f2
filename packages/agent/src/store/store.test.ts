import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { specKey } from '@kcore/contract';
import { open } from 'lmdb';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { natNetwork, vmObject } from '../../test/support/specs.ts';
import { bootId, lockDirectory } from './instance-lock.ts';
import { openLmdbStore } from './lmdb.ts';
import { createMemoryStore } from './memory.ts';

const place = { directory: '' };
beforeEach(() => {
  place.directory = mkdtempSync(join(tmpdir(), 'kcore-store-'));
});
afterEach(() => rmSync(place.directory, { recursive: true }));

const web = natNetwork('web');
const lan = natNetwork('lan');
const guest = vmObject('web-01', 'web');

describe.each([
  ['in memory', () => createMemoryStore()],
  ['on LMDB', () => openLmdbStore(join(place.directory, 'store'))],
])('a node store %s', (_title, create) => {
  it('holds nothing at first', async () => {
    await using store = create();
    expect(store.readSpec()).toBeUndefined();
    expect(store.readRecord('vms')).toBeUndefined();
  });

  it('merges changes, and forgets all of it with a snapshot', async () => {
    await using store = create();
    await store.writeSpec({ epoch: 'e', revision: 1, clear: true, set: [web, guest], delete: [] });
    await store.writeSpec({ epoch: 'e', revision: 2, clear: false, set: [lan], delete: [specKey(guest)] });
    expect(store.readSpec()).toEqual({
      epoch: 'e',
      revision: 2,
      objects: new Map([
        ['network/web', web],
        ['network/lan', lan],
      ]),
    });
    await store.writeSpec({ epoch: 'f', revision: 1, clear: true, set: [lan], delete: [] });
    expect([...(store.readSpec()?.objects.keys() ?? [])]).toEqual(['network/lan']);
  });

  it('keeps records, each under its name', async () => {
    await using store = create();
    await store.writeRecord('vms', { a: 1 });
    expect(store.readRecord('vms')).toEqual({ a: 1 });
    expect(store.readRecord('pending-connections')).toBeUndefined();
    await store.writeRecord('vms', undefined);
    expect(store.readRecord('vms')).toBeUndefined();
  });
});

describe('the store on LMDB', () => {
  it('is what it was after it was opened again (R-50)', async () => {
    const path = join(place.directory, 'store');
    const first = openLmdbStore(path);
    await first.writeSpec({ epoch: 'e', revision: 1, clear: true, set: [web, guest], delete: [] });
    await first.writeSpec({ epoch: 'e', revision: 2, clear: false, set: [lan], delete: [specKey(web)] });
    await first.writeRecord('vms', { bootId: 'b' });
    const held = first.readSpec();
    await first[Symbol.asyncDispose]();
    await using second = openLmdbStore(path);
    expect(second.readSpec()).toMatchObject({ epoch: 'e', revision: 2 });
    expect(new Map(second.readSpec()?.objects)).toEqual(new Map(held?.objects));
    expect(second.readRecord('vms')).toEqual({ bootId: 'b' });
  });

  it('refuses to start on an object that it cannot read, instead of taking it for gone', async () => {
    const path = join(place.directory, 'store');
    const first = openLmdbStore(path);
    await first.writeSpec({ epoch: 'e', revision: 1, clear: true, set: [web], delete: [] });
    await first[Symbol.asyncDispose]();
    const raw = open({ path, encoding: 'json', maxDbs: 4 });
    await raw.openDB({ name: 'spec', encoding: 'json' }).put('network/web', { kind: 'from the future' });
    await raw.close();
    expect(() => openLmdbStore(path)).toThrow(/'network\/web' in the store in .* cannot be read .*remove /);
  });
});

describe('the lock of a data directory', () => {
  it('is held by one, and free again when disposed', () => {
    const first = lockDirectory(place.directory);
    expect(() => lockDirectory(place.directory)).toThrow(
      `another agent (process ${process.pid}) uses ${place.directory}`,
    );
    first[Symbol.dispose]();
    lockDirectory(place.directory)[Symbol.dispose]();
    expect(readdirSync(place.directory)).toEqual([]);
  });

  it('is taken over from a killed agent that nobody has reaped yet', async () => {
    // The shell starts a child, tells its pid, becomes a sleep that never reaps it; the child is a zombie once killed.
    const shell = spawn('sh', ['-c', 'sleep 60 & echo $!; exec sleep 60'], { stdio: ['ignore', 'pipe', 'ignore'] });
    try {
      const [output] = await once(shell.stdout, 'data');
      const pid = Number(String(output));
      const stat = (): string[] =>
        readFileSync(`/proc/${pid}/stat`, 'utf8')
          .replace(/^.*\) /, '')
          .split(' ');
      const holder = { pid, startTime: stat()[19], bootId: bootId() };
      writeFileSync(join(place.directory, 'lock'), JSON.stringify(holder));
      expect(() => lockDirectory(place.directory)).toThrow(`another agent (process ${pid})`);
      process.kill(pid, 'SIGKILL');
      while (stat()[0] !== 'Z') await new Promise((resolve) => setImmediate(resolve));
      expect(stat()[19]).toBe(holder.startTime);
      lockDirectory(place.directory)[Symbol.dispose]();
    } finally {
      shell.kill('SIGKILL');
    }
  });

  it.each([
    ['a process that is gone', () => ({ pid: 2 ** 22 + 1, startTime: '1', bootId: bootId() })],
    ['a process of another boot', () => ({ pid: process.pid, startTime: '1', bootId: 'another' })],
    ['a process id that was given to another since', () => ({ pid: process.pid, startTime: '1', bootId: bootId() })],
    ['nobody: the file is torn', () => undefined],
  ])('is taken over from %s', (_title, holder) => {
    writeFileSync(join(place.directory, 'lock'), JSON.stringify(holder()) ?? '{"pi');
    const lock = lockDirectory(place.directory);
    expect(readdirSync(place.directory)).toEqual(['lock']);
    lock[Symbol.dispose]();
  });
});
