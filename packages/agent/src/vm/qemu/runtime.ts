import { chown, mkdir, readdir, rename, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { type GuestRoom, notFound, roundBytes, type Vm } from '@kcore/contract';
import type { Clock } from '../../model/clock.ts';
import type { GuestConsole, NicAttachment, NodeImages, Seed, VmObserved, VmRuntime } from '../../model/runtime.ts';
import { createChanges } from '../changes.ts';
import type { Progress } from '../images/download.ts';
import type { ImageStore } from '../images/image-store.ts';
import type { GuestCgroups } from './cgroups.ts';
import { diskOrigin } from './disk-origins.ts';
import { forgetKept, growDisk, hasDisk, isDisk, isDiskFile, makeDisk } from './disks.ts';
import { Guest } from './guest.ts';
import { guestDirectory, guestFile } from './guest-files.ts';
import { readGuests, writeRecord } from './guest-record.ts';
import { isoImage } from './iso/image.ts';
import { type Acceleration, machineArguments, nicBackend, nicDevice, queuesOf } from './machine.ts';
import { createPlain } from './plain-file.ts';
import { type Account, guestProcesses, startDetached } from './qemu-process.ts';

export interface QemuRuntimeOptions {
  /** Directory of the guests, one below it for each. */
  readonly root: string;
  /** Directory of the disks that outlived their VM, one below it for each, by uid; on the same file system. */
  readonly kept: string;
  readonly qemu: string;
  readonly qemuImg: string;
  readonly version: string;
  readonly acceleration: Acceleration;
  readonly account: Account;
  readonly clock: Clock;
  /** Owned by the runtime from here on. */
  readonly images: ImageStore;
  readonly room: Extract<GuestRoom, { kind: 'limited' }>;
  /** Absent: guests are not bounded beyond what QEMU itself does. */
  readonly cgroups?: GuestCgroups;
  /** How long a guest may take to shut down when it is stopped, milliseconds. Absent: one minute. */
  readonly graceMilliseconds?: number;
}

/** A guest that does not listen to its power button is ended after this, milliseconds. */
const GRACE_MILLISECONDS = 60_000;
/** Between two words about an image that is fetched, milliseconds. */
const PROGRESS_MILLISECONDS = 500;

/** Guests that are virtual machines: one QEMU each, which outlives the agent. */
export async function createQemuRuntime(options: QemuRuntimeOptions): Promise<VmRuntime> {
  for (const directory of [options.root, options.kept]) await mkdir(directory, { recursive: true, mode: 0o711 });
  const runtime = new QemuRuntime(options);
  await runtime.adopt();
  return runtime;
}

/** A VM whose disks are being made. */
interface Preparing {
  readonly uid: string;
  progress?: NonNullable<VmObserved['progress']>;
}

class QemuRuntime implements VmRuntime {
  readonly description: string;
  readonly room: GuestRoom;
  readonly images: NodeImages;
  readonly #options: QemuRuntimeOptions;
  readonly #guests = new Map<string, Guest>();
  readonly #preparing = new Map<string, Preparing>();
  readonly #changes = createChanges();
  readonly #ending = new AbortController();

  constructor(options: QemuRuntimeOptions) {
    this.#options = options;
    this.description = `qemu ${options.version} (${options.acceleration.kind})`;
    this.room = options.room;
    this.images = options.images;
  }

  async adopt(): Promise<void> {
    const [found, processes] = await Promise.all([readGuests(this.#options.root), guestProcesses()]);
    const all = [...found].map(async ([name, record]) => {
      // Its preparation was cut off: it begins anew when it is asked for.
      if (record === undefined) await rm(this.#directory(name), { recursive: true, force: true });
      else await this.#guest(name, record).adopt(processes.get(record.uid));
    });
    await Promise.all(all);
    for (const uid of await readdir(this.#options.kept)) await tidyKept(join(this.#options.kept, uid));
    await this.#options.cgroups?.sweep();
  }

  async observe(): Promise<readonly VmObserved[]> {
    const guests = new Map([...this.#guests].map(([name, guest]) => [name, guest.observed()]));
    for (const [name, { uid, progress }] of this.#preparing) {
      const known = guests.get(name) ?? { name, uid, state: 'prepared' as const };
      guests.set(name, { ...known, ...(progress === undefined ? {} : { progress }) });
    }
    return [...guests.values()];
  }

  async prepare(vm: Vm, signal?: AbortSignal): Promise<readonly NicAttachment[]> {
    const { account } = this.#options;
    const until = signal === undefined ? this.#ending.signal : AbortSignal.any([signal, this.#ending.signal]);
    const preparing: Preparing = { uid: vm.uid };
    this.#preparing.set(vm.name, preparing);
    try {
      await this.#makeDisks(vm, preparing, until);
      if (this.#guests.get(vm.name)?.uid !== vm.uid) {
        until.throwIfAborted();
        const record = { uid: vm.uid, started: false };
        await writeRecord(this.#directory(vm.name), record);
        this.#guest(vm.name, record);
      }
      await this.#forgetAdopted(vm);
    } catch (error) {
      // Nothing is left of one that was never prepared; kept disks have another name still.
      if (!this.#guests.has(vm.name)) await rm(this.#directory(vm.name), { recursive: true, force: true });
      throw error;
    } finally {
      this.#preparing.delete(vm.name);
    }
    const multiQueue = queuesOf(vm) > 1;
    return vm.nics.map(() => ({ kind: 'tap', owner: account.uid, vnetHeader: true, multiQueue }));
  }

  async start(vm: Vm, seed: Seed, mtus: readonly (number | undefined)[]): Promise<void> {
    const { account, acceleration, qemu, cgroups } = this.#options;
    this.#requireMemory(vm);
    const directory = this.#directory(vm.name);
    const guest = this.#known(vm.name);
    for (const [index, size] of sizes(vm)) await growDisk(this.#maker(vm), index, size);
    await this.#writeSeed(join(directory, guestFile.seed), seed);
    const words = machineArguments({ vm, acceleration, mtus });
    const log = join(directory, guestFile.qemuLog);
    await cgroups?.sweep();
    await guest.start(async (onExit) => {
      const pid = await startDetached(qemu, words, { account, directory, log, onExit });
      // One that is gone already is told of by what it said.
      await cgroups?.place(vm, pid).catch((error: unknown) => {
        if (!(error instanceof Error && 'code' in error && error.code === 'ESRCH')) throw error;
      });
      return pid;
    });
  }

  /** The guest has its seed open, and sees another one when it is started again. */
  async plug(vm: Vm, index: number, _seed: Seed, mtu: number | undefined): Promise<void> {
    const nic = vm.nics.find((each) => each.index === index);
    if (nic === undefined) return;
    const backend = nicBackend(vm, nic, this.#options.acceleration);
    await this.#known(vm.name).plug(index, backend, (port) => nicDevice(vm, nic, mtu, port));
  }

  async unplug(name: string, index: number, signal: AbortSignal): Promise<void> {
    await this.#guests.get(name)?.unplug(index, signal);
  }

  async stop(name: string): Promise<void> {
    await this.#guests.get(name)?.stop(this.#options.graceMilliseconds ?? GRACE_MILLISECONDS);
  }

  async remove(name: string, keepDisks: boolean): Promise<void> {
    const guest = this.#guests.get(name);
    await guest?.stop(0);
    guest?.close();
    this.#guests.delete(name);
    if (keepDisks && guest !== undefined) {
      // One rename: the disks are either the VM's or kept, whatever happens to the host meanwhile.
      const kept = join(this.#options.kept, guest.uid);
      await rename(this.#directory(name), kept);
      await tidyKept(kept);
    }
    await rm(this.#directory(name), { recursive: true, force: true });
    await this.#options.cgroups?.sweep();
  }

  async keepOnly(wanted: ReadonlySet<string>): Promise<void> {
    for (const uid of await readdir(this.#options.kept))
      if (!wanted.has(uid)) await rm(join(this.#options.kept, uid), { recursive: true, force: true });
  }

  async console(name: string): Promise<GuestConsole> {
    return await this.#onNode(name).console();
  }

  logs(
    name: string,
    options: { readonly follow: boolean; readonly tailLines?: number },
    signal: AbortSignal,
  ): AsyncIterable<Uint8Array> {
    return this.#onNode(name).log.stream(options, AbortSignal.any([signal, this.#ending.signal]));
  }

  async *watch(signal: AbortSignal) {
    const until = AbortSignal.any([signal, this.#ending.signal]);
    for await (const names of this.#changes.batches(until)) for (const name of names) yield { name };
  }

  async [Symbol.asyncDispose](): Promise<void> {
    // Before those who wait go away, so that what was fetched is gone on with by the next life of the agent.
    await this.#options.images[Symbol.asyncDispose]();
    this.#ending.abort();
    for (const guest of this.#guests.values()) guest.close();
  }

  async #makeDisks(vm: Vm, preparing: Preparing, signal: AbortSignal): Promise<void> {
    const { account } = this.#options;
    const directory = this.#directory(vm.name);
    await mkdir(directory, { recursive: true, mode: 0o700 });
    await chown(directory, account.uid, account.gid);
    const wanted = new Map(sizes(vm));
    for (const [index, disk] of vm.disks.entries()) {
      // What it began as may be gone by now, and is not needed any more.
      if (await hasDisk(directory, index)) continue;
      const tell = this.#progressOf(vm.name, preparing, `image ${disk.image ?? ''}`.trim());
      const origin = await diskOrigin(disk, this.#options, tell, signal);
      await makeDisk(this.#maker(vm), index, origin, wanted.get(index));
    }
  }

  #progressOf(name: string, preparing: Preparing, what: string): (progress: Progress) => void {
    const { clock } = this.#options;
    const told: { at?: number } = {};
    return ({ received, total }) => {
      preparing.progress = { what, bytes: received, ...(total === undefined ? {} : { totalBytes: total }) };
      const now = clock.monotonic();
      if (told.at !== undefined && now - told.at < PROGRESS_MILLISECONDS) return;
      told.at = now;
      this.#changes.add(name);
    };
  }

  /** The kept disks that this VM has on record as its own lose their other name. */
  async #forgetAdopted({ disks }: Vm): Promise<void> {
    for (const { source } of disks)
      if (source?.kind === 'kept') await forgetKept(join(this.#options.kept, source.uid), source.index);
  }

  #requireMemory({ name, memoryBytes }: Vm): void {
    const most = this.#options.room.memoryBytes;
    if (memoryBytes <= most) return;
    throw new Error(
      `VM '${name}' is to have ${roundBytes(memoryBytes)} of memory, and this node has ${roundBytes(most)} for all its VMs; give it less`,
    );
  }

  #directory(name: string): string {
    return guestDirectory(this.#options.root, name);
  }

  #maker({ name, uid }: Vm) {
    const { qemuImg, account } = this.#options;
    return { qemuImg, account, directory: this.#directory(name), uid };
  }

  #guest(name: string, record: { readonly uid: string; readonly started: boolean }): Guest {
    const { clock } = this.#options;
    const onChange = this.#changes.add;
    this.#guests.get(name)?.close();
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

  #onNode(name: string): Guest {
    const guest = this.#guests.get(name);
    if (guest === undefined) throw notFound(`VM '${name}' is not on this node (yet)`);
    return guest;
  }

  /** Read by QEMU's user; user data may hold secrets, so by nobody else. */
  async #writeSeed(path: string, seed: Seed): Promise<void> {
    const { uid, gid } = this.#options.account;
    const documents = new Map([
      ['meta-data', Buffer.from(seed.metaData)],
      ['network-config', Buffer.from(seed.networkConfig)],
      ['user-data', Buffer.from(seed.userData)],
      ['vendor-data', Buffer.from(seed.vendorData)],
    ]);
    const file = await createPlain(path, 0o400);
    try {
      await file.writeFile(isoImage('cidata', documents, new Date(this.#options.clock.now())));
      await file.chown(uid, gid);
    } finally {
      await file.close();
    }
  }
}

/** The sizes that disks are to have at least, bytes, by their index. */
function sizes({ disks, storageSizeBytes }: Vm): readonly (readonly [number, number])[] {
  return disks.flatMap(({ sizeBytes }, index) => {
    const size = sizeBytes ?? (index === 0 ? storageSizeBytes : undefined);
    return size === undefined ? [] : [[index, size] as const];
  });
}

/** Of a VM that is gone, nothing but its disks is of any use. */
async function tidyKept(directory: string): Promise<void> {
  const names = await readdir(directory);
  const useless = names.some(isDisk) ? names.filter((name) => !isDiskFile(name)) : names;
  for (const name of useless) await rm(join(directory, name), { recursive: true, force: true });
  if (useless.length === names.length) await rm(directory, { recursive: true, force: true });
}
