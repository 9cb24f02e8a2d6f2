import type { GuestRoom, KeptDisks, Vm } from '@kcore/contract';
import { GIB } from '@kcore/contract';
import { keys } from '../store/rows.ts';
import { type Reader, valuesOf } from './lookup.ts';

/** What VMs have or want of a node. */
export interface Share {
  readonly cpus: number;
  readonly memoryBytes: number;
  readonly diskBytes: number;
}

/** How often a node's CPUs, memory and disk are given to VMs. */
export interface Overcommit {
  readonly cpu: number;
  readonly memory: number;
  readonly disk: number;
}

/**
 * CPUs wait for each other and disks are filled slowly, since they are thin on top of their image. Memory is neither:
 * a guest that is not given what it was promised is killed.
 */
export const DEFAULT_OVERCOMMIT: Overcommit = { cpu: 8, memory: 1, disk: 2 };

/** Bytes that a disk of unsaid size counts as: it has that of its image, which only the node knows. Cloud images have 2 to 4 GiB. */
const ASSUMED_DISK = 4 * GIB;

export const NOTHING: Share = { cpus: 0, memoryBytes: 0, diskBytes: 0 };

export function add(a: Share, b: Share): Share {
  return { cpus: a.cpus + b.cpus, memoryBytes: a.memoryBytes + b.memoryBytes, diskBytes: a.diskBytes + b.diskBytes };
}

/** Bytes of a disk, where that was said: `storageSizeBytes` is that of the first. */
export function diskSize(vm: Pick<Vm, 'disks' | 'storageSizeBytes'>, index: number): number | undefined {
  return vm.disks[index]?.sizeBytes ?? (index === 0 ? vm.storageSizeBytes : undefined);
}

/** A VM that is stopped has its disks and nothing else. */
export function shareOf(vm: Pick<Vm, 'cpu' | 'memoryBytes' | 'state' | 'disks' | 'storageSizeBytes'>): Share {
  const diskBytes = vm.disks.reduce((sum, _disk, index) => sum + (diskSize(vm, index) ?? ASSUMED_DISK), 0);
  const runs = vm.state === 'running';
  return { cpus: runs ? vm.cpu : 0, memoryBytes: runs ? vm.memoryBytes : 0, diskBytes };
}

export function shareOfKept({ disks }: KeptDisks): Share {
  const diskBytes = disks.reduce((sum, { sizeBytes }) => sum + (sizeBytes ?? ASSUMED_DISK), 0);
  return { ...NOTHING, diskBytes };
}

/** What is used of one node. */
export interface Used extends Share {
  readonly vms: number;
}

export const UNUSED: Used = { ...NOTHING, vms: 0 };

/** By node; a node without VMs and kept disks is not in it. */
export function usedByNode(reader: Reader): ReadonlyMap<string, Used> {
  const used = new Map<string, Used>();
  const count = (node: string, share: Share, vms: number) => {
    const before = used.get(node) ?? UNUSED;
    used.set(node, { ...add(before, share), vms: before.vms + vms });
  };
  for (const vm of valuesOf<Vm>(reader, keys.vms)) count(vm.node, shareOf(vm), 1);
  for (const kept of valuesOf<KeptDisks>(reader, keys.keptDisks)) count(kept.node, shareOfKept(kept), 0);
  return used;
}

/** What VMs may have of a node in all; undefined where nothing limits them, or where there is nothing. */
export function allowedOf(room: GuestRoom | undefined, overcommit: Overcommit): Share | undefined {
  if (room?.kind !== 'limited') return undefined;
  return {
    cpus: Math.floor(room.cpus * overcommit.cpu),
    memoryBytes: Math.floor(room.memoryBytes * overcommit.memory),
    diskBytes: Math.floor(room.diskBytes * overcommit.disk),
  };
}
