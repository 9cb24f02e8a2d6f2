import { isDeepStrictEqual } from 'node:util';
import { formatQuantity, invalidArgument, roundBytes, type Vm, type VmSpec } from '@kcore/contract';
import { present } from '../present.ts';
import { keys } from '../store/rows.ts';
import type { Transaction } from '../store/store.ts';
import type { Context } from './context.ts';
import { authorizedKeysOf } from './ssh-keys.ts';
import { createVm } from './vm.ts';
import { type DecidedVm, decideNics, decideVm } from './vm-decide.ts';
import { checkGrowth } from './vm-growth.ts';
import { changeNics } from './vm-nics.ts';

export interface AppliedVm {
  readonly outcome: 'created' | 'configured' | 'unchanged';
  readonly vm: Vm;
  readonly changes: string[];
}

/** Makes the VM what the manifest says. @throws {KcoreError} */
export function applyVm(tx: Transaction, context: Context, name: string, spec: VmSpec): AppliedVm {
  const existing = tx.get<Vm>(keys.vm(name))?.value;
  if (existing === undefined) return { outcome: 'created', vm: createVm(tx, context, name, spec), changes: [] };
  const decided = decideVm(name, spec);
  const wantedNics = decideNics(spec);
  refuseImmutable(existing, spec, decided);
  const { uid, node, createdAt } = existing;
  const resized: Vm = {
    ...decided,
    ...sizesOf(existing, decided),
    uid,
    node,
    createdAt,
    nics: existing.nics,
    authorizedKeys: authorizedKeysOf(tx, decided.sshKeys, existing),
  };
  checkGrowth(tx, context, existing, resized);
  const { nics, changes: nicChanges } = changeNics(tx, context, existing, wantedNics);
  const wanted = { ...resized, nics };
  const changes = [...describeChanges(existing, wanted), ...nicChanges];
  if (changes.length === 0) return { outcome: 'unchanged', vm: existing, changes };
  tx.put(keys.vm(name), wanted);
  return { outcome: 'configured', vm: wanted, changes };
}

/** What a disk is: all but its size, and where it comes from, which was decided once. */
function askedFor({ sizeBytes: _size, source: _source, ...asked }: Vm['disks'][number]): object {
  return asked;
}

/** An absent node means the one that the controller chose. */
function refuseImmutable(existing: Vm, spec: VmSpec, decided: DecidedVm): void {
  const changed = [
    ...(spec.node === undefined || spec.node === existing.node ? [] : ['node']),
    ...(isDeepStrictEqual(existing.disks.map(askedFor), decided.disks.map(askedFor)) ? [] : ['disks']),
  ];
  if (changed.length === 0) return;
  throw invalidArgument(`cannot change immutable field(s) ${changed.join(', ')} of VM '${existing.name}'`, {
    field: `spec.${changed[0]}`,
    remedy: 'delete the VM and create it again',
  });
}

/** Sizes grow. One that is left out stays: what is on a disk would be lost with its end. @throws {KcoreError} InvalidArgument */
function sizesOf(existing: Vm, decided: DecidedVm): Pick<Vm, 'disks' | 'storageSizeBytes'> {
  const size = (field: string, before: number | undefined, after: number | undefined) => {
    if (before === undefined || after === undefined) return after ?? before;
    if (after >= before) return after;
    throw invalidArgument(`${field}: a disk grows only; it has ${roundBytes(before)}, more than ${roundBytes(after)}`, {
      field,
      remedy: 'make another VM with a smaller disk, and copy what is on this one',
    });
  };
  return {
    ...present({
      storageSizeBytes: size('spec.storageSizeBytes', existing.storageSizeBytes, decided.storageSizeBytes),
    }),
    disks: existing.disks.map((disk, index) => {
      const sizeBytes = size(`spec.disks.${index}.sizeBytes`, disk.sizeBytes, decided.disks[index]?.sizeBytes);
      return { ...disk, ...present({ sizeBytes }) };
    }),
  };
}

/** One line for each thing that changed: `memoryBytes: 1G → 2G (at the next start)`. */
function describeChanges(before: Vm, after: Vm): string[] {
  const lines: string[] = [];
  // QEMU is given these when it is started.
  const later = before.state === 'running' && after.state === 'running' ? ' (at the next start)' : '';
  const change = (field: string, from: string | number, to: string | number, when = '') => {
    if (from !== to) lines.push(`${field}: ${from} → ${to}${when}`);
  };
  const quantity = (bytes: number | undefined) => (bytes === undefined ? '-' : formatQuantity(bytes));
  change('cpu', before.cpu, after.cpu, later);
  change('memoryBytes', quantity(before.memoryBytes), quantity(after.memoryBytes), later);
  change('storageSizeBytes', quantity(before.storageSizeBytes), quantity(after.storageSizeBytes), later);
  after.disks.forEach((disk, index) => {
    change(`disks.${index}.sizeBytes`, quantity(before.disks[index]?.sizeBytes), quantity(disk.sizeBytes), later);
  });
  change('state', before.state, after.state);
  change('hostname', before.hostname, after.hostname);
  change('restartPolicy', before.restartPolicy, after.restartPolicy);
  if (before.userData !== after.userData) lines.push('userData: changed');
  const keysOf = ({ sshKeys, authorizedKeys }: Vm) => ({ sshKeys, authorizedKeys: authorizedKeys ?? sshKeys });
  if (!isDeepStrictEqual(keysOf(before), keysOf(after))) lines.push('sshKeys: changed');
  return lines;
}
