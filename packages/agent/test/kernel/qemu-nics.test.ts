import { execFileSync } from 'node:child_process';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Nic, Vm } from '@kcore/contract';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { systemClock } from '../../src/loop/system-clock.ts';
import type { VmRuntime } from '../../src/model/runtime.ts';
import { openImageStore } from '../../src/vm/images/image-store.ts';
import { createQemuRuntime } from '../../src/vm/qemu/runtime.ts';
import { bootSectorDisk } from '../support/boot-sector.ts';

const netns = `kct-${process.pid}-nics`;
const SEED = { metaData: '', networkConfig: '', userData: '', vendorData: '' };
const never = new AbortController().signal;

let root: string;
const runtimes: VmRuntime[] = [];
beforeAll(async () => {
  root = await mkdtemp(join(tmpdir(), 'kct-nics-'));
  await writeFile(join(root, 'image.raw'), bootSectorDisk('hello'), { mode: 0o444 });
  // The TAPs are in a namespace of the test, so QEMU is as well.
  await writeFile(
    join(root, 'qemu'),
    `#!/bin/sh\nexec nsenter --net=/run/netns/${netns} /usr/bin/qemu-system-x86_64 "$@"\n`,
    {
      mode: 0o755,
    },
  );
  ip('netns', 'add', netns);
});
afterEach(async () => {
  for (const { name } of (await runtimes.at(-1)?.observe()) ?? []) await runtimes.at(-1)?.remove(name, false);
  for (const runtime of runtimes.splice(0)) await runtime[Symbol.asyncDispose]();
});
afterAll(async () => {
  ip('netns', 'delete', netns);
  await rm(root, { recursive: true });
});

function ip(...words: readonly string[]): string {
  return execFileSync('ip', words, { encoding: 'utf8' });
}

/** A TAP as the agent makes them. */
function tap(name: string, ...more: readonly string[]): void {
  ip('-n', netns, 'tuntap', 'add', 'dev', name, 'mode', 'tap', 'vnet_hdr', ...more);
  ip('-n', netns, 'link', 'set', name, 'up');
}

/** Whether somebody holds the TAP's other end. */
function isHeld(name: string): boolean {
  return JSON.parse(ip('-n', netns, '-j', 'link', 'show', name))[0].flags.includes('LOWER_UP');
}

async function open(): Promise<VmRuntime> {
  const runtime = await createQemuRuntime({
    root: join(root, 'vms'),
    kept: join(root, 'kept'),
    qemu: join(root, 'qemu'),
    qemuImg: '/usr/bin/qemu-img',
    version: '7.2',
    acceleration: { kind: 'tcg', vhostNet: false },
    // Nobody else may enter a namespace.
    account: { uid: 0, gid: 0 },
    clock: systemClock,
    graceMilliseconds: 500,
    images: await openImageStore(join(root, 'images'), systemClock),
    room: { kind: 'limited', cpus: 2, memoryBytes: 2 ** 32, diskBytes: 2 ** 40 },
  });
  runtimes.push(runtime);
  return runtime;
}

function nic(index: number, name: string): Nic {
  return { index, network: 'n', mac: `52:54:00:00:00:0${index}`, tap: name, antiSpoofing: true };
}

function machine(cpu: number, ...nics: Nic[]): Vm {
  return {
    ...{ name: 'web-01', uid: crypto.randomUUID(), node: 'node-1', cpu, memoryBytes: 64 * 2 ** 20, nics },
    storageBackend: 'filesystem',
    disks: [{ source: { kind: 'file', path: join(root, 'image.raw'), format: 'raw' } }],
    ...{ state: 'running', hostname: 'web-01', sshKeys: [], restartPolicy: 'always', createdAt: '' },
  };
}

const indices = async (runtime: VmRuntime) => (await runtime.observe())[0]?.nics?.map(({ index }) => index);

describe('NICs of a running guest', () => {
  test('come while it runs, are found by the next life of the agent, and go when the guest lets go', async () => {
    for (const name of ['t0', 't3', 't5']) tap(name);
    const first = await open();
    const vm = machine(1, nic(0, 't0'), nic(3, 't3'));
    await first.prepare(vm);
    await first.start(vm, SEED, [1450, undefined]);
    expect(await indices(first)).toEqual([0, 3]);
    const more = { ...vm, nics: [...vm.nics, nic(5, 't5')] };
    expect(isHeld('t5')).toBe(false);
    await first.plug?.(more, 5, SEED, 1450);
    expect((await first.observe())[0]?.nics).toContainEqual({ index: 5, mac: '52:54:00:00:00:05' });
    expect(isHeld('t5')).toBe(true);
    // Once more changes nothing.
    await first.plug?.(more, 5, SEED, 1450);
    await first[Symbol.asyncDispose]();

    const second = await open();
    expect(await indices(second)).toEqual([0, 3, 5]);
    // A boot sector hears nothing of the kind. A reboot is as good as letting go.
    await expect(second.unplug?.('web-01', 5, never)).rejects.toThrow('the guest does not let go of its NIC eth5');
    expect(isHeld('t5')).toBe(true);
    const { pid } = (await second.observe())[0] ?? {};
    const socket = connect(`/proc/${pid}/cwd/console.sock`);
    socket.end('r');
    await expect.poll(() => indices(second), { timeout: 10_000 }).toEqual([0, 3]);
    await expect.poll(() => isHeld('t5'), { timeout: 5_000 }).toBe(false);
    await second.plug?.(more, 5, SEED, undefined);
    expect(await indices(second)).toEqual([0, 3, 5]);
  });

  test('of a guest with several CPUs have several queues', async () => {
    for (const name of ['m0', 'm1']) tap(name, 'multi_queue');
    const runtime = await open();
    const vm = machine(2, nic(0, 'm0'));
    await runtime.prepare(vm);
    await runtime.start(vm, SEED, [undefined]);
    await runtime.plug?.({ ...vm, nics: [...vm.nics, nic(1, 'm1')] }, 1, SEED, 1450);
    expect(await indices(runtime)).toEqual([0, 1]);
    expect(isHeld('m1')).toBe(true);
  });

  test('one whose TAP somebody else has is refused in QEMU’s words, and leaves nothing; and there are only so many ports', async () => {
    const runtime = await open();
    const vm = machine(1);
    await runtime.prepare(vm);
    await runtime.start(vm, SEED, []);
    const plug = async (index: number, name = `p${index}`): Promise<void> => {
      await runtime.plug?.({ ...vm, nics: [nic(index, name)] }, index, SEED, undefined);
    };
    for (let index = 0; index < 8; index += 1) {
      tap(`p${index}`);
      if (index === 1) await expect(plug(1, 'p0')).rejects.toThrow(/^QEMU refused 'netdev_add': .*busy/);
      await plug(index);
    }
    tap('p8');
    await expect(plug(8)).rejects.toThrow(
      'has no free port for another NIC; it gets more when it is stopped and started',
    );
    expect(isHeld('p8')).toBe(false);
  });
});
