import { execFileSync } from 'node:child_process';
import { access, chmod, mkdir, mkdtemp, readdir, readFile, rm, stat, truncate, writeFile } from 'node:fs/promises';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { DiskFormat, Vm, VmDisk } from '@kcore/contract';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { systemClock } from '../../src/loop/system-clock.ts';
import type { VmObserved, VmRuntime } from '../../src/model/runtime.ts';
import type { Progress } from '../../src/vm/images/download.ts';
import { type ImageStore, openImageStore } from '../../src/vm/images/image-store.ts';
import { tryAcceleration } from '../../src/vm/qemu/acceleration.ts';
import { guestFile } from '../../src/vm/qemu/guest-files.ts';
import { createQemuRuntime, type QemuRuntimeOptions } from '../../src/vm/qemu/runtime.ts';
import { bootSectorDisk } from '../support/boot-sector.ts';

const QEMU = '/usr/bin/qemu-system-x86_64';
const NOBODY = { uid: 65534, gid: 65534 };
const SEED = {
  metaData: 'instance-id: a\n',
  networkConfig: 'version: 2\n',
  userData: '#cloud-config\n',
  vendorData: '#cloud-config\n',
};

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
  for (const { name } of (await last?.observe()) ?? []) await last?.remove(name, false);
  for (const runtime of runtimes) await runtime[Symbol.asyncDispose]();
  await rm(root, { recursive: true });
});

/** A life of the agent. */
async function open(changes: Partial<QemuRuntimeOptions> = {}): Promise<VmRuntime> {
  const runtime = await createQemuRuntime({
    root: join(root, 'vms'),
    kept: join(root, 'kept'),
    qemu: QEMU,
    qemuImg: '/usr/bin/qemu-img',
    version: '7.2',
    acceleration: { kind: 'tcg', vhostNet: false },
    account: NOBODY,
    clock: systemClock,
    graceMilliseconds: 500,
    images: await openImageStore(join(root, 'images'), systemClock),
    room: { kind: 'limited', cpus: 2, memoryBytes: 2 ** 32, diskBytes: 2 ** 40 },
    ...changes,
  });
  runtimes.push(runtime);
  return runtime;
}

