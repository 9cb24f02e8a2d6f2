import { execFileSync } from 'node:child_process';
import { access, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Vm } from '@kcore/contract';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { systemClock } from '../../src/loop/system-clock.ts';
import type { VmObserved, VmRuntime } from '../../src/model/runtime.ts';
import { tryAcceleration } from '../../src/vm/qemu/acceleration.ts';
import { guestFile } from '../../src/vm/qemu/guest-files.ts';
import { createQemuRuntime, type QemuRuntimeOptions } from '../../src/vm/qemu/runtime.ts';
import { bootSectorDisk } from '../support/boot-sector.ts';

const QEMU = '/usr/bin/qemu-system-x86_64';
const NOBODY = { uid: 65534, gid: 65534 };
const SEED = { metaData: 'instance-id: a\n', networkConfig: 'version: 2\n', userData: '#cloud-config\n' };

let root: string;
let runtimes: VmRuntime[];
beforeEach(async () => {
  // Longer than a socket's path may be.
  root = await mkdtemp(join(tmpdir(), `kct-qemu-${'long-'.repeat(20)}`));
  runtimes = [];
  await writeFile(join(root, 'image.raw'), bootSectorDisk('hello from the guest'), { mode: 0o444 });
});
afterEach(async () => {
  const last = runtimes.at(-1);
  for (const { name } of (await last?.observe()) ?? []) await last?.remove(name);
  for (const runtime of runtimes) await runtime[Symbol.asyncDispose]();
  await rm(root, { recursive: true });
});

/** A life of the agent. */
async function open(changes: Partial<QemuRuntimeOptions> = {}): Promise<VmRuntime> {
  const runtime = await createQemuRuntime({
    root: join(root, 'vms'),
    qemu: QEMU,
    qemuImg: '/usr/bin/qemu-img',
    version: '7.2',
    acceleration: { kind: 'tcg', vhostNet: false },
    account: NOBODY,
    clock: systemClock,
    graceMilliseconds: 500,
    origin: async () => ({ path: join(root, 'image.raw'), format: 'raw' }),
    ...changes,
  });
  runtimes.push(runtime);
  return runtime;
}

const vm: Vm = {
  name: 'web-01',
  uid: crypto.randomUUID(),
  node: 'node-1',
  cpu: 1,
  memoryBytes: 64 * 1024 * 1024,
  storageBackend: 'filesystem',
  disks: [{ image: 'tiny' }],
  nics: [],
  state: 'running',
  hostname: 'web-01',
  sshKeys: [],
  restartPolicy: 'always',
  createdAt: '2026-01-01T00:00:00Z',
};
const path = (leaf: string): string => join(root, 'vms', vm.name, leaf);
const only = async (runtime: VmRuntime): Promise<VmObserved | undefined> => (await runtime.observe())[0];
const stateOf = (runtime: VmRuntime) => expect.poll(async () => (await only(runtime))?.state, { timeout: 10_000 });

async function running(runtime: VmRuntime): Promise<number> {
  await runtime.prepare(vm);
  await runtime.start(vm, SEED, []);
  const observed = await only(runtime);
  expect(observed).toMatchObject({ name: vm.name, uid: vm.uid, state: 'running' });
  return observed?.pid ?? 0;
}

/** Waits until the guest has said what it says when it has booted. */
async function booted(): Promise<void> {
  await expect
    .poll(() => readFile(path(guestFile.consoleLog), 'utf8').catch(() => ''), { timeout: 20_000 })
    .toContain('hello from the guest');
}

