import { chown, mkdir, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Vm } from '@kcore/contract';
import type { Clock } from '../../model/clock.ts';
import type { NicAttachment, Seed, VmObserved, VmRuntime } from '../../model/runtime.ts';
import { createChanges } from '../changes.ts';
import { type DiskOrigin, makeDisk } from './disks.ts';
import { Guest } from './guest.ts';
import { guestDirectory, guestFile } from './guest-files.ts';
import { readGuests, writeRecord } from './guest-record.ts';
import { isoImage } from './iso/image.ts';
import { type Acceleration, machineArguments, queuesOf } from './machine.ts';
import { type Account, guestProcesses, startDetached } from './qemu-process.ts';

export interface QemuRuntimeOptions {
  /** Directory of the guests, one below it for each. */
  readonly root: string;
  readonly qemu: string;
  readonly qemuImg: string;
  readonly version: string;
  readonly acceleration: Acceleration;
  readonly account: Account;
  readonly clock: Clock;
  /** How long a guest may take to shut down when it is stopped, milliseconds. Absent: one minute. */
  readonly graceMilliseconds?: number;
  /** Brings what a disk begins as to this node. */
  readonly origin: (disk: Vm['disks'][number], signal: AbortSignal) => Promise<DiskOrigin | undefined>;
}

/** A guest that does not listen to its power button is ended after this, milliseconds. */
const GRACE_MILLISECONDS = 60_000;

/** Guests that are virtual machines: one QEMU each, which outlives the agent. */
export async function createQemuRuntime(options: QemuRuntimeOptions): Promise<VmRuntime> {
  await mkdir(options.root, { recursive: true, mode: 0o711 });
  const runtime = new QemuRuntime(options);
  await runtime.adopt();
  return runtime;
}

class QemuRuntime implements VmRuntime {
  readonly description: string;
  readonly #options: QemuRuntimeOptions;
  readonly #guests = new Map<string, Guest>();
  readonly #changes = createChanges();
  readonly #ending = new AbortController();

  constructor(options: QemuRuntimeOptions) {
    this.#options = options;
    this.description = `qemu ${options.version} (${options.acceleration.kind})`;
  }

  async adopt(): Promise<void> {
    const [found, processes] = await Promise.all([readGuests(this.#options.root), guestProcesses()]);
    for (const [name, record] of found) {
      if (record === undefined) continue;
      const guest = this.#guest(name, record);
      await guest.adopt(processes.get(guest.uid));
    }
  }

  async observe(): Promise<readonly VmObserved[]> {
    const processes = await guestProcesses();
    return [...this.#guests.values()].map((guest) => guest.observed(processes.get(guest.uid)));
  }

  async prepare(vm: Vm): Promise<readonly NicAttachment[]> {
    const { account, qemuImg, origin } = this.#options;
    const directory = this.#directory(vm.name);
    await mkdir(directory, { recursive: true, mode: 0o700 });
    await chown(directory, account.uid, account.gid);
    for (const [index, disk] of vm.disks.entries()) {
      const size = disk.sizeBytes ?? (index === 0 ? vm.storageSizeBytes : undefined);
      await makeDisk({ qemuImg, account, directory }, index, await origin(disk, this.#ending.signal), size);
    }
    if (this.#guests.get(vm.name)?.uid !== vm.uid) {
      const record = { uid: vm.uid, started: false };
      await writeRecord(directory, record);
      this.#guest(vm.name, record);
    }
    const multiQueue = queuesOf(vm) > 1;
    return vm.nics.map(() => ({ kind: 'tap', owner: account.uid, vnetHeader: true, multiQueue }));
  }

  async start(vm: Vm, seed: Seed, mtus: readonly (number | undefined)[]): Promise<void> {
    const { account, acceleration, qemu } = this.#options;
    const directory = this.#directory(vm.name);
    await this.#writeSeed(join(directory, guestFile.seed), seed);
    const words = machineArguments({ vm, acceleration, mtus });
    const log = join(directory, guestFile.qemuLog);
    await this.#known(vm.name).start((onExit) => startDetached(qemu, words, { account, directory, log, onExit }));
  }

  async stop(name: string): Promise<void> {
    await this.#guests.get(name)?.stop(this.#options.graceMilliseconds ?? GRACE_MILLISECONDS);
  }

  async remove(name: string): Promise<void> {
    await this.#guests.get(name)?.stop(0);
    this.#guests.delete(name);
    await rm(this.#directory(name), { recursive: true, force: true });
  }

  async *watch(signal: AbortSignal) {
    const until = AbortSignal.any([signal, this.#ending.signal]);
    for await (const names of this.#changes.batches(until)) for (const name of names) yield { name };
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#ending.abort();
    for (const guest of this.#guests.values()) guest.close();
  }

  #directory(name: string): string {
    return guestDirectory(this.#options.root, name);
  }

  #guest(name: string, record: { readonly uid: string; readonly started: boolean }): Guest {
    const { clock } = this.#options;
    const onChange = this.#changes.add;
    const guest = new Guest({
      name,
      directory: this.#directory(name),
      record,
      clock,
      ending: this.#ending.signal,
      onChange,
    });
    this.#guests.set(name, guest);
    return guest;
  }

  #known(name: string): Guest {
    const guest = this.#guests.get(name);
    if (guest === undefined) throw new Error(`VM '${name}' is not prepared on this node`);
    return guest;
  }

  /** Read by QEMU's user; user data may hold secrets, so by nobody else. */
  async #writeSeed(path: string, seed: Seed): Promise<void> {
    const { uid, gid } = this.#options.account;
    const documents = new Map([
      ['meta-data', Buffer.from(seed.metaData)],
      ['network-config', Buffer.from(seed.networkConfig)],
      ['user-data', Buffer.from(seed.userData)],
    ]);
    await rm(path, { force: true });
    await writeFile(path, isoImage('cidata', documents, new Date(this.#options.clock.now())), { mode: 0o400 });
    await chown(path, uid, gid);
  }
}
