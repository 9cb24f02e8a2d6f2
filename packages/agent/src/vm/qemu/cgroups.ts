import { mkdir, readdir, readFile, rmdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Vm } from '@kcore/contract';

/** Where the kernel's control groups, version 2, are by convention. */
export const CGROUP_ROOT = '/sys/fs/cgroup';
/**
 * The agent's own part, beside those of systemd and not below the agent's service: systemd ends all that is below a service
 * when that is stopped, and a guest outlives the agent.
 */
const SUBTREE = 'kcore';
const CONTROLLERS = ['cpu', 'memory', 'pids'] as const;
type Controller = (typeof CONTROLLERS)[number];

const MIB = 1024 * 1024;
const PERIOD_MICROSECONDS = 100_000;
/** QEMU itself beside its guest's memory: device buffers, page tables, and under emulation the code it translated. */
const OVERHEAD_BYTES = { kvm: 512 * MIB, tcg: 1536 * MIB };
/** For disks and packets, beside one CPU for each of the guest's. */
const OVERHEAD_CPUS = 0.5;
/** A thread for each CPU, and up to 64 for disks, several times over. */
const THREADS = 256;

/** Bounds what a guest's process may have of its host. */
export interface GuestCgroups {
  /** Puts a process and all its threads under the bounds. @throws {Error} when the kernel refuses. */
  place(vm: Pick<Vm, 'uid' | 'cpu' | 'memoryBytes'>, pid: number): Promise<void>;
  /** Deletes the groups of guests that have no process any more. */
  sweep(): Promise<void>;
}

export type CgroupsFound = { readonly cgroups: GuestCgroups; readonly without: string } | { readonly why: string };

/**
 * Makes the agent's part of the hierarchy, with as many of the controllers as there are.
 * @param accelerated decides how much QEMU needs for itself.
 */
export async function openCgroups(root: string, accelerated: 'kvm' | 'tcg'): Promise<CgroupsFound> {
  const available = await readFile(join(root, 'cgroup.controllers'), 'utf8').catch(() => undefined);
  if (available === undefined) return { why: 'control groups of version 2 are not mounted' };
  const there = new Set(available.trim().split(/\s+/));
  const subtree = join(root, SUBTREE);
  try {
    await mkdir(subtree, { recursive: true });
  } catch (error) {
    return { why: `control groups cannot be made (${codeOf(error)})` };
  }
  const enabled: Controller[] = [];
  for (const controller of CONTROLLERS) {
    if (there.has(controller) && (await enable(root, controller)) && (await enable(subtree, controller)))
      enabled.push(controller);
  }
  if (enabled.length === 0) return { why: 'control groups have no controller for cpu, memory or processes here' };
  const without = CONTROLLERS.filter((controller) => !enabled.includes(controller)).join(', ');
  return { cgroups: new Subtree(subtree, enabled, OVERHEAD_BYTES[accelerated]), without };
}

class Subtree implements GuestCgroups {
  readonly #path: string;
  readonly #controllers: readonly Controller[];
  readonly #overheadBytes: number;

  constructor(path: string, controllers: readonly Controller[], overheadBytes: number) {
    this.#path = path;
    this.#controllers = controllers;
    this.#overheadBytes = overheadBytes;
  }

  async place(vm: Pick<Vm, 'uid' | 'cpu' | 'memoryBytes'>, pid: number): Promise<void> {
    const group = join(this.#path, vm.uid);
    await mkdir(group, { recursive: true });
    const limits = limitsOf(vm, this.#overheadBytes);
    for (const controller of this.#controllers)
      for (const [file, value] of Object.entries(limits[controller])) await writeFile(join(group, file), value);
    await writeFile(join(group, 'cgroup.procs'), String(pid));
  }

  async sweep(): Promise<void> {
    const groups = await readdir(this.#path, { withFileTypes: true }).catch(() => []);
    // One with a process in it cannot be deleted.
    for (const group of groups) if (group.isDirectory()) await rmdir(join(this.#path, group.name)).catch(() => {});
  }
}

/** Source: Documentation/admin-guide/cgroup-v2.rst. */
export function limitsOf(
  { cpu, memoryBytes }: Pick<Vm, 'cpu' | 'memoryBytes'>,
  overheadBytes: number,
): Readonly<Record<Controller, Readonly<Record<string, string>>>> {
  const quota = Math.round((cpu + OVERHEAD_CPUS) * PERIOD_MICROSECONDS);
  return {
    cpu: { 'cpu.max': `${quota} ${PERIOD_MICROSECONDS}`, 'cpu.weight': String(Math.min(10_000, 100 * cpu)) },
    memory: { 'memory.max': String(memoryBytes + overheadBytes) },
    pids: { 'pids.max': String(THREADS + 2 * cpu) },
  };
}

async function enable(group: string, controller: Controller): Promise<boolean> {
  return writeFile(join(group, 'cgroup.subtree_control'), `+${controller}`).then(
    () => true,
    () => false,
  );
}

function codeOf(error: unknown): string {
  return error instanceof Error && 'code' in error ? String(error.code) : String(error);
}