describe('guests in QEMU', () => {
  test('a guest boots from a disk of its own, on an image that stays as it is', async () => {
    const before = await readFile(join(root, 'image.raw'));
    await running(await open());
    await booted();
    const info = JSON.parse(
      execFileSync('qemu-img', ['info', '-U', '--output=json', path(guestFile.disk(0))], { encoding: 'utf8' }),
    );
    expect(info).toMatchObject({ format: 'qcow2', 'backing-filename': guestFile.base(0) });
    expect((await readFile(join(root, 'image.raw'))).equals(before)).toBe(true);
  });

  test('its seed is a volume that cloud-init finds, for QEMU’s user only', async () => {
    await running(await open());
    const seed = path(guestFile.seed);
    expect(execFileSync('isoinfo', ['-J', '-x', '/network-config', '-i', seed], { encoding: 'utf8' })).toBe(
      'version: 2\n',
    );
    expect(execFileSync('blkid', ['-o', 'export', seed], { encoding: 'utf8' })).toContain('LABEL=cidata');
    expect(execFileSync('stat', ['-c', '%u %a', seed], { encoding: 'utf8' })).toBe('65534 400\n');
  });

  test('QEMU is nobody, has no privilege, and is in its sandbox', async () => {
    const pid = await running(await open());
    const status = await readFile(`/proc/${pid}/status`, 'utf8');
    expect(status).toMatch(/^Uid:\s+65534\s+65534\s+65534\s+65534$/m);
    expect(status).toMatch(/^Groups:\s*$/m);
    expect(status).toMatch(/^CapEff:\s+0{16}$/m);
    expect(status).toMatch(/^Seccomp:\s+2$/m);
  });

  test('R-52: an agent that restarts adopts the guest as it is', async () => {
    const first = await open();
    const pid = await running(first);
    await first[Symbol.asyncDispose]();
    const second = await open();
    expect(await only(second)).toMatchObject({ state: 'running', pid, uid: vm.uid });
    await second.prepare(vm);
    expect(await only(second)).toMatchObject({ state: 'running', pid });
    await second.stop(vm.name);
    expect(await only(second)).toMatchObject({ state: 'stopped' });
  });

  test('a killed QEMU is known at once, and told from a guest that shut down', async () => {
    const runtime = await open();
    const pid = await running(runtime);
    const changed = runtime.watch(AbortSignal.timeout(10_000))[Symbol.asyncIterator]();
    process.kill(pid, 'SIGKILL');
    expect((await changed.next()).value).toEqual({ name: vm.name });
    await stateOf(runtime).toBe('failed');
    expect((await only(runtime))?.message).toBe('QEMU ended unexpectedly');
    await runtime.start(vm, SEED, []);
    await booted();
    await pressQ((await only(runtime))?.pid);
    await stateOf(runtime).toBe('stopped');
    expect((await only(runtime))?.message).toBe('the guest shut down by itself');
  });

  test('what happened while the agent was away is told from what QEMU left', async () => {
    const first = await open();
    const pid = await running(first);
    await first[Symbol.asyncDispose]();
    process.kill(pid, 'SIGKILL');
    const second = await open();
    await stateOf(second).toBe('failed');
    await second.start(vm, SEED, []);
    await booted();
    const again = (await only(second))?.pid;
    await second[Symbol.asyncDispose]();
    await pressQ(again);
    await expect
      .poll(
        () =>
          access(path(guestFile.qmp)).then(
            () => 'there',
            () => 'gone',
          ),
        { timeout: 10_000 },
      )
      .toBe('gone');
    expect(await only(await open())).toMatchObject({ state: 'stopped' });
  });

  test('a guest that does not listen to the power button is ended after its grace', async () => {
    const runtime = await open();
    const pid = await running(runtime);
    await runtime.stop(vm.name);
    expect(await only(runtime)).toMatchObject({ state: 'stopped' });
    expect(() => process.kill(pid, 0)).toThrow('ESRCH');
  });

  test('a removed guest leaves nothing', async () => {
    const runtime = await open();
    const pid = await running(runtime);
    await runtime.remove(vm.name);
    expect(() => process.kill(pid, 0)).toThrow('ESRCH');
    expect(await runtime.observe()).toEqual([]);
    await expect(access(path('.'))).rejects.toThrow('ENOENT');
  });

  test('a guest whose NIC has no port is not started, and QEMU’s own words say why', async () => {
    const runtime = await open();
    const nic = { index: 0, network: 'n', mac: '52:54:00:00:00:01', tap: 'kct-no-such', antiSpoofing: true };
    const plugged = { ...vm, nics: [nic] };
    await runtime.prepare(plugged);
    await expect(runtime.start(plugged, SEED, [])).rejects.toThrow(/QEMU did not start: .*kct-no-such/);
    expect(await only(runtime)).toMatchObject({ state: 'failed' });
  });

  test('a program that is not there, and an image that does not fit, are named', async () => {
    const without = await open({ qemu: '/nonexistent/qemu' });
    await without.prepare(vm);
    await expect(without.start(vm, SEED, [])).rejects.toThrow('/nonexistent/qemu cannot be executed');
    const small = { ...vm, name: 'small', disks: [{ image: 'tiny', sizeBytes: 4096 }] };
    await expect(without.prepare(small)).rejects.toThrow('a disk of 4096 bytes cannot hold the image');
  });

  test('KVM is used only where a trial guest ran under it', async () => {
    const { acceleration, why } = await tryAcceleration(QEMU, NOBODY);
    if (acceleration.kind === 'kvm') expect(why).toBeUndefined();
    else expect(why).toMatch(/^(\/dev\/kvm is not there|a trial guest under KVM (did not run|ended with status \d+)$)/);
  });
});

/** Presses the key at which the guest turns itself off. */
async function pressQ(pid: number | undefined): Promise<void> {
  const socket = connect(`/proc/${pid}/cwd/console.sock`);
  await new Promise((resolve, reject) => {
    socket.once('connect', resolve);
    socket.once('error', reject);
  });
  socket.end('q');
}
