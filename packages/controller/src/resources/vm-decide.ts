import {
  invalidArgument,
  type KcoreError,
  MIB,
  type NicSpec,
  parseMemory,
  parseStorage,
  type Vm,
  type VmSpec,
} from '@kcore/contract';
import { present } from '../present.ts';
import { decideDisk } from './disk-decide.ts';
import { checkName } from './name-rules.ts';

/** A VM with every default decided, but for what the cluster decides: node, NICs, uid, where disks come from, what keys stand for. */
export type DecidedVm = Omit<Vm, 'uid' | 'node' | 'nics' | 'createdAt' | 'authorizedKeys'>;

const DEFAULT_CPUS = 1;
const DEFAULT_MEMORY = 1024 * MIB;
const MAX_CPUS = 1024;
/** virtio and PCI set no lower bound; nobody needs more, and every NIC costs a port of 1,024 of its bridge. */
export const MAX_NICS = 16;

/** Pure. @throws {KcoreError} InvalidArgument that names the field. */
export function decideVm(name: string, spec: VmSpec): DecidedVm {
  checkName('VM', name);
  const backend = spec.storageBackend ?? 'filesystem';
  if (backend !== 'filesystem') {
    throw invalidArgument(`storageBackend '${backend}' is not built; use 'filesystem'`, {
      field: 'spec.storageBackend',
    });
  }
  const cpu = spec.cpu ?? DEFAULT_CPUS;
  if (!Number.isInteger(cpu) || cpu < 1 || cpu > MAX_CPUS) {
    throw invalidArgument(`cpu ${cpu} is not a number of CPUs: it must be 1 to ${MAX_CPUS}`, { field: 'spec.cpu' });
  }
  return {
    name,
    cpu,
    memoryBytes: spec.memoryBytes === undefined ? DEFAULT_MEMORY : parseMemory(spec.memoryBytes, 'spec.memoryBytes'),
    storageBackend: backend,
    ...(spec.storageSizeBytes === undefined
      ? {}
      : { storageSizeBytes: parseStorage(spec.storageSizeBytes, 'spec.storageSizeBytes') }),
    disks: (spec.disks ?? []).map(decideDisk),
    state: spec.state ?? 'running',
    hostname: decideHostname(spec.hostname, name),
    ...present({ userData: spec.userData }),
    sshKeys: spec.sshKeys ?? [],
    restartPolicy: spec.restartPolicy ?? 'always',
  };
}

/** A VM's name may have `_`, a host's may not (RFC 1123 §2.1). */
function decideHostname(hostname: string | undefined, name: string): string {
  const wanted = hostname ?? (name.replaceAll('_', '-').replace(/^-+|-+$/g, '') || 'vm');
  if (/^[A-Za-z0-9]([A-Za-z0-9-]{0,61}[A-Za-z0-9])?(\.[A-Za-z0-9]([A-Za-z0-9-]{0,61}[A-Za-z0-9])?)*$/.test(wanted)) {
    return wanted;
  }
  throw invalidArgument(`hostname '${wanted}' is not a host name`, { field: 'spec.hostname' });
}

/** a VM without NICs in its manifest has one on the default network. @throws {KcoreError} InvalidArgument */
export function decideNics(spec: VmSpec): readonly NicSpec[] {
  const nics = spec.nics ?? [{}];
  if (nics.length > MAX_NICS) throw tooManyNics(nics.length);
  return nics;
}

export function tooManyNics(count: number): KcoreError {
  return invalidArgument(`a VM has at most ${MAX_NICS} NICs, not ${count}`, { field: 'spec.nics' });
}