/** A disk that begins as a file of this node. */
const disk = (path: string, format: DiskFormat = 'raw', more: Partial<VmDisk> = {}): VmDisk => ({
  image: 'tiny',
  source: { kind: 'file', path, format },
  ...more,
});
/** The VM, whose image is made for each test. */
const machine = (more: Partial<Vm> = {}): Vm => ({ ...vm, disks: [disk(join(root, 'image.raw'))], ...more });
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
  await runtime.prepare(machine());
  await runtime.start(machine(), SEED, []);
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
    expect(info).toMatchObject({ format: 'qcow2', 'backing-filename': guestFile.base(vm.uid, 0) });
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
    await second.prepare(machine());
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
    await runtime.start(machine(), SEED, []);
    await booted();
    await press('q', (await only(runtime))?.pid);
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
    await second.start(machine(), SEED, []);
    await booted();
    const again = (await only(second))?.pid;
    await second[Symbol.asyncDispose]();
    await press('q', again);
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
    await runtime.remove(vm.name, false);
    expect(() => process.kill(pid, 0)).toThrow('ESRCH');
    expect(await runtime.observe()).toEqual([]);
    await expect(access(path('.'))).rejects.toThrow('ENOENT');
  });

  test('a guest whose NIC has no port is not started, and QEMU’s own words say why', async () => {
    const runtime = await open();
    const nic = { index: 0, network: 'n', mac: '52:54:00:00:00:01', tap: 'kct-no-such', antiSpoofing: true };
    const plugged = machine({ nics: [nic] });
    await runtime.prepare(plugged);
    await expect(runtime.start(plugged, SEED, [])).rejects.toThrow(/QEMU did not start: .*kct-no-such/);
    expect(await only(runtime)).toMatchObject({ state: 'failed' });
  });

  test('a program that is not there, and an image that does not fit, are named', async () => {
    const without = await open({ qemu: '/nonexistent/qemu' });
    await without.prepare(machine());
    await expect(without.start(machine(), SEED, [])).rejects.toThrow('/nonexistent/qemu cannot be executed');
    const small = machine({ name: 'small', disks: [disk(join(root, 'image.raw'), 'raw', { sizeBytes: 4096 })] });
    await expect(without.prepare(small)).rejects.toThrow('a disk of 4K (4096 bytes) cannot hold the image');
  });

  test('a disk grows when it is started with another size, and never shrinks', async () => {
    const runtime = await open();
    const sized = (storageSizeBytes: number): Vm => machine({ storageSizeBytes });
    const size = (): number =>
      JSON.parse(
        execFileSync('qemu-img', ['info', '-U', '--output=json', path(guestFile.disk(0))], { encoding: 'utf8' }),
      )['virtual-size'];
    await runtime.prepare(sized(2 ** 24));
    expect(size()).toBe(2 ** 24);
    await runtime.start(sized(2 ** 25), SEED, []);
    expect(size()).toBe(2 ** 25);
    await runtime.stop(vm.name);
    await runtime.start(sized(2 ** 24), SEED, []);
    expect(size()).toBe(2 ** 25);
    expect(execFileSync('stat', ['-c', '%u', path(guestFile.disk(0))], { encoding: 'utf8' })).toBe('65534\n');
  });

  test('kept disks outlive their VM, and become another one’s', async () => {
    const runtime = await open();
    await running(runtime);
    await booted();
    await runtime.remove(vm.name, true);
    expect(await runtime.observe()).toEqual([]);
    const kept = join(root, 'kept', vm.uid);
    expect((await readdir(kept)).sort()).toEqual([guestFile.base(vm.uid, 0), guestFile.disk(0)]);
    await runtime.keepOnly?.(new Set([vm.uid]));
    const heir = machine({
      name: 'heir',
      uid: crypto.randomUUID(),
      disks: [disk(join(root, 'image.raw')), { source: { kind: 'kept', uid: vm.uid, index: 0 } }],
    });
    // What goes wrong with another disk takes nothing of what is kept.
    const broken = { ...heir, disks: [...heir.disks, disk('/nonexistent')] };
    await expect(runtime.prepare(broken)).rejects.toThrow('there is no image file /nonexistent on this node');
    await expect(access(join(root, 'vms', 'heir'))).rejects.toThrow('ENOENT');
    expect(await readdir(kept)).toHaveLength(2);
    await runtime.prepare(heir);
    await expect(access(kept)).rejects.toThrow('ENOENT');
    const other = machine({ name: 'other', uid: crypto.randomUUID(), disks: heir.disks.slice(1) });
    await expect(runtime.prepare(other)).rejects.toThrow('the kept disk 0 is not on this node');
    await runtime.start(heir, SEED, []);
    expect(await only(runtime)).toMatchObject({ name: 'heir', state: 'running' });
    await runtime.remove('heir', true);
    await runtime.keepOnly?.(new Set());
    expect(await readdir(join(root, 'kept'))).toEqual([]);
  });

  test('what a cut-off preparation left is swept at start', async () => {
    await mkdir(join(root, 'vms', 'half'), { recursive: true });
    await writeFile(join(root, 'vms', 'half', guestFile.disk(0)), '');
    const kept = join(root, 'kept', 'some-uid');
    await mkdir(kept, { recursive: true });
    for (const name of [guestFile.disk(0), guestFile.record, guestFile.seed]) await writeFile(join(kept, name), '');
    await open();
    expect(await readdir(join(root, 'vms'))).toEqual([]);
    expect(await readdir(kept)).toEqual([guestFile.disk(0)]);
  });

  test.each<[string, Partial<Vm>, RegExp]>([
    [
      'one that is not there',
      { disks: [disk('/nonexistent/image')] },
      /^there is no image file \/nonexistent\/image on this node/,
    ],
    ['a directory', { disks: [disk('/')] }, /^there is no image file \/ on this node/],
    [
      'one that guests may not read',
      { disks: [disk('/etc/shadow')] },
      /^the image file \/etc\/shadow may not be read by the user/,
    ],
    ['a raw one given as qcow2', { disks: [disk('/etc/os-release', 'qcow2')] }, /is no qcow2 image/],
    [
      'a placeholder',
      { disks: [{ source: { kind: 'unknown', reason: 'the sha256 is a placeholder' } }] },
      /^the sha256 is a placeholder$/,
    ],
    [
      'one that was never uploaded',
      { disks: [{ image: 'mine', source: { kind: 'stored', digest: `sha256:${'0'.repeat(64)}`, format: 'raw' } }] },
      /^the image 'mine' is not on this node/,
    ],
    [
      'one without TLS',
      { disks: [{ source: { kind: 'url', url: 'http://h/i', digest: `sha256:${'0'.repeat(64)}`, format: 'raw' } }] },
      /only https/,
    ],
    ['neither image nor size', { disks: [{}] }, /^disk 0 has neither an image nor a size/],
    [
      'one whose source nobody told',
      { disks: [{ image: 'debian-12' }] },
      /^the controller does not say where the image 'debian-12' is/,
    ],
  ])('an image that cannot be: %s; nothing is left', async (_title, more, message) => {
    const runtime = await open();
    await expect(runtime.prepare(machine(more))).rejects.toThrow(message);
    expect(await runtime.observe()).toEqual([]);
    expect(await readdir(join(root, 'vms'))).toEqual([]);
  });

  test('what an image is waited for is seen, and a VM that is not wanted any more waits no longer and leaves nothing', async () => {
    const store = await openImageStore(join(root, 'images'), systemClock);
    const images: ImageStore = Object.assign(Object.create(store) as ImageStore, {
      [Symbol.asyncDispose]: async () => {},
      ensure: (_source: unknown, onProgress: (progress: Progress) => void, signal: AbortSignal) => {
        onProgress({ received: 5, total: 10 });
        return new Promise<string>((_resolve, reject) =>
          signal.addEventListener('abort', () => reject(signal.reason), { once: true }),
        );
      },
    });
    const runtime = await open({ images });
    const source = { kind: 'url', url: 'https://h/i', digest: `sha256:${'0'.repeat(64)}`, format: 'qcow2' } as const;
    const giveUp = new AbortController();
    const preparing = runtime.prepare(machine({ disks: [{ image: 'debian-12', source }] }), giveUp.signal);
    preparing.catch(() => {});
    await expect
      .poll(() => only(runtime))
      .toMatchObject({ state: 'prepared', progress: { what: 'image debian-12', bytes: 5, totalBytes: 10 } });
    giveUp.abort(new Error('it is not wanted any more'));
    await expect(preparing).rejects.toThrow('it is not wanted any more');
    expect(await runtime.observe()).toEqual([]);
    expect(await readdir(join(root, 'vms'))).toEqual([]);
  });

  test('an overlay is refused, because its base could be any file of this host', async () => {
    const runtime = await open();
    const image = join(root, 'overlay.qcow2');
    execFileSync('qemu-img', ['create', '-q', '-f', 'qcow2', '-b', '/etc/shadow', '-F', 'raw', image]);
    await expect(runtime.prepare(machine({ disks: [disk(image, 'qcow2')] }))).rejects.toThrow(
      'overlay of another file',
    );
    const data = join(root, 'data.raw');
    execFileSync('qemu-img', ['create', '-q', '-f', 'qcow2', '-o', `data_file=${data},data_file_raw=on`, image, '1M']);
    await expect(runtime.prepare(machine({ disks: [disk(image, 'qcow2')] }))).rejects.toThrow('data in another file');
  });

  test('a full disk is said, and nothing is half made', async () => {
    const small = join(root, 'small');
    await mkdir(small);
    execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=64k', 'kct', small]);
    try {
      const runtime = await open({ root: join(small, 'vms'), kept: join(small, 'kept') });
      // On another file system, the image is reached by its path.
      await expect(runtime.prepare(machine())).rejects.toThrow(
        `cannot reach the image file ${join(root, 'image.raw')}`,
      );
      await chmod(root, 0o711);
      await expect(runtime.prepare(machine())).rejects.toThrow(/No space left on device/);
      expect(await readdir(join(small, 'vms'))).toEqual([]);
      const images = await openImageStore(join(small, 'images'), systemClock);
      const image = { name: 'big', format: 'raw', sizeBytes: 2 ** 20 } as const;
      const bytes = (async function* () {
        for (let at = 0; at < 2 ** 20; at += 1024) yield Buffer.alloc(1024, 'x');
      })();
      await expect(images.receive(image, bytes, new AbortController().signal)).rejects.toMatchObject({
        code: 'ResourceExhausted',
        message: expect.stringContaining("the disk is full while image 'big' is written"),
      });
      expect(await readdir(join(small, 'images'))).toEqual([]);
      await runtime[Symbol.asyncDispose]();
      runtimes.pop();
    } finally {
      execFileSync('umount', [small]);
    }
  });

  test('a VM with more memory than the node has for VMs is refused', async () => {
    const runtime = await open();
    const huge = machine({ memoryBytes: 2 ** 40 });
    await runtime.prepare(huge);
    await expect(runtime.start(huge, SEED, [])).rejects.toThrow(
      "VM 'web-01' is to have 1T of memory, and this node has 4G for all its VMs; give it less",
    );
  });

  test('the console is one person’s at a time, and is heard by the log as well', async () => {
    const runtime = await open();
    await runtime.prepare(machine());
    await expect(runtime.console?.(vm.name)).rejects.toMatchObject({ code: 'FailedPrecondition' });
    await runtime.start(machine(), SEED, []);
    await booted();
    const first = await runtime.console?.(vm.name);
    const heard = (async () => {
      for await (const bytes of first?.output ?? []) void bytes;
      return 'over';
    })();
    const second = await runtime.console?.(vm.name);
    expect(await heard).toBe('over');
    const ended = (async () => {
      for await (const bytes of second?.output ?? []) void bytes;
      return 'over';
    })();
    await second?.write(Buffer.from('q'));
    expect(await ended).toBe('over');
    await stateOf(runtime).toBe('stopped');
    const said: Uint8Array[] = [];
    const never = new AbortController().signal;
    for await (const bytes of runtime.logs?.(vm.name, { follow: false, tailLines: 1 }, never) ?? []) said.push(bytes);
    expect(Buffer.concat(said).toString()).toContain('hello from the guest');
    expect(() => runtime.logs?.('nobody', { follow: false }, never)).toThrow("VM 'nobody' is not on this node");
  });

  test('QEMU goes on at the beginning of a log that was cut under it', async () => {
    const endless = await open();
    await writeFile(join(root, 'image.raw'), bootSectorDisk('x'.repeat(400)), { mode: 0o444 });
    await running(endless);
    await expect
      .poll(async () => (await stat(path(guestFile.consoleLog))).size, { timeout: 20_000 })
      .toBeGreaterThan(400);
    await truncate(path(guestFile.consoleLog), 0);
    await press('r', (await only(endless))?.pid);
    await expect
      .poll(async () => (await stat(path(guestFile.consoleLog))).size, { timeout: 20_000 })
      .toBeGreaterThan(400);
    const head = (await readFile(path(guestFile.consoleLog))).subarray(0, 16);
    expect(head.includes(0)).toBe(false);
  });

  test('a guest is ready when its cloud-init says so, also when nobody listened, and not any more when it boots again', async () => {
    await writeFile(join(root, 'image.raw'), bootSectorDisk('Cloud-init v. 22.4.2 finished at noon'), { mode: 0o444 });
    const first = await open();
    await running(first);
    expect((await only(first))?.guest).toBe('booting');
    await first[Symbol.asyncDispose]();
    await expect
      .poll(() => readFile(path(guestFile.consoleLog), 'utf8').catch(() => ''), { timeout: 20_000 })
      .toContain('finished at');
    const second = await open();
    await expect.poll(async () => (await only(second))?.guest, { timeout: 5_000 }).toBe('ready');
    const boot = (await only(second))?.boot;
    await press('r', (await only(second))?.pid);
    await expect.poll(async () => (await only(second))?.boot, { timeout: 5_000 }).not.toBe(boot);
    await expect
      .poll(() => readFile(path(guestFile.olderConsoleLog), 'utf8').catch(() => ''))
      .toContain('finished at noon');
    await expect.poll(async () => (await only(second))?.guest, { timeout: 10_000 }).toBe('ready');
    await second[Symbol.asyncDispose]();
    const third = await open();
    expect((await only(third))?.guest).toBe('ready');
    await third.stop(vm.name);
    await third.start(machine(), SEED, []);
    expect(await only(third)).toMatchObject({ state: 'running', guest: 'booting' });
  });

  test('KVM is used only where a trial guest ran under it', async () => {
    const { acceleration, why } = await tryAcceleration(QEMU, NOBODY);
    if (acceleration.kind === 'kvm') expect(why).toBeUndefined();
    else expect(why).toMatch(/^(\/dev\/kvm is not there|a trial guest under KVM (did not run|ended with status \d+)$)/);
  });
});

/** Presses the key at which the guest turns itself off, or resets itself. */
async function press(key: 'q' | 'r', pid: number | undefined): Promise<void> {
  const socket = connect(`/proc/${pid}/cwd/console.sock`);
  await new Promise((resolve, reject) => {
    socket.once('connect', resolve);
    socket.once('error', reject);
  });
  socket.end(key);
}
